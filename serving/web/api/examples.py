"""Examples of requests, shown in OpenAPI and in docs/api.md; tests send them."""

from typing import Any

from fastapi.openapi.models import Example

AS_OF = "2026-01-01T00:00:00Z"
HISTORY: dict[str, Any] = {
    "lead": {
        "lead_id": "L-1042",
        "created_at": "2025-11-03T09:12:00Z",
        "account_id": "A-77",
        "source": "webinar",
        "seniority": "executive",
    },
    "account": {"account_id": "A-77", "industry": "manufacturing"},
    "interactions": [
        {"lead_id": "L-1042", "occurred_at": "2025-12-02T14:00:00Z", "kind": "webinar_attended", "duration_s": 2700},
        {"lead_id": "L-1042", "occurred_at": "2025-12-19T08:31:00+01:00", "kind": "pricing_page_view"},
    ],
    "assessments": [{"assessed_at": "2025-12-20T10:00:00Z", "criterion": "budget", "met": 1}],
}
SCORE_EXAMPLES: dict[str, Example] = {
    "one": {"summary": "one lead", "value": {"as_of": AS_OF, **HISTORY}},
    "histories": {
        "summary": "several leads, without reasons",
        "value": {"as_of": AS_OF, "explain": 0, "histories": [HISTORY]},
    },
}
INTERACTIONS_EXAMPLES: dict[str, Example] = {
    "two": {
        "summary": "a visit of a lead, and a call with its company",
        "value": {
            "interactions": [
                {
                    "interaction_id": "web-88213",
                    "lead_id": "L-1042",
                    "occurred_at": "2026-01-01T08:15:00Z",
                    "kind": "pricing_page_view",
                    "duration_s": 84,
                },
                {"account_id": "A-77", "occurred_at": "2026-01-01T08:40:00Z", "kind": "discovery_call"},
            ]
        },
    },
}
DECISION_EXAMPLES: dict[str, Example] = {
    "accept": {"summary": "sales takes the lead", "value": {"kind": "accept", "note": "called, wants an offer"}},
    "reject": {"summary": "sales does not, and says why", "value": {"kind": "reject", "reason": "a student"}},
    "snooze": {"summary": "not now", "value": {"kind": "snooze", "until": "2026-03-01T08:00:00+01:00"}},
    "override": {
        "summary": "somebody knows better; the score stays",
        "value": {"kind": "override", "verdict": "qualified", "reason": "met the board at the fair"},
    },
}
