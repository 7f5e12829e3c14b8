"""Sentences of every family of features, written by hand in three languages."""

from typing import get_args

import pytest

from features.catalog import AttributeCode, Catalog, Family, FeatureDef
from serving.language.kind_words import KNOWN_KINDS, OWN, words_of_kind
from serving.language.sentence_parts import Words
from serving.language.sentences import sentence
from serving.language.translations import LANGUAGES, translation_to

NAN = float("nan")
KINDS = ("webinar_attended", "demo_requested", "page_view", "site tour", "pricing_page_view")
CATALOG = Catalog(
    features=(),
    attributes=(
        AttributeCode("source", "category", ("trade_fair", "SAP_R3")),
        AttributeCode("consent", "boolean"),
        AttributeCode("country", "category", ("DE",)),
        AttributeCode("account_country", "category", ("DK",)),
        AttributeCode("account_industry", "category", ("manufacturing",)),
        AttributeCode("account_employees", "number"),
        AttributeCode("founded_year", "number"),
        AttributeCode("shoe_size", "number"),
    ),
    kinds=KINDS,
    topics=("energy_saving",),
    criteria=("budget", "need", "legal_check"),
)


def of(family, of=None, days=None, value_type="number", owner="lead"):
    return FeatureDef("f", family, "Interest", "", owner, of, days, value_type)


def attribute(name, value_type="number"):
    return of("attribute", name, value_type=value_type)


