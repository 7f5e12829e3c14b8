"""Answers of the pages: HTML from templates, or the JSON of the same context, in the reader's language and colours."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from markupsafe import Markup

from features.dates import zone_of
from serving.identity.roles import Permission
from serving.identity.who import Identity
from serving.language import page_words as words
from serving.language.handover_words import STAGE_WORDS
from serving.language.plain_text import capitalised
from serving.language.role_words import role_word
from serving.language.translations import LANGUAGES, Translation, msg, translation_to
from serving.pages.as_json import context_json
from serving.pages.funnel_page import TOLD
from serving.pages.lead_lines import LeadLine
from serving.pages.score_history import height_of
from serving.pages.sparkline import sparkline
from serving.pages.worklist import Filters, Options
from serving.web.address import address_asked
from serving.web.constant_texts import ConstantTexts
from serving.web.credentials import site_of
from serving.web.languages import language_asked
from serving.web.negotiation import wants_page

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).with_name("templates")
LANGUAGE_COOKIE, THEME_COOKIE = "ripelead-language", "ripelead-theme"
THEMES: Mapping[str, str] = {"auto": msg("As the system"), "light": msg("Light"), "dark": msg("Dark")}
OWN_NAMES: Mapping[str, str] = {"en": "English", "de": "Deutsch", "da": "Dansk"}
VARY = "Accept, Accept-Language, Cookie"
MOST_ROWS = 8_192
"""Rows of lists that are kept in one language: some 2 kB each."""
MOST_FORMS = 256
"""Forms that are kept in one language: some 8 kB each."""
US_A_MINUTE = 60_000_000


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the product in the navigation: its first page, its name, and who sees it."""

    path: str
    name: str
    permission: Permission


PARTS: tuple[Part, ...] = (
    Part("/leads", msg("Worklist"), "leads.own_and_pool"),
    Part("/disagreements", msg("Disagreements"), "leads.own_and_pool"),
    Part("/accounts", msg("Accounts"), "leads.own_and_pool"),
    Part("/funnel", msg("Funnel"), "funnel"),
    Part("/model", msg("Model"), "model"),
    Part("/quality", msg("Data quality"), "quality"),
    Part("/deliveries", msg("Deliveries"), "webhooks"),
)


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around every page: who reads, in which language and colours, and where they are."""

    language: str
    theme: str
    path: str
    address: str
    project: str
    who: Identity | None
    parts: tuple[Part, ...]


def respond(request: Request, template: str, context: object, who: Identity | None, **more: Any) -> Response:  # noqa: ANN401
    """The context of a page as HTML for people (with what only the page needs), as JSON for programs."""
    if wants_page(request):
        return page(request, template, who, context=context, **more)
    return Response(context_json(context), media_type="application/json", headers={"Vary": VARY})


def page(request: Request, template: str, who: Identity | None, status: int = 200, **values: Any) -> HTMLResponse:  # noqa: ANN401
    """A template as an answer; it has `frame` and `now` beside the values."""
    frame = frame_of(request, who)
    site = site_of(request)
    text = environment(frame.language, zone_of(site.project)).get_template(template)
    return HTMLResponse(text.render(frame=frame, now=site.now, **values), status, {"Vary": VARY})


def frame_of(request: Request, who: Identity | None) -> Frame:
    """The frame of a request's page."""
    return Frame(
        language=language_of(request, who),
        theme=theme_of(request, who),
        path=request.url.path,
        address=address_asked(request) if request.method == "GET" else "/",
        project=site_of(request).project.project.name,
        who=who,
        parts=() if who is None else tuple(part for part in PARTS if who.may(part.permission)),
    )


def language_of(request: Request, who: Identity | None) -> str:
    """The language that somebody chose, else the first of their browser's that the product has, else English."""
    chosen = (who.language if who else None) or request.cookies.get(LANGUAGE_COOKIE, "")
    return chosen if chosen in LANGUAGES else language_asked(request.headers.get("accept-language", ""))


