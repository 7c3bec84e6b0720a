"""Bytes of one file → an :class:`~heartbeat_bot.issues.issue.Issue`. What each key of front matter means stands in docs/front-matter.md."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time
from email.utils import parsedate_to_datetime
from pathlib import PurePosixPath
from typing import Any, Final, cast

from bs4.element import Tag

from heartbeat_bot.errors import IssueError
from heartbeat_bot.issues.date_order import NumericDate, ambiguities, dates_in_blocks, dates_in_values, decide, numeric_dates
from heartbeat_bot.issues.frontmatter import Document, take_apart
from heartbeat_bot.issues.issue import Issue
from heartbeat_bot.issues.markdown import UnreadableError, parse
from heartbeat_bot.issues.model import DateOrder, Finding, Head
from heartbeat_bot.issues.rules import finding
from heartbeat_bot.issues.sections import cut, level_of, slugify

TITLE_KEYS: Final = ("title", "headline", "subject")
DATE_KEYS: Final = (
    "publishdate",
    "publish_date",
    "published_at",
    "publishedat",
    "pubdate",
    "date",
    "published",
    "published_date",
    "published_on",
    "posted",
    "created",
)
"""In order of preference: where there is a date of publication beside the date, the site shows the issue from then on."""
DESCRIPTION_KEYS: Final = ("description", "summary", "excerpt", "subtitle", "abstract", "teaser_text", "lead", "intro")
PICTURE_KEYS: Final = (
    "picture",
    "image",
    "cover",
    "cover_image",
    "coverimage",
    "featured_image",
    "featuredimage",
    "feature_image",
    "hero",
    "hero_image",
    "heroimage",
    "banner",
    "header",
    "thumbnail",
    "thumb",
    "social_image",
    "socialimage",
    "og_image",
    "previewimage",
    "ogimage",
    "images",
)
_PICTURE_PARTS: Final = ("image", "src", "url", "path", "file", "feature", "overlay_image", "teaser", "thumbnail")
PICTURE_ALT_KEYS: Final = ("picturealt", "picture_alt", "imagealt", "image_alt", "cover_alt", "coveralt", "alt")
AUTHOR_KEYS: Final = ("authors", "author", "editors", "editor", "byline", "by")
TAG_KEYS: Final = ("tags", "tag", "keywords")
FLAG_KEYS: Final = ("draft", "unlisted", "hidden", "private", "eleventyexcludefromcollections")
"""Flags that keep an issue back when they are set."""
PUBLIC_KEYS: Final = ("published", "publish", "public", "render")
"""Flags that keep an issue back when they are set to false."""
STATUS_KEYS: Final = ("status", "state", "visibility")
EVENT_KEYS: Final = ("events", "event")
"""Lists of events."""
NESTED: Final = ("taxonomies", "extra", "params")
"""Tables in which Zola and Hugo keep keys that others keep at the top."""

_DATED_NAME = re.compile(r"(?<!\d)((?:19|20)\d\d)([-_.]?)(\d{1,2})[-_.](\d{1,2})(?!\d)[-_ ]*")
_COMPACT_NAME = re.compile(r"(?<!\d)((?:19|20)\d\d)()(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?!\d)[-_ ]*")
_DATED_FOLDERS = re.compile(r"(?:^|/)((?:19|20)\d\d)/(\d{1,2})/(\d{1,2})(?:/|$)")
_INDEX = re.compile(r"_?index(?:\.[a-z]{2,3}(?:-[a-z]{2,4})?)?|readme", re.IGNORECASE)
_FORMATS = (
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%Y%m%d",
    "%d %B %Y",
    "%d %b %Y",
    "%d. %B %Y",
    "%B %d %Y",
    "%b %d %Y",
    "%Y %B %d",
    "%d-%b-%Y",
    "%d.%m.%Y",
)
_MONTH_FIRST = ("%m-%d-%Y", "%m/%d/%Y")
_DAY_FIRST = ("%d-%m-%Y", "%d/%m/%Y")
_FIRST_YEAR: Final = 1970
_SUFFIXES: Final = frozenset({".md", ".markdown", ".mdx", ".rmd", ".qmd", ".html", ".txt"})
_DRAFT_FOLDERS: Final = frozenset({"draft", "drafts", "_draft", "_drafts", ".drafts", "unpublished"})
_DRAFT_WORDS: Final = frozenset({"draft", "hidden", "private", "unlisted", "unpublished", "pending", "wip", "skip"})
_TRUE: Final = frozenset({"true", "yes", "on", "1", "y"})
_FALSE: Final = frozenset({"false", "no", "off", "0", "n", "", "none", "null", "~"})
_MAX_NAMES: Final = 100


def read_issue(path: str, data: bytes, dates: DateOrder | None = None) -> Issue:
    """Read one issue; pure, so ``path`` only names it. ``dates``: what comes first in its numeric dates, None when that is not known.

    Raises IssueError, with the line, when the file is too large, no text, or its front matter is broken, or its text is nested
    too deeply to be shown whole.
    """
    document = take_apart(data, path)
    metadata = _flat(document.metadata)
    findings = list(document.findings)
    try:
        blocks, dropped = parse(document.body, document.body_line)
        findings += dropped
        title, blocks = _title(_text(metadata, *TITLE_KEYS), blocks)
        slug = _slug(metadata, path)
        if not title:
            title = re.sub(r"[-_]+", " ", slug).strip().capitalize()
            findings.append(_no_title(document, title))
        numeric = dates_in_blocks(document.body, blocks)
        intro, sections = cut(blocks)
    except UnreadableError as error:
        line = document.body_line + error.line - 1
        raise IssueError(f"the text cannot be read: {error}", path=path, line=line) from error
    except RecursionError as error:
        message = "the text cannot be read: its HTML tags are nested too deeply"
        raise IssueError(message, path=path, line=document.body_line) from error
    issued = _numeric_issued(metadata, document)
    listed = _numeric_listed(metadata, document)
    decision = decide(dates, issued, date_in_path(path), (*dates_in_values(document.metadata), *numeric))
    if dates is None:
        findings += ambiguities((*issued, *listed, *numeric), decision)
    picture, alt = _picture(metadata)
    return Issue(
        path=path,
        slug=slug,
        title=title,
        date=_date(metadata, path, document, findings, decision.order),
        date_order=decision.order,
        draft=_draft(metadata, path, document, findings),
        explicit_id=_text(metadata, "id", "slug") or None,
        description=_text(metadata, *DESCRIPTION_KEYS),
        picture=picture,
        picture_alt=_text(metadata, *PICTURE_ALT_KEYS) or alt,
        authors=_first_names(metadata, AUTHOR_KEYS),
        tags=_first_names(metadata, TAG_KEYS),
        metadata=document.metadata,
        key_lines=document.key_lines,
        body=document.body,
        body_line=document.body_line,
        intro=intro,
        sections=sections,
        findings=tuple(findings),
    )


def read_head(path: str, data: bytes, dates: DateOrder | None = None) -> Head:
    """Read what stands above an issue's text, much faster, and pure too; the text is read only for what nothing above it says.

    That is a title, and in which order an ambiguous date was written.

    Raises IssueError as :func:`read_issue` does, but for what is wrong in a text that was not read.
    """
    document = take_apart(data, path)
    metadata = _flat(document.metadata)
    title = _text(metadata, *TITLE_KEYS)
    issued = _numeric_issued(metadata, document)
    order = dates or decide(None, issued, date_in_path(path), ()).order
    if not title or (order is None and any(one.is_ambiguous for one in issued)):
        issue = read_issue(path, data, dates)
        title, order = title or issue.title, issue.date_order
    return Head(
        slug=_slug(metadata, path),
        title=title,
        date=_date(metadata, path, document, [], order),
        draft=_draft(metadata, path, document, []),
        explicit_id=_text(metadata, "id", "slug") or None,
    )


def _flat(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return metadata with lower-case keys; what only a nested table of Zola or Hugo has is brought to the top."""
    metadata = {key.lower(): value for key, value in given.items()}
    for name in NESTED:
        if isinstance(table := metadata.get(name), dict):
            for key, value in cast("Mapping[object, Any]", table).items():
                metadata.setdefault(str(key).lower(), value)
    return metadata


