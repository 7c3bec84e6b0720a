"""How everything that is kept, and everything that waits, tells the time."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Tells the time: an aware instant."""


def system_clock() -> datetime:
    """Tell the machine's time in UTC."""
    return datetime.now(UTC)
