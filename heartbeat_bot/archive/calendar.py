"""Events → a calendar file (iCalendar, RFC 5545), pure: the time is an argument."""

import hashlib
import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from heartbeat_bot.archive.agenda_items import MergedItem
from heartbeat_bot.extract.items import Event
from heartbeat_bot.rendering.plain import composed

_PRODUCT: Final = "-//heartbeat-bot//events//EN"
_ADDRESS = re.compile(r"https?://[!-~]+")
_BREAKS = re.compile(r"\s+")


def calendar(told: Iterable[MergedItem], *, name: str, now: datetime) -> bytes:
    """Return a calendar of events, to be imported or subscribed to; its lines end and fold as the format asks.

    ``name`` is what calendar programs may call it. ``now``, an aware instant, is when the calendar is made. An event's UID stays the same
    when its details change, so that a program which reads a later calendar changes its entry instead of adding one. Days become
    all-day entries whose end, as the format has it, is the day after; instants are in UTC.
    """
    # It takes 150 ms and 13 MiB, and few ask for it.
    import icalendar  # noqa: PLC0415

    # The library's types have holes.
    result: Any = icalendar.Calendar()
    result.add("prodid", _PRODUCT)
    result.add("version", "2.0")
    result.add("x-wr-calname", _line(name))
    for one in told:
        entry: Any = icalendar.Event()
        entry.add("uid", uid(one))
        entry.add("dtstamp", now.astimezone(UTC).replace(microsecond=0))
        entry.add("summary", _line(one.event.title))
        start, end = _span(one.event)
        entry.add("dtstart", start)
        if end is not None:
            entry.add("dtend", end)
        if one.event.location:
            entry.add("location", _line(one.event.location))
        url = one.event.url if one.event.url and _ADDRESS.fullmatch(one.event.url) else ""
        if url:
            entry.add("url", url)
        entry.add("description", "\n".join(_description(one, url)))
        result.add_component(entry)
    return result.to_ical()


def uid(told: MergedItem) -> str:
    """Return an event's name among all calendars."""
    return hashlib.sha256(f"{told.newsletter}\n{told.key}".encode(errors="replace")).hexdigest()[:32] + "@heartbeat-bot"


def _span(event: Event) -> tuple[date | datetime, date | datetime | None]:
    """Return start and end as the format has them: both days or both instants, a day's end the day after, nothing that ends early."""
    start, end = event.start, event.end
    if isinstance(start, datetime):
        later = end if isinstance(end, datetime) and end > start else None
        return _in_utc(start), None if later is None else _in_utc(later)
    last = event.day if end is None else end.date() if isinstance(end, datetime) else end
    return start, _after(max(start, last))


def _in_utc(when: datetime) -> datetime:
    return when.astimezone(UTC).replace(microsecond=0)


def _after(day: date) -> date | None:
    return None if day == date.max else day + timedelta(days=1)


def _description(told: MergedItem, url: str) -> Iterable[str]:
    if told.event.online:
        yield "Online." if not told.event.location else "Also online."
    if url:
        yield url
    day = f" of {told.listed.day.isoformat()}" if told.listed.day else ""
    yield f"Told by {_line(told.listed.title)}{day}."
    if told.listed.url:
        yield told.listed.url


def _line(text: str) -> str:
    """Return a text on one line, without what no calendar can hold."""
    return _BREAKS.sub(" ", composed(text)).strip()
