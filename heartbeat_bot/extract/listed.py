"""The lists of events and jobs that front matter may hold: what an author writes there needs no guessing. See docs/events.md."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Final, cast

from heartbeat_bot.extract.dates import When, at_time, find_dates
from heartbeat_bot.extract.items import Event, EventKind, Job, instant_of
from heartbeat_bot.extract.lines import plain_line
from heartbeat_bot.extract.places import is_online, place_of, stated_place
from heartbeat_bot.extract.titles import clean, plain_title
from heartbeat_bot.extract.zones import offset_name, zone
from heartbeat_bot.issues.issue import Issue
from heartbeat_bot.issues.metadata import EVENT_KEYS

JOB_KEYS: Final = ("jobs", "job")
_NESTED: Final = ("extra", "params")
_TITLE: Final = ("title", "name", "summary", "event")
_START: Final = ("start", "date", "when", "day", "start_date", "starts", "from")
_END: Final = ("end", "end_date", "ends", "until", "to")
_ZONE: Final = ("timezone", "tz", "zone")
_PLACE: Final = ("location", "place", "venue", "where", "city")
_URL: Final = ("url", "link", "href")
_JOB_TITLE: Final = ("title", "role", "position", "name")
_COMPANY: Final = ("company", "employer", "organization", "organisation")
_YES: Final = frozenset({"true", "yes", "on", "1", "hybrid", "online", "virtual"})
_MOST: Final = 500
_LONGEST: Final = 1000
_FIRST_YEAR: Final = 1900
_LAST_YEAR: Final = 2199


def listed_events(issue: Issue) -> list[Event] | None:
    """Return the events that the front matter lists, None when it has no list. What has no title or no readable day is left out."""
    items, line = _list(issue, EVENT_KEYS)
    return None if items is None else [event for item in items if (event := _event(item, issue, line))]


def listed_jobs(issue: Issue) -> list[Job] | None:
    """Return the jobs that the front matter lists, None when it has no list. What has no title is left out."""
    items, line = _list(issue, JOB_KEYS)
    return None if items is None else [job for item in items if (job := _job(item, line))]


def _list(issue: Issue, keys: Sequence[str]) -> tuple[Sequence[Any] | None, int | None]:
    """Return the list below the first of the keys that holds one, and its line."""
    metadata = _lower(issue.metadata)
    for table in (metadata, *(metadata.get(name) for name in _NESTED)):
        known = _lower(cast("Mapping[Any, Any]", table)) if isinstance(table, Mapping) else {}
        for key in keys:
            if isinstance(known.get(key), list):
                return cast("Sequence[Any]", known[key])[:_MOST], issue.key_lines.get(key)
    return None, None


def _job(item: object, line: int | None) -> Job | None:
    words = _lower(cast("Mapping[Any, Any]", item)) if isinstance(item, dict) else {"title": item}
    if not (title := _text(words, _JOB_TITLE)):
        return None
    place, url, company = _text(words, _PLACE), _text(words, _URL), _text(words, _COMPANY)
    place = place_of(place) or place
    return Job(title=title, company=company or None, location=place or None, url=url or None, section="", line=line)


def _lower(table: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(key).lower(): value for key, value in table.items()}


def _first(item: Mapping[str, Any], keys: Sequence[str]) -> Any:
    return next((item[key] for key in keys if item.get(key) is not None), None)


def _text(item: Mapping[str, Any], keys: Sequence[str]) -> str:
    """Return the first of the keys that holds words or a number, in one line."""
    values = (item[key] for key in keys if isinstance(item.get(key), (str, int, float)) and not isinstance(item[key], bool))
    return next((words for value in values if (words := " ".join(str(value)[:_LONGEST].split()))), "")


def _event(item: object, issue: Issue, line: int | None) -> Event | None:
    if isinstance(item, str):
        return _from_words(item, issue, line)
    if not isinstance(item, dict):
        return None
    words = _lower(cast("Mapping[Any, Any]", item))
    when = _when(words, issue)
    title = _text(words, _TITLE)
    if not title or when is None:
        return None
    place = _text(words, _PLACE)
    said = _first(words, ("online", "virtual", "hybrid"))
    online = is_online(place) if said is None else said is True or str(said).strip().lower() in _YES
    kind = EventKind.DEADLINE if _text(words, ("kind", "type")).lower() == "deadline" else EventKind.EVENT
    return _made(title, when, line, location=stated_place(place), online=online, url=_text(words, _URL) or None, kind=kind)


def _from_words(words: str, issue: Issue, line: int | None) -> Event | None:
    read = plain_line(words)
    dates = find_dates(read.text, issue.day, order=issue.date_order)
    title = plain_title(read, dates[0]) if dates else ""
    return _made(clean(title), dates[0], line, location=None, online=is_online(read.text), url=None) if title else None


def _made(
    title: str,
    when: When,
    line: int | None,
    *,
    location: str | None,
    online: bool,
    url: str | None,
    kind: EventKind = EventKind.EVENT,
) -> Event:
    return Event(
        title=title,
        start=when.start,
        end=when.end,
        timezone=when.timezone,
        location=location,
        online=online,
        url=url,
        section="",
        line=line,
        kind=kind,
    )


def _when(words: Mapping[str, Any], issue: Issue) -> When | None:
    """Return when an event of the list is: two instants, two days, or words for them, with the zone and time that stand beside."""
    zone_word = _text(words, _ZONE)
    start = _moment(_first(words, _START), issue, zone_word)
    if start is None:
        return None
    if (clock := words.get("time")) is not None:
        start = _at_clock(start, str(clock)[:_LONGEST], zone_word)
    end = _moment(_first(words, _END), issue, zone_word)
    last = (end.end or end.start) if end else start.end
    if isinstance(start.start, datetime) and last is not None and not isinstance(last, datetime):
        # A time is known of the first day only: the days count.
        start = When(start=start.start.date(), end=last) if last > start.start.date() else start
        last = start.end
    if isinstance(last, datetime) and not isinstance(start.start, datetime):
        last = last.date()
    later = last is not None and instant_of(last) > instant_of(start.start)
    return When(start=start.start, end=last if later else None, timezone=start.timezone)


def _at_clock(day: When, clock: str, zone_word: str) -> When:
    """Return a day with a time of day; without a zone nobody can say when that is, and the day stays alone."""
    if isinstance(day.start, datetime) or day.end:
        return day
    timed = at_time(day, f"{clock} {zone_word}")
    simple = re.match(r"(\d{1,2}):(\d\d)", clock)
    if timed is day and simple and int(simple[1]) < 24 and int(simple[2]) < 60:  # noqa: PLR2004 - a clock
        local = datetime.combine(day.start, time(int(simple[1]), int(simple[2])))
        return _in_zone(local, zone_word)
    return timed


def _moment(value: object, issue: Issue, zone_word: str) -> When | None:
    if isinstance(value, str):
        text = " ".join(value[:_LONGEST].split())
        try:
            parsed = date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d\d-\d\d", text) else datetime.fromisoformat(text)
        except ValueError:
            dates = find_dates(f"{text} {zone_word}", issue.day, order=issue.date_order)
            return dates[0] if dates else None
        return _moment(parsed, issue, zone_word)
    if not isinstance(value, date) or not _FIRST_YEAR <= value.year <= _LAST_YEAR:
        return None
    if not isinstance(value, datetime):
        return When(start=value)
    if value.tzinfo is None:
        return _in_zone(value, zone_word)
    minutes = (value.utcoffset() or timedelta()) // timedelta(minutes=1)
    return When(start=value, timezone=offset_name(minutes) if minutes else "UTC")


def _in_zone(local: datetime, zone_word: str) -> When:
    found = zone(zone_word, local) if zone_word else None
    if found is None:
        return When(start=local.date())
    return When(start=local.replace(tzinfo=found[0]), timezone=found[1])
