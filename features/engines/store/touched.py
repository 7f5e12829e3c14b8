"""What new data touch: leads whose profile changed, accounts whose members changed, and the rows after a new event."""

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

from features.histories import Histories
from features.profile import Profile
from features.recorded import Recorded
from features.snapshots import Snapshots
from features.windows import Bools, Floats, Ints, Segments, first_not_before, starts

Hashes = npt.NDArray[np.uint64]
Codes = npt.NDArray[np.int32]
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
            _mix_in(own, _recordings(values) if isinstance(values, Recorded) else _bits(values))
    of_account = np.empty(len(number), np.uint64)
    seniority = _seniorities(histories, profile)
    _hash_accounts(_bits(number), _bits(histories.created), seniority, histories.account_start, of_account)
    return Known(own, of_account, internal)


@njit(cache=True, nogil=True)
def _mixed(value: np.uint64) -> np.uint64:
    """SplitMix64's finalizer (Steele, Lea, Flood 2014)."""
    mixed = value + _ODD
    mixed = (mixed ^ (mixed >> np.uint64(30))) * _FIRST
    mixed = (mixed ^ (mixed >> np.uint64(27))) * _SECOND
    return mixed ^ (mixed >> np.uint64(31))


@njit(cache=True, nogil=True)
def _mix_in(hashes: Hashes, found: Hashes) -> None:
    for i in range(len(hashes)):
        hashes[i] = _mixed(hashes[i] * _ODD + found[i])


@njit(cache=True, nogil=True)
def _hash_accounts(number: Hashes, created: Hashes, seniority: Hashes, start: Ints, found: Hashes) -> None:
    """One hash per account of the sum of its members', written for each of them."""
    for account in range(len(start) - 1):
        total = np.uint64(0)
        for i in range(start[account], start[account + 1]):
            total += _mixed(number[i] * _ODD + _mixed(created[i]) + seniority[i])
        for i in range(start[account], start[account + 1]):
            found[i] = _mixed(total)


def _bits(values: Ints | Floats) -> Hashes:
    return np.ascontiguousarray(values).view(np.uint64)


def _recordings(known: Recorded) -> Hashes:
    """One hash per lead of the times and values recorded for it."""
    each = _hash_recordings(_bits(known.segments.time), _bits(known.value))
    sums = np.append(np.uint64(0), np.cumsum(each, dtype=np.uint64))
    start = known.segments.start
    return sums[start[1:]] - sums[start[:-1]]


@njit(cache=True, nogil=True)
def _hash_recordings(time: Hashes, value: Hashes) -> Hashes:
    found = np.empty(len(time), np.uint64)
    for i in range(len(time)):
        found[i] = _mixed(time[i] * _ODD + _mixed(value[i]))
    return found


def _seniorities(histories: Histories, profile: Profile) -> Hashes:
    """Hash of each lead's seniority as text: its code depends on which others there are."""
    code = profile.seniority
    hashes = np.zeros(int(code.max(initial=-1)) + 2, np.uint64)
    example = np.zeros(len(hashes), np.int64)
    example[code] = np.arange(len(code))
    names = histories.leads["seniority"].iloc[example[:-1]] if len(hashes) > 1 else ()
    for at, text in enumerate(map(str, names)):
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


def same_snapshots(former: Snapshots, now: Snapshots) -> bool:
    """Whether both have the same rows, leads being numbered alike."""
    return len(former) == len(now) and bool(_same(former.lead, now.lead) and _same(former.as_of, now.as_of))


@njit(cache=True, nogil=True)
def _same(a: Ints, b: Ints) -> bool:
    for i in range(len(a)):  # noqa: SIM110 - compiled code
        if a[i] != b[i]:
            return False
    return True


def carried_over(former: Snapshots, places: Places, former_lead: Ints, n_former: int, now: Snapshots) -> Places:
    """Places of today's rows as far as the store has them; `former_lead` is the former number of each lead, or −1."""
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
    return _changed((known.own, known.of_account), (former.own, former.of_account), former_lead)


@njit(cache=True, nogil=True)
def _changed(now: tuple[Hashes, Hashes], former: tuple[Hashes, Hashes], former_lead: Ints) -> Bools:
    changed = np.ones(len(former_lead), np.bool_)
    for i in range(len(former_lead)):
        at = former_lead[i]
        changed[i] = at < 0 or former[0][at] != now[0][i] or former[1][at] != now[1][i]
    return changed


def needed_rows(places: Places, snapshots: Snapshots, changed: Bools, since: Ints) -> Ints:
    """Positions of the rows to compute: not there, of a changed lead, or after a new event of the account.

    `since` has the time of the earliest new event for each lead's account (`ALWAYS`: none): an event at that time can
    be seen only by snapshots after it.
    """
    found = np.empty(len(places), np.int64)
    return found[: _needed(places.part, snapshots.lead, snapshots.as_of, (changed, since), found)].copy()


@njit(cache=True, nogil=True)
def _needed(part: Codes, lead: Ints, as_of: Ints, touched: tuple[Bools, Ints], found: Ints) -> int:
    (changed, since), n = touched, 0
    for i in range(len(part)):
        found[n] = i
        n += part[i] < 0 or changed[lead[i]] or as_of[i] > since[lead[i]]
    return n


def earliest_by_lead(event: tuple[Ints, Ints], numbers: tuple[Ints, Ints], histories: Histories) -> Ints:
    """Time of the earliest new event of each lead's account (`ALWAYS`: none).

    `event` has owners and times, `numbers` the number in the store of each lead and of each account of the histories.
    """
    of_account = np.full(len(histories.account_start) - 1, ALWAYS)
    (owner, time), (lead_number, account_number) = event, numbers
    if len(owner):
        leads, accounts = _inverse(lead_number), _inverse(account_number)
        _lower(of_account, histories.account, (owner, time), (leads, accounts))
    return of_account[histories.account]


@njit(cache=True, nogil=True)
def _inverse(number: Ints) -> Ints:
    """Place of each number, −1 for those that are not there; one more entry, for any that is beyond."""
    place = np.full(number.max() + 2 if len(number) else 1, -1, np.int64)
    for i in range(len(number)):
        if number[i] >= 0:
            place[number[i]] = i
    return place


@njit(cache=True, nogil=True)
def _lower(earliest: Ints, account_of_lead: Ints, event: tuple[Ints, Ints], places: tuple[Ints, Ints]) -> None:
    """An account without leads has no rows: its events are nobody's."""
    (owner, time), (leads, accounts) = event, places
    for i in range(len(owner)):
        own, last = owner[i], len(accounts) - 1
        account = account_of_lead[leads[own]] if own >= 0 else accounts[min(-1 - own, last)]
        if account >= 0:
            earliest[account] = min(earliest[account], time[i])


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
