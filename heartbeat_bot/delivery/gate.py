"""The announce gate: whether an issue is news now, and if not, why not, in a sentence. Pure.

An issue is announced once, when all hold: it is no draft, its date is not in the future and not older than ``max_age``, it has
rested unchanged for ``hold``, and no more than ``max_new_per_pass`` would be announced with it. The first run on a repo is a
baseline: what has been published by then is known, not news.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from typing import TypeVar

_DAY = timedelta(days=1)
_Key = TypeVar("_Key", bound=Hashable)


class Verdict(Enum):
    """What the gate says of an issue."""

    ANNOUNCED = "announced"
    """It has been announced: it stays, and is only kept in step."""
    ANNOUNCE = "announce"
    """It is news: it is to be announced now."""
    BASELINE = "baseline"
    """It had been published before the bot came."""
    DRAFT = "draft"
    """Its author says that it is not to be shown yet."""
    FUTURE = "future"
    """Its date is yet to come."""
    TOO_OLD = "too_old"
    """Its date is too long ago for an announcement."""
    HELD = "held"
    """It was changed a moment ago and may be changed again."""
    WAITING = "waiting"
    """Too many came at once: a moderator decides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The newsletter's rules. ``max_age`` None: no issue is too old."""

    hold: timedelta
    max_age: timedelta | None
    max_new_per_pass: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the gate needs to know of an issue.

    ``date`` without a time stands for that whole day in UTC; a time without a zone is UTC. ``changed_at`` (aware) is when its
    content became what it is. ``announced``, ``baseline``, ``waiting``: what an earlier pass made of it. ``approved``: a moderator
    wants it announced, however old it is and however many came with it.
    """

    draft: bool
    date: date | datetime | None
    changed_at: datetime
    announced: bool = False
    baseline: bool = False
    waiting: bool = False
    approved: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """A verdict, why in a sentence, and from which instant (UTC) it may be otherwise, None when time alone changes nothing."""

    verdict: Verdict
    why: str
    until: datetime | None = None


def judge(issues: Mapping[_Key, Facts], rules: Rules, *, now: datetime, first_run: bool = False) -> dict[_Key, Ruling]:
    """Rule on the issues of one newsletter in one pass at ``now`` (aware), in their order.

    ``first_run`` makes the baseline. When more issues than ``max_new_per_pass`` would be announced, none of them is: a bulk import
    must not flood a channel. Those that wait go on waiting when a moderator has approved only some of them.
    """
    rulings = {key: _judge_alone(facts, rules, now=now.astimezone(UTC), first_run=first_run) for key, facts in issues.items()}
    together = [key for key, ruling in rulings.items() if ruling.verdict is Verdict.ANNOUNCE and not issues[key].approved]
    if len(together) > rules.max_new_per_pass:
        why = f"{len(together)} new issues came at once, more than {rules.max_new_per_pass}: a moderator must approve them"
        rulings |= {key: Ruling(verdict=Verdict.WAITING, why=why) for key in together}
    return rulings


def _judge_alone(facts: Facts, rules: Rules, *, now: datetime, first_run: bool) -> Ruling:  # noqa: PLR0911 (one per verdict)
    """Rule on an issue as if it came alone."""
    begins, ends = (None, None) if facts.date is None else _span(facts.date)
    rested = facts.changed_at.astimezone(UTC) + rules.hold
    if facts.announced:
        return Ruling(verdict=Verdict.ANNOUNCED, why="it has been announced")
    if facts.draft:
        return Ruling(verdict=Verdict.DRAFT, why="it is a draft")
    if begins and begins > now:
        return Ruling(verdict=Verdict.FUTURE, why=f"its date is in the future: it waits until {_instant(begins)}", until=begins)
    if not facts.approved:
        if facts.baseline or first_run:
            return Ruling(verdict=Verdict.BASELINE, why="it had been published before the first run")
        if ends and rules.max_age is not None and ends + rules.max_age < now:
            return Ruling(verdict=Verdict.TOO_OLD, why=f"its date, {facts.date}, is more than {_days(rules.max_age)} ago")
        if facts.waiting:
            return Ruling(verdict=Verdict.WAITING, why="too many new issues came at once: a moderator must approve it")
    if rested > now:
        return Ruling(verdict=Verdict.HELD, why=f"it was changed a moment ago: it is held until {_instant(rested)}", until=rested)
    return Ruling(verdict=Verdict.ANNOUNCE, why="it is new")


def _span(when: date | datetime) -> tuple[datetime, datetime]:
    """Return the first and the last instant that a date stands for."""
    if isinstance(when, datetime):
        instant = when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
        return instant, instant
    midnight = datetime.combine(when, time(), tzinfo=UTC)
    try:
        return midnight, midnight + _DAY
    except OverflowError:  # the last day of the calendar has no next one
        return midnight, midnight


def _instant(when: datetime) -> str:
    return f"{when:%Y-%m-%d %H:%M} UTC"


def _days(span: timedelta) -> str:
    return f"{span.days} days" if span >= 2 * _DAY else f"{span.total_seconds() / 3600:g} hours"
