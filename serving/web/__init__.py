"""The page and the API: the only place that knows requests."""
