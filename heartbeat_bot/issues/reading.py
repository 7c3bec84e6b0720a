"""Bytes of one file → an :class:`~heartbeat_bot.issues.model.Issue`."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import PurePosixPath
from typing import Any, cast

from bs4.element import Tag

from heartbeat_bot.errors import IssueError
from heartbeat_bot.issues.frontmatter import take_apart
from heartbeat_bot.issues.markdown import parse
from heartbeat_bot.issues.model import Finding, Issue, Severity
from heartbeat_bot.issues.sections import cut, level_of, section_level, slugify

_DATED_NAME = re.compile(r"(?<!\d)((?:19|20)\d\d)[-_.]?(\d{1,2})[-_.](\d{1,2})(?!\d)[-_ ]*")
_FORMATS = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%d %B %Y", "%d %b %Y", "%B %d %Y", "%b %d %Y", "%m-%d-%Y", "%m/%d/%Y", "%d.%m.%Y")
_DRAFT_FOLDERS = frozenset({"draft", "drafts", "_drafts"})
_TRUE = frozenset({"true", "yes", "on", "1"})
_FALSE = frozenset({"false", "no", "off", "0"})


def read_issue(path: str, data: bytes) -> Issue:
    """Read one issue; pure, so ``path`` only names it.

    Raises IssueError, with the line, when the file is no text or its front matter is broken.
    """
    document = take_apart(data, path)
    metadata = {key.lower(): value for key, value in document.metadata.items()}
    try:
        blocks, dropped = parse(document.body, document.body_line)
    except (ValueError, RecursionError) as error:
        raise IssueError(f"the text cannot be read: {error}", path=path, line=document.body_line) from error
    findings = [*document.findings, *dropped]
    title = _text(metadata, "title", "headline", "subject")
    title, blocks = _title(title, blocks)
    slug = _slug(metadata, path)
    if not title:
        title = re.sub(r"[-_]+", " ", slug).strip().capitalize()
        findings.append(
            Finding(
                rule="no-title",
                severity=Severity.WARNING,
                line=1,
                message=f"The issue has no title; {title!r} was made of its file name.",
            )
        )
    when = _date(metadata, path, findings)
    intro, sections = cut(blocks)
    picture = _text(
        metadata, "picture", "image", "cover", "cover_image", "banner", "thumbnail", "hero", "og_image", "featured_image"
    )
    if not picture and isinstance(cover := metadata.get("cover") or metadata.get("image"), dict):
        cover_map = cast("Mapping[str, Any]", cover)
        picture = str(cover_map.get("image") or cover_map.get("src") or cover_map.get("url") or cover_map.get("path") or "")
    return Issue(
        path=path,
        slug=slug,
        title=title,
        date=when,
        draft=_draft(metadata, path),
        explicit_id=_text(metadata, "id", "slug") or None,
        description=_text(metadata, "description", "summary", "excerpt", "subtitle"),
        picture=picture,
        picture_alt=_text(metadata, "picturealt", "picture_alt", "imagealt", "image_alt", "cover_alt"),
        authors=tuple(_names(metadata.get("authors") or metadata.get("author"))),
        tags=tuple(_names(metadata.get("tags") or metadata.get("keywords"))),
        metadata=document.metadata,
        intro=intro,
        sections=sections,
        findings=tuple(findings),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What an issue says of itself before its text; see :class:`Issue` for the fields."""

    slug: str
    title: str
    date: date | datetime | None
    draft: bool
    explicit_id: str | None


def read_head(path: str, data: bytes) -> Head:
    """Read what stands above an issue's text, without reading the text unless the title is only there: much faster, and pure too.

    Raises IssueError as :func:`read_issue` does, but for what is wrong in a text that was not read.
    """
    metadata = {key.lower(): value for key, value in take_apart(data, path).metadata.items()}
    title = _text(metadata, "title", "headline", "subject")
    return Head(
        slug=_slug(metadata, path),
        title=title or read_issue(path, data).title,
        date=_date(metadata, path, []),
        draft=_draft(metadata, path),
        explicit_id=_text(metadata, "id", "slug") or None,
    )


def _text(metadata: Mapping[str, Any], *keys: str) -> str:
    for key in keys:
        value = metadata.get(key)
        if isinstance(value, (str, int, float)) and not isinstance(value, bool) and str(value).strip():
            return " ".join(str(value).split())
    return ""