CASES = [
    (of("count", "kind:0", 30), 2, "Attended 2 webinars in the last 30 days",
     "2 Webinarteilnahmen in den letzten 30 Tagen", "Deltog i 2 webinarer de seneste 30 dage"),
    (of("count", "kind:0", 30), 1, "Attended 1 webinar in the last 30 days",
     "1 Webinarteilnahme in den letzten 30 Tagen", "Deltog i 1 webinar de seneste 30 dage"),
    (of("count", "kind:1", 90), 0, "No demo requested in the last 90 days",
     "Keine Demo-Anfrage in den letzten 90 Tagen", "Har ikke bedt om en demo de seneste 90 dage"),
    (of("count", "kind:1"), 0, "No demo requested so far", "Keine Demo-Anfrage bisher",
     "Har ikke bedt om en demo indtil nu"),
    (of("count", "kind:4", 1), 1, "Looked at the prices once in the last day",
     "1 Aufruf der Preise in den letzten 24 Stunden", "Så på priserne én gang det seneste døgn"),
    (of("count", "kind:0"), NAN, "Webinar attended: not known", "Webinarteilnahme: nicht bekannt",
     "Deltagelse i webinar: ikke kendt"),
    (of("count", "kind:3", 30), 2, "“site tour”: 2 in the last 30 days", "„site tour“: 2 in den letzten 30 Tagen",
     "»site tour«: 2 de seneste 30 dage"),
    (of("count", "kind:3"), 0, "“site tour”: none so far", "„site tour“: keine bisher", "»site tour«: ingen indtil nu"),
    (of("count", "kind:5", 30), 1, "1 interaction of a rare kind in the last 30 days",
     "1 Interaktion seltener Art in den letzten 30 Tagen", "1 interaktion af en sjælden type de seneste 30 dage"),
    (of("count", None, 30), 1234, "1,234 interactions in the last 30 days",
     "1.234 Interaktionen in den letzten 30 Tagen",
     "1.234 interaktioner de seneste 30 dage"),
    (of("count", None, 30, owner="account"), 3, "Whole company: 3 interactions in the last 30 days",
     "Gesamtes Unternehmen: 3 Interaktionen in den letzten 30 Tagen",
     "Hele virksomheden: 3 interaktioner de seneste 30 dage"),
    (of("count", "topic:0"), 1, "1 interaction about “energy saving” so far",
     "1 Interaktion zu „energy saving“ bisher", "1 interaktion om »energy saving« indtil nu"),
    (of("count", "direction:inbound", 7), 2, "2 interactions from their side in the last 7 days",
     "2 Interaktionen von Kundenseite in den letzten 7 Tagen", "2 interaktioner fra deres side de seneste 7 dage"),
    (of("count", "direction:outbound"), 0, "No contact from our side so far", "Kein Kontakt von unserer Seite bisher",
     "Ingen henvendelse fra vores side indtil nu"),
    (of("days_since_last", "kind:2"), 3.9, "Last website visit 3 days ago", "Letzter Website-Besuch vor 3 Tagen",
     "Seneste besøg på websitet for 3 dage siden"),
    (of("days_since_last", "kind:2"), 1.0, "Last website visit 1 day ago", "Letzter Website-Besuch vor 1 Tag",
     "Seneste besøg på websitet for 1 dag siden"),
    (of("days_since_last", "kind:2"), 0.4, "Last website visit less than a day ago",
     "Letzter Website-Besuch vor weniger als einem Tag", "Seneste besøg på websitet for mindre end et døgn siden"),
    (of("days_since_last", "kind:1"), NAN, "No demo requested so far", "Keine Demo-Anfrage bisher",
     "Har ikke bedt om en demo indtil nu"),
    (of("days_since_last", "kind:3"), 2, "“site tour”: last 2 days ago", "„site tour“: zuletzt vor 2 Tagen",
     "»site tour«: senest for 2 dage siden"),
    (of("days_since_first"), 40.2, "First interaction 40 days ago", "Erste Interaktion vor 40 Tagen",
     "Første interaktion for 40 dage siden"),
    (of("days_since_first"), NAN, "No interaction so far", "Keine Interaktion bisher", "Ingen interaktion indtil nu"),
    (of("interest", days=30), 42.4, "42 interest points, halved every 30 days",
     "42 Interessenpunkte, alle 30 Tage halbiert", "42 interessepoint, der halveres hver 30. dag"),
    (of("interest", days=1), 5.25, "5.2 interest points, halved every day", "5,2 Interessenpunkte, täglich halbiert",
     "5,2 interessepoint, der halveres hver dag"),
    (of("active_days", days=30), 5, "5 days with activity in the last 30 days",
     "5 Tage mit Aktivität in den letzten 30 Tagen", "5 dage med aktivitet de seneste 30 dage"),
    (of("sessions"), 1, "1 visit so far", "1 Besuch bisher", "1 besøg indtil nu"),
    (of("dwell_s", days=30), 754, "13 minutes spent with us in the last 30 days",
     "13 Minuten Verweildauer bei uns in den letzten 30 Tagen", "13 minutter brugt hos os de seneste 30 dage"),
    (of("dwell_s"), 12_600, "3.5 hours spent with us so far", "3,5 Stunden Verweildauer bei uns bisher",
     "3,5 timer brugt hos os indtil nu"),
    (of("dwell_s"), 0, "No time spent recorded so far", "Keine erfasste Verweildauer bisher",
     "Ingen besøgstid registreret indtil nu"),
    (of("dwell_mean_s"), 45, "Average time per interaction: 45 seconds so far",
     "Mittlere Dauer je Interaktion: 45 Sekunden bisher", "Gennemsnitlig tid pr. interaktion: 45 sekunder indtil nu"),
    (of("value", days=90), 1234.5, "Interactions worth 1,234 in the last 90 days",
     "Interaktionen im Wert von 1.234 in den letzten 90 Tagen",
     "Interaktioner til en værdi af 1.234 de seneste 90 dage"),
    (of("value"), 0, "No interactions with a value so far", "Keine Interaktionen mit einem Wert bisher",
     "Ingen interaktioner med en værdi indtil nu"),
    (of("trend", days=30), -5, "5 interactions fewer in the last 30 days than in the 30 days before",
     "5 Interaktionen weniger in den letzten 30 Tagen als in den 30 Tagen davor",
     "5 interaktioner færre de seneste 30 dage end de 30 dage før"),
    (of("trend", days=30), 0, "As many interactions in the last 30 days as in the 30 days before",
     "Gleich viele Interaktionen in den letzten 30 Tagen wie in den 30 Tagen davor",
     "Lige så mange interaktioner de seneste 30 dage som de 30 dage før"),
    (of("trend_ratio", days=30), 2.5, "About 2.5 times as much activity in the last 30 days as in the 30 days before",
     "Etwa 2,5-mal so viel Aktivität in den letzten 30 Tagen wie in den 30 Tagen davor",
     "Cirka 2,5 gange så meget aktivitet de seneste 30 dage som de 30 dage før"),
    (of("trend_ratio", days=1), 1, "About as much activity in the last day as in the day before",
     "Etwa so viel Aktivität in den letzten 24 Stunden wie in den 24 Stunden davor",
     "Omtrent lige så meget aktivitet det seneste døgn som døgnet før"),
    (of("variety"), 4, "4 different kinds of interaction so far", "4 verschiedene Arten von Interaktion bisher",
     "4 forskellige typer interaktion indtil nu"),
    (of("entropy", days=30), 1.386, "Evenness of the kinds of interaction: 1.39 in the last 30 days",
     "Ausgewogenheit der Interaktionsarten: 1,39 in den letzten 30 Tagen",
     "Jævnhed mellem interaktionstyperne: 1,39 de seneste 30 dage"),
    (of("gap_mean_days"), 3.21, "On average 3.2 days between interactions", "Im Mittel 3,2 Tage zwischen Interaktionen",
     "I gennemsnit 3,2 dage mellem interaktioner"),
    (of("gap_std_days"), 1, "Time between interactions varies by 1 day", "Abstand der Interaktionen schwankt um 1 Tag",
     "Tiden mellem interaktioner svinger med 1 dag"),
    (of("gap_max_days"), 12.3, "Longest pause between interactions: 12 days",
     "Längste Pause zwischen Interaktionen: 12 Tage", "Længste pause mellem interaktioner: 12 dage"),
    (of("gap_max_days"), NAN, "Fewer than two interactions so far", "Bisher weniger als zwei Interaktionen",
     "Færre end to interaktioner indtil nu"),
    (of("first_kind", value_type="category"), 0, "First interaction: webinar attended",
     "Erste Interaktion: Webinarteilnahme", "Første interaktion: deltagelse i webinar"),
    (of("last_kind", value_type="category"), 3, "Last interaction: “site tour”", "Letzte Interaktion: „site tour“",
     "Seneste interaktion: »site tour«"),
    (of("last_kind", value_type="category"), 5, "Last interaction: interaction of a rare kind",
     "Letzte Interaktion: Interaktion seltener Art", "Seneste interaktion: interaktion af en sjælden type"),
    (of("colleagues"), 3, "3 colleagues known at the company", "3 weitere Kontakte im Unternehmen bekannt",
     "3 kendte kolleger i virksomheden"),
    (of("colleagues_active", days=30), 4, "4 colleagues active in the last 30 days",
     "4 weitere aktive Kontakte im Unternehmen in den letzten 30 Tagen", "4 kolleger aktive de seneste 30 dage"),
    (of("colleagues_active", days=30), 0, "No colleague active in the last 30 days",
     "Kein weiterer aktiver Kontakt im Unternehmen in den letzten 30 Tagen",
     "Ingen kolleger aktive de seneste 30 dage"),
    (of("seniorities_active", days=30), 2, "People of 2 levels of seniority active in the last 30 days",
     "Aktive Personen aus 2 Hierarchieebenen in den letzten 30 Tagen",
     "Personer fra 2 ledelsesniveauer aktive de seneste 30 dage"),
    (attribute("account_industry", "category"), 0, "Industry: manufacturing", "Branche: manufacturing",
     "Branche: manufacturing"),
    (attribute("account_country", "category"), 0, "Country (company): DK", "Land (Unternehmen): DK",
     "Land (virksomhed): DK"),
    (attribute("source", "category"), 0, "Source: trade fair", "Quelle: trade fair", "Kilde: trade fair"),
    (attribute("source", "category"), 1, "Source: SAP_R3", "Quelle: SAP_R3", "Kilde: SAP_R3"),
    (attribute("source", "category"), 2, "Source: other", "Quelle: andere", "Kilde: andet"),
    (attribute("source", "category"), NAN, "Source: not known", "Quelle: nicht bekannt", "Kilde: ikke kendt"),
    (attribute("consent", "boolean"), 0, "Consent: no", "Einwilligung: nein", "Samtykke: nej"),
    (attribute("account_employees"), 12_345, "Employees: 12,345", "Beschäftigte: 12.345", "Ansatte: 12.345"),
    (attribute("founded_year"), 1987, "Founded year: 1987", "Founded year: 1987", "Founded year: 1987"),
    (attribute("shoe_size"), 38.5, "Shoe size: 38.5", "Shoe size: 38,5", "Shoe size: 38,5"),
    (of("profile_filled"), 0.73, "Profile 73% filled in",
     "Profil zu 73\u00a0% ausgefüllt", "Profilen er 73\u00a0% udfyldt"),
    (of("lead_age_days"), 12.7, "Lead created 12 days ago", "Lead angelegt vor 12 Tagen",
     "Leadet oprettet for 12 dage siden"),
    (of("weekday"), 0, "Day of the week: Monday", "Wochentag: Montag", "Ugedag: mandag"),
    (of("month"), 3, "Month: March", "Monat: März", "Måned: marts"),
    (of("criterion_met", "budget"), 1, "Budget: confirmed", "Budget: bestätigt", "Budget: bekræftet"),
    (of("criterion_met", "need"), 0, "Need: assessed, not confirmed", "Bedarf: geprüft, nicht bestätigt",
     "Behov: vurderet, ikke bekræftet"),
    (of("criterion_met", "need"), 0.7, "Need: confirmed to 70%", "Bedarf: zu 70\u00a0% bestätigt",
     "Behov: 70\u00a0% bekræftet"),
    (of("criterion_met", "legal_check"), NAN, "Legal check: not known", "Legal check: nicht bekannt",
     "Legal check: ikke kendt"),
    (of("criterion_age_days", "budget"), 12, "Budget: assessed 12 days ago", "Budget: geprüft vor 12 Tagen",
     "Budget: vurderet for 12 dage siden"),
    (of("criterion_age_days", "budget"), NAN, "Budget: no dated assessment so far",
     "Budget: bisher keine datierte Prüfung", "Budget: ingen dateret vurdering indtil nu"),
    (of("criteria_met"), 2, "2 of 3 qualification criteria confirmed", "2 von 3 Qualifizierungskriterien bestätigt",
     "2 af 3 kvalificeringskriterier bekræftet"),
    (of("criteria_known"), 0, "No qualification criterion assessed so far",
     "Bisher kein Qualifizierungskriterium geprüft", "Intet kvalificeringskriterium vurderet indtil nu"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[2])
def test_a_sentence_reads_as_it_should(case):
    feature, value, *expected = case
    said = [sentence(Words(CATALOG, translation_to(language)), feature, float(value)) for language in LANGUAGES]
    assert said == expected


def test_every_family_has_a_case():
    assert {case[0].family for case in CASES} == set(get_args(Family))


@pytest.mark.parametrize("family", get_args(Family))
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("value", [NAN, float("inf"), -float("inf"), -2.5, 1e300])
def test_no_value_breaks_a_sentence(family, language, value):
    value_type = "category" if family.endswith("_kind") else "number"
    name = {"attribute": "shoe_size"}.get(family, "budget" if family.startswith("criterion") else None)
    said = sentence(Words(CATALOG, translation_to(language)), of(family, name, 30, value_type), value)
    assert said[:1] == said[:1].upper()
    assert not {"nan", "inf"} & set(said.lower().replace(":", " ").split())


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_not_known_or_never_happened_has_no_value(language):
    words = Words(CATALOG, translation_to(language))
    for feature, *_ in CASES:
        said = sentence(words, feature, NAN)
        of_window = str(feature.days) if feature.days else ""
        assert not any(character.isdigit() for character in said.replace(of_window, "")), said


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_known_kind_says_its_number_or_once(language):
    to = translation_to(language)
    for kind, words in KNOWN_KINDS.items():
        assert "7" in to.counted(words.often, 7), kind
        assert any(one in to.counted(words.often, 1) for one in ("1", "once", "einmal", "én gang")), kind
        assert "{" not in "".join(to.text(text) for text in (words.none, words.last, words.name)), kind


def test_kinds_are_known_whatever_their_case_and_blanks():
    assert words_of_kind(" Webinar-attended ") is words_of_kind("webinar_attended") is not OWN
    assert words_of_kind("webinar") is OWN


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_claims_a_cause(language):
    words = Words(CATALOG, translation_to(language))
    said = " ".join(sentence(words, feature, float(value)) for feature, value, *_ in CASES).lower()
    for word in ("because", "drives", "due to", "weil", "deshalb", "führt", "fordi", "skyldes"):
        assert f" {word} " not in said


def test_hostile_names_and_values_stay_inside_their_sentence():
    hostile = "Fair {n} {0} %s %(x)s\n\u202egnp.exe\x07" + "x" * 500
    catalog = Catalog(
        (), (AttributeCode(hostile, "category", (hostile,)),), kinds=(hostile,), topics=(hostile,), criteria=(hostile,)
    )
    for language in LANGUAGES:
        words = Words(catalog, translation_to(language))
        for feature in (of("count", "kind:0", 30), of("count", "topic:0"), attribute(hostile, "category"),
                        of("criterion_met", hostile)):  # fmt: skip
            said = sentence(words, feature, 0.0)
            assert said.isprintable()
            assert "Fair {n} {0} %s %(x)s gnp.exe" in said
            assert len(said) < 200
