"""The sandbox's time: the computer's, or one that a test moves by hand."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

Clock = Callable[[], datetime]
"""Tells the present instant, aware and in UTC."""

DISCORD_EPOCH: Final = 1_420_070_400_000
"""Milliseconds from the Unix epoch to the first second of 2015, where snowflakes begin (docs, *Reference*)."""


def system_clock() -> datetime:
    """Return the computer's time in UTC."""
    return datetime.now(UTC)


class ManualClock:
    """A clock that stands still until it is moved; ``start`` must be aware."""

    def __init__(self, start: datetime = datetime(2026, 8, 1, 12, 0, tzinfo=UTC)) -> None:
        """Begin at ``start``."""
        self.now = start

    def __call__(self) -> datetime:
        """Return the instant at which the clock stands."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Move the clock on."""
        self.now += timedelta(seconds=seconds)


class Snowflakes:
    """Makes ids that grow with the clock, and still grow when it stands."""

    def __init__(self, clock: Clock) -> None:
        """Take the time from ``clock``."""
        self._clock = clock
        self._last = 0

    def __call__(self) -> int:
        """Return an id greater than all before."""
        milliseconds = int(self._clock().timestamp() * 1000) - DISCORD_EPOCH
        self._last = max(self._last + 1, milliseconds << 22)
        return self._last


def instant_of(snowflake: int) -> datetime:
    """Return the instant at which an id was made."""
    return datetime.fromtimestamp(((snowflake >> 22) + DISCORD_EPOCH) / 1000, UTC)
