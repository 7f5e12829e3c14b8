"""How long snapshots were followed and when they won, as known at a time: what closing times are learned from."""

from dataclasses import dataclass

from features.windows import Bools, Floats, Ints


@dataclass(frozen=True, slots=True)
class Followed:
    """Days for which each snapshot was followed, and after how many it won: infinite when it had not by then.

    A snapshot that is lost is followed on: that it will not win is known of those alone that closed early, and they
    must not stand for the others.
    """

    days: Floats
    won_after: Floats

    def take(self, keep: Ints | Bools) -> "Followed":
        """The chosen snapshots, in order."""
        return Followed(self.days[keep], self.won_after[keep])
