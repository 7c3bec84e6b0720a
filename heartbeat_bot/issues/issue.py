"""The words for what an issue says: issue, section."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bs4.element import Tag

from heartbeat_bot.issues.model import DateOrder, Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A heading of the issue and what follows it.

    ``heading`` is the heading's element, ``level`` its level (1-6), ``anchor`` the fragment that leads to it on the site,
    ``blocks`` the top-level elements up to the next heading that starts a section or subsection.
    """

    heading: Tag
    title: str
    level: int
    anchor: str
    line: int
    blocks: tuple[Tag, ...]
    subsections: tuple["Section", ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """One edition of a newsletter, read.

    ``date`` is a date, or an aware datetime when the front matter gives a time (UTC where it gives no zone), or None.
    ``date_order`` is what comes first in its ambiguous numeric dates, None when nothing says it (month first then).
    ``explicit_id`` is the front matter's own ``id`` or ``slug``. ``picture`` is the target as written, relative or absolute.
    ``key_lines`` says in which lines of the file the keys of the front matter (in lower case) stand, ``body_line`` where the text
    after it, ``body``, starts. ``intro`` holds the blocks before the first section.
    """

    path: str
    slug: str
    title: str
    date: dt.date | dt.datetime | None
    date_order: DateOrder | None
    draft: bool
    explicit_id: str | None
    description: str
    picture: str
    picture_alt: str
    authors: tuple[str, ...]
    tags: tuple[str, ...]
    metadata: Mapping[str, Any] = field(repr=False)
    key_lines: Mapping[str, int] = field(repr=False)
    body: str = field(repr=False)
    body_line: int
    intro: tuple[Tag, ...] = field(repr=False)
    sections: tuple[Section, ...] = field(repr=False)
    findings: tuple[Finding, ...]

    @property
    def day(self) -> dt.date | None:
        """The day of the issue, in UTC."""
        return self.date.date() if isinstance(self.date, dt.datetime) else self.date
