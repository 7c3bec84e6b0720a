"""An issue beside what it becomes, as it is made and as it travels between processes."""

import datetime as dt
from dataclasses import dataclass

from heartbeat_bot.issues.model import Finding, Issue
from heartbeat_bot.rendering.composition import Composition
from heartbeat_bot.rendering.post import Post


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """An issue beside what it becomes."""

    issue: Issue
    url: str
    composition: Composition
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """What an issue becomes, and of the issue itself what may come from its path. It travels between processes.

    ``url`` is its page's, "" when unknown; ``title`` and ``date`` are as the archive has them (see :class:`archive.entry.Entry`).
    """

    path: str
    title: str
    date: dt.date | dt.datetime | None
    url: str
    posts: tuple[Post, ...]
    findings: tuple[Finding, ...]
