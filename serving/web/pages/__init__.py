"""Routes of the pages: each answers with HTML or, at the same URL, with the JSON of the same context."""
