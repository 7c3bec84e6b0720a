"""What converting an issue costs, side by side with others: time, memory, messages, and what is lost.

All ways convert the same bytes in turns in one run, so that a busy machine slows all of them. Lost words and links are counted simply: the
words (runs of letters and digits) of the body's rendered HTML that the texts of the messages have less often, whatever their
order, and the http(s) targets of its links that stand nowhere in the messages. What our reading drops on purpose, such as notes of the
author and remains of templates, counts as lost; comments are no text.
"""

import json
import re
import subprocess
import sys
import tracemalloc
from collections import Counter
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from time import process_time
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote

from bs4 import BeautifulSoup
from bs4.element import Comment
from corpus import SITE, corpus_files
from markdown_it import MarkdownIt
from markdownify import markdownify

from heartbeat_bot.issues.frontmatter import split_document
from heartbeat_bot.issues.reading import read_issue
from heartbeat_bot.rendering.layouts.embeds import compose

MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])
CONTENT = 2000
ROUNDS = 5
Way = Callable[[bytes], list[dict[str, Any]]]


def floor(data: bytes) -> list[dict[str, Any]]:
    """The bare parse and render of the body, which makes no messages: less no converter that reads Markdown can do."""
    MARKDOWN.render(split_document(data, "issue.md").body)
    return []


def chunked(data: bytes) -> list[dict[str, Any]]:
    """The simplest converter that keeps the limit: markdownify, cut at line ends, and in lines that are too long."""
    messages, message = [], ""
    for line in markdownify(MARKDOWN.render(split_document(data, "issue.md").body)).split("\n"):
        for start in range(0, len(line) or 1, CONTENT - 1):
            part = f"{line[start : start + CONTENT - 1]}\n"
            if len(message) + len(part) > CONTENT:
                messages.append(message)
                message = ""
            message += part
    return [{"content": text} for text in [*messages, message] if text.strip()]


def apprise(data: bytes) -> list[dict[str, Any]]:
    """Apprise's Discord plugin, its requests answered here."""
    plugin = import_module("apprise.plugins.discord")
    library = import_module("apprise")
    sent: list[dict[str, Any]] = []

    def post(*_: Any, data: str, **__: Any) -> SimpleNamespace:
        sent.append(json.loads(data))
        return SimpleNamespace(status_code=204, content=b"", headers={})

    before, plugin.requests.post = plugin.requests.post, post
    try:
        bot = library.Apprise()
        bot.add("discord://100000000000000000/" + "t" * 64 + "/?format=markdown&overflow=split")
        bot.notify(body=split_document(data, "issue.md").body, body_format=library.NotifyFormat.MARKDOWN)
    finally:
        plugin.requests.post = before
    return sent


def ours(data: bytes) -> list[dict[str, Any]]:
    return [post.body() for post in compose(read_issue("issue.md", data), site=SITE).posts]


WAYS: dict[str, Way] = {"markdown-it-py alone": floor, "markdownify in pieces": chunked, "Apprise": apprise, "heartbeat-bot": ours}


def words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text)


def lost(data: bytes, messages: list[dict[str, Any]]) -> tuple[int, int]:
    """Return how many links and words of an issue are in no message."""
    soup = BeautifulSoup(MARKDOWN.render(split_document(data, "issue.md").body), "lxml")
    for comment in soup.find_all(string=lambda node: isinstance(node, Comment)):
        comment.extract()
    told = re.sub(r"\\([^\w\s])|\u200b", r"\1", "\n".join(strings(messages)))
    addresses = unquote(told)
    links = {str(link["href"]) for link in soup.find_all("a", href=re.compile("^https?://"))}
    missing = Counter(words(soup.get_text(" "))) - Counter(words(told))
    return sum(unquote(link) not in addresses for link in links), sum(missing.values())


def strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for part in inner for text in strings(part)]


def timed(ways: dict[str, Way], issues: list[bytes]) -> dict[str, list[float]]:
    """Return the median processor time in ms that each way takes for each issue; the ways take turns."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for data in issues:
        took: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(ROUNDS):
            for name, way in ways.items():
                start = process_time()
                way(data)
                took[name].append(1000 * (process_time() - start))
        for name, found in took.items():
            times[name].append(median(found))
    return times


def peak(name: str, path: Path) -> float:
    """Return the most memory in MiB that a way takes for an issue, in a process of its own, after a first issue."""
    done = subprocess.run([sys.executable, __file__, "--peak", name, str(path)], check=True, capture_output=True, text=True)
    return float(done.stdout)


def print_peak(name: str, path: Path) -> None:
    data = path.read_bytes()
    WAYS[name](data)
    tracemalloc.start()
    WAYS[name](data)
    print(tracemalloc.get_traced_memory()[1] / 2**20)


def table(title: str, ways: dict[str, Way], paths: list[Path]) -> None:
    issues = [path.read_bytes() for path in paths]
    times = timed(ways, issues)
    largest = max(paths, key=lambda path: path.stat().st_size)
    least = times["markdown-it-py alone"]
    print(f"\n{title}\n")
    print(
        "| | median ms | total s | times the floor | peak MiB | messages | links lost | words lost |\n|---|--:|--:|--:|--:|--:|--:|--:|"
    )
    for name, way in ways.items():
        made = [way(data) for data in issues]
        losses = [lost(data, messages) for data, messages in zip(issues, made, strict=True)]
        ratio = median(one / other for one, other in zip(times[name], least, strict=True))
        shown = (str(sum(map(len, made))), str(sum(links for links, _ in losses)), str(sum(count for _, count in losses)))
        cells = shown if way is not floor else ("-", "-", "-")
        row = (f"{median(times[name]):.1f}", f"{sum(times[name]) / 1000:.2f}", f"{ratio:.2f}", f"{peak(name, largest):.1f}", *cells)
        print(f"| {name} | " + " | ".join(row) + " |")


def main() -> None:
    if sys.argv[1:2] == ["--peak"]:
        print_peak(sys.argv[2], Path(sys.argv[3]))
        return
    shared, files = corpus_files(sys.argv[1:])
    ways = dict(WAYS)
    if find_spec("apprise") is None:
        print("Apprise is not installed and is left out: .ci/uv sync --group bench brings it.")
        del ways["Apprise"]
    by_size = sorted(files, key=lambda path: path.stat().st_size)
    near = min(files, key=lambda path: abs(path.stat().st_size - 30_000))
    table(f"All {len(files)} newsletters; processor time per issue, memory for the largest.", ways, files)
    for path in dict.fromkeys([by_size[-1], near]):
        table(f"{path.relative_to(shared / 'corpus')}, {path.stat().st_size} bytes.", ways, [path])


if __name__ == "__main__":
    main()