def _text(metadata: Mapping[str, Any], *keys: str) -> str:
    for key in keys:
        value = metadata.get(key)
        if isinstance(value, (str, int, float, date)) and not isinstance(value, bool) and str(value).strip():
            return " ".join(str(value).split())
    return ""


def _picture(metadata: Mapping[str, Any]) -> tuple[str, str]:
    """Return the picture's target and its alternative text, from a string, a list of pictures or a mapping of its parts."""
    for key in PICTURE_KEYS:
        value = metadata.get(key)
        if isinstance(value, list) and value:
            value = cast("Sequence[Any]", value)[0]
        if isinstance(value, str) and value.strip():
            return value.strip(), ""
        if isinstance(value, dict):
            parts = {str(name).lower(): part for name, part in cast("Mapping[object, Any]", value).items()}
            target = next((str(parts[name]).strip() for name in _PICTURE_PARTS if isinstance(parts.get(name), str)), "")
            if target:
                return target, _text(parts, "alt", "image_alt", "description", "caption")
    return "", ""


def _first_names(metadata: Mapping[str, Any], keys: Sequence[str]) -> tuple[str, ...]:
    for key in keys:
        names = tuple(dict.fromkeys(_names(metadata.get(key))))
        if names:
            return names[:_MAX_NAMES]
    return ()


