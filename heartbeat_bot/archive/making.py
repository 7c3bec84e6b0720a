"""A file → all that is made of it, in the process that reads texts: its posts, and what the archive keeps of it."""

import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from heartbeat_bot.archive.entry import CatalogEntry, Made, Part
from heartbeat_bot.config import NewsletterConfig
from heartbeat_bot.extract.events import find_events
from heartbeat_bot.extract.items import Event, Job
from heartbeat_bot.extract.jobs import find_jobs
from heartbeat_bot.isolation.bounds import TooMuchError
from heartbeat_bot.rendering.plain import composed, plain_text
from heartbeat_bot.rendering.post import COVER, File, Post, Rendered
from heartbeat_bot.rendering.preview import Preview
from heartbeat_bot.rendering.render import links_of, render


def make(path: str, data: bytes, newsletter: NewsletterConfig, files: Mapping[str, File], name: str, blob: str) -> Made:
    """Render a file of the newsletter ``name`` with its pictures ``files``, and find what the archive keeps of it.

    Raises IssueError as :func:`render` does.
    """
    preview = render(path, data, newsletter, files=files)
    issue = preview.issue
    rendered = Rendered(
        path=issue.path,
        title=composed(issue.title),
        date=issue.date,
        url=preview.url,
        posts=preview.composition.posts,
        findings=preview.findings,
    )
    try:
        entry = entry_of(
            name,
            blob,
            "",
            preview,
            event_headings=[pattern.pattern for pattern in newsletter.sections.events],
            job_headings=[pattern.pattern for pattern in newsletter.sections.jobs],
            resolve=links_of(newsletter, preview.url).resolve,
        )
    except (MemoryError, TooMuchError):
        raise
    except Exception as error:  # noqa: BLE001 - it is raised where the entry is asked for
        return Made(rendered=rendered, entry=None, fault="".join(traceback.format_exception(error)))
    return Made(rendered=rendered, entry=entry)


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
