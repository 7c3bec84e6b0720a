"""What the archive keeps of an issue: its posts as they were composed, the words in them, its events and jobs."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from heartbeat_bot.extract.items import Event, Job
from heartbeat_bot.rendering.post import File, Rendered


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One post of an issue.

    ``key`` is the post's, ``title`` its section's, "" for the cover. ``body`` is the exact body of the create-message request,
    without jumps; where pictures are uploaded it speaks of attachments (see :meth:`Post.body`), which are ``files``. ``text`` is what
    there is to read besides the title, as :func:`plain_text` writes it.
    """

    key: str
    title: str
    body: Mapping[str, Any]
    text: str
    files: tuple[File, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogEntry:
    """An issue as it is kept. ``newsletter`` and ``path`` identify it; ``date`` is as the issue has it; ``url`` "" when unknown.

    ``blob`` and ``rendering`` name what it was made of and how: as long as both are the same, so is the rest. The addresses of
    events and jobs are absolute.
    """

    newsletter: str
    path: str
    blob: str
    rendering: str
    slug: str
    title: str
    date: dt.date | dt.datetime | None
    url: str
    parts: tuple[Part, ...]
    events: tuple[Event, ...]
    jobs: tuple[Job, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """An issue's line in a list. ``issue`` is its number in the store, ``date`` as the issue has it, ``url`` "" when unknown."""

    newsletter: str
    path: str
    issue: int
    slug: str
    title: str
    date: dt.date | dt.datetime | None
    url: str

    @property
    def day(self) -> dt.date | None:
        """The day of the issue, in UTC."""
        return self.date.date() if isinstance(self.date, dt.datetime) else self.date


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What is made of a file. An issue in which events and jobs cannot be looked for has no ``entry``, and is posted: ``fault`` says why."""

    rendered: Rendered
    entry: CatalogEntry | None
    fault: str = ""
