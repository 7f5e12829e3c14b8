"""What new data touch: leads whose profile changed, accounts whose members changed, and the rows after a new event."""

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.histories import Histories
from features.profile import Profile
from features.recorded import Recorded
from features.snapshots import Snapshots
from features.windows import Bools, Floats, Ints, Segments, first_not_before, starts

Hashes = npt.NDArray[np.uint64]
ALWAYS = np.iinfo(np.int64).max
_ODD, _FIRST, _SECOND = (np.uint64(n) for n in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))


@dataclass(frozen=True, slots=True)
class Known:
    """What the store knows of each lead, in the order of its rows.

    `own` is a hash of what only the lead's own rows rest on, `of_account` one of its account's members, which all rows
    of the account rest on; `internal` marks test leads.
    """

    own: Hashes
    of_account: Hashes
    internal: Bools


def known_of(histories: Histories, profile: Profile, number: Ints, internal: Bools) -> Known:
    """Hashes of the leads as they are; `number` is that of each lead in the store."""
    own = np.zeros(len(number), np.uint64)
    for group in (profile.attributes, profile.assessments):
        for name in sorted(group):
            values = group[name]
            found = _recordings(values) if isinstance(values, Recorded) else _bits(values)
            own = _mixed(own * _ODD + found)
    member = _mixed(_bits(number) * _ODD + _mixed(_bits(histories.created)) + _seniorities(histories, profile))
    of_account = _mixed(np.add.reduceat(member, histories.account_start[:-1])) if len(member) else member
    return Known(own, of_account[histories.account], internal)


def _mixed(values: Hashes) -> Hashes:
    """SplitMix64's finalizer (Steele, Lea, Flood 2014)."""
    mixed = values + _ODD
    mixed = (mixed ^ (mixed >> np.uint64(30))) * _FIRST
    mixed = (mixed ^ (mixed >> np.uint64(27))) * _SECOND
    return mixed ^ (mixed >> np.uint64(31))


def _bits(values: Ints | Floats) -> Hashes:
    return np.ascontiguousarray(values).view(np.uint64)


def _recordings(known: Recorded) -> Hashes:
    """One hash per lead of the times and values recorded for it."""
    each = _mixed(_bits(known.segments.time) * _ODD + _mixed(_bits(known.value)))
    sums = np.append(np.uint64(0), np.cumsum(each, dtype=np.uint64))
    start = known.segments.start
    return sums[start[1:]] - sums[start[:-1]]


def _seniorities(histories: Histories, profile: Profile) -> Hashes:
    """Hash of each lead's seniority as text: its code depends on which others there are."""
    code = profile.seniority
    hashes = np.zeros(int(code.max(initial=-1)) + 2, np.uint64)
    example = np.zeros(len(hashes), np.int64)
    example[code] = np.arange(len(code))
    for at in range(len(hashes) - 1):
        text = str(histories.leads["seniority"].iloc[example[at]])
        hashes[at] = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little")
    return hashes[code]


@dataclass(frozen=True, slots=True)
class Places:
    """Where each row of a feature table lies: number of the part, and position in it; −1 for nowhere yet."""

    part: npt.NDArray[np.int32]
    position: npt.NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.part)


def nowhere(n: int) -> Places:
    """Places of rows that have not been computed."""
    return Places(np.full(n, -1, np.int32), np.full(n, -1, np.int32))


def carried_over(former: Snapshots, places: Places, former_lead: Ints, n_former: int, now: Snapshots) -> Places:
    """Places of today's rows as far as the store has them; `former_lead` is the former number of each lead, or −1."""
    same_leads = np.array_equal(former_lead, np.arange(n_former))
    if same_leads and np.array_equal(former.lead, now.lead) and np.array_equal(former.as_of, now.as_of):
        return places
    if len(former) == 0:
        return nowhere(len(now))
    lead = former_lead[now.lead]
    segments = Segments(starts(former.lead.astype(np.int64), n_former), former.as_of)
    at = first_not_before(segments, lead, now.as_of)
    stop = segments.start[lead + 1]
    found = (lead >= 0) & (at < stop)
    at = np.where(found, at, 0)
    found &= former.as_of[at] == now.as_of
    return Places(
        np.where(found, places.part[at], -1).astype(np.int32), np.where(found, places.position[at], -1).astype(np.int32)
    )


def changed_leads(known: Known, former: Known | None, former_lead: Ints) -> Bools:
    """Leads all of whose rows must be computed anew: new ones, changed ones, those of an account that changed."""
    if former is None or len(former.own) == 0:
        return np.ones(len(known.own), np.bool_)
    at = np.maximum(former_lead, 0)
    same = (former_lead >= 0) & (former.own[at] == known.own) & (former.of_account[at] == known.of_account)
    return ~same


def needed_rows(places: Places, snapshots: Snapshots, changed: Bools, since: Ints) -> Ints:
    """Positions of the rows to compute: not there, of a changed lead, or after a new event of the account.

    `since` has the time of the earliest new event for each lead's account (`ALWAYS`: none): an event at that time can
    be seen only by snapshots after it.
    """
    needed = (places.part < 0) | changed[snapshots.lead] | (snapshots.as_of > since[snapshots.lead])
    return np.flatnonzero(needed)


def profile_of(profile: Profile, leads: Ints) -> Profile:
    """The profile of some leads, renumbered in their order."""
    return Profile(
        {
            name: _taken(known, leads) if isinstance(known, Recorded) else known[leads]
            for name, known in profile.attributes.items()
        },
        {name: _taken(recordings, leads) for name, recordings in profile.assessments.items()},
        profile.seniority[leads],
    )


def _taken(known: Recorded, leads: Ints) -> Recorded:
    first, stop = known.segments.start[leads], known.segments.start[leads + 1]
    start = np.append(0, np.cumsum(stop - first))
    at = np.repeat(first - start[:-1], stop - first) + np.arange(start[-1])
    return Recorded(Segments(start, known.segments.time[at]), known.value[at])
