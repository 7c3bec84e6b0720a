"""What people plan by: events and jobs, and the shapes in which scripts get them."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from enum import StrEnum
from typing import Any, Final

ONLINE: Final = frozenset({"online", "virtual"})
"""Locations, in lower case, that are no place."""
EVENT_PAGE: Final = re.compile(
    r"/events?/[\w-]*\d|eventbrite\.[\w.]+/e/|\.eventbrite\.com|//(?:lu\.ma|luma\.com)/(?!calendar/)|/e/[\w-]+\d{6}|guild\.host/events"
    r"|ti\.to/|connpass\.com/event/|pretix\.[\w.]+/\w+/\w+",
    re.IGNORECASE,
)
"""Addresses that lead to one event, not to a group or a series."""


class EventKind(StrEnum):
    """Something to go to, or the last day of something: deadlines are kept apart."""

    EVENT = "event"
    DEADLINE = "deadline"


class JobKind(StrEnum):
    """One position, or a link to where positions are listed."""

    POSITION = "position"
    POINTER = "pointer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event. ``start`` and ``end`` are dates, or aware datetimes when a time and its zone are written.

    ``end`` is inclusive for dates, and None when it is the start. ``timezone`` is an IANA name, or an offset such as ``+05:30``.
    ``online`` is also true for hybrid events. ``url`` is the target as written. ``section`` is the heading it stands under, ""
    for one of the front matter. A deadline's ``start`` is its last day or instant.

    ``place`` numbers the issue's sections from 1, 0 is what precedes the first one; None when it stands in none or in several of them.
    ``post`` is the key of the first post that its section is composed as, "" when no post shows that section, None when ``place`` is.
    """

    title: str
    start: date | datetime
    end: date | datetime | None
    timezone: str | None
    location: str | None
    online: bool
    url: str | None
    section: str
    line: int | None
    kind: EventKind = EventKind.EVENT
    place: int | None = None
    post: str | None = None

    @property
    def day(self) -> date:
        """The day it starts, where it takes place."""
        return self.start.date() if isinstance(self.start, datetime) else self.start

    def as_json(self) -> dict[str, Any]:
        """Return the shape that ``preview --format json`` promises: dates as ISO 8601."""
        return {
            "title": self.title,
            "start": self.start.isoformat(),
            "end": self.end.isoformat() if self.end else None,
            "timezone": self.timezone,
            "location": self.location,
            "online": self.online,
            "url": self.url,
            "section": self.section,
            "kind": self.kind.value,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One position, or a pointer to where positions are listed. ``url`` is the target as written; ``place`` and ``post`` as an event's."""

    title: str
    company: str | None
    location: str | None
    url: str | None
    section: str
    line: int | None
    kind: JobKind = JobKind.POSITION
    place: int | None = None
    post: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the shape that ``preview --format json`` promises."""
        return {
            "title": self.title,
            "company": self.company,
            "location": self.location,
            "url": self.url,
            "section": self.section,
            "kind": self.kind.value,
        }


def instant_of(moment: date | datetime) -> datetime:
    """Return an instant in UTC, of a day its first, to sort days and instants by."""
    return moment.astimezone(UTC) if isinstance(moment, datetime) else datetime.combine(moment, time(), UTC)
