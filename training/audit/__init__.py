"""The leakage audit: looks for what may know the outcome, before anything is trained on it."""
