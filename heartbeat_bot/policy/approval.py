"""Which text was let through, and whether another one may go through with it: an approval is of what a moderator saw. Pure.

A *version* names what a file and the pictures that are uploaded with it are, their bytes, and what of an issue may come from the file's
path: its title, its date and the address of its page. So a file that goes and comes back keeps its approval, and one that is renamed does
when readers would see no difference; one whose text, or any of whose pictures, is another one does not. At the same path the same bytes
are the same version however they are rendered: a newer program, or another site in the configuration, asks nobody again.

A *small change* of an approved text (``moderation.small_changes: allow``) is one that a reader takes for a corrected typo: in one place
of one message :data:`SMALL` characters or fewer are replaced by as many or fewer; no digit, link, address, picture, mention, heading,
title or mark is touched, and no message comes or goes. It is always measured against what a moderator approved: many small changes
make no large one. Where sections are left out none is small: no message shows what changed there.
"""

import datetime as dt
import json
import re
import zlib
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from enum import StrEnum
from hashlib import sha256
from itertools import takewhile
from typing import Any, Final, NewType, Protocol

from heartbeat_bot.rendering.post import File, Post
from heartbeat_bot.sources.snapshot import BlobId

Version = NewType("Version", str)
"""``<blob>+<digest of the pictures>+<digest of the path>.<digest of what may come from it>``, each digest "" for what there is not.

Without the last part, as versions were before: nobody knows the path, and any will do. Without the pictures, too: there are none.
"""


class Difference(StrEnum):
    """What of an issue is not what was let through."""

    TEXT = "text"
    """Its text."""
    PICTURES = "pictures"
    """Its pictures."""
    PLACE = "place"
    """What may come from its path: its title, its date or the address of its page."""
    ISSUE = "issue"
    """Something of it: which, is not known."""


SEAL: Final = 20
"""Characters of a seal: 120 bits, in base64 for addresses, so that two texts of one seal cannot be found by trying."""

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


class _Placed(Protocol):
    """Where an issue is, and what of it may come from there."""

    @property
    def path(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def date(self) -> dt.date | dt.datetime | None: ...
    @property
    def url(self) -> str: ...


def version_of(blob: BlobId, posts: Sequence[_WithFiles], placed: _Placed | None = None) -> Version:
    """Return the version of an issue whose file is ``blob`` and is rendered as ``posts``, at any path when it is not known where it is."""
    files = [file.blob for post in posts for file in post.files]
    pictures = _digest(" ".join(files)) if files else ""
    if placed is None:
        return Version(f"{blob}+{pictures}" if pictures else blob)
    shown = _digest(json.dumps([placed.title, placed.date and placed.date.isoformat(), placed.url]))
    return Version(f"{blob}+{pictures}+{_digest(placed.path)}.{shown}")


def unseen(blob: BlobId, path: str) -> Version:
    """Return the version of an issue that cannot be rendered now: without pictures, and the same at its own path only."""
    return Version(f"{blob}++{_digest(path)}.")


def text_of(version: Version | None) -> BlobId | None:
    """Return the blob of a version, None for none."""
    return None if version is None else BlobId(version.partition("+")[0])


def with_any_pictures(blob: BlobId) -> Version:
    """Return the version of a text that is let through with whatever pictures go with it."""
    return Version(f"{blob}+{ANY_PICTURES}")


def is_same(approved: Version | None, version: Version) -> bool:
    """Tell whether a version is the one that was let through."""
    return approved is not None and difference(approved, version) is None


def difference(approved: Version | None, version: Version) -> Difference | None:
    """Return what of a version is not what was let through; None when it is the one that was."""
    (text, pictures, place), (other_text, other_pictures, other_place) = _parts(approved or Version("")), _parts(version)
    if text != other_text:
        return Difference.TEXT
    if pictures not in {ANY_PICTURES, other_pictures}:
        return Difference.PICTURES
    (path, _, shown), (other_path, _, other_shown) = place.partition("."), other_place.partition(".")
    if not place or path == other_path or (shown and shown == other_shown):
        return None
    return Difference.PLACE


def _parts(version: Version) -> tuple[str, str, str]:
    text, _, rest = version.partition("+")
    pictures, _, place = rest.partition("+")
    return text, pictures, place


def seal(version: Version) -> str:
    """Return what a button carries of the version that its message shows: 120 bits, so that nobody finds two versions of one seal."""
    return _digest(version)


def _digest(text: str) -> str:
    """Return :data:`SEAL` characters that stand for a text."""
    return urlsafe_b64encode(sha256(text.encode()).digest())[:SEAL].decode()


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
