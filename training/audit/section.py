"""The leakage audit as a section of the report."""

from training.audit.figures import draw_suspects
from training.audit.suspects import Audit
from training.sections import Picture, Section

CAPTION = "groups of rows and their win rate or share; numbers of rows beside the bars."


def audit_section(audit: Audit) -> Section:
    """Suspects with their evidence and pictures, named by their place in the list."""
    pictures = {
        str(place): Picture(drawn, f"{audit.suspects[place].column}: {CAPTION}")
        for place, drawn in draw_suspects(audit).items()
    }
    return Section("leaks", "What may know the outcome", "sections/leaks.html", audit, pictures)
