"""What would be posted, for scripts: the shape of ``preview --format json``.

Apart from the text for people, who are shown no events and jobs: what finds those takes a while to load.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from heartbeat_bot.cli.checks import finding_json
from heartbeat_bot.extract.events import find_events
from heartbeat_bot.extract.jobs import find_jobs
from heartbeat_bot.rendering.preview import Preview


def as_json(preview: Preview, *, event_headings: Sequence[str] = (), job_headings: Sequence[str] = ()) -> dict[str, Any]:
    """Return the promised shape of an issue's preview; headings are searched for events and jobs besides the built-in ones."""
    issue = preview.issue
    return {
        "path": issue.path,
        "slug": issue.slug,
        "title": issue.title,
        "date": _iso(issue.date),
        "url": preview.url or None,
        "draft": issue.draft,
        "messages": [{"key": post.key} | post.body() for post in preview.composition.posts],
        "events": [event.as_json() for event in find_events(issue, event_headings)],
        "jobs": [job.as_json() for job in find_jobs(issue, job_headings)],
        "findings": [finding_json(finding) for finding in preview.findings],
    }


def _iso(when: date | datetime | None) -> str | None:
    if when is None:
        return None
    return when.astimezone(UTC).isoformat().replace("+00:00", "Z") if isinstance(when, datetime) else when.isoformat()
