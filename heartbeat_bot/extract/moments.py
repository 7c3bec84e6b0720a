"""Instants as people type them: ``tomorrow 9am``, ``friday 10:00 Europe/Berlin``, ``in 3 hours``. Pure."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

_LONGEST: Final = 60
_TIMESTAMP: Final = re.compile(r"(?:<t:)?(\d{9,11})(?::[A-Za-z])?>?")
_AMBIGUOUS: Final = re.compile(r"\d+|.*\b\d{1,2}[./]\d{1,2}\b.*", re.DOTALL)
"""A bare number, and days and months of which nobody knows which is which."""
_ZONE: Final = re.compile(r"(.*) ([A-Z][A-Za-z_]+(?:/[A-Z][A-Za-z_+-]+)+)", re.DOTALL)

_ELAPSED: Final = re.compile(r"\bin\b.*\b(?:h|hrs?|hours?|m|mins?|minutes?|s|secs?|seconds?)\b", re.IGNORECASE)
"""What counts in hours or less counts them wherever the clocks change meanwhile."""


def read_time(text: str, *, now: datetime, longest: timedelta) -> datetime | None:
    """Return the instant (UTC) that a person means: ``2026-12-01 09:00``, ``tomorrow 9am``, ``friday 10:00 Europe/Berlin``, ``in 3 hours``.

    A timestamp of Discord's (``<t:1796115600>``) is one too. What names no zone is UTC, what is relative counts from ``now``, and of
    several readings the next one to come is taken. None for what is no time, may be another (``12/11``), or is more than ``longest`` ahead.
    """
    text = " ".join(text.split())
    if stamp := _TIMESTAMP.fullmatch(text):
        found = datetime.fromtimestamp(int(stamp[1]), UTC)
    elif not text or len(text) > _LONGEST or _AMBIGUOUS.fullmatch(text):
        return None
    else:
        zone = _ZONE.fullmatch(text)
        found = _parsed(*((zone[1], zone[2]) if zone else (text, "UTC")), now=now)
    return found if found and found - now <= longest else None


def _parsed(text: str, zone: str, *, now: datetime) -> datetime | None:
    import dateparser  # noqa: PLC0415 - it takes long to load, and few ask for it

    try:
        place = ZoneInfo(zone)
    except (KeyError, ValueError, OSError):  # there is no such zone
        return None
    base = now.astimezone(place).replace(tzinfo=None)
    settings: Any = {
        "PREFER_DATES_FROM": "future",
        "RELATIVE_BASE": base,
        "PARSERS": ["relative-time", "absolute-time"],
    }
    try:
        # Its other languages read much that is no time, and some times wrongly ("9 Uhr" as noon).
        found = dateparser.parse(text, languages=["en"], settings=settings)
    except (ValueError, OverflowError):  # it raises for some texts that are no times
        return None
    if found is None or found.tzinfo:  # of an abbreviation or an offset in the text
        return found and found.astimezone(UTC)
    if _ELAPSED.search(text):
        return now + (found - base)
    # What the clock on the wall shows at that place: it may differ from UTC otherwise than now, and shows an hour in autumn twice.
    instants = [found.replace(tzinfo=place, fold=fold).astimezone(UTC) for fold in (0, 1)]
    return next((instant for instant in instants if instant > now), instants[0])
