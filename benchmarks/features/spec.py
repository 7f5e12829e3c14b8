"""The 77 features that every system computes, and the kinds, windows and points they rest on.

Standard library only: peers run in environments of their own.

All windows are `[as_of − w, as_of)`: an event at exactly as_of lies in the future, one at exactly as_of − w inside.
Events at the same microsecond are ordered by kind, alphabetically.
"""

DAY_US = 86_400_000_000
SECOND_US = 1_000_000
SESSION_GAP_US = 1_800 * SECOND_US
# 2024-01-01 00:00 UTC, where all worlds begin.
EPOCH_US = 1_704_067_200 * SECOND_US
# Stands for "no event before": far from any time, and far from the int64 limits.
NEVER = -(2**61)

# Kind: its points, its share of all events, and whether its events have a duration.
_KIND_TABLE: dict[str, tuple[float, float, bool]] = {
    "call": (6, 0.04, True),
    "chat": (4, 0.03, False),
    "content_download": (5, 0.04, False),
    "demo_request": (20, 0.006, False),
    "email_click": (3, 0.06, False),
    "email_open": (1, 0.17, False),
    "email_reply": (6, 0.03, False),
    "event_attended": (9, 0.014, False),
    "form_submit": (10, 0.03, False),
    "meeting": (15, 0.015, True),
    "page_view": (1, 0.44, True),
    "pricing_page_view": (5, 0.05, True),
    "unsubscribe": (-10, 0.01, False),
    "video_view": (2, 0.05, True),
    "webinar_attended": (8, 0.015, False),
}
KINDS = tuple(_KIND_TABLE)
POINTS = {kind: row[0] for kind, row in _KIND_TABLE.items()}
SHARES = {kind: row[1] for kind, row in _KIND_TABLE.items()}
WITH_DURATION = frozenset(kind for kind, row in _KIND_TABLE.items() if row[2])
CODE = {kind: code for code, kind in enumerate(KINDS)}

MAIN_KINDS = (
    "call",
    "content_download",
    "demo_request",
    "email_click",
    "email_open",
    "form_submit",
    "meeting",
    "page_view",
    "pricing_page_view",
    "webinar_attended",
)
OTHER_KINDS = tuple(kind for kind in KINDS if kind not in MAIN_KINDS)
WINDOWS = (7, 30, 90, 365)
ACTIVE_WINDOWS = (30, 90, 365)
HALF_LIVES = (7, 30, 90)
DWELL_WINDOWS = (30, 90)

COUNTS = tuple(f"n_{kind}_{days}" for kind in (*MAIN_KINDS, "all") for days in WINDOWS)
RECENCIES = tuple(f"rec_{kind}" for kind in (*MAIN_KINDS, "all"))
DECAYS = tuple(f"decay_{days}" for days in HALF_LIVES)
ACTIVE = tuple(f"active_days_{days}" for days in ACTIVE_WINDOWS)
DWELL_SUMS = tuple(f"dwell_sum_{days}" for days in DWELL_WINDOWS)
SHAPE = ("trend_diff_14", "trend_ratio_14", "kinds_90", "entropy_90")
GAPS = ("gap_mean", "gap_std", "gap_max")
ACCOUNT = ("acc_colleagues_30", "acc_events_30", "acc_seniorities_90")
NAMES = (
    *COUNTS,
    *RECENCIES,
    *DECAYS,
    *ACTIVE,
    "sessions_90",
    *DWELL_SUMS,
    "dwell_mean_90",
    *SHAPE,
    "first_kind",
    "last_kind",
    *GAPS,
    *ACCOUNT,
)
# Whole numbers: systems must agree exactly; on the others to a relative 1e-9.
EXACT = frozenset(
    (
        *COUNTS,
        *ACTIVE,
        "sessions_90",
        *DWELL_SUMS,
        "trend_diff_14",
        "kinds_90",
        "first_kind",
        "last_kind",
        *ACCOUNT,
    )
)
# What a lead without any event has; features not listed here are not known then.
WITHOUT_EVENTS: dict[str, float] = {
    **dict.fromkeys((*COUNTS, *DECAYS, *ACTIVE, "sessions_90", *DWELL_SUMS, *ACCOUNT), 0),
    "trend_diff_14": 0,
    "trend_ratio_14": 1.0,
    "kinds_90": 0,
    "entropy_90": 0.0,
}
KEYS = ("lead_id", "as_of")
