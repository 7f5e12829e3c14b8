"""The store: what the server and its workers keep, in SQLite or PostgreSQL; the only door to SQLAlchemy beside them."""
