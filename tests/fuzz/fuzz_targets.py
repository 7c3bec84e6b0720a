"""What `make fuzz` throws bytes at. A target raises what a test would: an assertion, or a fault of the program."""

import contextlib
import json
import re
import sys
import unicodedata
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

for _folder in ("config", "messages"):
    # Test folders are no packages; what these share with their tests stands there.
    sys.path.append(str(Path(__file__).parents[1] / _folder))

from readers import broken_limits  # noqa: E402 - see above
from slow_patterns import slowly  # noqa: E402 - likewise

from heartbeat_bot.archive.making import entry_of  # noqa: E402 - likewise
from heartbeat_bot.cli.preview_json import as_json  # noqa: E402 - likewise
from heartbeat_bot.config import parse_config  # noqa: E402 - likewise
from heartbeat_bot.config.patterns import PathPatterns  # noqa: E402 - likewise
from heartbeat_bot.errors import IssueError  # noqa: E402 - likewise
from heartbeat_bot.interactions.lines import linked  # noqa: E402 - likewise
from heartbeat_bot.issues.frontmatter import split_document  # noqa: E402 - likewise
from heartbeat_bot.rendering.links import Links  # noqa: E402 - likewise
from heartbeat_bot.rendering.preview import Preview  # noqa: E402 - likewise
from heartbeat_bot.rendering.render import links_of, render  # noqa: E402 - likewise

_CONFIG = r"""newsletters:
  heartbeat:
    site_url: https://example.org/
    issue_url: https://example.org/{year}/{slug}/
    source: {directory: site}
    announce: {channel: 100000000000000001, ping_role: 100000000000000002}
    images: {base_url: https://example.org/pictures/}
    sections: {events: ['^(\w+\s?)+$'], jobs: ['jobs?'], skip: ['(.*a){9}b']}
"""
_NEWSLETTER = parse_config(_CONFIG.encode(), name="config.yaml", folder=Path("/srv")).newsletters["heartbeat"]
_STYLES = (
    b"---\n%b\n---\nx",
    b"+++\n%b\n+++\nx",
    b'{"a": %b}\nx',
    b"@def a = %b\nx",
    b"Title: a\nTags: %b\n\nx",
    b"---\na: %b\nb: c\n---\nx",
)
_CONTAINERS = (
    "{}",
    "> {}",
    "- {}",
    "## {}",
    "**{}**",
    "[{}](/a)",
    "`{}`",
    "```\n{}\n```",
    "| a |\n|---|\n| {} |",
    "<div>\n{}",
    "# a\n\n## {}\n\n{}",
)
_ADDRESS = re.compile(r"(?:https?://|www\.)?(?P<host>(?:[a-z0-9-]+\.)+(?:com|org|net|de))[/.]?")


def issue(data: bytes) -> None:
    """Read, render, check, list and keep a file; every body is sendable."""
    _look_at("content/2026-01-02-a.md", data)


def front_matter(data: bytes) -> None:
    """Read front matter of all styles; what is wrong has its line."""
    for style in _STYLES:
        whole = style % data
        error = _error(lambda whole=whole: split_document(whole, "a.md"))
        assert error is None or error.line is None or 1 <= error.line <= len(re.findall(rb"\r\n|\r|\n", whole)) + 1, error


def label(data: bytes) -> None:
    """Write a link: no text that is an address stands alone before a target on another host."""
    text, _, target = data.decode("utf-8", "replace").partition("\n")
    url = Links().resolve(target)
    if not url.startswith("https://"):
        return
    found = re.fullmatch(r"\[(?P<text>[^\n]*)\]\((?P<url>[^()\s]*)\)", linked(text, url))
    named = _ADDRESS.fullmatch(_seen(found["text"])) if found else None
    if named:
        host, real = named["host"].removeprefix("www."), url[8:].split("/", 1)[0].split("?", 1)[0].split("#", 1)[0]
        real = real.split(":", 1)[0].lower().removeprefix("www.")
        assert host == real or host.endswith(f".{real}") or real.endswith(f".{host}"), (text, url)


def _seen(text: str) -> str:
    return unicodedata.normalize("NFKC", "".join(c for c in text if unicodedata.category(c) != "Cf")).strip().lower()


def pattern(data: bytes) -> None:
    """Match a path; of what the slow matcher knows, and a source may hold (no name is empty), it says the same."""
    written, _, path = data[:200].decode("utf-8", "replace").partition("\n")
    with contextlib.suppress(ValueError):
        taken = PathPatterns([written]).match(path)
        is_path = len(path) < 15 and re.fullmatch(r"[ab.]+(/[ab.]+)*", path)
        if is_path and re.fullmatch(r"[ab.*?/]+", written) and not written.endswith("/"):
            assert taken == slowly(written.removeprefix("./").removeprefix("/"), path), (written, path)


def blocks(data: bytes) -> None:
    """Render a text in every kind of block."""
    text = data[:20_000].decode("utf-8", "replace")
    for container in _CONTAINERS:
        _look_at("a.md", b"---\ntitle: T\n---\n" + container.replace("{}", text).encode())


def _look_at(path: str, data: bytes) -> None:
    found: list[Preview] = []
    error = _error(lambda: found.append(render(path, data, _NEWSLETTER)))
    if error:
        assert error.reason.encode()
        assert str(error).encode()
        return
    preview = found[0]
    for post in preview.composition.posts:
        assert broken_limits(post) == [], post
        assert post.digest()
    assert str(_entry(preview)).encode()
    assert json.dumps(as_json(preview, event_headings=[r"^(\w+\s?)+$"]), ensure_ascii=False).encode()


def _error(attempt: Callable[[], object]) -> IssueError | None:
    try:
        attempt()
    except IssueError as error:
        return error
    return None


def _entry(preview: Preview) -> object:
    resolve = links_of(_NEWSLETTER, preview.url).resolve
    return entry_of("heartbeat", "0" * 40, "1", preview, event_headings=["a"], job_headings=["b"], resolve=resolve)


TARGETS: Mapping[str, Callable[[bytes], None]] = MappingProxyType(
    {target.__name__: target for target in (issue, front_matter, label, pattern, blocks)}
)
