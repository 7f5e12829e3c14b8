"""The model in use and what it says of one history, as stored or as a request gives it."""
