"""What becomes of an issue, and why: what the policy says and the store keeps. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Final

EVERY_ONE: Final = "every issue of this newsletter waits for a moderator's approval"
ON_HOLD: Final = "a moderator put it on hold"
SKIPPED: Final = "a moderator skipped it"
DECLINED: Final = "a moderator skipped its edit: its messages stay as they are"
EDITED: Final = "it was edited since: its messages stay as they are until a moderator approves the edit"
CHANGED_MEANWHILE: Final = "its text changed before all of it was posted: the rest waits until a moderator approves the new text"


class Verdict(Enum):
    """What the gate says of an issue."""

    ANNOUNCED = "announced"
    """It has been announced: it stays, and is only kept in step."""
    ANNOUNCE = "announce"
    """It is news: it is to be announced now."""
    BROKEN = "broken"
    """Its file cannot be read."""
    BASELINE = "baseline"
    """It had been published before the bot came."""
    DRAFT = "draft"
    """Its author says that it is not to be shown yet."""
    FUTURE = "future"
    """Its date is yet to come."""
    TOO_OLD = "too_old"
    """Its date is too long ago for an announcement."""
    UNSURE = "unsure"
    """It may be another issue, or a copy of one: a moderator decides."""
    HELD = "held"
    """It was changed a moment ago and may be changed again."""
    WAITING = "waiting"
    """Too many came at once: a moderator decides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """A verdict, why in a sentence, and from which instant (UTC) it may be otherwise, None when time alone changes nothing.

    ``deliver``: the channel is to be brought in step with the file now. ``late``: the file has changed after its edit window.
    ``asks``: another text was let through than is there now, so that a moderator must say whether this one may be shown, too.
    """

    verdict: Verdict
    why: str
    until: datetime | None = None
    deliver: bool = False
    late: bool = False
    asks: bool = False
