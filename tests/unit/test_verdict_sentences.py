"""Every sentence that training says of a model has a German and a Danish one, with its numbers in it."""

import numpy as np
import pytest
from holdouts import synthetic_holdout
from scipy.special import expit, logit

from serving.language.translations import translation_to
from serving.language.verdict_sentences import SENTENCES, _form, in_language
from training.bootstrap import resamples
from training.evaluate import evaluate
from training.evaluation import DESCRIBES, Learned
from training.gate.checks import checks_of_pair
from training.gate.minima import minima, too_few, unknown_origin
from training.gate.other_checks import overlap_check, segments_check, size_check, time_check
from training.gate.paired import compare
from training.gate.segments import Segment, worst_segment
from training.gate.settings import GateSettings
from training.gate.suspects import Named, Reliance, suspects_check
from training.verdict import promotable

SETTINGS = GateSettings()
FEW = Learned("additive", 12, 90, "only 12 leads had won; a boosted model needs 300", enough=True)
ASKED = Learned("boosted", 12, 90, "only 12 leads had won; a boosted model needs 300", enough=False)


def holdouts():
    rules = synthetic_holdout(1000, rule_noise=0.1)
    noise = np.random.default_rng(1).uniform(0.1, 0.2, 1000)
    return [
        synthetic_holdout(30),
        synthetic_holdout(1000, drift=-0.8),
        synthetic_holdout(1000, drift=0.8, base=-3),
        synthetic_holdout(1000, evidence=False).assign(propensity=noise, points=0.0),
        rules.assign(propensity=expit(np.random.default_rng(1).normal(size=1000))),
        rules.assign(points=100 * rules["propensity"]),
        synthetic_holdout(800, base=-4, skill=1.5),
        synthetic_holdout(1500, base=0.0).assign(propensity=lambda t: expit(3 * logit(t.propensity))),
        synthetic_holdout(1500, base=0.0).assign(propensity=lambda t: expit(logit(t.propensity) / 3)),
    ]  # fmt: skip


def of_verdicts():
    for holdout, learned in zip(holdouts(), [FEW, ASKED, *[None] * 7], strict=True):
        options = {"groups": None, "train_base_rate": 0.14, "capacity_share": 0.2, "learned": learned}
        found = evaluate(holdout, rng=np.random.default_rng(0), **options)
        yield from (found.verdict.headline, *found.verdict.sentences, *found.verdict.warnings)
        yield from (*promotable(found)[1], *(check.sentence for check in minima(found)))


def of_pairs():
    rng = np.random.default_rng(1)
    z = rng.normal(-2.5, 1.4, 1500)
    label = (rng.random(1500) < expit(z)).astype(np.int64)
    drawn = resamples(np.arange(1500), np.random.default_rng(2), 60)
    noisy = expit(z + rng.normal(0, 0.3, 1500))
    half = rng.random(1500) < 0.5
    for challenger in (noisy, expit(z + rng.normal(0, 2, 1500)), expit(z + 3 * label - 0.5), np.full(1500, 0.1), z * 0):
        checks = checks_of_pair(compare(label, expit(z), challenger, drawn, 0.9), SETTINGS)
        yield from (check.sentence for check in checks)
        worst = worst_segment([Segment("country = go to", half)], label, expit(z), challenger, drawn)
        yield segments_check(worst, SETTINGS).sentence
    again = expit(z + rng.normal(0, 0.3, 1500))
    few = compare(label[:300], noisy[:300], again[:300], resamples(np.arange(300), rng, 60), 0.9)
    yield from (check.sentence for check in checks_of_pair(few, SETTINGS))


def of_single_checks():
    tags = Named("single column", "leads", "Tags", '[tables.leads] exclude = ["Tags"]')
    rows, accepted = Named("duplicates", "leads", "rows", ""), GateSettings(accepted_suspects=("leads.Tags",))
    strong, weak, nothing = Reliance({"leads.Tags": 0.3}, 0.3), Reliance({"leads.Tags": 0.003}, 0.003), Reliance({})
    for suspects, new, settings in [([tags], strong, SETTINGS), ([tags], weak, SETTINGS), ([tags], nothing, SETTINGS),
                                    ([tags], nothing, accepted), ([], nothing, SETTINGS), ([rows], nothing, SETTINGS),
                                    ([tags, Named("x", "leads", "B", "")], nothing, accepted),
                                    ([tags, Named("x", "leads", "B", "")], Reliance({"leads.B": 0.003}, 0.003),
                                     accepted)]:  # fmt: skip
        yield suspects_check(suspects, new, nothing, settings).sentence
    yield segments_check(None, SETTINGS).sentence
    yield from (overlap_check(share, 0.1, SETTINGS).sentence for share in (0.4, 0.9))
    yield overlap_check(0.4, 0.1, GateSettings(least_overlap=0.6)).sentence
    yield from (time_check(2.0, leaves, SETTINGS).sentence for leaves in (True, False))
    yield from (size_check(2.0, SETTINGS).sentence, unknown_origin().sentence, too_few((5, 4, 3), 1, 50).sentence)


@pytest.fixture(scope="module")
def sentences():
    return {DESCRIBES, *of_verdicts(), *of_pairs(), *of_single_checks()}


@pytest.mark.parametrize("language", ["de", "da"])
def test_no_sentence_is_left_in_english(sentences, language):
    assert len(sentences) > 60
    assert [one for one in sentences if in_language(translation_to(language), one) is None] == []


@pytest.mark.parametrize(
    ("language", "english", "said"),
    [
        ("de", "The model finds 4.5 times as many wins in its top 10 % as chance (3.6–5.4).",
         "Das Modell findet in seinen ersten 10 % 4,5-mal so viele Abschlüsse wie der Zufall (3,6–5,4)."),
        ("da", "Of the 62 that BANT qualifies, 34 % win; of the model's top 62, 3.4 % do (+0.1 percentage points, "
               "−11.7 to +15.2).",
         "Af de 62, som BANT kvalificerer, vindes 34 %; af modellens første 62 vindes 3,4 % (+0,1 procentpoint, −11,7 "
         "til +15,2)."),
        ("de", "Months that differ beyond chance: 2025-06: 9.1 % expected, 12 % happened; and 3 more.",
         "Monate, die über den Zufall hinaus abweichen: 2025-06: 9,1 % erwartet, 12 % eingetreten; und 3 weitere."),
        ("de", "Judged here is an additive model, because only 12 leads had won; a boosted model needs 300.",
         "Beurteilt wird hier ein additives Modell, weil gilt: nur 12 Leads waren gewonnen; ein geboostetes Modell "
         "braucht 300."),
        ("de", "Calibration moved: high and low probabilities are too extreme (slope 0.33 (0.30–0.36); 1 is right).",
         "Die Kalibrierung hat sich verschoben: Hohe und niedrige Wahrscheinlichkeiten sind zu extrem (Steigung 0,33 "
         "(0,30–0,36); richtig ist 1)."),
    ],
)  # fmt: skip
def test_numbers_and_names_stand_in_their_places(language, english, said):
    assert in_language(translation_to(language), english) == said


def test_no_form_is_one_that_nobody_says(sentences):
    seldom = ("as chance.", "percentage points on average{slope}.")
    unsaid = [form for form in SENTENCES if not any(_form(form).fullmatch(one) for one in sentences)]
    assert [form for form in unsaid if not form.endswith(seldom)] == []


def test_other_sentences_are_not_translated():
    assert in_language(translation_to("de"), "A person wrote this.") is None
