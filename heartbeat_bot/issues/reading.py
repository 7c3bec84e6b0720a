"""Bytes of one file → an :class:`~heartbeat_bot.issues.issue.Issue`."""

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, Final

from bs4.element import Tag

from heartbeat_bot.errors import IssueError
from heartbeat_bot.issues.date_order import ambiguities, dates_in_blocks, dates_in_values, decide
from heartbeat_bot.issues.frontmatter import Document, split_document
from heartbeat_bot.issues.issue import Issue
from heartbeat_bot.issues.issue_date import COMPACT_NAME, DATED_NAME, date_in_path, issue_date, numeric_issued, numeric_listed
from heartbeat_bot.issues.markdown import UnreadableError, parse
from heartbeat_bot.issues.metadata import (
    AUTHOR_KEYS,
    DESCRIPTION_KEYS,
    PICTURE_ALT_KEYS,
    TAG_KEYS,
    TITLE_KEYS,
    flat,
    is_draft,
    key_line,
    names,
    picture,
    text,
)
from heartbeat_bot.issues.model import DateOrder, Finding, Head
from heartbeat_bot.issues.rules import finding
from heartbeat_bot.issues.sections import cut, level_of, slugify

_INDEX = re.compile(r"_?index(?:\.[a-z]{2,3}(?:-[a-z]{2,4})?)?|readme", re.IGNORECASE)
_SUFFIXES: Final = frozenset({".md", ".markdown", ".mdx", ".rmd", ".qmd", ".html", ".txt"})


def read_issue(path: str, data: bytes, dates: DateOrder | None = None) -> Issue:
    """Read one issue; pure, so ``path`` only names it. ``dates``: what comes first in its numeric dates, None when that is not known.

    Raises IssueError, with the line, when the file is too large, no text, or its front matter is broken, or its text is nested
    too deeply to be shown whole.
    """
    document = split_document(data, path)
    metadata = flat(document.metadata)
    blocks, dropped = _blocks(document, path)
    findings = [*document.findings, *dropped]
    slug = _slug(metadata, path)
    title, blocks = _title(text(metadata, *TITLE_KEYS), blocks)
    if not title:
        title = re.sub(r"[-_]+", " ", slug).strip().capitalize()
        findings.append(_no_title(document, title))
    numeric = dates_in_blocks(blocks)
    issued = numeric_issued(metadata, document)
    decision = decide(dates, issued, date_in_path(path), (*dates_in_values(document.metadata), *numeric))
    if dates is None:
        findings += ambiguities((*issued, *numeric_listed(metadata, document), *numeric), decision)
    intro, sections = cut(blocks)
    target, alt = picture(metadata)
    return Issue(
        path=path,
        slug=slug,
        title=title,
        date=issue_date(metadata, path, document, findings, decision.order),
        date_order=decision.order,
        draft=is_draft(metadata, path, document, findings),
        explicit_id=text(metadata, "id", "slug") or None,
        description=text(metadata, *DESCRIPTION_KEYS),
        picture=target,
        picture_alt=text(metadata, *PICTURE_ALT_KEYS) or alt,
        authors=names(metadata, AUTHOR_KEYS),
        tags=names(metadata, TAG_KEYS),
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
    document = split_document(data, path)
    metadata = flat(document.metadata)
    title = text(metadata, *TITLE_KEYS)
    issued = numeric_issued(metadata, document)
    order = dates or decide(None, issued, date_in_path(path), ()).order
    if not title or (order is None and any(one.is_ambiguous for one in issued)):
        issue = read_issue(path, data, dates)
        title, order = title or issue.title, issue.date_order
    return Head(
        slug=_slug(metadata, path),
        title=title,
        date=issue_date(metadata, path, document, [], order),
        draft=is_draft(metadata, path, document, []),
        explicit_id=text(metadata, "id", "slug") or None,
    )


def _blocks(document: Document, path: str) -> tuple[list[Tag], list[Finding]]:
    try:
        return parse(document.body, document.body_line)
    except UnreadableError as error:
        line = document.body_line + error.line - 1
        raise IssueError(f"the text cannot be read: {error}", path=path, line=line) from error
    except RecursionError as error:
        message = "the text cannot be read: its HTML tags are nested too deeply"
        raise IssueError(message, path=path, line=document.body_line) from error


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


def _letters(words: str) -> str:
    return "".join(c for c in words.casefold() if c.isalnum())


def _no_title(document: Document, title: str) -> Finding:
    line = key_line(document.key_lines, TITLE_KEYS)
    message = f"The issue has no title; {title[:60]!r} was made of its file name. Write `title:` into its front matter."
    if line is not None:
        message = (
            f"The title is empty; {title[:60]!r} was made of the file name. A title that starts with `#` must stand in quotes."
        )
    return finding("no-title", line or 1, message)


def _slug(metadata: Mapping[str, Any], path: str) -> str:
    given = text(metadata, "slug").strip("/").rsplit("/", 1)[-1]
    if given:
        return given
    name = PurePosixPath(path)
    stem = name.stem if name.suffix.lower() in _SUFFIXES else name.name
    folders = name.parts[:-1]
    if _INDEX.fullmatch(stem) and folders:
        stem = folders[-1]
        if stem.isdigit() and len(folders) > 1 and folders[-2].isdigit():
            stem = f"{folders[-2]}-{stem}"
    return slugify(COMPACT_NAME.sub("", DATED_NAME.sub("", stem)) or stem)
