"""Examination: what came of leads by how long they waited for a first contact (row M23)."""