def theme_of(request: Request, who: Identity | None) -> str:
    """Light, dark, or as the system has it."""
    chosen = (who.theme if who else None) or request.cookies.get(THEME_COOKIE, "")
    return chosen if chosen in THEMES else "auto"


@cache
def environment(language: str, zone: str) -> "Environment":
    """Templates in one language and time zone; every value is escaped, and one that is missing is an error."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from jinja2.defaults import DEFAULT_NAMESPACE

    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.code_generator_class = ConstantTexts
    made.globals |= _functions(translation_to(language), ZoneInfo(zone))
    made.filters["shown"] = words.shown
    made.filters |= {name: one for name, one in made.globals.items() if callable(one) and name not in DEFAULT_NAMESPACE}
    made.globals["worklist_row"] = _worklist_row(made)
    made.globals["worklist_filters"] = _worklist_filters(made)
    return made


def _worklist_row(made: "Environment") -> Callable[[LeadLine, int, bool], Markup]:
    """Rows of the worklist, each made once for all who see it: they cost more than everything else of the page."""
    template = made.get_template("worklist_row.html")

    @lru_cache(maxsize=MOST_ROWS)
    def row(lead: LeadLine, minute: int, snoozed: bool) -> Markup:
        # Every value was escaped by the template.
        return Markup(template.render(lead=lead, now=minute * US_A_MINUTE, snoozed=snoozed))  # noqa: S704

    return lambda lead, now, snoozed: row(lead, 0 if lead.due_at is None else now // US_A_MINUTE, snoozed)


def _worklist_filters(made: "Environment") -> Callable[[Filters, Options, bool], Markup]:
    """The form above the worklist: some hundred options, the same for all who filter alike."""
    template = made.get_template("worklist_filters.html")

    @lru_cache(maxsize=MOST_FORMS)
    def form(asked: Filters, options: Options, filtered: bool) -> Markup:
        # Every value was escaped by the template.
        return Markup(template.render(asked=asked, options=options, filtered=filtered))  # noqa: S704

    return form


def _functions(to: Translation, zone: ZoneInfo) -> dict[str, Any]:
    tables: Mapping[str, Mapping[str, str]] = {
        "places": words.PLACE_WORDS,
        "agreements": words.AGREEMENT_WORDS,
        "act_words": words.ACT_WORDS,
        "sides": words.SIDE_WORDS,
        "systems": words.SYSTEM_WORDS,
        "events": words.PROMOTION_WORDS,
        "drift_levels": words.DRIFT_LEVELS,
        "drift_missing": words.DRIFT_MISSING,
        "forecasts": words.FORECAST_WORDS,
        "kind_heads": words.KIND_HEADS,
        "kind_advice": words.KIND_ADVICE,
        "contacts": words.CONTACT_WORDS,
        "halved": words.HALVED_WORDS,
        "states": words.CRITERION_STATES,
        "sorts": words.SORT_WORDS,
        "owners": words.OWNER_WORDS,
        "stages": STAGE_WORDS,
        "themes": THEMES,
        "languages": OWN_NAMES,
    }
    of_language: Mapping[str, Callable[..., object]] = {
        "stage": words.stage,
        "criterion": words.criterion,
        "span": words.span,
        "ago": words.ago,
        "within": words.within,
        "word": words.word,
    }
    return {
        **tables,
        **{name: partial(function, to) for name, function in of_language.items()},
        "text": to.text,
        "counted": to.counted,
        "number": to.number,
        "worth": partial(words.worth, to),
        "fixed": partial(words.fixed, to),
        "percents": partial(words.percents, to),
        "group": partial(words.group, to),
        "role": lambda role: capitalised(role_word(to, role)),
        "told": TOLD,
        "percent": to.percent,
        "day": lambda moment: words.day(to, moment, zone),
        "minute": lambda moment: words.minute(to, moment, zone),
        "seconds_since": lambda moment, now: now / 1e6 - moment.timestamp(),
        "criteria_named": lambda names: ", ".join(words.criterion(to, name) for name in names),
        "lead_path": words.lead_path,
        "account_path": words.account_path,
        "sub_path": words.path_below,
        "height_of": height_of,
        "sparkline": sparkline,
    }
