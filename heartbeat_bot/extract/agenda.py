"""The events of many issues → one list: an event that is told of again and again is one event, with its latest details."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from heartbeat_bot.extract.items import EVENT_PAGE, Event, instant_of

_TRACKING: Final = re.compile(r"utm_\w+|ref\w*|fbclid|gclid|mc_\w+|_hs\w+|s|aff\w*|source", re.IGNORECASE)

_SIGNS: Final = re.compile(r"[\W_]+")


def event_key(event: Event) -> str:
    """Return what makes an event the same event in another issue.

    The address of a page that is about this one event (of Meetup, Eventbrite, Luma, …), whatever its day: so an event that was put
    off stays itself. Else its day with the address it leads to; without an address, its day with the letters of its title.
    Addresses are compared without scheme, ``www.``, trailing slash, fragment and what only tracks readers. Deadlines have keys of
    their own.
    """
    address = _address(event.url or "")
    if address and EVENT_PAGE.search(event.url or ""):
        return f"{event.kind}|{address}"
    return f"{event.kind}|{event.day}|{address or _letters(event.title)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgendaItem:
    """An event of many issues: what names it for good, its details, and which issue (its place in what was given) told of it last."""

    key: str
    event: Event
    issue: int


def agenda(issues: Iterable[tuple[date | None, Sequence[Event]]]) -> tuple[AgendaItem, ...]:
    """Return the events of many issues, each once, by day and title, with the issue that told of each last.

    Each issue is its day and its events. Of one event the latest issue's details count; what it does not say (end, time, place,
    address) is taken from earlier ones as long as the day is still the same. Events are the same when their keys
    (:func:`event_key`) are, or their day and title. An address that one issue gives several events with different days is that of
    a series, and identifies none of them alone.
    """
    known: dict[str, AgendaItem] = {}
    names: dict[str, str] = {}
    for number, (_, events) in sorted(enumerate(issues), key=lambda numbered: numbered[1][0] or date.min):
        named = [(event_key(event), event) for event in events]
        days = Counter(key for key, _ in {(key, event.day) for key, event in named})
        for own, event in named:
            key = f"{own}|{event.day}" if days[own] > 1 else own
            name = f"{event.kind}|{event.day}|{_letters(event.title)}"
            key = key if key in known else names.get(name, key)
            latest = _update(known[key].event, event) if key in known else event
            known[key] = AgendaItem(key=key, event=latest, issue=number)
            names[name] = key
    return tuple(sorted(known.values(), key=lambda item: _by_day(item.event)))


def _by_day(event: Event) -> tuple[date, datetime, str, str]:
    return event.day, instant_of(event.start), event.title, event.url or ""


def _update(earlier: Event, latest: Event) -> Event:
    filled = replace(latest, url=latest.url or earlier.url)
    if earlier.day != latest.day:
        return filled
    timed = isinstance(earlier.start, datetime) and not isinstance(latest.start, datetime) and latest.end is None
    if timed or (type(earlier.start) is type(latest.start) and earlier.start == latest.start and latest.end is None):
        filled = replace(filled, start=earlier.start, end=earlier.end, timezone=latest.timezone or earlier.timezone)
    return replace(filled, location=latest.location or earlier.location, online=latest.online or earlier.online)


def _address(url: str) -> str:
    """Return an address in the form in which two of the same page are equal; a relative one stays relative."""
    try:
        parts = urlsplit(url.strip())
        query = urlencode([(key, value) for key, value in parse_qsl(parts.query) if not _TRACKING.fullmatch(key)])
    except ValueError:
        return url.strip()
    return f"{parts.netloc.lower().removeprefix('www.')}{parts.path.rstrip('/')}{'?' + query if query else ''}"


def _letters(title: str) -> str:
    return _SIGNS.sub("", title.casefold())
