"""Days and times as people write them in running text → dates, ranges and instants.

Month names of seven languages, ISO dates, numeric dates with the year last, and the dates of East Asia. A time counts only with a
zone: without one nobody can say when it is, so such an event keeps its date alone.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Final

from heartbeat_bot.extract.calendar_words import ENGLISH_MONTH, MONTH, WEEKDAY, month_number, weekday_number
from heartbeat_bot.extract.zones import ZONE, beside, meanings, offset_name, zone
from heartbeat_bot.issues.model import DateOrder

_LOOKS_BACK: Final = timedelta(days=62)
_LOOKS_AHEAD: Final = timedelta(days=303)
"""A date without a year lies in the year round its issue that ends so much later: older ones mean the next year."""

_NEAR: Final = timedelta(days=30)
"""Nobody names a weekday wrongly by a year for a day this close; farther off, the weekday decides which year is meant."""

_LONGEST: Final = timedelta(days=120)
"""Two dates further apart than this are two dates, not the ends of one event."""

_MOST: Final = 60
"""Dates that are read of one text: a paragraph with more is a table of data, and reading it all would take too long."""

_FAR: Final = 200
"""Characters between a date and a time that still belong together."""

_COUNTED = (
    r"(?:people|talks?|speakers?|sessions?|hours?|minutes?|days|weeks|months|more|others?|events|places|seats|spots|tickets"
    r"|presentations|participants|attendees|members|new)"
)
_DAY = (
    r"(?:0?[1-9]|[12]\d|3[01])(?!\d)(?:\s?(?:st|nd|rd|th|er|º|ª|°)(?!\w))?"
    rf"(?!\d|[:.]\d|\s?[ap]\.?m\b|\s?%|\s?h\b|\s+{_COUNTED}\b)"
)
_TO = r"(?:\.?\s?[-–—−~〜～*]\s?|\.?\s(?:to|until|till|through|thru|bis(?:\szum)?|au|al|até|tot|t/m|a|à)\s(?:(?:le|el|il)\s)?)"
_AND = r"(?:\.?\s?[&+/]\s?|\.?\s(?:and|und|et|y|e|en)\s(?:(?:le|el|il)\s)?)"
_DAYS = rf"{_DAY}(?:(?:,\s?{_DAY}){{0,6}},?(?:{_TO}|{_AND}){WEEKDAY}?{_DAY}){{0,3}}"
_DAYS_FIRST_MONTH = rf"{_DAY}(?:(?:,\s?{_DAY}){{0,6}},?(?:{_TO}|{_AND}){WEEKDAY}?{_DAY}(?!\s(?:of\s)?{MONTH})){{0,3}}"
_YEAR = r"(?:,?\s?(?:(?:of|de|del|do)\s)?(?:(?P<{0}_year>(?:19|20)\d\d)(?!\d|[-:.]\d|\s?(?:h\b|hrs|hours|Uhr))|['’](?P<{0}_short>\d\d)\b))"

_POINT = re.compile(
    r"(?:(?<![\w/.])(?:"
    r"(?P<iso_year>(?:19|20)\d\d)(?P<iso_mark>[-/.])(?P<iso_month>\d{1,2})(?P=iso_mark)(?P<iso_day>\d{1,2})(?!\d)"
    r"(?:/(?P<iso_last>\d{1,2})\b)?"
    r"|(?:(?P<num_first>\d{1,2})\.?\s?[-–]\s?)?(?P<num_one>\d{1,2})(?P<num_mark>[-/.])(?P<num_two>\d{1,2})(?P=num_mark)"
    r"(?P<num_year>(?:19|20)\d\d)(?![\w/])"
    rf"|(?P<from_day>\d{{1,2}})\.(?P<from_month>\d{{1,2}})\.(?P<from_to>\s?(?:[-–]|bis(?:\szum)?)\s?)(?=\d)(?P<to_day>\d{{1,2}})\."
    r"(?P<to_month>\d{1,2})\.(?P<to_year>(?:19|20)\d\d)?(?!\d)"
    rf"|(?:(?:am|vom|ab|den)\s|{WEEKDAY})(?P<dot_day>\d{{1,2}})\.(?P<dot_month>\d{{1,2}})\.(?!\d)"
    rf"|{WEEKDAY}?(?P<md_month>{ENGLISH_MONTH})\s(?:the\s)?(?P<md_days>{_DAYS_FIRST_MONTH}){_YEAR.format('md')}?"
    rf"|{WEEKDAY}?(?P<dm_days>{_DAYS})\.?\s?(?:(?:of|de|di|del|do)\s|d['’])?(?P<dm_month>{MONTH}){_YEAR.format('dm')}?"
    r"|the\s(?P<bare_day>\d{1,2})(?:st|nd|rd|th)\b(?!\s(?:century|anniversary|edition|time|birthday|issue|annual))"
    rf"(?!\s(?:of\s)?{MONTH})"
    r")"
    r"|(?<!\d)(?:(?P<east_year>(?:19|20)\d\d)\s?[年년]\s?)?(?P<east_month>\d{1,2})\s?[月월]\s?(?P<east_day>\d{1,2})\s?[日号일]"
    r"(?:\s?[((].{1,4}?[))])?(?:\s?[-–~〜～]\s?(?P<east_last>\d{1,2})\s?[日号일])?"
    r")",
    re.IGNORECASE,
)
_ANY_DAY = re.compile(rf"(?P<join>{_TO}|{_AND}|,\s?)?{WEEKDAY}?(?P<day>\d{{1,2}})(?:\s?(?:st|nd|rd|th|er|º|ª|°))?", re.IGNORECASE)
_ASIDE = r"(?:\s?[((][^()()]{0,30}[))])?"
_JOINS: Final = frozenset({"&", "+", "/", "and", "und", "et", "y", "e", "en", ","})

_CLOCK = r"(?:[01]?\d|2[0-4])"
_UNIT = r"(?:\s?(?:Uhr|hrs|hours|h))"
_TIME = re.compile(
    rf"(?<![\d:.$#-])(?P<hour>{_CLOCK})(?:[:h.](?P<minute>[0-5]\d)(?::[0-5]\d)?)?\s?(?P<half>[ap]\.?m\b\.?)?(?P<unit>{_UNIT}\b)?(?![\d:])"
    rf"(?:{_TO}(?P<hour2>{_CLOCK})(?:[:h.](?P<minute2>[0-5]\d))?\s?(?P<half2>[ap]\.?m\b\.?)?(?P<unit2>{_UNIT}\b)?)?"
    rf"\s?[(,]?\s?(?P<zone>{ZONE})",
    re.IGNORECASE,
)
_BETWEEN = re.compile(
    rf"{_ASIDE}(?:,?\s?(?:at\s)?{_CLOCK}(?::[0-5]\d)?\s?(?:[ap]\.?m\.?)?\s?(?:{ZONE})?)?(?:{_TO}|(?P<and>{_AND}))(?:the\s)?",
    re.IGNORECASE,
)
_IN_UTC = re.compile(r"(?<![\d:])(\d{1,2})(?::([0-5]\d))?\s?([ap]\.?m\b\.?)?\s?(?:UTC|GMT)\b(?!\s?[+−-]\d)", re.IGNORECASE)
_SKIPPED = re.compile(r"[\s,|(]*(?:at\s+)?", re.IGNORECASE)
_HALF_DAY: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """A day, a run of days or a time in a text.

    ``start`` and ``end`` are dates, or aware datetimes when a time and its zone are written; ``end`` is inclusive for dates and
    None when it is the start. ``timezone`` is an IANA name, or an offset such as ``+05:30`` when none fits. ``span`` is where
    the days stand in the text.
    """

    start: date | datetime
    end: date | datetime | None = None
    timezone: str | None = None
    span: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Point:
    """One expression of days: its month and year where they are said, and its days with the joints before them."""

    year: int | None
    month: int | None
    days: tuple[tuple[str, int], ...]
    weekday: int | None = None
    span: tuple[int, int]


def find_dates(
    text: str, issued: date | None, *, recap: bool = False, near: str = "", order: DateOrder | None = None
) -> tuple[When, ...]:
    """Return the dates of a text in reading order, at most 60 of them.

    A missing year is inferred from ``issued``, the day of the issue: the year in which the date lies no more than two months
    before the issue; a weekday that only fits the year before or after decides otherwise. With ``recap`` (the text looks back) it
    is the last such day that has come. Without ``issued``, dates that say no year are left out. ``17 & 20 Nov`` is two dates,
    ``18 & 19 Nov`` is one of two days. ``near`` is more text about the same event, whose places tell zones of one name apart. ``order``
    is how the issue writes ``03/04/2026`` (:attr:`Issue.date_order`); None: month first.
    """
    text = re.sub(r"[^\S\n]", " ", text)
    found: list[tuple[date, date, tuple[int, int], tuple[int, int]]] = []
    for group in _groups(text, islice(_points(text, order), _MOST)):
        found.extend(_resolve(group, issued, recap=recap))
    result: list[When] = []
    for n, (first, last, span, whole) in enumerate(found):
        later = next((other[2][0] for other in found[n + 1 :] if other[2][0] >= whole[1]), len(text))
        earlier = max((other[3][1] for other in found[:n] if other[3][1] <= whole[0]), default=0)
        result.append(_with_time(text, first, last, span, whole, (earlier, later), f"{text} {near}"))
    return tuple(result)


def at_time(when: When, text: str, near: str = "") -> When:
    """Return a day with the first time of day that another line says, the same when it says none or the time is known."""
    if isinstance(when.start, datetime) or when.end:
        return when
    match = next((match for match in _TIME.finditer(text) if _is_time(match)), None)
    instant = _instant(match, when.start, f"{text} {near}") if match else None
    return When(start=instant[0], end=instant[1], timezone=instant[2], span=when.span) if instant else when


def _points(text: str, order: DateOrder | None) -> Iterator[_Point]:
    for match in _POINT.finditer(text):
        yield from _read(match, order)


def _read(match: re.Match[str], order: DateOrder | None) -> Iterator[_Point]:  # noqa: C901 - one branch per way to write a day
    part = match.groupdict()
    weekday = weekday_number(match.group())
    year: int | None = None
    month: int | None = None
    days: tuple[tuple[str, int], ...]
    if part["iso_year"]:
        year, month = int(part["iso_year"]), int(part["iso_month"])
        days = (("", int(part["iso_day"])), *((("&", int(part["iso_last"])),) if part["iso_last"] else ()))
    elif part["num_year"]:
        one, two = int(part["num_one"]), int(part["num_two"])
        by_custom = part["num_mark"] == "." or order == "day-first"
        day_first = one > _HALF_DAY or (by_custom and two <= _HALF_DAY)
        year, month, days = int(part["num_year"]), two if day_first else one, (("", one if day_first else two),)
        if part["num_first"] and day_first:
            days = (("", int(part["num_first"])), ("-", one))
    elif part["from_day"]:
        begin, end = match.end("from_month") + 1, match.start("to_day")
        last = int(part["to_year"]) if part["to_year"] else None
        first, second = (("", int(part["from_day"])),), (("", int(part["to_day"])),)
        yield _Point(year=None, month=int(part["from_month"]), days=first, span=(match.start(), begin))
        yield _Point(year=last, month=int(part["to_month"]), days=second, span=(end, match.end()))
        return
    elif part["dot_day"]:
        month, days = int(part["dot_month"]), (("", int(part["dot_day"])),)
    elif part["east_month"]:
        year, month = int(part["east_year"]) if part["east_year"] else None, int(part["east_month"])
        days = (("", int(part["east_day"])), *((("-", int(part["east_last"])),) if part["east_last"] else ()))
    elif part["bare_day"]:
        days = (("", int(part["bare_day"])),)
    else:
        kind = "md" if part["md_month"] else "dm"
        word = part[f"{kind}_month"]
        if word == "may" and not part[f"{kind}_year"]:
            return  # the verb
        month = month_number(word)
        if part[f"{kind}_year"]:
            year = int(part[f"{kind}_year"])
        elif part[f"{kind}_short"]:
            year = 2000 + int(part[f"{kind}_short"])
        days = tuple((_joint(m["join"]), int(m["day"])) for m in _ANY_DAY.finditer(part[f"{kind}_days"]))
    yield _Point(year=year, month=month, days=days, weekday=weekday, span=match.span())


def _joint(words: str | None) -> str:
    return (words or "").strip(" .").split(" ", maxsplit=1)[0].lower()


def _groups(text: str, points: Iterator[_Point]) -> Iterator[Sequence[tuple[str, _Point]]]:
    """Put points that are the two ends of one range together; a bare "the 25th" takes its month from the point before."""
    group: list[tuple[str, _Point]] = []
    before: _Point | None = None
    for read in points:
        point = read
        if point.month is None:
            if before is None or before.month is None:
                continue
            rolls = point.days[0][1] < before.days[-1][1]
            month = before.month % 12 + 1 if rolls else before.month
            year = before.year + 1 if before.year and rolls and month == 1 else before.year
            point = replace(point, year=year, month=month, weekday=None)
        joint = _BETWEEN.fullmatch(text, group[-1][1].span[1], point.span[0]) if group else None
        if joint and len(group) == 1:
            group.append(("and" if joint["and"] else "to", point))
        else:
            if group:
                yield group
            group = [("", point)]
        before = point
    if group:
        yield group


def _resolve(
    group: Sequence[tuple[str, _Point]], issued: date | None, *, recap: bool
) -> Iterator[tuple[date, date, tuple[int, int], tuple[int, int]]]:
    """Yield first day, last day, the span of the days, and the span that times are looked for around."""
    first = group[0][1]
    last = group[-1][1]
    assert first.month is not None
    assert last.month is not None
    year = first.year
    if year is None and last.year is not None:
        year = last.year - ((first.month, first.days[0][1]) > (last.month, last.days[-1][1]))
    if year is None:
        year = _infer(first, issued, recap=recap)
    if year is None:
        return
    last_year = last.year or year + ((last.month, last.days[-1][1]) < (first.month, first.days[0][1]))
    starts = list(_runs(first, year))
    if first is last:
        for start, end in starts:
            yield start, end, first.span, first.span
        return
    ends = list(_runs(last, last_year))
    whole = (first.span[0], last.span[1])
    if starts and ends:
        start, end = starts[0][0], ends[-1][1]
        one = group[-1][0] == "to" or end - start == timedelta(days=1)
        if one and timedelta() <= end - start <= _LONGEST:
            yield start, end, whole, whole
            return
    for point, runs in ((first, starts), (last, ends)):
        for start, end in runs:
            yield start, end, point.span, point.span


def _runs(point: _Point, year: int) -> Iterator[tuple[date, date]]:
    """Yield the runs of days of one point; days that do not exist are left out."""
    assert point.month is not None
    current: tuple[date, date] | None = None
    for joint, day in point.days:
        try:
            when = date(year, point.month, day)
        except ValueError:
            continue
        ranged = bool(joint) and joint not in _JOINS
        if current and when > current[1] and (ranged or when - current[1] == timedelta(days=1)):
            current = (current[0], when)
            continue
        if current:
            yield current
        if current and ranged:
            return  # "10-7 June": only the start makes sense
        current = (when, when)
    if current:
        yield current


def _infer(point: _Point, issued: date | None, *, recap: bool) -> int | None:
    if issued is None or point.month is None:
        return None
    days: dict[int, date] = {}
    for year in (issued.year - 1, issued.year, issued.year + 1):
        try:
            days[year] = date(year, point.month, point.days[0][1])
        except ValueError:
            continue
    if recap:
        return max((year for year, day in days.items() if day <= issued + timedelta(days=7)), default=None)
    usual = next((year for year, day in days.items() if -_LOOKS_BACK <= day - issued <= _LOOKS_AHEAD), None)
    if usual is None or point.weekday is None or days[usual].weekday() == point.weekday or abs(days[usual] - issued) < _NEAR:
        return usual
    fitting = [year for year, day in days.items() if day.weekday() == point.weekday]
    return min(fitting, key=lambda year: abs(days[year] - issued), default=usual)


def _with_time(
    text: str, first: date, last: date, span: tuple[int, int], whole: tuple[int, int], room: tuple[int, int], near: str
) -> When:
    """Add the time that belongs to a date: the first one after it, else the one before it; days in a run keep their dates."""
    days = When(start=first, end=None if first == last else last, timezone=None, span=span)
    if first != last:
        starts = [m for m in _TIME.finditer(text, span[0], span[1]) if _is_time(m)]
        after = _TIME.match(text, _skip(text, span[1]), room[1])
        if not (starts and after and _is_time(after)):
            return days
        start, end = _instant(starts[0], first, near), _instant(after, last, near)
        if not (start and end and start[0].astimezone(UTC) < end[0].astimezone(UTC)):
            return days
        return When(start=start[0], end=end[0], timezone=start[2], span=span)
    match = next((m for m in _TIME.finditer(text, whole[1], min(room[1], whole[1] + _FAR)) if _is_time(m)), None)
    if match is None:
        match = next(
            (m for m in reversed(list(_TIME.finditer(text, max(room[0], whole[0] - _FAR), whole[0]))) if _is_time(m)), None
        )
    instant = _instant(match, first, near) if match else None
    return When(start=instant[0], end=instant[1], timezone=instant[2], span=span) if instant else days


def _skip(text: str, position: int) -> int:
    match = _SKIPPED.match(text, position)
    return match.end() if match else position


def _is_time(match: re.Match[str]) -> bool:
    """Tell whether a match says a time of day: a lone number before a zone does not."""
    return bool(match["minute"] or match["half"] or match["half2"] or match["unit"] or match["unit2"])


def _instant(match: re.Match[str], day: date, near: str) -> tuple[datetime, datetime | None, str] | None:
    half = match["half"] or (match["half2"] if match["hour2"] else None)
    begins = _time_of_day(match["hour"], match["minute"], half)
    if begins is None:
        return None
    found = zone(match["zone"], datetime.combine(day, begins), near, _offset_beside(match, begins))
    if found is None:
        return None
    start = datetime.combine(day, begins, found[0])
    ends = _time_of_day(match["hour2"], match["minute2"], match["half2"]) if match["hour2"] else None
    if ends is None:
        return start, None, found[1]
    if match["half2"] and not match["half"] and ends < begins:
        # "11-1 pm" starts in the morning.
        morning = _time_of_day(match["hour"], match["minute"], "am")
        start = datetime.combine(day, morning, found[0]) if morning else start
    end = datetime.combine(day, ends, found[0])
    end = end if end > start else end + timedelta(days=1)
    # Where the clocks change between them, the order on the clock is not that of time.
    return start, end if start.astimezone(UTC) < end.astimezone(UTC) else None, found[1]


def _offset_beside(match: re.Match[str], begins: time) -> str:
    """Return what explains an abbreviation: an offset beside the time, or the same time in UTC, made into an offset."""
    words = beside(match.string, match.span())
    possible = meanings(match["zone"])
    universal = _IN_UTC.search(words) if possible else None
    clock = _time_of_day(universal[1], universal[2], universal[3]) if universal else None
    if clock is None:
        return words
    apart = (begins.hour - clock.hour) * 60 + begins.minute - clock.minute
    return next((f"UTC{offset_name(minutes)}" for minutes in possible if (minutes - apart) % 1440 == 0), words)


def _time_of_day(hour: str, minute: str | None, half: str | None) -> time | None:
    hours = int(hour)
    if half and hours <= _HALF_DAY:  # "18:00 pm" is what it says
        if not hours:
            return None
        hours = hours % _HALF_DAY + (_HALF_DAY if half.lower().startswith("p") else 0)
    try:
        return time(hours, int(minute or 0))
    except ValueError:
        return None
