"""What operators see: how things stand, and every known issue, as JSON."""

from datetime import datetime
from typing import Any, Final

from heartbeat_bot.clock import system_clock
from heartbeat_bot.config import Config
from heartbeat_bot.store.decisions import PENDING
from heartbeat_bot.store.opening import open_ledger
from heartbeat_bot.sync.wording import why

_LATE: Final = 4
"""Polls without a pass that was noted: a pass may take long, and cron may run less often, but then something is wrong, or nothing runs."""


async def status_json(config: Config) -> dict[str, Any]:
    """Return newsletters, last passes, unfinished requests, and what waits and why. Instants are ISO 8601 in UTC."""
    now = system_clock()
    async with open_ledger(config.state, read_only=True) as ledger:
        seen = {newsletter.name: newsletter for newsletter in await ledger.newsletters()}
        entries: list[dict[str, Any]] = []
        for name in config.newsletters:
            issues = await ledger.issues(name)
            announced = sorted(
                (issue for issue in issues if issue.announced_at and issue.shown is not None),
                key=lambda issue: str(issue.announced_at),
                reverse=True,
            )
            newsletter = seen.get(name)
            last_pass = newsletter.last_pass_at if newsletter else None
            entries.append(
                {
                    "name": name,
                    "last_pass": _iso(last_pass),
                    "overdue": last_pass is not None and now - last_pass > _LATE * config.newsletters[name].poll,
                    "paused": _iso(newsletter.paused_at if newsletter else None),
                    "commit": newsletter.commit if newsletter else None,
                    "error": newsletter.error if newsletter else None,
                    "troubles": [
                        {"what": trouble.about, "since": _iso(trouble.since), "looks": trouble.looks, "words": trouble.words}
                        for trouble in (await ledger.troubles.standing(name)).values()
                    ],
                    "last_issue": {"title": announced[0].title, "announced": _iso(announced[0].announced_at)}
                    if announced
                    else None,
                    "waiting": [
                        {"title": issue.title, "state": issue.state.value, "reason": why(issue.reason), "until": _iso(issue.until)}
                        for issue in issues
                        if issue.state in PENDING
                    ],
                    "unfinished": [
                        {"title": issue.title, "announced": _iso(issue.announced_at)} for issue in issues if issue.is_half_posted
                    ],
                    "errors": [{"title": issue.title, "error": issue.error} for issue in issues if issue.error],
                }
            )
        unfinished = [
            {
                "kind": written.request.kind.value,
                "key": written.request.key or None,
                "channel": str(written.request.channel),
                "since": _iso(written.created_at),
            }
            for written in await ledger.outbox.unfinished()
        ]
        limited = await ledger.outbox.limited(now=now)
        left_alone = [
            {"why": wait.why, "until": _iso(wait.until)} for wait in (await ledger.waits.all()).values() if wait.left(now)
        ]
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


async def archive_json(config: Config) -> list[dict[str, Any]]:
    """Return every known issue with its state and its messages."""
    async with open_ledger(config.state, read_only=True) as ledger:
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
            for issue in await ledger.issues()
        ]


def _iso(when: datetime | None) -> str | None:
    return None if when is None else when.isoformat(timespec="seconds").replace("+00:00", "Z")
