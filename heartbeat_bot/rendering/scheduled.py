"""An event that an issue tells of → a scheduled event of a server, within Discord's limits. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from typing import Any, Final

from heartbeat_bot.extract.items import ONLINE, Event
from heartbeat_bot.extract.zones import zone
from heartbeat_bot.languages import language
from heartbeat_bot.rendering import limits
from heartbeat_bot.rendering.plain import composed, shortened

FIRST_HOUR: Final = time(9)
LAST_HOUR: Final = time(18)
"""When an event of which only days are told begins and ends, where it takes place."""

USUAL: Final = timedelta(hours=2)
"""How long an event lasts that is told of without an end."""

LEAD: Final = timedelta(minutes=2)
"""How far ahead a scheduled event must begin: Discord takes none that has begun, and a request takes its time."""

_GUILD_ONLY: Final = 2
_EXTERNAL: Final = 3
_ADDRESS: Final = re.compile(r"https?://[^\s\x00-\x20\x7f-\x9f\ud800-\udfff]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheduled:
    """What a scheduled event at a place outside Discord shows. Instants are UTC.

    ``link`` is the event's page, which the description names; "" when there is none or, for what Discord shows, when it is unknown.
    """

    name: str
    description: str
    location: str
    start: datetime
    end: datetime
    link: str = ""

    @property
    def digest(self) -> str:
        """What the issue tells of the event, hashed; not which issue it is, which changes nothing about the event."""
        told = (self.name, self.location, self.link, self.start.isoformat(), self.end.isoformat())
        return sha256("\0".join(told).encode()).hexdigest()

    def is_over(self, now: datetime) -> bool:
        """Tell whether the event ends before Discord would take it."""
        return self.end <= now + LEAD

    def is_of(self, other: "Scheduled") -> bool:
        """Tell whether this, as Discord shows it, was made of ``other``: its name, and where its time was not cut, one end of it."""
        return self.name == other.name and (self.start == other.start or self.end == other.end)

    def is_like(self, other: "Scheduled") -> bool:
        """Tell whether this, as Discord shows it, may be ``other`` at another time or by another name."""
        return self.name == other.name or (other.link != "" and other.link in self.description.split("\n"))

    def body(self, now: datetime) -> dict[str, Any]:
        """Return the body of the request that makes the event. One that has begun begins in a moment."""
        return {
            "name": self.name,
            "description": self.description,
            "entity_metadata": {"location": self.location},
            "scheduled_start_time": max(self.start, now + LEAD).isoformat(),
            "scheduled_end_time": self.end.isoformat(),
            "entity_type": _EXTERNAL,
            "privacy_level": _GUILD_ONLY,
        }

    def changes(self, shown: "Scheduled", now: datetime) -> dict[str, Any]:
        """Return what of :meth:`body` a scheduled event that shows something else needs; nothing when it shows this.

        The start of what has begun is left as it is: Discord takes none that has passed.
        """
        body, soon = self.body(now), now + LEAD
        same = {
            "name": shown.name == self.name,
            "description": shown.description == self.description,
            "entity_metadata": shown.location == self.location,
            "scheduled_start_time": shown.start == self.start or max(shown.start, self.start) <= soon,
            "scheduled_end_time": shown.end == self.end,
        }
        return {key: body[key] for key in same if not same[key]}


def scheduled(event: Event, *, issue: str, issue_url: str) -> Scheduled | None:
    """Return an event as a server shows it; ``issue`` and ``issue_url`` ("" when unknown) are the issue's that tells of it.

    None for one whose time no calendar can hold.
    """
    try:
        start, end = _span(event)
    except OverflowError:
        return None
    link, page = (url if _ADDRESS.fullmatch(url) else "" for url in (event.url or "", issue_url))
    words = language()
    return Scheduled(
        name=_line(event.title, limits.EVENT_NAME) or words.say("server_event.nameless"),
        description="\n".join(_description(link, issue, page)),
        location=_place(event, link),
        start=start,
        end=end,
        link=link,
    )


def _description(link: str, issue: str, page: str) -> Iterator[str]:
    """Yield the lines of a description; an address that does not fit is left out whole."""
    told = language().say("server_event.told_by", issue=_line(issue, limits.EVENT_DESCRIPTION // 4)).strip()
    room = limits.EVENT_DESCRIPTION - len(told)
    if link and len(link) < room:
        yield link
        room -= len(link) + 1
    yield told
    if page and page != link and len(page) < room:
        yield page


def _place(event: Event, link: str) -> str:
    place = _line(event.location or "", limits.EVENT_LOCATION)
    if place and not (event.online and place.casefold() in ONLINE):
        return place
    if link and len(link) <= limits.EVENT_LOCATION:
        return link
    return language().say("server_event.online" if event.online else "server_event.no_place")


def _line(text: str, most: int) -> str:
    return shortened(composed(text), most)


def _span(event: Event) -> tuple[datetime, datetime]:
    """Return the instants between which an event takes place."""
    known = zone(event.timezone, datetime.combine(event.day, FIRST_HOUR)) if event.timezone else None
    there = known[0] if known else UTC
    timed = isinstance(event.start, datetime)
    start = event.start if isinstance(event.start, datetime) else datetime.combine(event.start, FIRST_HOUR, there)
    match event.end:
        case datetime():
            end = event.end
        case date():
            end = datetime.combine(event.end, LAST_HOUR, start.tzinfo)
        case None if timed:
            end = start + USUAL
        case None:
            end = datetime.combine(event.day, LAST_HOUR, there)
    start, end = _in_utc(start), _in_utc(end)
    return start, end if end > start else start + USUAL


def _in_utc(when: datetime) -> datetime:
    return when.astimezone(UTC).replace(microsecond=0)
