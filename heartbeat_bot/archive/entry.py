"""A preview → what the archive keeps of an issue: its posts as they were composed, the words in them, its events and jobs."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from heartbeat_bot.extract.events import find_events
from heartbeat_bot.extract.items import Event, Job
from heartbeat_bot.extract.jobs import find_jobs
from heartbeat_bot.rendering.plain import composed, plain_text
from heartbeat_bot.rendering.post import COVER, File, Post
from heartbeat_bot.rendering.preview import Preview


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


def entry_of(
    newsletter: str,
    blob: str,
    rendering: str,
    preview: Preview,
    *,
    event_headings: Sequence[str] = (),
    job_headings: Sequence[str] = (),
    resolve: Callable[[str], str],
) -> CatalogEntry:
    """Return what to keep of an issue.

    Headings are searched for events and jobs besides the built-in ones. ``resolve`` makes an issue's link absolute, "" for one that
    leads nowhere (:meth:`Links.resolve` of its site and page).
    """
    issue = preview.issue
    events = find_events(issue, event_headings)
    jobs = find_jobs(issue, job_headings)
    return CatalogEntry(
        newsletter=newsletter,
        path=issue.path,
        blob=blob,
        rendering=rendering,
        slug=issue.slug,
        title=composed(issue.title),
        date=issue.date,
        url=preview.url,
        parts=tuple(_part(post, issue.title) for post in preview.composition.posts),
        events=tuple(replace(event, url=resolve(event.url or "") or None, post=_post_of(event, preview)) for event in events),
        jobs=tuple(replace(job, url=resolve(job.url or "") or None, post=_post_of(job, preview)) for job in jobs),
    )


def _post_of(item: Event | Job, preview: Preview) -> str | None:
    """Return the key of the first post that shows the section of an event or a job, "" when none does, None when that is not known."""
    if not item.place:
        return None if item.place is None else COVER
    heading = preview.issue.sections[item.place - 1].heading
    return next((key for shown, key in preview.composition.firsts if shown is heading), "")


def _part(post: Post, issue_title: str) -> Part:
    """Keep a post. What its title says is not said again by its text."""
    body = post.body()
    title = " ".join(composed(post.title).split())
    heading = title or (" ".join(composed(issue_title).split()) if post.key == COVER else "")
    lines = [line for text in _texts(body) for line in plain_text(text).split("\n") if line]
    if heading and heading in lines[:2]:
        lines.remove(heading)
    return Part(key=post.key, title=title, body=body, text="\n".join(lines), files=post.files)


def _texts(body: Mapping[str, Any]) -> Iterator[str]:
    yield body["content"]
    for embed in body["embeds"]:
        yield embed.get("author", {}).get("name", "")
        yield embed.get("title", "")
        yield embed.get("description", "")
