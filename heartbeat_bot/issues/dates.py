"""Days and times as people write them in running text → dates, ranges and instants.

English month names and their abbreviations, ISO dates, and numeric dates with the year last. A time counts only with a zone:
without one nobody can say when it is, so such an event keeps its date alone.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_STAYS_IN_YEAR: Final = timedelta(days=62)
"""A date without a year that lies at most this long before its issue is a past event; older ones mean the next year."""

_LONGEST: Final = timedelta(days=120)
"""Two dates further apart than this are two dates, not the ends of one event."""

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

# Abbreviation → (minutes east of UTC, IANA zone). The offset is what is written and wins; the zone is named when it agrees with
# it at that instant. Ambiguous ones are read as the communities of our corpus use them: IST is India (not Ireland or Israel),
# BST Britain (not Bangladesh), CST and CDT North America (not China or Cuba), AST the Atlantic coast (not Arabia).
_FIXED: Final[dict[str, tuple[int, str]]] = {
    "UTC": (0, "UTC"),
    "GMT": (0, "UTC"),
    "Z": (0, "UTC"),
    "WET": (0, "Europe/Lisbon"),
    "WEST": (60, "Europe/Lisbon"),
    "BST": (60, "Europe/London"),
    "CET": (60, "Europe/Berlin"),
    "CEST": (120, "Europe/Berlin"),
    "EET": (120, "Europe/Helsinki"),
    "EEST": (180, "Europe/Helsinki"),
    "MSK": (180, "Europe/Moscow"),
    "TRT": (180, "Europe/Istanbul"),
    "WAT": (60, "Africa/Lagos"),
    "CAT": (120, "Africa/Maputo"),
    "SAST": (120, "Africa/Johannesburg"),
    "EAT": (180, "Africa/Nairobi"),
    "GST": (240, "Asia/Dubai"),
    "PKT": (300, "Asia/Karachi"),
    "IST": (330, "Asia/Kolkata"),
    "NPT": (345, "Asia/Kathmandu"),
    "ICT": (420, "Asia/Bangkok"),
    "WIB": (420, "Asia/Jakarta"),
    "SGT": (480, "Asia/Singapore"),
    "HKT": (480, "Asia/Hong_Kong"),
    "AWST": (480, "Australia/Perth"),
    "JST": (540, "Asia/Tokyo"),
    "KST": (540, "Asia/Seoul"),
    "ACST": (570, "Australia/Adelaide"),
    "ACDT": (630, "Australia/Adelaide"),
    "AEST": (600, "Australia/Sydney"),
    "AEDT": (660, "Australia/Sydney"),
    "NZST": (720, "Pacific/Auckland"),
    "NZDT": (780, "Pacific/Auckland"),
    "BRT": (-180, "America/Sao_Paulo"),
    "ART": (-180, "America/Argentina/Buenos_Aires"),
    "COT": (-300, "America/Bogota"),
    "AST": (-240, "America/Halifax"),
    "ADT": (-180, "America/Halifax"),
    "EST": (-300, "America/New_York"),
    "EDT": (-240, "America/New_York"),
    "CST": (-360, "America/Chicago"),
    "CDT": (-300, "America/Chicago"),
    "MST": (-420, "America/Denver"),
    "MDT": (-360, "America/Denver"),
    "PST": (-480, "America/Los_Angeles"),
    "PDT": (-420, "America/Los_Angeles"),
    "AKST": (-540, "America/Anchorage"),
    "AKDT": (-480, "America/Anchorage"),
    "HST": (-600, "Pacific/Honolulu"),
    "AOE": (-720, "Etc/GMT+12"),
}
_LOCAL: Final = {
    "PT": "America/Los_Angeles",
    "MT": "America/Denver",
    "CT": "America/Chicago",
    "ET": "America/New_York",
    "PACIFIC": "America/Los_Angeles",
    "EASTERN": "America/New_York",
}

_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)(?![a-zà-ÿ])\.?"
)
_COUNTED = (
    r"(?:people|talks?|speakers?|sessions?|hours?|minutes?|days|weeks|months|more|others?|events|places|seats|spots|tickets"
    r"|presentations|participants|attendees|members|new)"
)
_DAY = rf"(?:0?[1-9]|[12]\d|3[01])(?!\d)(?:\s?(?:st|nd|rd|th)\b)?(?!\d|[:.]\d|\s?[ap]\.?m\b|\s?%|\s?h\b|\s+{_COUNTED}\b)"
_WEEKDAY = r"(?:(?:mon|tue(?:s)?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?\b\.?,?\s*(?:the\s+)?)"
_TO = r"(?:\s*[-–—−~*]\s*|\s+(?:to|until|till|through|thru)\s+)"
_AND = r"(?:\s*[&+/]\s*|\s+and\s+)"
_DAYS = rf"{_DAY}(?:(?:,\s*{_DAY})*,?(?:{_TO}|{_AND}){_WEEKDAY}?{_DAY})*"
_DAYS_FIRST_MONTH = rf"{_DAY}(?:(?:,\s*{_DAY})*,?(?:{_TO}|{_AND}){_WEEKDAY}?{_DAY}(?!\s+(?:of\s+)?{_MONTH}))*"
_YEAR = r"(?:,?\s*(?:of\s+)?(?:(?P<{0}_year>(?:19|20)\d\d)(?!\d|[-:.]\d)|['’](?P<{0}_short>\d\d)\b))"

_POINT = re.compile(
    r"(?<![\w/.])(?:"
    r"(?P<iso_year>(?:19|20)\d\d)(?P<iso_mark>[-/.])(?P<iso_month>\d{1,2})(?P=iso_mark)(?P<iso_day>\d{1,2})(?!\d)"
    r"(?:/(?P<iso_last>\d{1,2})\b)?"
    r"|(?P<num_one>\d{1,2})(?P<num_mark>[-/.])(?P<num_two>\d{1,2})(?P=num_mark)(?P<num_year>(?:19|20)\d\d)(?![\w/])"
    rf"|{_WEEKDAY}?(?P<md_month>{_MONTH})\s+(?:the\s+)?(?P<md_days>{_DAYS_FIRST_MONTH}){_YEAR.format('md')}?"
    rf"|{_WEEKDAY}?(?P<dm_days>{_DAYS})\.?\s*(?:of\s+)?(?P<dm_month>{_MONTH}){_YEAR.format('dm')}?"
    r"|the\s+(?P<bare_day>\d{1,2})(?:st|nd|rd|th)\b(?!\s+(?:century|anniversary|edition|time|birthday|issue|annual))"
    rf"(?!\s+(?:of\s+)?{_MONTH})"
    r")",
    re.IGNORECASE,
)
_ANY_DAY = re.compile(rf"(?P<join>{_TO}|{_AND}|,\s*)?{_WEEKDAY}?(?P<day>\d{{1,2}})(?:\s?(?:st|nd|rd|th))?", re.IGNORECASE)
_WEEKDAY_NAME = re.compile(r"\b(mon|tue|wed|thu|fri|sat|sun)", re.IGNORECASE)
_ASIDE = r"(?:\s*\([^()]{0,30}\))?"

_ZONE = (
    rf"(?:(?:UTC|GMT)?\s?[+−-]\d{{1,2}}(?::?[0-5]\d)?(?![\d:])|(?:{'|'.join(sorted([*_FIXED, *_LOCAL], key=len, reverse=True))})(?![\w+])"
    r"(?![+−-]\d))"
)
_CLOCK = r"(?:[01]?\d|2[0-4])"
_TIME = re.compile(
    rf"(?<![\d:.$#-])(?P<hour>{_CLOCK})(?:[:h](?P<minute>[0-5]\d)(?::[0-5]\d)?)?\s?(?P<half>[ap]\.?m\.?)?(?![\d:])"
    rf"(?:{_TO}(?P<hour2>{_CLOCK})(?:[:h](?P<minute2>[0-5]\d))?\s?(?P<half2>[ap]\.?m\.?)?)?"
    rf"\s?[(,]?\s?(?P<zone>{_ZONE})",
    re.IGNORECASE,
)
_BETWEEN = re.compile(
    rf"{_ASIDE}(?:,?\s*(?:at\s+)?{_CLOCK}(?::[0-5]\d)?\s?(?:[ap]\.?m\.?)?\s?(?:{_ZONE})?)?(?:{_TO}|(?P<and>{_AND}))(?:the\s+)?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """A day, a run of days or a time in a text.

    ``start`` and ``end`` are dates, or aware datetimes when a time and its zone are written; ``end`` is inclusive for dates and
    None when it is the start. ``timezone`` is an IANA name, or an offset such as ``+05:30`` when none fits. ``span`` is where
    the days stand in the text.
    """

    start: date | datetime
    end: date | datetime | None
    timezone: str | None
    span: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Point:
    """One expression of days: its month and year where they are said, and its days with the joints before them."""

    year: int | None
    month: int | None
    days: tuple[tuple[str, int], ...]
    weekday: int | None
    span: tuple[int, int]


def find_dates(text: str, issued: date | None, *, recap: bool = False) -> tuple[When, ...]:
    """Return the dates of a text in reading order.

    A missing year is inferred from ``issued``, the day of the issue: the same year, unless the date would lie more than two
    months before it, then the next; with ``recap`` (the text looks back) the last such day that has come. Without ``issued``,
    dates that say no year are left out. ``17 & 20 Nov`` is two dates, ``18 & 19 Nov`` is one of two days.
    """
    found: list[tuple[date, date, tuple[int, int], tuple[int, int]]] = []
    for group in _groups(text, _points(text)):
        found.extend(_resolve(group, issued, recap=recap))
    edges = [span[0] for _, _, span, _ in found[1:]] + [len(text)]
    result: list[When] = []
    for n, (first, last, span, whole) in enumerate(found):
        later = next((edge for edge in edges[n:] if edge >= whole[1]), len(text))
        earlier = max((other[3][1] for other in found[:n] if other[3][1] <= whole[0]), default=0)
        result.append(_with_time(text, first, last, span, whole, (earlier, later)))
    return tuple(result)


def _points(text: str) -> Iterator[_Point]:
    for match in _POINT.finditer(text):
        part = match.groupdict()
        weekday = _WEEKDAY_NAME.match(match.group())
        number = ("mon", "tue", "wed", "thu", "fri", "sat", "sun").index(weekday.group(1).lower()) if weekday else None
        year: int | None = None
        month: int | None = None
        days: tuple[tuple[str, int], ...]
        if part["iso_year"]:
            year, month = int(part["iso_year"]), int(part["iso_month"])
            days = (("", int(part["iso_day"])), *((("&", int(part["iso_last"])),) if part["iso_last"] else ()))
        elif part["num_year"]:
            one, two = int(part["num_one"]), int(part["num_two"])
            day_first = one > 12 or (part["num_mark"] == "." and two <= 12)  # noqa: PLR2004 - the months of a year
            year, month, days = int(part["num_year"]), two if day_first else one, (("", one if day_first else two),)
        elif part["bare_day"]:
            days = (("", int(part["bare_day"])),)
        else:
            kind = "md" if part["md_month"] else "dm"
            word = part[f"{kind}_month"]
            if word == "may" and not part[f"{kind}_year"]:
                continue  # the verb
            month = _MONTHS.index(word[:3].lower()) + 1
            if part[f"{kind}_year"]:
                year = int(part[f"{kind}_year"])
            elif part[f"{kind}_short"]:
                year = 2000 + int(part[f"{kind}_short"])
            days = tuple(((m["join"] or "").strip().lower(), int(m["day"])) for m in _ANY_DAY.finditer(part[f"{kind}_days"]))
        yield _Point(year=year, month=month, days=days, weekday=number, span=match.span())


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
            point = _Point(year=year, month=month, days=point.days, weekday=None, span=point.span)
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
        ranged = bool(joint) and joint not in {"&", "+", "/", "and", ","}
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
    before, same = days.get(issued.year - 1), days.get(issued.year)
    if before and same and point.weekday is not None and issued - before <= _STAYS_IN_YEAR and same.weekday() != point.weekday:
        # A January issue that looks back on "Friday, December 16".
        return issued.year - 1 if before.weekday() == point.weekday else issued.year
    return next((year for year in (issued.year, issued.year + 1) if year in days and days[year] >= issued - _STAYS_IN_YEAR), None)


def _with_time(text: str, first: date, last: date, span: tuple[int, int], whole: tuple[int, int], room: tuple[int, int]) -> When:
    """Add the time that belongs to a date: the first one after it, else the one before it; days in a run keep their dates."""
    days = When(start=first, end=None if first == last else last, timezone=None, span=span)
    if first != last:
        starts = [m for m in _TIME.finditer(text, span[0], span[1]) if _is_time(m)]
        after = _TIME.match(text, _skip(text, span[1]), room[1])
        if not (starts and after and _is_time(after)):
            return days
        start, end = _instant(starts[0], first), _instant(after, last)
        return When(start=start[0], end=end[0], timezone=start[2], span=span) if start and end else days
    match = next((m for m in _TIME.finditer(text, whole[1], room[1]) if _is_time(m)), None)
    if match is None:
        match = next((m for m in reversed(list(_TIME.finditer(text, room[0], whole[0]))) if _is_time(m)), None)
    instant = _instant(match, first) if match else None
    return When(start=instant[0], end=instant[1], timezone=instant[2], span=span) if instant else days


def _skip(text: str, position: int) -> int:
    match = re.compile(r"[\s,|(]*(?:at\s+)?", re.IGNORECASE).match(text, position)
    return match.end() if match else position


def _is_time(match: re.Match[str]) -> bool:
    """Tell whether a match says a time of day: a lone number before a zone does not."""
    return bool(match["minute"] or match["half"] or match["half2"])


def _instant(match: re.Match[str], day: date) -> tuple[datetime, datetime | None, str] | None:
    half = match["half"] or (match["half2"] if match["hour2"] else None)
    begins = _time_of_day(match["hour"], match["minute"], half)
    if begins is None:
        return None
    zone = _zone(match["zone"], datetime.combine(day, begins))
    if zone is None:
        return None
    start = datetime.combine(day, begins, zone[0])
    ends = _time_of_day(match["hour2"], match["minute2"], match["half2"]) if match["hour2"] else None
    if ends is None:
        return start, None, zone[1]
    if match["half2"] and not match["half"] and ends < begins:
        # "11-1 pm" starts in the morning.
        morning = _time_of_day(match["hour"], match["minute"], "am")
        start = datetime.combine(day, morning, zone[0]) if morning else start
    end = datetime.combine(day, ends, zone[0])
    return start, end if end > start else end + timedelta(days=1), zone[1]


def _time_of_day(hour: str, minute: str | None, half: str | None) -> time | None:
    hours = int(hour)
    if half:
        if not 1 <= hours <= 12:  # noqa: PLR2004 - hours of a half day
            return None
        hours = hours % 12 + (12 if half.lower().startswith("p") else 0)
    try:
        return time(hours, int(minute or 0))
    except ValueError:
        return None


def _zone(word: str, moment: datetime) -> tuple[timezone | ZoneInfo, str] | None:  # noqa: PLR0911
    """Return the zone that a word names at a moment, and its name; None when this machine does not know its rules."""
    name = word.upper().replace("−", "-").replace(" ", "")
    if name in _LOCAL:
        try:
            return ZoneInfo(_LOCAL[name]), _LOCAL[name]
        except (ZoneInfoNotFoundError, OSError):
            return None
    if name in _FIXED:
        minutes, iana = _FIXED[name]
        if iana == "UTC":
            return UTC, "UTC"
        fixed = timezone(timedelta(minutes=minutes))
        try:
            fits = ZoneInfo(iana).utcoffset(moment) == timedelta(minutes=minutes)
        except (ZoneInfoNotFoundError, OSError):
            fits = False
        return fixed, iana if fits else _written(minutes)
    offset = re.fullmatch(r"(?:UTC|GMT)?([+-])(\d{1,2}):?(\d\d)?", name)
    if offset is None:
        return None
    minutes = (int(offset[2]) * 60 + int(offset[3] or 0)) * (-1 if offset[1] == "-" else 1)
    if abs(minutes) > 14 * 60:
        return None
    return (UTC, "UTC") if not minutes else (timezone(timedelta(minutes=minutes)), _written(minutes))


def _written(minutes: int) -> str:
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
