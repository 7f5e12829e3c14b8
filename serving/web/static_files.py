"""Where static files lie."""

from pathlib import Path

STATIC = Path(__file__).with_name("static")
