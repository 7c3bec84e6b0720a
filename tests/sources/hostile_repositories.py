"""Repositories and remotes made to drain whoever reads them: quick to make, small on disk, and large only for their reader.

A repository is written object by object, without git: what git would not write is what is wanted here.
"""

import hashlib
import struct
import subprocess
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Final

MEGABYTE = 1024 * 1024
_COMMIT, _TREE, _BLOB, _REF_DELTA = 1, 2, 3, 7
_KINDS = {_COMMIT: b"commit", _TREE: b"tree", _BLOB: b"blob"}
_CONFIG = """[core]
\trepositoryformatversion = 0
\tbare = true
[uploadpack]
\tallowFilter = true
\tallowAnySHA1InWant = true
"""

Entry = tuple[str, bytes, bytes]
"""The mode, name and id (20 bytes) of one line of a tree."""


def object_id(kind: bytes, content: bytes) -> bytes:
    return hashlib.sha1(b"%s %d\0" % (kind, len(content)) + content, usedforsecurity=False).digest()


def tree_of(entries: Iterable[Entry]) -> bytes:
    """Write a tree as git keeps it; what is in it may be anything."""
    return b"".join(mode.encode() + b" " + name + b"\0" + blob for mode, name, blob in entries)


class Bare:
    """A bare repository whose objects are written by hand."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("objects", "refs/heads"):
            (folder / name).mkdir(parents=True)
        (folder / "HEAD").write_text("ref: refs/heads/main\n")
        (folder / "config").write_text(_CONFIG)

    @property
    def url(self) -> str:
        return self.folder.absolute().as_uri()

    def write(self, kind: bytes, content: bytes) -> bytes:
        """Write an object and return its id."""
        return self._put(object_id(kind, content), zlib.compress(b"%s %d\0" % (kind, len(content)) + content, 1))

    def _put(self, name: bytes, packed: bytes) -> bytes:
        place = self.folder / "objects" / name.hex()[:2] / name.hex()[2:]
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(packed)
        return name

    def blob(self, content: bytes) -> bytes:
        return self.write(b"blob", content)

    def tree(self, entries: Iterable[Entry]) -> bytes:
        return self.write(b"tree", tree_of(entries))

    def zeros(self, size: int, ends: Sequence[bytes]) -> list[bytes]:
        """Write blobs of ``size`` zero bytes and another end each; the zeros are hashed and packed once. Return their ids."""
        whole = size + len(ends[0])
        digest = hashlib.sha1(b"blob %d\0" % whole, usedforsecurity=False)
        packer = zlib.compressobj(1)
        packed = [packer.compress(b"blob %d\0" % whole)]
        piece = bytes(MEGABYTE)
        for start in range(0, size, MEGABYTE):
            part = piece[: min(MEGABYTE, size - start)]
            digest.update(part)
            packed.append(packer.compress(part))
        names: list[bytes] = []
        for end in ends:
            one, own = digest.copy(), packer.copy()
            one.update(end)
            names.append(self._put(one.digest(), b"".join([*packed, own.compress(end), own.flush()])))
        return names

    def commit(self, tree: bytes) -> str:
        """Make main one commit of a tree; return its id."""
        name = self.write(b"commit", commit_of(tree)).hex()
        (self.folder / "refs" / "heads" / "main").write_text(f"{name}\n")
        return name

    def add_pack(self, pack: bytes) -> None:
        command = ["git", f"--git-dir={self.folder}", "index-pack", "--stdin"]
        subprocess.run(command, input=pack, check=True, capture_output=True, timeout=60)


def commit_of(tree: bytes) -> bytes:
    who = b"Ann <ann@example.org> 1772438400 +0000"
    return b"tree %s\nauthor %s\ncommitter %s\n\nx\n" % (tree.hex().encode(), who, who)


def _entry_head(kind: int, size: int) -> bytes:
    """Write the head of an object in a pack (gitformat-pack, "Pack file entry")."""
    first, size = (kind << 4) | (size & 15), size >> 4
    head = bytearray()
    while size:
        head.append(first | 0x80)
        first, size = size & 0x7F, size >> 7
    head.append(first)
    return bytes(head)


def _varint(number: int) -> bytes:
    written = bytearray()
    while number >= 0x80:
        written.append((number & 0x7F) | 0x80)
        number >>= 7
    written.append(number)
    return bytes(written)


def pack_of(objects: Sequence[tuple[int, bytes]], deltas: Sequence[tuple[bytes, bytes]] = ()) -> bytes:
    """Write a pack of whole objects (kind, content) and of deltas (the base's id, the instructions)."""
    body = b"PACK" + struct.pack(">II", 2, len(objects) + len(deltas))
    body += b"".join(_entry_head(kind, len(content)) + zlib.compress(content, 1) for kind, content in objects)
    body += b"".join(_entry_head(_REF_DELTA, len(delta)) + base + zlib.compress(delta, 9) for base, delta in deltas)
    return body + hashlib.sha1(body, usedforsecurity=False).digest()


# -- repositories --------------------------------------------------------------------------------------------------------


def tree_bomb(folder: Path, *, depth: int = 10, width: int = 10, inside: str = "") -> Bare:
    """``width`` to the power of ``depth`` paths in ``depth`` trees; below a folder ``inside``, beside an honest issue, when it is given."""
    bare = Bare(folder)
    issue = bare.blob(b"# Honest\n\ntext\n")
    level = bare.tree(("100644", b"%d.md" % number, issue) for number in range(width))
    for _ in range(depth - 1):
        level = bare.tree(("40000", b"%d" % number, level) for number in range(width))
    if inside:
        issues = bare.tree([("100644", b"honest.md", issue)])
        level = bare.tree(sorted([("40000", inside.encode(), level), ("40000", b"issues", issues)], key=lambda entry: entry[1]))
    bare.commit(level)
    return bare


def wide_tree(folder: Path, count: int = 1_000_000) -> Bare:
    """``count`` files in one folder, all of the same bytes."""
    bare = Bare(folder)
    blob = bare.blob(b"text\n")
    bare.commit(bare.tree(("100644", b"%07d.md" % number, blob) for number in range(count)))
    return bare


def deep_tree(folder: Path, depth: int = 20_000, name: bytes = b"d") -> Bare:
    """One file below ``depth`` folders."""
    bare = Bare(folder)
    below = ("100644", b"a.md", bare.blob(b"text\n"))
    trees: list[tuple[int, bytes]] = []
    for _ in range(depth):
        tree = tree_of([below])
        trees.append((_TREE, tree))
        below = ("40000", name, object_id(b"tree", tree))
    bare.add_pack(pack_of(trees))
    bare.commit(bare.tree([below]))
    return bare


def long_names(folder: Path, count: int = 2_000, length: int = 100_000) -> Bare:
    """Files whose names have ``length`` letters, so that their paths alone take count times length bytes."""
    bare = Bare(folder)
    blob = bare.blob(b"text\n")
    inner = bare.tree(("100644", b"%05d" % number + b"n" * 200 + b".md", blob) for number in range(count))
    bare.commit(bare.tree([("40000", b"l" * length, inner)]))
    return bare


def large_blobs(folder: Path, count: int = 50, size: int = 95 * MEGABYTE, *, issue: bytes = b"# Honest\n\ntext\n") -> Bare:
    """``count`` files of ``size`` zeros in issues/, which pack to a thousandth, and an honest issue between them."""
    bare = Bare(folder)
    names = bare.zeros(size, [b"%04d" % number for number in range(count)])
    files = [("100644", b"%04d.md" % number, blob) for number, blob in enumerate(names)]
    tree = bare.tree(sorted([*files, ("100644", b"0000-honest.md", bare.blob(issue))], key=lambda entry: entry[1]))
    bare.commit(bare.tree([("40000", b"issues", tree)]))
    return bare


def packed_zero_blob(folder: Path, size: int = 1800 * MEGABYTE) -> Bare:
    """One file of very many zeros, in some megabytes."""
    return large_blobs(folder, count=1, size=size)


# -- remotes -------------------------------------------------------------------------------------------------------------

_ISSUE = b"# Honest\n\ntext\n"
_FOLDER = tree_of([("100644", b"honest.md", object_id(b"blob", _ISSUE))])
_HEAD = commit_of(object_id(b"tree", _FOLDER))
_HEAD_ID = object_id(b"commit", _HEAD).hex().encode()


def _line(content: bytes) -> bytes:
    """Write a pkt-line (gitprotocol-common)."""
    return b"%04x" % (len(content) + 4) + content


def _band(number: int, content: bytes) -> Iterator[bytes]:
    for start in range(0, len(content), 60_000):
        yield _line(bytes([number]) + content[start : start + 60_000])


@cache
def _noise() -> bytes:
    """Return a megabyte that does not pack, written as it stands: ``zlib`` reads it as one block after the other."""
    block = hashlib.shake_128(b"noise").digest(32_768)
    return b"".join(_band(1, (b"\x00" + struct.pack("<HH", len(block), 0xFFFF ^ len(block)) + block) * 32))


def _many_refs() -> Iterator[bytes]:
    number = 0
    while True:
        yield b"".join(_line(b"%s refs/heads/%040d\n" % (_HEAD_ID, number + more)) for more in range(1000))
        number += 1000


def _endless_pack(kind: int) -> Iterator[bytes]:
    yield from _band(1, b"PACK" + struct.pack(">II", 2, 3) + _entry_head(kind, 1 << 44) + b"\x78\x01")
    while True:
        yield _noise()


def delta_bomb(factor: int = 1000, base: int = 16 * MEGABYTE - 1) -> bytes:
    """Return a pack of kilobytes whose only delta makes ``factor`` times ``base`` bytes of a base of zeros."""
    zeros = bytes(base)
    copy = b"\xf0" + struct.pack("<I", base)[:3]  # copy ``base`` bytes from the base's beginning
    delta = _varint(base) + _varint(base * factor) + copy * factor
    objects = [(_COMMIT, _HEAD), (_TREE, _FOLDER), (_BLOB, _ISSUE), (_BLOB, zeros)]
    return pack_of(objects, [(object_id(b"blob", zeros), delta)])


def honest_pack() -> bytes:
    return pack_of([(_COMMIT, _HEAD), (_TREE, _FOLDER), (_BLOB, _ISSUE)])


class HostileRemote:
    """A stand-in for a Git server on loopback that speaks HTTP: each kind of attack is an address below :attr:`url`.

    ``old-refs`` (protocol 0) and ``refs`` (protocol 2) name branches for ever; ``pack`` sends one file for ever, ``tree`` one folder;
    ``delta`` sends a delta bomb; ``messages`` writes to the reader's terminal for ever; ``hang`` takes the question and says
    nothing; ``drip`` says a byte now and then; ``page`` is a web page without an end; ``honest`` is a repository of one issue.
    """

    KINDS: Final = ("old-refs", "refs", "pack", "tree", "delta", "messages", "page")
    """The attacks that send as much as they can."""

    def __init__(self, server: ThreadingHTTPServer, over: Event) -> None:
        self._server = server
        self.over = over
        self.asked = Event()
        """Set when a remote that hangs was asked."""

    def url(self, kind: str) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/{kind}"

    def answer(self, kind: str, question: bytes) -> Iterator[bytes]:
        """Yield what is sent; ``question`` is empty when the capabilities are asked for."""
        if kind == "page":
            while True:
                yield b"<p>page</p>" * 10_000
        if kind == "hang":
            self.asked.set()
            self.over.wait(60)
            return
        if not question:
            yield from self._greeting(kind)
        elif b"command=ls-refs" in question:
            yield _line(b"%s HEAD symref-target:refs/heads/main\n" % _HEAD_ID)
            yield _line(b"%s refs/heads/main\n" % _HEAD_ID)
            yield from _many_refs() if kind == "refs" else (b"0000",)
        else:
            yield _line(b"packfile\n")
            yield from self._pack(kind)

    def _greeting(self, kind: str) -> Iterator[bytes]:
        yield _line(b"# service=git-upload-pack\n") + b"0000"
        if kind == "old-refs":
            yield _line(_HEAD_ID + b" HEAD\0side-band-64k shallow filter symref=HEAD:refs/heads/main\n")
            yield from _many_refs()
        yield b"".join(_line(word) for word in (b"version 2\n", b"ls-refs=unborn\n", b"fetch=shallow filter\n")) + b"0000"

    def _pack(self, kind: str) -> Iterator[bytes]:
        match kind:
            case "pack":
                yield from _endless_pack(_BLOB)
            case "tree":
                yield from _endless_pack(_TREE)
            case "messages":
                while True:
                    yield from _band(2, b"a message from the remote\n" * 1000)
            case "drip":
                self.asked.set()
                for byte in honest_pack():
                    yield from _band(1, bytes([byte]))
                    if self.over.wait(1):
                        return
            case "delta":
                yield from _band(1, delta_bomb())
            case _:
                yield from _band(1, honest_pack())
        yield b"0000"


@contextmanager
def hostile_remote() -> Iterator[HostileRemote]:
    """Open a remote for as long as the block lasts; whoever still reads then reads no more."""
    over = Event()
    remotes: list[HostileRemote] = []

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_about: object) -> None:
            pass

        def do_GET(self) -> None:
            self._answer(b"", "application/x-git-upload-pack-advertisement")

        def do_POST(self) -> None:
            question = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            self._answer(question or b"0000", "application/x-git-upload-pack-result")

        def _answer(self, question: bytes, kind: str) -> None:
            name = self.path.split("/")[1]
            self.send_response(200)
            self.send_header("Content-Type", "text/html" if name == "page" else kind)
            self.end_headers()
            self.close_connection = True
            with suppress(OSError):
                for piece in remotes[0].answer(name, question):
                    if over.is_set():
                        break
                    self.wfile.write(piece)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.block_on_close = False
    remotes.append(HostileRemote(server, over))
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield remotes[0]
    finally:
        over.set()
        server.shutdown()
        server.server_close()


BUILDERS: dict[str, Callable[[Path], Bare]] = {
    "a tree bomb": tree_bomb,
    "a tree bomb beside the issues": lambda folder: tree_bomb(folder, inside="bomb"),
    "a wide tree": wide_tree,
    "a deep tree": deep_tree,
    "long names": long_names,
    "many large blobs": large_blobs,
    "a packed zero blob": packed_zero_blob,
}
"""The repositories by what is hostile in them, with their full sizes."""
