"""Words for time zones → zones.

``zoneinfo`` knows the rules of every place; what it does not know is what people mean by an abbreviation. That is this table.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

# Abbreviation → (minutes east of UTC, IANA zone). The offset is what is written and wins; the zone is named when it agrees with
# it at that instant. Those that mean different things in different places stand in _AMBIGUOUS.
_FIXED: Final[dict[str, tuple[int, str]]] = {
    "UTC": (0, "UTC"),
    "GMT": (0, "UTC"),
    "Z": (0, "UTC"),
    "WET": (0, "Europe/Lisbon"),
    "WEST": (60, "Europe/Lisbon"),
    "CET": (60, "Europe/Berlin"),
    "MEZ": (60, "Europe/Berlin"),
    "CEST": (120, "Europe/Berlin"),
    "MESZ": (120, "Europe/Berlin"),
    "EET": (120, "Europe/Helsinki"),
    "EEST": (180, "Europe/Helsinki"),
    "MSK": (180, "Europe/Moscow"),
    "TRT": (180, "Europe/Istanbul"),
    "WAT": (60, "Africa/Lagos"),
    "CAT": (120, "Africa/Maputo"),
    "SAST": (120, "Africa/Johannesburg"),
    "EAT": (180, "Africa/Nairobi"),
    "IDT": (180, "Asia/Jerusalem"),
    "PKT": (300, "Asia/Karachi"),
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
    "ADT": (-180, "America/Halifax"),
    "EST": (-300, "America/New_York"),
    "EDT": (-240, "America/New_York"),
    "MST": (-420, "America/Denver"),
    "MDT": (-360, "America/Denver"),
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
    "CENTRAL EUROPEAN": "Europe/Berlin",
    "UK": "Europe/London",
    "LONDON": "Europe/London",
    "BERLIN": "Europe/Berlin",
    "PARIS": "Europe/Paris",
    "AMSTERDAM": "Europe/Amsterdam",
    "MADRID": "Europe/Madrid",
    "NEW YORK": "America/New_York",
    "SAN FRANCISCO": "America/Los_Angeles",
    "INDIA": "Asia/Kolkata",
    "TOKYO": "Asia/Tokyo",
    "SYDNEY": "Australia/Sydney",
}
"""Zones whose offset changes with the season; a place only counts with the word "time" behind it."""


@dataclass(frozen=True, slots=True)
class _Meaning:
    """One thing that an abbreviation may mean, and the places that say that it does."""

    minutes: int
    iana: str
    places: re.Pattern[str]


def _meaning(minutes: int, iana: str, places: str) -> _Meaning:
    return _Meaning(minutes, iana, re.compile(rf"\b(?:{places})\b", re.IGNORECASE))


_CHINA: Final = "china|beijing|shanghai|shenzhen|hangzhou|guangzhou|chengdu|taipei|taiwan|hong kong"
_AMBIGUOUS: Final[dict[str, tuple[_Meaning, ...]]] = {
    "IST": (
        _meaning(330, "Asia/Kolkata", "india|mumbai|pune|bangalore|bengaluru|delhi|hyderabad|chennai|kolkata"),
        _meaning(60, "Europe/Dublin", "ireland|dublin|cork|galway|limerick"),
        _meaning(120, "Asia/Jerusalem", "israel|tel[ -]aviv|jerusalem|haifa|herzliya"),
    ),
    "BST": (_meaning(60, "Europe/London", "uk|london|england|britain"), _meaning(360, "Asia/Dhaka", "bangladesh|dhaka|chittagong")),
    "CST": (
        _meaning(-360, "America/Chicago", "usa?|chicago|texas|austin|dallas|houston|mexico"),
        _meaning(480, "Asia/Shanghai", _CHINA),
        _meaning(-300, "America/Havana", "cuba|havana"),
    ),
    "CDT": (
        _meaning(-300, "America/Chicago", "usa?|chicago|texas|austin|dallas|houston"),
        _meaning(-240, "America/Havana", "cuba|havana"),
    ),
    "AST": (
        _meaning(-240, "America/Halifax", "halifax|canada|puerto rico|bermuda"),
        _meaning(180, "Asia/Riyadh", "saudi|riyadh|jeddah|kuwait|qatar|doha|bahrain|iraq|baghdad"),
    ),
    "PST": (_meaning(-480, "America/Los_Angeles", "usa?|california"), _meaning(480, "Asia/Manila", "philippines|manila|cebu")),
    "GST": (
        _meaning(240, "Asia/Dubai", "dubai|abu dhabi|uae|emirates|oman|muscat"),
        _meaning(-120, "Atlantic/South_Georgia", "south georgia"),
    ),
    "AMT": (
        _meaning(-240, "America/Manaus", "brazil|brasil|manaus"),
        _meaning(240, "Asia/Yerevan", "armenia|yerevan"),
    ),
}
"""The first meaning is that of the communities of our corpus: what counts when nothing beside it says otherwise."""

_SHORT: Final = [*_FIXED, *_AMBIGUOUS, "PT", "MT", "CT", "ET"]
_WORDS: Final = "|".join(sorted([*_SHORT, "PACIFIC", "EASTERN"], key=len, reverse=True))
_TIMES: Final = "|".join(sorted(_LOCAL, key=len, reverse=True))
ZONE: Final = rf"(?:(?:UTC|GMT)?\s?[+−-]\d{{1,2}}(?::?[0-5]\d)?(?![\d:])|(?:{_TIMES})\stime\b|(?:{_WORDS})(?![\w+])(?![+−-]\d))"
"""What a zone looks like behind a time of day, to be matched in any case."""

_OFFSET = re.compile(r"\b(?:UTC|GMT)\s?([+−-])(\d{1,2})(?::?([0-5]\d))?(?!\d)", re.IGNORECASE)
_BESIDE: Final = 30
"""Characters round an abbreviation in which an offset explains it."""


def zone(word: str, moment: datetime, near: str = "", beside: str = "") -> tuple[timezone | ZoneInfo, str] | None:  # noqa: PLR0911 - one per way to say it
    """Return the zone that a word or IANA name names at a local moment, and its name; None when nobody knows its rules.

    The name is an IANA name, or an offset such as ``+05:30`` when none fits. An abbreviation with several meanings takes the one
    that an offset in ``beside`` says, else the one whose place ``near`` names, else the first of the table.
    """
    if re.fullmatch(r"[A-Za-z]+(?:/[A-Za-z0-9_+-]+){1,2}", word):
        place = _place(word)
        return (place, word) if place else None
    local = re.sub(r"\s+TIME$", "", word.strip().upper())
    name = local if local in _LOCAL else word.upper().replace("−", "-").replace(" ", "")
    if name in _LOCAL:
        place = _place(_LOCAL[name])
        return (place, _LOCAL[name]) if place else None
    if name in _AMBIGUOUS:
        meaning = _choose(_AMBIGUOUS[name], near, beside)
        return _named(meaning.minutes, meaning.iana, moment)
    if name in _FIXED:
        return _named(*_FIXED[name], moment)
    offset = re.fullmatch(r"(?:UTC|GMT)?([+-])(\d{1,2}):?(\d\d)?", name)
    if offset is None:
        return None
    minutes = _minutes(offset)
    if abs(minutes) > 14 * 60:
        return None
    return (UTC, "UTC") if not minutes else (timezone(timedelta(minutes=minutes)), _written(minutes))


def meanings(word: str) -> Sequence[int]:
    """Return the offsets that an abbreviation may mean, in minutes east of UTC; none for one that is clear."""
    return [meaning.minutes for meaning in _AMBIGUOUS.get(word.upper(), ())]


def beside(text: str, span: tuple[int, int]) -> str:
    """Return what stands beside a time: where an offset would explain its abbreviation."""
    return text[max(0, span[0] - _BESIDE) : span[0]] + " " + text[span[1] : span[1] + _BESIDE]


def _choose(choices: Sequence[_Meaning], near: str, beside: str) -> _Meaning:
    offsets = [_minutes(match) for match in _OFFSET.finditer(beside)]
    fitting = [meaning for meaning in choices if meaning.minutes in offsets]
    fitting = fitting or [meaning for meaning in choices if meaning.places.search(near)]
    return (fitting or choices)[0]


def _minutes(match: re.Match[str]) -> int:
    return (int(match[2]) * 60 + int(match[3] or 0)) * (1 if match[1] == "+" else -1)


def _named(minutes: int, iana: str, moment: datetime) -> tuple[timezone | ZoneInfo, str]:
    if iana == "UTC":
        return UTC, "UTC"
    place = _place(iana)
    fits = place is not None and place.utcoffset(moment) == timedelta(minutes=minutes)
    return timezone(timedelta(minutes=minutes)), iana if fits else _written(minutes)


def _place(iana: str) -> ZoneInfo | None:
    """Return a zone, None on a machine without its rules."""
    try:
        return ZoneInfo(iana)
    except (ZoneInfoNotFoundError, OSError, ValueError):
        return None


def _written(minutes: int) -> str:
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
