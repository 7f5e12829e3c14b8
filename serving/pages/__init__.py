"""Frozen contexts of the pages, made from the store: what HTML and JSON at one URL are two renderings of."""
