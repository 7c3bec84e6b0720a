"""Whether a message that Discord shows is the one that a request asked for, and which messages are which posts. Pure.

Discord trims texts, drops what it does not know and adds what it knows (types, sizes, proxies), and does not give a nonce back. So
only what the bot itself writes is compared, as a reader would: words, links, pictures and buttons.

Buttons tell the bot's notices from posts: a message with some is never a post of an issue, whatever it says, and only a message with
some is taken for a notice that says something else by now.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from heartbeat_bot.ids import MessageId
from heartbeat_bot.ports import SeenMessage
from heartbeat_bot.rendering.post import JUMPS_TITLE

_ATTACHMENT = "attachment://"
_JUMP = re.compile(r"/channels/\d+/\d+/(\d+)\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecognisedMessage:
    """A message of an issue: its ``post``-th post, or None when it reads like none of them."""

    post: int | None
    seen: SeenMessage


def is_same(body: Mapping[str, Any], seen: SeenMessage) -> bool:
    """Tell whether ``seen`` shows what the create-message request ``body`` asked for."""
    return _asked(body, _embeds(body)) == _shown(seen, _rich(seen))


def is_same_but_jumps(body: Mapping[str, Any], seen: SeenMessage) -> bool:
    """Tell the same, the list of jumps aside: a cover gets it later, and it changes with the messages that it leads to."""
    ours, theirs = (_without_jumps(embeds) for embeds in (_embeds(body), _rich(seen)))
    return _asked(body, ours) == _shown(seen, theirs)


def recognise(
    bodies: Sequence[Mapping[str, Any]],
    own: Sequence[SeenMessage],
    *,
    claimed: Collection[MessageId],
    cover: MessageId | None = None,
) -> list[RecognisedMessage]:
    """Find the messages of an issue that nobody claims among the bot's own ones, which stand in the order of the channel.

    ``bodies`` are its posts in reading order, ``cover`` the message that is known to be its first, None when none is. A section may
    read like last month's, a cover does not; so a message counts only when it comes after the issue's cover, and reads like a post
    or is one that the cover leads to. Where no cover is found, there is nothing to find. Orders agree: of two issues with a section
    in common each finds its own.
    """
    free = [seen for seen in own if seen.message not in claimed]
    if cover is None:
        first = _cover(bodies, free)
        if first is None:
            return []
    else:
        first = next((seen for seen in own if seen.message == cover), None)
    begin = cover if first is None else first.message
    following = [seen for seen in free if begin is not None and seen.message > begin]
    linked = _jumps(first) if first else frozenset[int]()
    posts = _in_order(bodies[1:], following)
    found = [RecognisedMessage(post=0, seen=first)] if first and cover is None else []
    for number, seen in enumerate(following):
        if number in posts:
            found.append(RecognisedMessage(post=posts[number] + 1, seen=seen))
        elif seen.message in linked:
            found.append(RecognisedMessage(post=None, seen=seen))
    return found


def posts_of_issues(own: Sequence[SeenMessage], *, begin: str) -> list[SeenMessage]:
    """Return the messages among the bot's own ones that are posts of some issue, whichever: no notice, no note, nothing else.

    A cover lists its sections, and titles lead to the issue's page, whose address begins with ``begin`` ("" when it is not known: then
    a title is all there is to know a post by).
    """
    return [seen for seen in own if not _buttons(seen.components) and any(_is_of_issue(embed, begin) for embed in _rich(seen))]


def _is_of_issue(embed: Mapping[str, Any], begin: str) -> bool:
    if JUMPS_TITLE in (embed.get("description") or ""):
        return True
    return (embed.get("url") or "").startswith(begin) if begin else bool(embed.get("title"))


def _cover(bodies: Sequence[Mapping[str, Any]], free: Sequence[SeenMessage]) -> SeenMessage | None:
    """Find the cover: the message that reads like it, else one whose title and link are the same, the text having changed."""
    if not bodies:
        return None
    same = (seen for seen in free if is_same_but_jumps(bodies[0], seen))
    headline = _headline(_embeds(bodies[0]))
    notice = "components" in bodies[0]
    akin = (seen for seen in free if headline and headline == _headline(_rich(seen)) and bool(_buttons(seen.components)) is notice)
    return next(same, None) or next(akin, None)


def _headline(embeds: Sequence[Mapping[str, Any]]) -> tuple[str, str] | None:
    """Return title and link of the first embed; None when it has no link, since titles alone repeat from issue to issue."""
    url = embeds[0].get("url") if embeds else None
    return (_words(embeds[0].get("title")), url) if url else None


def _in_order(bodies: Sequence[Mapping[str, Any]], messages: Sequence[SeenMessage]) -> dict[int, int]:
    """Find which message (by number) is which body, as many as can be in the order of both, the earliest messages first."""
    same = [[is_same_but_jumps(body, seen) for seen in messages] for body in bodies]
    # most[p][m]: how many of the posts from p on can be found among the messages from m on
    most = [[0] * (len(messages) + 1) for _ in range(len(bodies) + 1)]
    for post in reversed(range(len(bodies))):
        for message in reversed(range(len(messages))):
            together = most[post + 1][message + 1] + same[post][message]
            most[post][message] = max(together, most[post + 1][message], most[post][message + 1])
    found: dict[int, int] = {}
    post = message = 0
    while post < len(bodies) and message < len(messages):
        if same[post][message] and most[post][message] == most[post + 1][message + 1] + 1:
            found[message] = post
            post, message = post + 1, message + 1
        elif most[post][message] == most[post][message + 1]:
            message += 1
        else:
            post += 1
    return found


def _jumps(cover: SeenMessage) -> frozenset[int]:
    """Return the messages that a cover's list leads to."""
    embeds = _rich(cover)
    _, _, jumps = (embeds[0].get("description") or "" if embeds else "").partition(JUMPS_TITLE)
    return frozenset(int(number) for number in _JUMP.findall(jumps))


def _embeds(body: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    return body.get("embeds") or ()


def _rich(seen: SeenMessage) -> Sequence[Mapping[str, Any]]:
    """Return the embeds that were sent. Those that Discord made itself, of links in the content, have another type."""
    return [embed for embed in seen.embeds if embed.get("type", "rich") == "rich"]


def _without_jumps(embeds: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    if not embeds:
        return embeds
    before, _, _ = (embeds[0].get("description") or "").partition(JUMPS_TITLE)
    return [{**embeds[0], "description": before}, *embeds[1:]]


def _asked(body: Mapping[str, Any], embeds: Sequence[Mapping[str, Any]]) -> tuple[object, ...]:
    return (_words(body.get("content")), _buttons(body.get("components") or ()), *map(_embed, embeds))


def _shown(seen: SeenMessage, embeds: Sequence[Mapping[str, Any]]) -> tuple[object, ...]:
    return (_words(seen.content), _buttons(seen.components), *map(_embed, embeds))


def _buttons(components: Sequence[Mapping[str, Any]]) -> tuple[object, ...]:
    """Return what can be clicked, in order, without what Discord adds to it."""
    found: list[object] = []
    for component in components:
        inner: Sequence[Mapping[str, Any]] | None = component.get("components")
        if inner is not None:
            found += _buttons(inner)
        else:
            parts = tuple(component.get(name) or "" for name in ("custom_id", "url", "label"))
            found.append((*parts, bool(component.get("disabled"))))
    return tuple(found)


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
