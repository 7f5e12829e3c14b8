"""Sentences that training wrote about a model, in the reader's language.

Evaluations and the promotion log hold them in English with their numbers in them. Their set is closed
(`training.verdict`, `training.gate`): each is known by its form. One that no form fits stays English.
"""

import re
from functools import cache

from serving.language.translations import Translation, msg

SENTENCES = (
    msg(
        "Too little to judge: {won} of {leads} holdout leads won; at least {least} winning and {others} other"
        " leads are needed."
    ),
    msg("No usable signal: the model does not order these leads beyond chance (ROC-AUC {auc}; chance: 0.50)."),
    msg("The rules rank better than the model on these rows ({names}): work by them."),
    msg("The model finds {value} times as many wins in its top 10 % as chance {interval}."),
    msg("The model finds {value} times as many wins in its top 10 % as chance."),
    msg("A tie: the model and {names} rank these leads about equally well; neither is proven better."),
    msg("Do not work leads by this score. More history or more closed deals may change that."),
    msg("Of the model's top {share}, {rate} win, against {all} of all."),
    msg("Of the {n} that BANT qualifies, {rule} win; of the model's top {same}, {model} do ({difference})."),
    msg("Of the top {n} by points, {rule} win; of the model's top {same}, {model} do ({difference})."),
    msg("There is no BANT evidence on these rows, so BANT could not be compared."),
    msg("A plain logistic regression on the same features ranks better than the model here."),
    msg("Calibration moved: the model expects {expected}, {happened} happened{slope}."),
    msg("Calibration moved: high and low probabilities are too extreme{slope}."),
    msg("Calibration moved: high and low probabilities are too timid{slope}."),
    msg("Calibration moved: probabilities are off by {off} percentage points on average{slope}."),
    msg("Months that differ beyond chance: {months}."),
    msg(
        "As probabilities these scores are worse than quoting the training average for every lead: use their "
        "order, not their size."
    ),
    msg("Judged here is {kind}, because {reason}."),
    msg("Judged here is {kind}, although {reason}."),
    msg('This is {kind}, although {reason}. Set [model] kind = "auto".'),
    msg(
        "These numbers describe the model trained before the holdout. The shipped bundle is refit on all "
        "matured data afterwards: they are what to expect of it, not what was measured on it."
    ),
    msg("{n} holdout leads won."),
    msg("It orders leads better than chance (ROC-AUC {auc})."),
    msg("No rule set ranks better."),
    msg(
        "Only {n} holdout leads won; a first model needs {least} to be trusted: use a longer holdout or wait "
        "for more closed deals."
    ),
    msg("The leakage audit suspects nothing."),
    msg("The leakage audit suspects nothing ({n} accepted)."),
    msg("The leakage audit suspects {names}, which the model does not read."),
    msg("The leakage audit suspects {names}, which the model does not read ({n} accepted)."),
    msg("The model hardly rests on what the leakage audit suspects ({names})."),
    msg("The model hardly rests on what the leakage audit suspects ({names}) ({n} accepted)."),
    msg("The leakage audit suspects rows, not a feature ({rows}): look at them first."),
    msg(
        "It rests on what the leakage audit suspects to know the outcome: without {names} its PR-AUC falls by"
        " {loss}. Leave it out ({lines}), or, if it is known in time, set [gate] accepted_suspects = "
        "{accepted}."
    ),
    msg("The ranking is not worse: {gain} PR-AUC against the champion ({range}; {new}, the champion {old})."),
    msg("The ranking is worse: {gain} PR-AUC against the champion ({range}; {new}, the champion {old})."),
    msg(
        "The ranking may be worse by more than the margin of {margin}: {gain} PR-AUC against the champion "
        "({range}; {new}, the champion {old}).{shows}"
    ),
    msg("Probabilities fit as well: log loss {change} against the champion, at most {most}."),
    msg("Probabilities may fit worse: log loss {change} against the champion, at most {most}."),
    msg(
        "High and low probabilities are right: calibration slope {new}, the champion {old}; it may be "
        "{margin} further from 1 than the champion's, and is {further} ({range})."
    ),
    msg(
        "High and low probabilities are off: calibration slope {new}, the champion {old}; it may be {margin} "
        "further from 1 than the champion's, and is {further} ({range})."
    ),
    msg(
        "The level of the probabilities is right: {expected} expected, {happened} happened, the champion "
        "expected {champion}."
    ),
    msg(
        "The level of the probabilities is off: {expected} expected, {happened} happened, the champion "
        "expected {champion}."
    ),
    msg("It orders leads better than chance (ROC-AUC {auc}, {range})."),
    msg("No usable signal: it does not order these leads beyond chance (ROC-AUC {range}; chance: 0.50)."),
    msg("Nothing is too good to be true."),
    msg(
        "Too good to be true: {gain} PR-AUC against the champion ({new}, the champion {old}). A jump like "
        "this comes from a field that knows the outcome more often than from progress: look at the new "
        "features, then promote by force or raise [gate] most_gain."
    ),
    msg("No segment is large enough to be judged by itself."),
    msg("None of {n} large segments is proven worse (the worst is {worst}: {gain} PR-AUC, {range})."),
    msg("Worse in a segment (of {n}): {worst}: {gain} PR-AUC, {range}; {margin} is allowed."),
    msg("Of the champion's top {share}, {stay} stay on top."),
    msg("Of the champion's top {share}, {stay} stay on top. Tell sales before their list changes."),
    msg("Of the champion's top {share}, {stay} stay on top. At least {least} must."),
    msg("Its trees leave the explanation budget: exact reasons would take a hundred times as long. Use less depth."),
    msg("Scoring and explaining takes {ratio} times as long as with the champion."),
    msg("The bundle is {ratio} times as large as the champion's."),
    msg(
        "Only {won} winning and {others} other leads ({rows} rows of {leads} leads) are new to both models "
        "and have a known outcome; {least} of each are needed. The champion stays; `ripelead promote --force "
        "--reason …` overrules this and is logged."
    ),
    msg(
        "It is not recorded what champion or challenger was trained on, so no rows are fair to both. The "
        "champion stays; `ripelead promote --force --reason …` overrules this and is logged."
    ),
)
PIECES = (
    msg("BANT and the points"),
    msg("the points"),
    msg("a points model"),
    msg("an additive model"),
    msg("a boosted model"),
    msg("only {n} leads had won; {kind} needs {least}"),
    msg("only {n} leads had not won; {kind} needs {least}"),
    msg("[model] kind = {kind} asks for it"),
    msg(" (slope {slope}; 1 is right)"),
    msg("{gap} percentage points, {low} to {high}"),
    msg("{gap} percentage points"),
    msg("{month}: {expected} expected, {happened} happened"),
    msg("and {n} more"),
    msg("{value} ({low} to {high})"),
    msg("{low} to {high}"),
    msg("no interval"),
    msg("cannot be measured"),
    msg("not known"),
    msg(" So few rows can show a margin of {least} or more: wait for more closed deals, or set [gate] margin."),
)
"""What stands in a sentence's places beside names and numbers; those that hold others come later."""
_PLACE = re.compile(r"\\\{(\w+)\\\}")
_MONTH = re.compile(r"\d{4}-\d{2}")
_NUMBERS = frozenset({"n", "low", "high", "least"})
_LETTER = re.compile(r"[^\W\d_]")


def in_language(to: Translation, sentence: str) -> str | None:
    """A sentence of training in another language; None where it is none of those that are known."""
    return _filled(to, sentence, SENTENCES)


def _filled(to: Translation, text: str, forms: tuple[str, ...]) -> str | None:
    """A text in the form that fits first, its places filled; None where none fits."""
    for form in forms:
        found = _form(form).fullmatch(text)
        if found is not None:
            return to.text(form, **{name: _value(to, value) for name, value in found.groupdict().items()})
    return None


def _value(to: Translation, text: str) -> str:
    if not text or _MONTH.fullmatch(text):
        return text
    if not _LETTER.search(text):
        return text.translate(to.signs)
    piece = _filled(to, text, PIECES)
    if piece is None and "; " in text:
        return "; ".join(_value(to, part) for part in text.split("; "))
    return text if piece is None else piece


@cache
def _form(message: str) -> re.Pattern[str]:
    return re.compile(_PLACE.sub(_group, re.escape(message)), re.DOTALL)


def _group(place: re.Match[str]) -> str:
    return f"(?P<{place[1]}>{'[^A-Za-z]*?' if place[1] in _NUMBERS else '.*?'})"
