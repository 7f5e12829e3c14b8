"""Why routing gave a lead to a rep, as the stage log has it in English, in a language."""

import re

from serving.language.plain_text import one_line
from serving.language.translations import Translation

_RULE = re.compile(r"(account|territory|skill) (.+)")
_COUNT = re.compile(r"lead (\d+) of (\d+)")


def routing_reason(to: Translation, reason: str) -> str:
    """The parts of a reason in the language; a part that is not known as it stands.

    >>> from serving.language.translations import translation_to
    >>> routing_reason(translation_to("de"), "territory DE; lead 2 of 15")
    'Gebiet DE; Lead 2 von 15'
    """
    return "; ".join(_part(to, part) for part in reason.split("; "))


def _part(to: Translation, part: str) -> str:
    if part == "in turn, by load":
        return to.text("in turn, by load")
    if found := _COUNT.fullmatch(part):
        return to.text("lead {n} of {most}", n=found[1], most=found[2])
    if found := _RULE.fullmatch(part):
        name = one_line(found[2])
        said = {
            "account": to.text("account {name}", name=name),
            "territory": to.text("territory {name}", name=name),
            "skill": to.text("skill {name}", name=name),
        }
        return said[found[1]]
    return one_line(part)
