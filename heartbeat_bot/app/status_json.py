"""What operators see: how things stand, and every known issue, as JSON."""

from datetime import datetime, timedelta
from typing import Any, Final

from heartbeat_bot.clock import system_clock
from heartbeat_bot.config import Config
from heartbeat_bot.policy.decisions import PENDING
from heartbeat_bot.store.newsletters import Newsletter
from heartbeat_bot.store.opening import open_store
from heartbeat_bot.store.store import Store
from heartbeat_bot.sync.wording import why

_LATE: Final = 4
"""Polls without a pass that was noted: a pass may take long, and cron may run less often, but then something is wrong, or nothing runs."""


async def status_json(config: Config) -> dict[str, Any]:
    """Return newsletters, last passes, unfinished requests, and what waits and why. Instants are ISO 8601 in UTC."""
    now = system_clock()
    async with open_store(config.state, read_only=True) as store:
        seen = {newsletter.name: newsletter for newsletter in await store.newsletters()}
        entries = [
            await _newsletter(store, seen.get(name) or Newsletter(name=name), newsletter.poll, now)
            for name, newsletter in config.newsletters.items()
        ]
        unfinished = [
            {
                "kind": written.request.kind.value,
                "key": written.request.key or None,
                "channel": str(written.request.channel),
                "since": _iso(written.created_at),
            }
            for written in await store.outbox.unfinished()
        ]
        limited = await store.messages.limited(now=now)
        left_alone = [{"why": wait.why, "until": _iso(wait.until)} for wait in (await store.waits.all()).values() if wait.left(now)]
        publishing = [
            {
                "newsletter": message.newsletter,
                "title": message.title,
                "channel": str(message.channel),
                "messages": 1,
                "until": _iso(message.until),
            }
            for message in limited
        ]
    return {"newsletters": entries, "unfinished": unfinished, "publishing": publishing, "left_alone": left_alone}


async def _newsletter(store: Store, known: Newsletter, poll: timedelta, now: datetime) -> dict[str, Any]:
    issues = await store.issues(known.name)
    announced = sorted(
        (issue for issue in issues if issue.announced_at and issue.shown is not None),
        key=lambda issue: str(issue.announced_at),
        reverse=True,
    )
    return {
        "name": known.name,
        "last_pass": _iso(known.last_pass_at),
        "overdue": known.last_pass_at is not None and now - known.last_pass_at > _LATE * poll,
        "paused": _iso(known.paused_at),
        "commit": known.commit,
        "error": known.error,
        "troubles": [
            {"what": trouble.about, "since": _iso(trouble.since), "looks": trouble.looks, "words": trouble.words}
            for trouble in (await store.troubles.standing(known.name)).values()
        ],
        "last_issue": {"title": announced[0].title, "announced": _iso(announced[0].announced_at)} if announced else None,
        "waiting": [
            {"title": issue.title, "state": issue.state.value, "reason": why(issue.reason), "until": _iso(issue.until)}
            for issue in issues
            if issue.state in PENDING
        ],
        "unfinished": [{"title": issue.title, "announced": _iso(issue.announced_at)} for issue in issues if issue.is_half_posted],
        "errors": [{"title": issue.title, "error": issue.error} for issue in issues if issue.error],
    }


async def archive_json(config: Config) -> list[dict[str, Any]]:
    """Return every known issue with its state and its messages."""
    async with open_store(config.state, read_only=True) as store:
        return [
            {
                "id": issue.id,
                "newsletter": issue.newsletter,
                "path": issue.path,
                "slug": issue.slug,
                "title": issue.title,
                "date": issue.date.isoformat() if issue.date else None,
                "state": issue.state.value,
                "reason": why(issue.reason),
                "announced": _iso(issue.announced_at),
                "destinations": [
                    {
                        "channel": str(one.channel),
                        "state": one.state.value,
                        "reason": why(one.reason),
                        "announced": _iso(one.announced_at),
                        "error": one.error,
                    }
                    for one in issue.announcements
                ],
                "receipts": [
                    {
                        "key": message.key,
                        "channel": str(message.channel),
                        "message": str(message.message),
                        "published": message.published_at is not None,
                    }
                    for message in issue.messages
                ],
            }
            for issue in await store.issues()
        ]


def _iso(when: datetime | None) -> str | None:
    return None if when is None else when.isoformat(timespec="seconds").replace("+00:00", "Z")