def _names(value: Any, depth: int = 0) -> Iterator[str]:
    """Yield names from what people write them in: text with commas or semicolons, lists, mappings with a ``name``."""
    match value:
        case str():
            parts = [value] if depth else re.split(r"[;\n]" if re.search(r"[;\n]", value) else ",", value.strip().strip("[]"))
            yield from (name for part in parts if (name := _name(part)))
        case dict():
            mapping = cast("Mapping[str, Any]", value)
            name = next((mapping[key] for key in ("name", "title", "label", "id") if mapping.get(key)), None)
            yield from [_name(name)] if isinstance(name, str) else list(map(str, mapping)) if not depth else []
        case list() if depth <= 1:
            for item in cast("Sequence[Any]", value)[:_MAX_NAMES]:
                yield from _names(item, depth + 1)
        case int() | float() | date() if not isinstance(value, bool):
            yield str(value)
        case _:
            return


def _name(text: str) -> str:
    """Return a name without quotes and without the mail address behind it."""
    return " ".join(re.sub(r"<[^<>@\s]+@[^<>\s]+>", " ", text).strip().strip("\"'").split())


def _title(title: str, blocks: list[Tag]) -> tuple[str, list[Tag]]:
    """Take a first heading that is the title out of the body: it says the same, or it is the only h1 and there is no other title."""
    first = next((n for n, block in enumerate(blocks) if block.get_text().strip()), None)
    level = 0 if first is None else level_of(blocks[first])
    if first is None or not level or blocks[first].find(["a", "img"]):
        return title, blocks
    heading = " ".join(blocks[first].get_text().split())
    same = _letters(heading) == _letters(title) != ""
    untitled = not title and level == 1 and sum(level_of(block) == 1 for block in blocks) == 1
    if not (same or untitled):
        return title, blocks
    # As the page shows it: what only the body says, if but a capital letter, is not lost.
    return heading, blocks[:first] + blocks[first + 1 :]


def _letters(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())


def _no_title(document: Document, title: str) -> Finding:
    line = next((document.key_lines[key] for key in TITLE_KEYS if key in document.key_lines), 1)
    message = f"The issue has no title; {title[:60]!r} was made of its file name. Write `title:` into its front matter."
    if any(key in document.key_lines for key in TITLE_KEYS):
        message = (
            f"The title is empty; {title[:60]!r} was made of the file name. A title that starts with `#` must stand in quotes."
        )
    return finding("no-title", line, message)