def _names(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield from (part.strip() for part in value.strip("[]").split(",") if part.strip())
    elif isinstance(value, dict):
        name = cast("Mapping[str, Any]", value).get("name")
        if name:
            yield str(name)
    elif isinstance(value, list):
        for item in cast("Sequence[Any]", value):
            yield from _names(item)
    elif value is not None:
        yield str(value)


def _title(title: str, blocks: list[Tag]) -> tuple[str, list[Tag]]:
    """Take a first heading that is the title out of the body: it says the same, or there is no other title.

    A lone heading above the section level is a title only when it comes first.
    """
    first = next((n for n, block in enumerate(blocks) if block.get_text().strip()), None)
    if first is None or level_of(blocks[first]) != 1:
        return title, blocks
    heading = " ".join(blocks[first].get_text().split())
    alone = sum(level_of(block) == 1 for block in blocks) == 1
    same = heading.casefold() == title.casefold()
    untitled = not title and alone and section_level(blocks) > 1
    if not (same or untitled) or blocks[first].find(["a", "img"]):
        return title, blocks
    return heading, blocks[:first] + blocks[first + 1 :]


def _slug(metadata: Mapping[str, Any], path: str) -> str:
    given = _text(metadata, "slug")
    if given:
        return given.strip("/").rsplit("/", 1)[-1]
    name = PurePosixPath(path)
    stem = name.stem if name.suffix.lower() in {".md", ".markdown", ".mdx", ".rmd", ".qmd", ".html", ".txt"} else name.name
    if stem.lower() in {"index", "_index", "readme"} and len(name.parts) > 1:
        stem = name.parts[-2]
    return slugify(_DATED_NAME.sub("", stem) or stem)


def _draft(metadata: Mapping[str, Any], path: str) -> bool:
    for key in ("draft", "unlisted", "hidden"):
        if str(metadata.get(key, "")).strip().lower() in _TRUE:
            return True
    if str(metadata.get("published", "")).strip().lower() in _FALSE:
        return True
    if str(metadata.get("status", "")).strip().lower() in {"draft", "hidden"}:
        return True
    return any(part.lower() in _DRAFT_FOLDERS for part in PurePosixPath(path).parts[:-1])


def _date(metadata: Mapping[str, Any], path: str, findings: list[Finding]) -> date | datetime | None:
    for key in ("date", "publishdate", "publish_date", "published_at", "pubdate", "published", "created"):
        value = metadata.get(key)
        if isinstance(value, datetime):
            return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
        if isinstance(value, date):
            return value
        if isinstance(value, str) and value.strip() and value.strip().lower() not in _TRUE | _FALSE:
            parsed = parse_date(value)
            if parsed is not None:
                return parsed
            findings.append(
                Finding(
                    rule="bad-date",
                    severity=Severity.WARNING,
                    line=1,
                    message=f"The date {value!r} cannot be read; write it as 2026-01-31.",
                )
            )
    for part in reversed(PurePosixPath(path).parts):
        if match := _DATED_NAME.search(part):
            try:
                return date(*(int(number) for number in match.groups()))
            except ValueError:
                continue
    return None


def parse_date(text: str) -> date | datetime | None:
    """Read a date as people write it; a time without a zone is UTC. None when it cannot be read.

    Ambiguous ``10-11-2025`` is read month first, as the newsletters that write it do.
    """
    cleaned = re.sub(r"\s+", " ", text.split("#", maxsplit=1)[0].replace(",", " ")).strip()
    cleaned = re.sub(r"\b(\d{1,2})(?:st|nd|rd|th)\b", r"\1", cleaned)
    cleaned = re.sub(r"^(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.? ", "", cleaned, flags=re.IGNORECASE)
    iso = re.sub(r"\s*(?:UTC|GMT|Z)$", "+00:00", cleaned)
    iso = re.sub(r"\s+([+-]\d{2}):?(\d{2})$", r"\1:\2", iso)
    for candidate in (iso, cleaned):
        try:
            parsed = datetime.fromisoformat(candidate)
        except ValueError:
            continue
        if parsed.time() == time() and parsed.tzinfo is None:
            return parsed.date()
        return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    for form in _FORMATS:
        try:
            return datetime.strptime(cleaned, form).replace(tzinfo=UTC).date()
        except ValueError:
            continue
    padded = re.fullmatch(r"(\d{4})-(\d{1,2})-(\d{1,2})(?: .*)?", cleaned)
    if padded:
        try:
            return date(*(int(number) for number in padded.groups()))
        except ValueError:
            return None
    return None
