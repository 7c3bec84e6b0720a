"""Sentences for what was decided, why, and what a pass did, in one place for all who read them: terminals, logs, JSON and Discord. Pure.

The words are in the language files (``reasons``, ``doubts``, ``results``), so that every language says the whole sentence. Reasons begin with a small
letter and have no full stop: they stand behind a colon or in brackets, and a notice makes a sentence of its own of them.
"""

from datetime import datetime, timedelta
from typing import Final

from heartbeat_bot.identity.doubts import Doubt
from heartbeat_bot.languages import Language, language
from heartbeat_bot.policy.decisions import Reason
from heartbeat_bot.sync.result import Result, ResultCode

_DAYS: Final = timedelta(days=2)
"""From here on a span is counted in days."""


def why(reason: Reason, words: Language | None = None) -> str:
    """Say why an issue is in its state; in English, as for terminals, logs and JSON, without a language."""
    words = words or language()
    key = f"reasons.{reason.code.value}"
    values: dict[str, object] = {"count": reason.count, "limit": reason.limit, "text": reason.text, "date": reason.date}
    if reason.changed is not None:
        key = f"{key}.{reason.changed.value}"
    if reason.at is not None:
        values["at"] = instant(reason.at)
    if reason.age is not None:
        values["age"] = _span(reason.age, words)
    if reason.doubt is not None:
        values["doubt"] = _doubt(reason.doubt, words)
    return words.say(key, **values)


def line_of(result: Result, words: Language | None = None) -> str:
    """Say one thing that a pass did; in English, as for terminals and logs, without a language."""
    words = words or language()
    values: dict[str, object] = {"title": result.title, "path": result.path, "text": result.text, "post": result.key}
    values |= {"channel": result.channel, "message": result.message, "at": instant(result.at) if result.at else None}
    values |= {"state": result.state and result.state.value, "reason": why(result.reason, words) if result.reason else None}
    values["where"] = words.say("results.where", channel=result.channel) if result.channel else ""
    if result.code is ResultCode.DELIVERED:
        counts = {"sent": result.sent, "edited": result.edited, "deleted": result.deleted, "published": result.published}
        values["counts"] = ", ".join(words.say(f"results.{what}", count=count) for what, count in counts.items() if count)
    return words.say(f"results.{result.code.value}", **values)


def instant(when: datetime) -> str:
    """Write an instant (UTC) to the minute, for people of any language."""
    return f"{when:%Y-%m-%d %H:%M} UTC"


def _doubt(doubt: Doubt, words: Language) -> str:
    return words.say(f"doubts.{doubt.code.value}", title=doubt.title, path=doubt.path)


def _span(span: timedelta, words: Language) -> str:
    if span >= _DAYS:
        return words.say("spans.days", days=span.days)
    return words.say("spans.hours", hours=f"{span.total_seconds() / 3600:g}")