def _slug(metadata: Mapping[str, Any], path: str) -> str:
    given = _text(metadata, "slug").strip("/").rsplit("/", 1)[-1]
    if given:
        return given
    name = PurePosixPath(path)
    stem = name.stem if name.suffix.lower() in _SUFFIXES else name.name
    folders = name.parts[:-1]
    if _INDEX.fullmatch(stem) and folders:
        stem = folders[-1]
        if stem.isdigit() and len(folders) > 1 and folders[-2].isdigit():
            stem = f"{folders[-2]}-{stem}"
    return slugify(_COMPACT_NAME.sub("", _DATED_NAME.sub("", stem)) or stem)


def _draft(metadata: Mapping[str, Any], path: str, document: Document, findings: list[Finding]) -> bool:
    """Tell whether an author keeps an issue back. A flag that is neither true nor false is read as the author's doubt: a draft."""
    held = False
    for key in FLAG_KEYS:
        value = str(metadata.get(key, "")).strip().lower()
        if value in _FALSE:
            continue
        held = True
        if value not in _TRUE:
            message = f"`{key}: {value[:40]}` is neither true nor false; the issue is taken for a draft. Write true or false."
            line = document.key_lines.get(key, 1)
            findings.append(finding("bad-flag", line, message))
    held = held or any(key in metadata and str(metadata[key]).strip().lower() in _FALSE - {"", "none"} for key in PUBLIC_KEYS)
    held = held or any(str(metadata.get(key, "")).strip().lower() in _DRAFT_WORDS for key in STATUS_KEYS)
    return held or any(part.lower() in _DRAFT_FOLDERS for part in PurePosixPath(path).parts[:-1])


def _dates(metadata: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the keys that may hold the issue's date, each with what was written there."""
    for key in DATE_KEYS:
        value = metadata.get(key)
        if isinstance(value, dict):
            # Material for MkDocs: when it was created, and when it was updated.
            value = cast("Mapping[object, Any]", value).get("created")
        if value is None or isinstance(value, (bool, list, dict, time)):
            continue
        if not isinstance(value, str) or value.strip().lower() not in _TRUE | _FALSE:
            yield key, value


def _date(
    metadata: Mapping[str, Any], path: str, document: Document, findings: list[Finding], order: DateOrder | None
) -> date | datetime | None:
    for key, value in _dates(metadata):
        when = _in_utc(value) if isinstance(value, date) else parse_date(str(value), order)
        if when is not None and when.year >= _FIRST_YEAR:
            return when
        line = document.key_lines.get(key, 1)
        message = f"The date {str(value)[:60]!r} cannot be read; write it as 2026-01-31."
        findings.append(finding("bad-date", line, message))
    return date_in_path(path)


def _numeric_issued(metadata: Mapping[str, Any], document: Document) -> tuple[NumericDate, ...]:
    """Return what the issue's date is written as, when that is a numeric date."""
    for key, value in _dates(metadata):
        if isinstance(value, date):
            return ()
        if parse_date(str(value)):
            return tuple(numeric_dates(str(value), document.key_lines.get(key, 1)))[:1]
    return ()


def _numeric_listed(metadata: Mapping[str, Any], document: Document) -> Iterator[NumericDate]:
    for key in EVENT_KEYS:
        for found in dates_in_values(metadata.get(key)):
            yield replace(found, line=document.key_lines.get(key, 1))


def date_in_path(path: str) -> date | None:
    """Return the day that a file's name, or a folder above it, says; None when there is none, or only a month."""
    for part in reversed(PurePosixPath(path).parts):
        for pattern in (_DATED_NAME, _COMPACT_NAME):
            for match in pattern.finditer(part):
                year, _, month, day = match.groups()
                if found := _day(year, month, day):
                    return found
    if match := _DATED_FOLDERS.search(path):
        return _day(*match.groups())
    return None


def _day(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


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
        if parsed.time() == time() and parsed.tzinfo is None:
            return parsed.date()
        return _in_utc(parsed)
    numeric = (*_DAY_FIRST, *_MONTH_FIRST) if order == "day-first" else (*_MONTH_FIRST, *_DAY_FIRST)
    for form in (*_FORMATS, *numeric):
        try:
            return datetime.strptime(cleaned, form).replace(tzinfo=UTC).date()
        except ValueError:
            continue
    if padded := re.fullmatch(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?:[ T].*)?", cleaned):
        return _day(padded.group(1), padded.group(3), padded.group(4))
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
