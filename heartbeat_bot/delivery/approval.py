"""Which text was let through, and whether another one may go through with it: an approval is of what a moderator saw. Pure.

A *version* names what a file and the pictures that are uploaded with it are: their bytes, not their places. So a file that is renamed,
or goes and comes back, keeps its approval; one whose text, or any of whose pictures, is another one does not.

A *small change* of an approved text (``moderation.small_changes: allow``) is one that a reader takes for a corrected typo: in one place
of one message :data:`SMALL` characters or fewer are replaced by as many or fewer; no digit, link, address, picture, mention, heading,
title or mark is touched, and no message comes or goes. It is always measured against what a moderator approved: many small changes
make no large one.
"""

import json
import re
import zlib
from collections.abc import Mapping, Sequence
from hashlib import sha256
from itertools import takewhile
from typing import Any, Final, NewType, Protocol

from heartbeat_bot.messages.post import File, Post
from heartbeat_bot.sources.snapshot import BlobId

Version = NewType("Version", str)
"""``<blob>``, or ``<blob>+<digest of the pictures>`` where pictures are uploaded."""

ANY_PICTURES: Final = "?"
"""Stands for pictures that nobody knows: of what was let through before versions were written down, or was there on the first run."""

SMALL: Final = 3
"""Characters: enough for two letters that changed places and one that was forgotten, too few for another word in most places."""

_UNTOUCHABLE = re.compile(
    # Links and addresses with their labels, whatever stands in angle brackets (mentions, times, commands), and code.
    r"\[[^\]\n]*\]\([^)\n]*\)|<[^>\n]*>|[a-z][a-z0-9+.-]*:/*\S+|\S*@\S*|\S*[^\W_]\.[^\W_]\S*|`[^`]*`|:[\w+-]+:|^[ \t]*(?:#{1,3}|-#)[^\n]*|^\*\*[^\n]*\*\*$",
    re.IGNORECASE | re.MULTILINE,
)
"""What no small change may touch. The second word of ``a.b`` may be a domain."""


class _WithFiles(Protocol):
    @property
    def files(self) -> Sequence[File]: ...


def version_of(blob: BlobId, posts: Sequence[_WithFiles]) -> Version:
    """Return the version of an issue whose file is ``blob`` and is rendered as ``posts``."""
    pictures = [file.blob for post in posts for file in post.files]
    return Version(f"{blob}+{sha256(' '.join(pictures).encode()).hexdigest()[:16]}" if pictures else blob)


def text_of(version: Version | None) -> BlobId | None:
    """Return the blob of a version, None for none."""
    return None if version is None else BlobId(version.partition("+")[0])


def with_any_pictures(blob: BlobId) -> Version:
    """Return the version of a text that is let through with whatever pictures go with it."""
    return Version(f"{blob}+{ANY_PICTURES}")


def is_same(approved: Version | None, version: Version) -> bool:
    """Tell whether a version is the one that was let through."""
    if approved is not None and approved.endswith(f"+{ANY_PICTURES}"):
        return text_of(approved) == text_of(version)
    return approved == version


def seal(version: Version) -> str:
    """Return what a button carries of the version that its message shows, in few characters."""
    return sha256(version.encode()).hexdigest()[:10]


def dump(posts: Sequence[Post]) -> bytes:
    """Write what an issue looks like, to be compared with what it will look like."""
    return zlib.compress(json.dumps([[post.key, _seen(post)] for post in posts], sort_keys=True).encode())


def is_small(approved: bytes, posts: Sequence[Post]) -> bool:
    """Tell whether an issue, rendered as ``posts``, differs by no more than a small change from what :func:`dump` wrote."""
    before: list[list[Any]] = json.loads(zlib.decompress(approved))
    after: list[list[Any]] = json.loads(json.dumps([[post.key, _seen(post)] for post in posts], sort_keys=True))
    if [key for key, _ in before] != [key for key, _ in after]:
        return False
    changed = [(old, new) for (_, old), (_, new) in zip(before, after, strict=True) if old != new]
    return not changed or (len(changed) == 1 and _is_small(*changed[0]))


def _seen(post: Post) -> dict[str, Any]:
    """Return all that a reader sees of a message, its running texts apart from the rest."""
    body = post.body()
    texts = [body.pop("content"), *(embed.pop("description", "") for embed in body["embeds"])]
    return {"texts": texts, "rest": body, "files": [file.blob for file in post.files], "jumps": [jump.label for jump in post.jumps]}


def _is_small(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    if any(old[part] != new[part] for part in ("rest", "files", "jumps")) or len(old["texts"]) != len(new["texts"]):
        return False
    changed = [(a, b) for a, b in zip(old["texts"], new["texts"], strict=True) if a != b]
    return not changed or (len(changed) == 1 and _is_typo(*changed[0]))


def _is_typo(old: str, new: str) -> bool:
    start = _shared(old, new)
    end = _shared(old[start:][::-1], new[start:][::-1])
    gone, came = old[start : len(old) - end], new[start : len(new) - end]
    if max(len(gone), len(came)) > SMALL:
        return False
    if not all(character.isalpha() or character in " ,;'’" for character in gone + came):
        return False
    return _UNTOUCHABLE.findall(old) == _UNTOUCHABLE.findall(new)


def _shared(one: str, other: str) -> int:
    """Return how many characters two texts begin with alike."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
