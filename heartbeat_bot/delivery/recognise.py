"""Whether a message that Discord shows is the one that a request asked for. Pure.

Discord trims texts, drops what it does not know and adds what it knows (types, sizes, proxies), and does not give a nonce back. So
only what the bot itself writes is compared, as a reader would: words, links and pictures.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from heartbeat_bot.delivery.plan import MessageId

_ATTACHMENT = "attachment://"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A message as Discord's API shows it: its id, content and embeds."""

    message: MessageId
    content: str
    embeds: Sequence[Mapping[str, Any]] = field(default=())


def is_same(body: Mapping[str, Any], seen: Seen) -> bool:
    """Tell whether ``seen`` shows what the create-message request ``body`` asked for."""
    # Embeds that Discord made itself, of links in the content, have another type; it adds them after those that were sent.
    theirs = [embed for embed in seen.embeds if embed.get("type", "rich") == "rich"]
    ours: Sequence[Mapping[str, Any]] = body.get("embeds") or ()
    if _words(body.get("content")) != _words(seen.content) or len(ours) != len(theirs):
        return False
    return all(_embed(one) == _embed(other) for one, other in zip(ours, theirs, strict=True))


def _words(text: str | None) -> str:
    return " ".join((text or "").split())


def _embed(embed: Mapping[str, Any]) -> tuple[object, ...]:
    return (
        _words(embed.get("title")),
        embed.get("url") or "",
        _words(embed.get("description")),
        _picture(_part(embed, "image", "url")),
        _words(_part(embed, "author", "name")),
        _words(_part(embed, "footer", "text")),
        _instant(embed.get("timestamp")),
    )


def _part(embed: Mapping[str, Any], part: str, name: str) -> str:
    inner: Mapping[str, Any] | None = embed.get(part)
    return (inner or {}).get(name) or ""


def _picture(url: str) -> str:
    """Return what identifies a picture: an uploaded one has another address on Discord's servers, but its name."""
    if url.startswith(_ATTACHMENT):
        return PurePosixPath(url.removeprefix(_ATTACHMENT)).name
    parts = urlsplit(url)
    if "/attachments/" in parts.path:
        return PurePosixPath(unquote(parts.path)).name
    return url


def _instant(timestamp: str | None) -> datetime | None:
    if not timestamp:
        return None
    instant = datetime.fromisoformat(timestamp)
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
