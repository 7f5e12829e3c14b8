"""A bundle that has scored once before it serves: no request waits for a kernel to be compiled or read."""

from datetime import UTC, datetime
from pathlib import Path

from serving.language.phrases import phrases_of
from serving.live.history_score import score_history
from training.bundle import Bundle, load_bundle
from training.without_sklearn import without_sklearn

_AS_OF = datetime(2026, 1, 8, tzinfo=UTC)
_AT = "2026-01-0{}T00:00:00Z"


def load_warm(directory: Path) -> Bundle:
    """The verified bundle of a folder, warm.

    Raises:
        ModelRefusedError: damaged, tampered with, or scoring differently from when it was made.
    """
    with without_sklearn():
        bundle = load_bundle(directory)
    score_history(bundle, _history(bundle), _AS_OF, bundle.policy.max_reasons, phrases_of(bundle, "en"))
    return bundle


def _history(bundle: Bundle) -> dict[str, object]:
    """Two colleagues and an event and an assessment of every sort that the bundle knows."""
    kinds = bundle.catalog.kinds or ("page_view",)
    events = [{"lead_id": "a", "occurred_at": _AT.format(2), "kind": kind, "duration_s": 1.0} for kind in kinds]
    assessed = [{"assessed_at": _AT.format(3), "criterion": name, "met": 1} for name in bundle.policy.rules.criteria]
    return {
        "lead": {"lead_id": "a", "created_at": _AT.format(1), "account_id": "c"},
        "colleagues": [{"lead_id": "b", "created_at": _AT.format(1)}],
        "interactions": [*events, {"account_id": "c", "occurred_at": _AT.format(4), "kind": kinds[0]}],
        "lead_changes": [{"changed_at": _AT.format(2), "field": name, "value": None} for name in bundle.policy.tracked],
        "assessments": assessed,
    }
