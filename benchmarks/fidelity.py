"""The independent measure of the shared folder (tools/fidelity), over all its newsletters: as they are, and read as their sites read them.

The measure reads CommonMark after YAML front matter and knows nothing else: a TOML, Pelican or Franklin header is lost text to it, the
words of a card that stand in attributes are added ones. Each correction below is one such thing, put into plain Markdown; the second
score is of the corrected source, so that what remains is the converter's.

Needs Node.js 18, and npm to fetch the parser that the measure uses (once, into the user's cache folder).
"""

import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from html import unescape
from importlib import import_module
from pathlib import Path
from typing import Any

from corpus import SITE, composed, corpus_files

from heartbeat_bot.rendering.hosts import another_host

ORACLE = "@odiffey/discord-markdown@3.3.0"
_ATTRIBUTE = re.compile(r'([\w-]+)="([^"]*)"')


def header(text: str) -> str:
    """A header of another style than YAML is front matter too."""
    found = re.match(r"\A\+\+\+\n(.*?)\n\+\+\+[ \t]*\n", text, re.DOTALL) or re.match(r"\A((?:@def .*\n)+)", text)
    found = found or re.match(r"\A((?:[A-Z][A-Za-z]+: .*\n)+)(?=\n)", text)
    if not found:
        return text
    lines = re.sub(r"^(?:@def\s+)?([\w-]+)\s*=\s*", r"\1: ", found.group(1).strip(), flags=re.MULTILINE)
    return f"---\n{lines}\n---\n{text[found.end() :]}"


def cards(text: str) -> str:
    """What a custom tag says in its attributes is text, and its address a link."""

    def said(match: re.Match[str]) -> str:
        told = {name: unescape(value) for name, value in _ATTRIBUTE.findall(match.group())}
        return f"\n[{' '.join(told.get('title', '').split())}]({told.get('href', '')})\n\n{' '.join(told.get('description', '').split())}\n"

    return re.sub(r"<external-link\b.*?(?:/>|>\s*</external-link>)", said, text, flags=re.DOTALL)


def schemes(text: str) -> str:
    """A link's target that starts with a host is a web address."""
    return re.sub(r"\]\((?=(?:www\.|[a-z0-9-]+\.(?:[a-z0-9-]+\.)*(?:com|org|io|fr|sg)\b))", "](https://", text)


def site_paths(text: str) -> str:
    """Zola's @/ leads to a page of the site; a literal placeholder leads nowhere."""
    text = re.sub(r"(\]: )@/(\S*?)(?:_?index)?\.md", r"\1/\2", text)
    text = re.sub(
        r"\]\(@/([^)]*?)(?:_?index)?\.md",
        lambda match: f"](/{match.group(1)}" + ("" if match.group(1).endswith("/") else "/"),
        text,
    )
    return re.sub(r"\[([^\]]*)\]\([A-Z]+_[A-Z_]+\)", r"\1", text)


def definitions(text: str) -> str:
    """A line that starts with a colon, below a line of text, is a definition of it."""
    return re.sub(r"^( *)(\S.*)\n\n?\1:[ \t]+(?=- )", r"\1**\2**\n\n\1", text, flags=re.MULTILINE)


def unseen(text: str) -> str:
    """Heading ids, a player's excuse to old browsers and authors' notes to themselves are not seen on the site."""
    text = re.sub(r"^(#+ .*?)\s*\{#[\w-]+\}\s*$", r"\1", text, flags=re.MULTILINE)
    text = re.sub(r"Your\s+browser\s+does\s+not\s+support\s+the\s+video\s+tag\.?", "", text)
    return re.sub(r"^\{(?:To add|Adding)\b.*$", "", text, flags=re.MULTILINE)


def hosts(text: str) -> str:
    """The host of a link whose text names another one is shown beside it on purpose."""

    def beside(match: re.Match[str]) -> str:
        real = another_host(match.group(1), match.group(2))
        return match.group() + (f" ({real})" if real else "")

    return re.sub(r"\[([^\[\]\n]+)\]\((https?://[^\s()]+)\)", beside, text)


CORRECTIONS = (header, cards, schemes, site_paths, definitions, unseen, hosts)


def corrected(text: str) -> tuple[str, list[str]]:
    """Return the text as its site reads it, and which corrections it took."""
    took: list[str] = []
    for correction in CORRECTIONS:
        better = correction(text)
        if better != text:
            took.append(correction.__name__.replace("_", " "))
        text = better
    return text, took


def parser_folder() -> str:
    """Return the folder that holds the parser, fetching it once."""
    given = os.environ.get("ORACLE_NODE_ROOT")
    if given:
        return given
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "heartbeat-bench"
    if not (folder / "node_modules").is_dir():
        if not (shutil.which("node") and shutil.which("npm")):
            sys.exit(
                "Node.js 18 and npm are needed for this measure: install them, or name a folder with the parser in ORACLE_NODE_ROOT."
            )
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["npm", "install", "--silent", "--no-save", "--prefix", str(folder), ORACLE], check=True)
    return str(folder)


def measure(job: tuple[str, Path]) -> tuple[dict[str, Any], dict[str, Any], list[str]]:
    """Return both results for a file, and the corrections of the second."""
    tools, path = job
    sys.path.insert(0, tools)
    fidelity = import_module("fidelity").fidelity
    messages = [post.body() for post in composed(path).posts]
    text = path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    better, took = corrected(text)
    return fidelity(text, messages, base_url=SITE), fidelity(better, messages, base_url=SITE), took


def main() -> None:
    shared, files = corpus_files(sys.argv[1:])
    tools = shared / "tools" / "fidelity"
    if not tools.is_dir():
        sys.exit(f"There is no measure in {tools}.")
    # Another folder's module of this name than this file.
    sys.path.pop(0)
    os.environ["ORACLE_NODE_ROOT"] = parser_folder()
    with ProcessPoolExecutor() as pool:
        results = list(pool.map(measure, [(str(tools), path) for path in files]))
    print("| file | as it is | as its site reads it | what the measure does not know |")
    print("|---|--:|--:|---|")
    for path, (raw, better, took) in sorted(zip(files, results, strict=True), key=lambda pair: pair[1][0]["score"]):
        if raw["score"] < 98 or better["score"] < 98:
            print(f"| {path.relative_to(shared / 'corpus')} | {raw['score']} | {better['score']} | {', '.join(took) or '-'} |")
    for name, number in (("as they are", 0), ("as their sites read them", 1)):
        found = [result[number] for result in results]
        scores = [result["score"] for result in found]
        lost = sum(len(result["links"]["lost"]) for result in found)
        words = [result["examples"]["lost"] for result in found if result["examples"]["lost"]]
        errors = sum(len(result["errors"]) for result in found)
        print(
            f"\n{name}: {len(scores)} files, mean {sum(scores) / len(scores):.2f}, lowest {min(scores):.2f}, "
            f"{sum(score < 98 for score in scores)} below 98; size errors {errors}, links lost {lost}, files with words lost {len(words)}"
        )
        if number:
            for path, result in zip(files, results, strict=True):
                if result[1]["examples"]["lost"] or result[1]["links"]["lost"]:
                    print(f"  {path.relative_to(shared / 'corpus')}: {result[1]['examples']['lost']} {result[1]['links']['lost']}")


if __name__ == "__main__":
    main()
