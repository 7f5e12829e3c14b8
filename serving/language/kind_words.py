"""Words for kinds of interaction: how often, not at all, the last time, and the name alone, in English messages.

They are parts of sentences, in small letters: "attended 2 webinars" becomes "Attended 2 webinars in the last 30 days".
Kinds of the customer's own have the general words of `OWN`, with the kind as it stands in the data.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from serving.language.translations import Counted, msg, msgs


@dataclass(frozen=True, slots=True)
class KindWords:
    """English messages about one kind: `often` for n times, `none`, `last` before "3 days ago", and its `name`."""

    often: Counted
    none: str
    last: str
    name: str


ANY = KindWords(
    msgs("{n} interaction", "{n} interactions"), msg("no interaction"), msg("last interaction"), msg("interactions")
)
INBOUND = KindWords(
    msgs("{n} interaction from their side", "{n} interactions from their side"),
    msg("no interaction from their side"),
    msg("last interaction from their side"),
    msg("interactions from their side"),
)
OUTBOUND = KindWords(
    msgs("{n} contact from our side", "{n} contacts from our side"),
    msg("no contact from our side"),
    msg("last contact from our side"),
    msg("contacts from our side"),
)
RARE = KindWords(
    msgs("{n} interaction of a rare kind", "{n} interactions of rare kinds"),
    msg("no interaction of a rare kind"),
    msg("last interaction of a rare kind"),
    msg("interaction of a rare kind"),
)
TOPIC = KindWords(
    msgs("{n} interaction about “{topic}”", "{n} interactions about “{topic}”"),
    msg("no interaction about “{topic}”"),
    msg("last interaction about “{topic}”"),
    msg("interactions about “{topic}”"),
)
OWN = KindWords(msgs("“{kind}”: {n}", "“{kind}”: {n}"), msg("“{kind}”: none"), msg("“{kind}”: last"), msg("“{kind}”"))

INTRODUCED = KindWords(
    msgs("introduced us to the decider once", "introduced us to the decider {n} times"),
    msg("no introduction to the decider"),
    msg("last introduction to the decider"),
    msg("introduction to the decider"),
)
KNOWN_KINDS: Mapping[str, KindWords] = {
    "introduced_to_decider": INTRODUCED,
    "introduced_to_cfo": INTRODUCED,
    "introduction": INTRODUCED,
    "content_download": KindWords(
        msgs("downloaded content once", "downloaded content {n} times"),
        msg("no content downloaded"),
        msg("last content download"),
        msg("content download"),
    ),
    "newsletter_signup": KindWords(
        msgs("signed up for the newsletter once", "signed up for newsletters {n} times"),
        msg("no newsletter sign-up"),
        msg("last newsletter sign-up"),
        msg("newsletter sign-up"),
    ),
    "webinar_attended": KindWords(
        msgs("attended {n} webinar", "attended {n} webinars"),
        msg("no webinar attended"),
        msg("last webinar attended"),
        msg("webinar attended"),
    ),
    "webinar_registered": KindWords(
        msgs("registered for {n} webinar", "registered for {n} webinars"),
        msg("no webinar registration"),
        msg("last webinar registration"),
        msg("webinar registration"),
    ),
    "faq_view": KindWords(
        msgs("looked at the FAQ once", "looked at the FAQ {n} times"),
        msg("no visit to the FAQ"),
        msg("last visit to the FAQ"),
        msg("visit to the FAQ"),
    ),
    "article_view": KindWords(
        msgs("read {n} article", "read {n} articles"), msg("no article read"), msg("last article read"),
        msg("article read"),
    ),
    "page_view": KindWords(
        msgs("{n} page view", "{n} page views"), msg("no page view"), msg("last website visit"), msg("website visit")
    ),
    "product_page_view": KindWords(
        msgs("looked at a product page once", "looked at product pages {n} times"),
        msg("no product page viewed"),
        msg("last product page viewed"),
        msg("product page viewed"),
    ),
    "pricing_page_view": KindWords(
        msgs("looked at the prices once", "looked at the prices {n} times"),
        msg("no look at the prices"),
        msg("last look at the prices"),
        msg("look at the prices"),
    ),
    "price_calculator_used": KindWords(
        msgs("used the price calculator once", "used the price calculator {n} times"),
        msg("price calculator not used"),
        msg("last use of the price calculator"),
        msg("use of the price calculator"),
    ),
    "product_comparison_view": KindWords(
        msgs("compared products once", "compared products {n} times"),
        msg("no product comparison viewed"),
        msg("last product comparison viewed"),
        msg("product comparison viewed"),
    ),
    "case_study_view": KindWords(
        msgs("looked at a case study once", "looked at case studies {n} times"),
        msg("no case study viewed"),
        msg("last case study viewed"),
        msg("case study viewed"),
    ),
    "references_view": KindWords(
        msgs("looked at customer references once", "looked at customer references {n} times"),
        msg("no customer references viewed"),
        msg("last look at customer references"),
        msg("look at customer references"),
    ),
    "reviews_view": KindWords(
        msgs("looked at reviews once", "looked at reviews {n} times"),
        msg("no reviews viewed"),
        msg("last look at reviews"),
        msg("look at reviews"),
    ),
    "data_sheet_download": KindWords(
        msgs("downloaded {n} data sheet", "downloaded {n} data sheets"),
        msg("no data sheet downloaded"),
        msg("last data sheet downloaded"),
        msg("data sheet downloaded"),
    ),
    "email_open": KindWords(
        msgs("opened {n} e-mail", "opened {n} e-mails"), msg("no e-mail opened"), msg("last e-mail opened"),
        msg("e-mail opened"),
    ),
    "email_click": KindWords(
        msgs("clicked a link in our e-mails once", "clicked links in our e-mails {n} times"),
        msg("no click in our e-mails"),
        msg("last click in our e-mails"),
        msg("click in our e-mails"),
    ),
    "email_reply": KindWords(
        msgs("replied to our e-mails once", "replied to our e-mails {n} times"),
        msg("no reply to our e-mails"),
        msg("last reply to our e-mails"),
        msg("reply to our e-mails"),
    ),
    "email_sent": KindWords(
        msgs("{n} e-mail sent by us", "{n} e-mails sent by us"), msg("no e-mail sent by us"),
        msg("last e-mail sent by us"), msg("e-mail sent by us"),
    ),
    "email_delivered": KindWords(
        msgs("{n} e-mail of ours delivered", "{n} e-mails of ours delivered"),
        msg("no e-mail of ours delivered"),
        msg("last e-mail of ours delivered"),
        msg("e-mail of ours delivered"),
    ),
    "email_bounce": KindWords(
        msgs("{n} e-mail of ours bounced", "{n} e-mails of ours bounced"),
        msg("no e-mail of ours bounced"),
        msg("last bounced e-mail"),
        msg("bounced e-mail"),
    ),
    "unsubscribe": KindWords(
        msgs("unsubscribed from our e-mails once", "unsubscribed from our e-mails {n} times"),
        msg("not unsubscribed from our e-mails"),
        msg("last unsubscription from our e-mails"),
        msg("unsubscription from our e-mails"),
    ),
    "social_interaction": KindWords(
        msgs("reacted to us on social media once", "reacted to us on social media {n} times"),
        msg("no reaction on social media"),
        msg("last reaction on social media"),
        msg("reaction on social media"),
    ),
    "ad_impression": KindWords(
        msgs("saw our ads once", "saw our ads {n} times"), msg("none of our ads seen"), msg("last of our ads seen"),
        msg("one of our ads seen"),
    ),
    "ad_click": KindWords(
        msgs("clicked {n} ad", "clicked {n} ads"), msg("no ad clicked"), msg("last ad clicked"), msg("ad clicked")
    ),
    "form_submitted": KindWords(
        msgs("submitted {n} form", "submitted {n} forms"), msg("no form submitted"), msg("last form submitted"),
        msg("form submitted"),
    ),
    "demo_requested": KindWords(
        msgs("requested a demo once", "requested a demo {n} times"),
        msg("no demo requested"),
        msg("last demo request"),
        msg("demo request"),
    ),
    "demo_attended": KindWords(
        msgs("attended {n} demo", "attended {n} demos"), msg("no demo attended"), msg("last demo attended"),
        msg("demo attended"),
    ),
    "call_requested": KindWords(
        msgs("requested a call back once", "requested a call back {n} times"),
        msg("no call back requested"),
        msg("last call-back request"),
        msg("call-back request"),
    ),
    "call_attempt": KindWords(
        msgs("{n} call attempt by us", "{n} call attempts by us"), msg("no call attempt by us"),
        msg("last call attempt by us"), msg("call attempt by us"),
    ),
    "discovery_call": KindWords(
        msgs("{n} discovery call", "{n} discovery calls"), msg("no discovery call"), msg("last discovery call"),
        msg("discovery call"),
    ),
    "personal_conversation": KindWords(
        msgs("{n} personal conversation", "{n} personal conversations"),
        msg("no personal conversation"),
        msg("last personal conversation"),
        msg("personal conversation"),
    ),
    "contract_review_planned": KindWords(
        msgs("{n} contract review planned", "{n} contract reviews planned"),
        msg("no contract review planned"),
        msg("last contract review planned"),
        msg("contract review planned"),
    ),
    "event_attended": KindWords(
        msgs("attended {n} event", "attended {n} events"), msg("no event attended"), msg("last event attended"),
        msg("event attended"),
    ),
    "customer_login": KindWords(
        msgs("{n} login as a customer", "{n} logins as a customer"), msg("no login as a customer"),
        msg("last login as a customer"), msg("login as a customer"),
    ),
}  # fmt: skip


def words_of_kind(kind: str) -> KindWords:
    """Words of a kind as it stands in the data, whatever its case and blanks; `OWN` for one that is not known."""
    return KNOWN_KINDS.get("_".join(kind.strip().lower().replace("-", " ").split()), OWN)
