"""Words for time zones → zones.

``zoneinfo`` knows the rules of every place; what it does not know is what people mean by an abbreviation. That is this table.
"""

import re
from collections.abc import Sequence
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


_Meaning = tuple[int, str, str]
"""One thing that an abbreviation may mean: minutes east of UTC, the IANA zone, and the places that say that it does."""

_CHINA: Final = "china|beijing|shanghai|shenzhen|hangzhou|guangzhou|chengdu|taipei|taiwan|hong kong"
_AMBIGUOUS: Final[dict[str, tuple[_Meaning, ...]]] = {
    "IST": (
        (330, "Asia/Kolkata", "india|mumbai|pune|bangalore|bengaluru|delhi|hyderabad|chennai|kolkata"),
        (60, "Europe/Dublin", "ireland|dublin|cork|galway|limerick"),
        (120, "Asia/Jerusalem", "israel|tel[ -]aviv|jerusalem|haifa|herzliya"),
    ),
    "BST": ((60, "Europe/London", "uk|london|england|britain"), (360, "Asia/Dhaka", "bangladesh|dhaka|chittagong")),
    "CST": (
        (-360, "America/Chicago", "usa?|chicago|texas|austin|dallas|houston|mexico"),
        (480, "Asia/Shanghai", _CHINA),
        (-300, "America/Havana", "cuba|havana"),
    ),
    "CDT": (
        (-300, "America/Chicago", "usa?|chicago|texas|austin|dallas|houston"),
        (-240, "America/Havana", "cuba|havana"),
    ),
    "AST": (
        (-240, "America/Halifax", "halifax|canada|puerto rico|bermuda"),
        (180, "Asia/Riyadh", "saudi|riyadh|jeddah|kuwait|qatar|doha|bahrain|iraq|baghdad"),
    ),
    "PST": ((-480, "America/Los_Angeles", "usa?|california"), (480, "Asia/Manila", "philippines|manila|cebu")),
    "GST": (
        (240, "Asia/Dubai", "dubai|abu dhabi|uae|emirates|oman|muscat"),
        (-120, "Atlantic/South_Georgia", "south georgia"),
    ),
    "AMT": (
        (-240, "America/Manaus", "brazil|brasil|manaus"),
        (240, "Asia/Yerevan", "armenia|yerevan"),
    ),
}
"""The first meaning is that of the communities of our corpus: what counts when nothing beside it says otherwise."""

_SHORT: Final = [*_FIXED, *_AMBIGUOUS, "PT", "MT", "CT", "ET"]
_WORDS: Final = "|".join(sorted([*_SHORT, "PACIFIC", "EASTERN"], key=len, reverse=True))
_TIMES: Final = "|".join(sorted(_LOCAL, key=len, reverse=True))
ZONE: Final = rf"(?:(?:UTC|GMT)?\s?[+−-]\d{{1,2}}(?::?[0-5]\d)?(?![\d:])|(?:{_TIMES})\stime\b|(?:{_WORDS})(?![\w+])(?![+−-]\d))"
"""What a zone looks like behind a time of day, to be matched in any case."""

_IANA = re.compile(r"[A-Za-z]+(?:/[A-Za-z0-9_+-]+){1,2}")
_OFFSET = re.compile(r"\b(?:UTC|GMT)\s?([+−-])(\d{1,2})(?::?([0-5]\d))?(?!\d)", re.IGNORECASE)
_BESIDE: Final = 30
"""Characters round an abbreviation in which an offset explains it."""


def zone(word: str, moment: datetime, near: str = "", beside: str = "") -> tuple[timezone | ZoneInfo, str] | None:
    """Return the zone that a word or IANA name names at a local moment, and its name; None when nobody knows its rules.

    The name is an IANA name, or an offset such as ``+05:30`` when none fits. An abbreviation with several meanings takes the one
    that an offset in ``beside`` says, else the one whose place ``near`` names, else the first of the table.
    """
    name = word.upper().replace("−", "-").replace(" ", "")
    iana = word if _IANA.fullmatch(word) else _LOCAL.get(re.sub(r"\s+TIME$", "", word.strip().upper())) or _LOCAL.get(name)
    if iana:
        place = _place(iana)
        return (place, iana) if place else None
    if name in _AMBIGUOUS:
        minutes, iana, _ = _choose(_AMBIGUOUS[name], near, beside)
        return _named(minutes, iana, moment)
    if name in _FIXED:
        return _named(*_FIXED[name], moment)
    offset = re.fullmatch(r"(?:UTC|GMT)?([+-])(\d{1,2}):?(\d\d)?", name)
    if offset is None:
        return None
    minutes = _minutes(offset)
    if abs(minutes) > 14 * 60:
        return None
    return (UTC, "UTC") if not minutes else (timezone(timedelta(minutes=minutes)), offset_name(minutes))


def meanings(word: str) -> Sequence[int]:
    """Return the offsets that an abbreviation may mean, in minutes east of UTC; none for one that is clear."""
    return [minutes for minutes, *_ in _AMBIGUOUS.get(word.upper(), ())]


def beside(text: str, span: tuple[int, int]) -> str:
    """Return what stands beside a time: where an offset would explain its abbreviation."""
    return text[max(0, span[0] - _BESIDE) : span[0]] + " " + text[span[1] : span[1] + _BESIDE]


def _choose(choices: Sequence[_Meaning], near: str, beside: str) -> _Meaning:
    offsets = [_minutes(match) for match in _OFFSET.finditer(beside)]
    fitting = [meaning for meaning in choices if meaning[0] in offsets]
    fitting = fitting or [meaning for meaning in choices if re.search(rf"\b(?:{meaning[2]})\b", near, re.IGNORECASE)]
    return (fitting or choices)[0]


def _minutes(match: re.Match[str]) -> int:
    return (int(match[2]) * 60 + int(match[3] or 0)) * (1 if match[1] == "+" else -1)


def _named(minutes: int, iana: str, moment: datetime) -> tuple[timezone | ZoneInfo, str]:
    if iana == "UTC":
        return UTC, "UTC"
    place = _place(iana)
    fits = place is not None and place.utcoffset(moment) == timedelta(minutes=minutes)
    return timezone(timedelta(minutes=minutes)), iana if fits else offset_name(minutes)


def _place(iana: str) -> ZoneInfo | None:
    """Return a zone, None on a machine without its rules."""
    try:
        return ZoneInfo(iana)
    except (ZoneInfoNotFoundError, OSError, ValueError):
        return None


def offset_name(minutes: int) -> str:
    """Write an offset as ``+05:30``."""
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
