"""Qualification frameworks as configuration: BANT and others, with graded and dated evidence (rows M4 to M10)."""
