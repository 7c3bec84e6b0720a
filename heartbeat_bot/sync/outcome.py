"""What came of bringing a channel in step, and what is told on the way there."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from heartbeat_bot.errors import UserError
from heartbeat_bot.ids import IssueId
from heartbeat_bot.sync.plan import Operation

ReadFile = Callable[[str], Awaitable[bytes]]
"""Returns the bytes of a file of the source by its path; raises SourceError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One operation about to be carried out: the ``number``-th (from 1) of ``total`` known so far."""

    issue: IssueId
    operation: Operation
    number: int
    total: int


Progress = Callable[[Step], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of bringing a channel in step.

    The numbers count requests that went through. ``waits_until`` (UTC) tells that Discord's limits put the rest off until then;
    ``error`` why it was given up for now, ``held_back`` that a moderator wants nothing sent. With none of them, the channel reads as if the issue had just been posted.
    """

    sent: int = 0
    edited: int = 0
    deleted: int = 0
    published: int = 0
    waits_until: datetime | None = None
    error: UserError | None = None
    held_back: bool = False

    @property
    def requests(self) -> int:
        """How many requests went through."""
        return self.sent + self.edited + self.deleted + self.published

    @property
    def done(self) -> bool:
        """Whether nothing is left to do."""
        return self.waits_until is None and self.error is None and not self.held_back

    def __add__(self, other: "Outcome") -> "Outcome":
        """Take two channels' outcomes together."""
        return Outcome(
            sent=self.sent + other.sent,
            edited=self.edited + other.edited,
            deleted=self.deleted + other.deleted,
            published=self.published + other.published,
            waits_until=max((until for until in (self.waits_until, other.waits_until) if until), default=None),
            error=self.error or other.error,
            held_back=self.held_back or other.held_back,
        )
