"""A post: one planned Discord message, and the exact body of the request that makes it."""

import datetime as dt
import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NewType

from heartbeat_bot.issues.model import Finding

PostKey = NewType("PostKey", str)
"""Names a post within its issue, the same from run to run: ``cover``, ``news``, ``news/2``."""

COVER: PostKey = PostKey("cover")

Digest = NewType("Digest", str)
"""What a message shows, hashed (see :meth:`Post.digest`)."""

UNKNOWN: Digest = Digest("")
"""The digest of a message of which it is not known what it shows: it is edited, whatever the post."""

JUMPS_TITLE: Final = "**In this issue**"
"""The line above the jumps of a cover."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbedImage:
    """An image of an embed: an absolute http(s) URL or ``attachment://name``, and its alternative text ("" for none)."""

    url: str
    alt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Embed:
    """One embed. Empty strings stand for parts that are absent."""

    title: str = ""
    url: str = ""
    description: str = ""
    image: EmbedImage | None = None
    author: str = ""
    footer: str = ""

    @property
    def characters(self) -> int:
        """What this embed adds to the 6000 characters that all embeds of a message share."""
        return len(self.title) + len(self.description) + len(self.author) + len(self.footer)

    def body(self) -> dict[str, Any]:
        """Return the embed as Discord's API takes it, absent parts left out (an empty URL is refused as a bad scheme)."""
        image = {"url": self.image.url, "description": self.image.alt} if self.image else {}
        parts: dict[str, Any] = {
            "title": self.title,
            "url": self.url,
            "description": self.description,
            "image": {key: value for key, value in image.items() if value},
            "author": {"name": self.author} if self.author else None,
            "footer": {"text": self.footer} if self.footer else None,
        }
        return {name: value for name, value in parts.items() if value}


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file to upload with a post: its name in the message, its path in the source, the blob it is, its alternative text."""

    name: str
    path: str
    blob: str
    alt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file to send along: its name in the message and its bytes."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Jump:
    """A line of the cover's "In this issue": a label (fit for a link's text, where nothing can be escaped) and the post that it leads to."""

    label: str
    to: PostKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One planned message.

    ``ping`` is the id of the one role that the content mentions, None for none. ``jumps`` are the lines of "In this issue", added
    to the description of the first embed once the messages they lead to exist (see :meth:`body`). ``title`` is the section's, ""
    for the cover: it names the post in menus and is no part of the message.

    ``components`` are Discord's rows of buttons and selects, as its API takes them. None for a post that never has any, as an issue's
    have none; a post that may have had some and has none now says so with an empty tuple, since an edit leaves alone what its body
    does not name.
    """

    key: PostKey
    content: str = ""
    embeds: tuple[Embed, ...] = ()
    files: tuple[File, ...] = ()
    ping: int | None = None
    jumps: tuple[Jump, ...] = ()
    title: str = ""
    components: tuple[Mapping[str, Any], ...] | None = None

    def body(self, message_urls: Mapping[PostKey, str] | None = None) -> dict[str, Any]:
        """Return the body of Discord's create-message request; the same body, with nothing left out, edits the message.

        ``message_urls`` maps posts that exist to their addresses; a jump to any other post is left out.
        ``allowed_mentions`` is always there, since an edit without it is parsed with Discord's defaults.
        """
        embeds = [embed.body() for embed in self.embeds]
        if lines := jump_lines(self.jumps, message_urls or {}):
            before = embeds[0].get("description")
            embeds[0]["description"] = f"{before}\n\n{lines}" if before else lines
        mentions: dict[str, Any] = {"parse": []}
        if self.ping is not None:
            mentions["roles"] = [str(self.ping)]
        body: dict[str, Any] = {"content": self.content, "embeds": embeds, "allowed_mentions": mentions}
        if self.files:
            body["attachments"] = attachments((file.name, file.alt) for file in self.files)
        if self.components is not None:
            body["components"] = [dict(row) for row in self.components]
        return body

    def digest(self, message_urls: Mapping[PostKey, str] | None = None) -> Digest:
        """Return a hash of all that a reader would see: equal digests mean that no request is needed."""
        seen = {"body": self.body(message_urls), "files": [file.blob for file in self.files]}
        return Digest(hashlib.sha256(json.dumps(seen, sort_keys=True, ensure_ascii=False).encode()).hexdigest())


def attachments(files: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    """Return what a body says of the files that come with it: names, and alternative texts where there are some."""
    return [
        {"id": str(number), "filename": name} | ({"description": alt} if alt else {}) for number, (name, alt) in enumerate(files)
    ]


def is_of(key: PostKey, sections: Collection[PostKey]) -> bool:
    """Tell whether a post is of one of some sections, each named by the key of its first post: ``news/2`` is of ``news``."""
    first, slash, number = key.rpartition("/")
    return key in sections or (bool(slash) and number.isdecimal() and PostKey(first) in sections)


def jump_lines(jumps: Sequence[Jump], message_urls: Mapping[PostKey, str]) -> str:
    """Write "In this issue": a linked line per section whose message exists; "" when none does."""
    lines = [f"- [{jump.label}]({message_urls[jump.to]})" for jump in jumps if jump.to in message_urls]
    return "\n".join([JUMPS_TITLE, *lines]) if lines else ""


def texts(body: Mapping[str, Any]) -> Iterator[str]:
    """Yield every text of a create-message body that counts towards Discord's limit in bytes."""
    yield body.get("content") or ""
    for embed in body.get("embeds") or ():
        yield embed.get("title") or ""
        yield embed.get("description") or ""
        for part, name in (("author", "name"), ("footer", "text")):
            if part in embed:
                yield embed[part][name]
        for field in embed.get("fields", ()):
            yield field["name"]
            yield field["value"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """What an issue becomes, and of the issue itself what may come from its path. It travels between processes.

    ``url`` is its page's, "" when unknown; ``title`` and ``date`` are as the archive has them (see :class:`archive.entry.CatalogEntry`).
    """

    path: str
    title: str
    date: dt.date | dt.datetime | None
    url: str
    posts: tuple[Post, ...]
    findings: tuple[Finding, ...]
