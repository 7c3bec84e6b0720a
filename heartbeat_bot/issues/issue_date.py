"""The date of an issue: as its front matter writes it, in any of the ways that people do, else as its path says it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time
from email.utils import parsedate_to_datetime
from pathlib import PurePosixPath
from typing import Any, Final, cast

from heartbeat_bot.issues.date_order import NumericDate, dates_in_values, day_or_none, numeric_dates
from heartbeat_bot.issues.frontmatter import Document
from heartbeat_bot.issues.metadata import DATE_KEYS, EVENT_KEYS, TRUE_OR_FALSE
from heartbeat_bot.issues.model import DateOrder, Finding
from heartbeat_bot.issues.rules import finding

DATED_NAME: Final = re.compile(r"(?<!\d)((?:19|20)\d\d)[-_.]?(\d{1,2})[-_.](\d{1,2})(?!\d)[-_ ]*")
COMPACT_NAME: Final = re.compile(r"(?<!\d)((?:19|20)\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?!\d)[-_ ]*")
_DATED_FOLDERS: Final = re.compile(r"(?:^|/)((?:19|20)\d\d)/(\d{1,2})/(\d{1,2})(?:/|$)")
_YEAR_FIRST: Final = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?:[ T].*)?")
_FORMATS: Final = ("%Y%m%d", "%d %B %Y", "%d %b %Y", "%d. %B %Y", "%B %d %Y", "%b %d %Y", "%Y %B %d", "%d-%b-%Y", "%d.%m.%Y")
_MONTH_FIRST: Final = ("%m-%d-%Y", "%m/%d/%Y")
_DAY_FIRST: Final = ("%d-%m-%Y", "%d/%m/%Y")
_FIRST_YEAR: Final = 1970


def issue_date(
    metadata: Mapping[str, Any], path: str, document: Document, findings: list[Finding], order: DateOrder | None
) -> date | datetime | None:
    """Return the date of an issue, None when nothing says it; what cannot be read is a finding."""
    for key, value in _dates(metadata):
        when = _in_utc(value) if isinstance(value, date) else parse_date(str(value), order)
        if when is not None and when.year >= _FIRST_YEAR:
            return when
        message = f"The date {str(value)[:60]!r} cannot be read; write it as 2026-01-31."
        findings.append(finding("bad-date", document.key_lines.get(key, 1), message))
    return date_in_path(path)


def _dates(metadata: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the keys that may hold the issue's date, each with what was written there."""
    for key in DATE_KEYS:
        value = metadata.get(key)
        if isinstance(value, dict):
            # Material for MkDocs: when it was created, and when it was updated.
            value = cast("Mapping[object, Any]", value).get("created")
        if value is None or isinstance(value, (bool, list, dict, time)):
            continue
        if not isinstance(value, str) or value.strip().lower() not in TRUE_OR_FALSE:
            yield key, value


def numeric_issued(metadata: Mapping[str, Any], document: Document) -> tuple[NumericDate, ...]:
    """Return what the issue's date is written as, when that is a numeric date."""
    for key, value in _dates(metadata):
        if isinstance(value, date):
            return ()
        if parse_date(str(value)):
            return tuple(numeric_dates(str(value), document.key_lines.get(key, 1)))[:1]
    return ()


def numeric_listed(metadata: Mapping[str, Any], document: Document) -> Iterator[NumericDate]:
    """Yield the numeric dates of the events that front matter lists."""
    for key in EVENT_KEYS:
        for found in dates_in_values(metadata.get(key)):
            yield replace(found, line=document.key_lines.get(key, 1))


def date_in_path(path: str) -> date | None:
    """Return the day that a file's name, or a folder above it, says; None when there is none, or only a month."""
    for part in reversed(PurePosixPath(path).parts):
        for pattern in (DATED_NAME, COMPACT_NAME):
            for match in pattern.finditer(part):
                if found := day_or_none(*match.groups()):
                    return found
    match = _DATED_FOLDERS.search(path)
    return day_or_none(*match.groups()) if match else None


def _in_utc(when: date) -> date | datetime | None:
    if not isinstance(when, datetime):
        return when
    try:
        return when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC)
    except OverflowError:
        return None


def parse_date(text: str, order: DateOrder | None = None) -> date | datetime | None:
    """Read a date as people write it; a time without a zone is UTC. None when it cannot be read.

    Ambiguous ``10-11-2025`` is read in the given order; without one month first, as most newsletters that write it do.
    """
    cleaned = re.sub(r"\s+", " ", text[:100].split("#", maxsplit=1)[0].replace(",", " ")).strip().strip("\"'")
    cleaned = re.sub(r"\b(\d{1,2})(?:st|nd|rd|th)\b", r"\1", cleaned)
    cleaned = re.sub(r"\bof ", "", re.sub(r"^(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.? ", "", cleaned, flags=re.IGNORECASE))
    cleaned = re.sub(r"\b(jan|feb|mar|apr|jun|jul|aug|sep|oct|nov|dec)(?:t?)\.", r"\1", cleaned, flags=re.IGNORECASE)
    cleaned = re.sub(r"\bsept\b", "sep", cleaned, flags=re.IGNORECASE)
    iso = re.sub(r"(?<=[+-]\d{4}) (?:UTC|GMT|[A-Z]{3,4})$", "", cleaned)
    iso = re.sub(r"\s*(?:UTC|GMT|Z)$", "+00:00", iso)
    iso = re.sub(r"\s+([+-]\d{2}):?(\d{2})$", r"\1:\2", iso)
    for candidate in (iso, cleaned) if re.match(r"\d{4}-\d{2}-\d{2}|\d{8}(?!\d)", cleaned) else ():
        try:
            parsed = datetime.fromisoformat(candidate)
        except ValueError:
            continue
        return parsed.date() if parsed.time() == time() and parsed.tzinfo is None else _in_utc(parsed)
    numeric = (*_DAY_FIRST, *_MONTH_FIRST) if order == "day-first" else (*_MONTH_FIRST, *_DAY_FIRST)
    for form in (*_FORMATS, *numeric):
        try:
            return datetime.strptime(cleaned, form).replace(tzinfo=UTC).date()
        except ValueError:
            continue
    if match := _YEAR_FIRST.fullmatch(cleaned):
        return day_or_none(match[1], match[3], match[4])
    if re.search(r"\d\d?:\d\d", cleaned):
        return _with_clock(text[:100].strip(), cleaned, order)
    return None


def _with_clock(text: str, cleaned: str, order: DateOrder | None) -> date | datetime | None:
    """Read a date before a time of day: as mail writes both, else the day alone."""
    try:
        return _in_utc(parsedate_to_datetime(text))
    except (ValueError, TypeError, IndexError):
        day = re.split(r"\s+(?:at )?\d\d?:\d\d", cleaned, maxsplit=1)[0]
        return parse_date(day, order) if day != cleaned else None
