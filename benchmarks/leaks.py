"""The leaks that the benchmark of the audit plants, of every kind, from blatant to faint."""

from benchmarks.plant import (
    Change,
    Leak,
    account_column,
    assessment,
    category,
    change,
    change_at_creation,
    copies,
    created,
    deal_column,
    empty_for_won,
    event,
    event_in_life,
    filled_for,
    filled_when_closed,
    number,
    other_when_open,
    renumbered,
    running_number,
    sorted_rows,
    stretch,
)

CREATED = ("after the first interaction", "after the deal", "at midnight", "in batches")


def _both(kind: str, what: str, plant: Change, *found_as: str) -> list[Leak]:
    return [Leak(kind, timed, what, plant, found_as) for timed in (True, False)]


def _timed(kind: str, what: str, plant: Change, *found_as: str) -> list[Leak]:
    return [Leak(kind, True, what, plant, found_as)]


WON, LOST, EITHER = ("won",), ("lost",), ("won", "lost")
ORDERS = ("order of rows", "lead_id", "deal_no")
LEAKS: tuple[Leak, ...] = (
    *(leak for right in (0.97, 0.92, 0.88)
      for leak in _both("single column", f"label, {right:.0%} right", category("field_a", right), "field_a")),
    *(leak for shift in (3.0, 2.0, 1.5)
      for leak in _both("single column", f"number, {shift} sd apart", number("field_b", shift), "field_b")),
    *(leak for name in ("lead_score", "Quality Grade", "LastTouchType", "closing_forecast")
      for leak in _both("name", f"{name}, 0.6 sd apart", number(name, 0.6), name)),
    *(leak for name in ("sales_tag",)
      for leak in _both("name", f"{name}, 68 % right", category(name, 0.68), name)),
    *(leak for share in (0.9, 0.4, 0.08)
      for leak in _both("filled", f"for {share:.0%} of won only", filled_for("field_c", "won", share), "field_c")),
    *_both("filled", "for 60 % of lost only", filled_for("field_d", "lost", 0.6), "field_d"),
    *_both("filled", "empty for 50 % of won only", empty_for_won("field_e", 0.5), "field_e"),
    *(leak for column in ("amount", "closed_at", "opened_at", "status", "lost_reason")
      for leak in _timed("deal column", f"deals.{column} in leads", deal_column("field_f", column), "field_f")),
    *(leak for right in (1.0, 0.92)
      for leak in _timed("single column", f"of accounts, {right:.0%} right", account_column("field_g", right),
                         "account_field_g")),
    *_timed("event", "at the closing of won deals", event("paper_sent", WON, (0, 0.1), 0.8), "paper_sent"),
    *_timed("event", "after the closing of won deals", event("kick_off", WON, (1, 40), 0.5), "kick_off"),
    *_timed("event", "after any closing", event("survey", EITHER, (0, 20), 0.4), "survey"),
    *_timed("event", "the day before won deals", event("paper_sent", WON, (-1, 0), 0.8), "paper_sent"),
    *_timed("event", "the day before lost deals", event("exit_note", LOST, (-1, 0), 0.5), "exit_note"),
    *_timed("event", "the day before any closing", event("last_call", EITHER, (-1, 0), 0.5), "last_call"),
    *_timed("event", "up to 30 days before won deals", event("paper_sent", WON, (-30, 0), 0.6), "paper_sent"),
    *_timed("event", "in the life of 10 % of won leads", event_in_life("paper_sent", 0.1), "paper_sent"),
    *_timed("event", "in the life of 70 % of won leads", event_in_life("paper_sent", 0.7), "paper_sent"),
    *_timed("assessment", "budget met, the day before won deals", assessment("budget", (-1, 0), 1.0), "budget"),
    *_timed("assessment", "timing met, up to 60 days before won deals", assessment("timing", (-60, 0), 0.9), "timing"),
    *_timed("assessment", "need met, up to 10 days before won deals", assessment("need", (-10, 0), 0.5), "need"),
    *_timed("field change", "filled the day after closings",
            change("field_h", (0, 1), {"won": "x", "lost": "y"}), "field_h"),
    *_timed("field change", "filled within ten days of closings, same value",
            change("field_h", (0, 10), {"won": "x", "lost": "x"}), "field_h"),
    *_timed("field change", "filled the day before closings",
            change("field_h", (-1, 0), {"won": "x", "lost": "y"}), "field_h"),
    *_timed("field change", "filled up to 60 days before won deals", change("field_h",
           (-60, 0), {"won": "x"}), "field_h"),
    *_timed("field change", "back-dated to creation, 95 % right", change_at_creation("field_i", 0.95), "field_i"),
    *_timed("field change", "back-dated to creation, 90 % right", change_at_creation("field_i", 0.90), "field_i"),
    *(leak for how, share in (("opening", 0.6), ("interaction", 0.5), ("midnight", 0.4), ("midnight", 0.1),
                              ("batch", 0.4))
      for leak in _timed("creation date", f"{how}, {share:.0%} of won", created(how, share),
                         *(f"created_at {what}" for what in CREATED))),
    *(leak for noise in (0.5, 1.5)
      for leak in _both("order", f"rows sorted, noise {noise}", sorted_rows(noise), *ORDERS)),
    *(leak for noise in (0.5, 1.5)
      for leak in _both("order", f"ids given afterwards, noise {noise}", renumbered(noise), *ORDERS)),
    *(leak for noise in (0.3, 1.5)
      for leak in _both("order", f"running number, noise {noise}", running_number("deal_no", noise), *ORDERS)),
    *(leak for share in (0.1, 0.3)
      for leak in _both("duplicates", f"{share:.0%} of leads copied", copies(share), "identical rows", "equal e-mail")),
    *_both("stretch", "an eighth of the rows, 95 % right", stretch("field_j", 0.5, 0.625, 0.95), "field_j"),
    *_both("stretch", "an eighth across two blocks, 95 % right", stretch("field_j", 0.56, 0.69, 0.95), "field_j"),
    *_both("open leads", "filled for 95 % of closed, 30 % of open", filled_when_closed("field_k",
           0.95, 0.3), "field_k"),
    *_both("open leads", "filled for 90 % of closed, 55 % of open", filled_when_closed("field_k",
           0.90, 0.55), "field_k"),
    *_both("open leads", "60 % of open ones have another value", other_when_open("field_l", 0.6), "field_l"),
)  # fmt: skip
