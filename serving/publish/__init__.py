"""The nightly publication: everything that the page needs, from the project's tables into the store."""
