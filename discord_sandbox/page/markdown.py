"""Discord's Markdown as HTML, well enough to look at; every text is escaped, and no HTML of a message survives."""

import re
from collections.abc import Callable, Mapping
from html import escape
from typing import Final

_FENCE: Final = re.compile(r"```(?:([\w+.#-]+)\n)?\n?(.+?)\n?```", re.DOTALL)
_HEADING: Final = re.compile(r"(#{1,3})\s+(.*)")
_BULLET: Final = re.compile(r"( *)(?:[-*]|(\d+)\.) (.*)")
_DEEPEST: Final = 20

_INLINE: Final = re.compile(
    r"""
    \\(?P<escaped>[^A-Za-z0-9\s])
    | (?P<ticks>`{1,2})(?P<code>.+?)(?P=ticks)(?!`)
    | \[(?P<text>(?:[^\[\]]|\[[^\[\]]*\])+)\]
      \(<?(?P<url>(?:https?://|mailto:)(?:[^\s()<>]|\([^\s()<>]*\))+)>?(?:\ ["'][^"']*["'])?\)
    | <(?P<bracketed>https?://[^\s<>]+)>
    | (?P<bare>https?://[^\s<>]*[^\s<>.,:;"'\]\)])
    | <(?P<mention>@!?|@&|\#)(?P<mentioned>\d+)>
    | <t:(?P<moment>-?\d+)(?::(?P<style>[tTdDfFsSR]))?>
    | </(?P<command>[^\s:<>]+(?:\ [^\s:<>]+){0,2}):\d+>
    | \*\*\*(?P<both>.+?)\*\*\*(?!\*)
    | \*\*(?P<bold>.+?)\*\*(?!\*)
    | __(?P<underline>.+?)__(?!_)
    | \*(?=\S)(?P<star>(?:\*\*|\\.|\s+(?:\\.|[^\s*\\]|\*\*)|[^\s*\\])+?)\*(?!\*)
    | _(?P<low>(?:__|\\.|[^\\_])+?)_(?!\w)
    | ~~(?P<strike>.+?)~~
    | \|\|(?P<spoiler>.+?)\|\|
    """,
    re.VERBOSE | re.DOTALL,
)
_TAGS: Final[Mapping[str, tuple[str, str]]] = {
    "both": ("<em><strong>", "</strong></em>"),
    "bold": ("<strong>", "</strong>"),
    "underline": ("<u>", "</u>"),
    "star": ("<em>", "</em>"),
    "low": ("<em>", "</em>"),
    "strike": ("<s>", "</s>"),
    "spoiler": ('<span class="spoiler">', "</span>"),
}
Name = Callable[[str, int], str]
"""Gives the name of what a mention points to, by its kind (``@``, ``@&`` or ``#``) and id."""


def render(text: str, name: Name, *, blocks: bool = True) -> str:
    """Return HTML of a message's content or an embed's description; without ``blocks`` of a single line such as a title."""
    return _blocks(text, name) if blocks else _inline(text, name, 0)


def _blocks(text: str, name: Name) -> str:
    parts: list[str] = []
    end = 0
    for fence in _FENCE.finditer(text):
        parts += [_lines(text[end : fence.start()].removesuffix("\n"), name), f"<pre><code>{escape(fence[2])}</code></pre>"]
        end = fence.end()
    return "".join([*parts, _lines(text[end:].removeprefix("\n") if end else text, name)])


def _lines(text: str, name: Name, *, quoting: bool = True) -> str:
    parts: list[str] = []
    plain: list[str] = []
    lines = text.split("\n") if text else []
    position = 0

    def flush() -> None:
        if plain:
            # A page shows no line break at a paragraph's end: the blank line before a list or quote wants one more.
            blank = "" if plain[-1] else "\n"
            parts.append("<p>" + "<br>".join(_inline("\n".join(plain) + blank, name, 0).split("\n")) + "</p>")
            plain.clear()

    while position < len(lines):
        line = lines[position]
        heading = _HEADING.match(line)
        quoted = quoting and line.startswith((">>> ", "> "))
        if not (heading or quoted or line.startswith("-# ") or _BULLET.match(line)):
            plain.append(line)
            position += 1
            continue
        flush()
        if heading:
            level = len(heading[1])
            parts.append(f"<h{level}>{_inline(heading[2], name, 0)}</h{level}>")
            position += 1
        elif quoted:
            block, position = _quote(lines, position)
            parts.append(f"<blockquote>{_lines(block, name, quoting=False)}</blockquote>")
        elif line.startswith("-# "):
            parts.append(f"<small>{_inline(line[3:], name, 0)}</small>")
            position += 1
        else:
            block, position = _list(lines, position, name)
            parts.append(block)
    flush()
    return "".join(parts)


def _quote(lines: list[str], position: int) -> tuple[str, int]:
    if lines[position].startswith(">>> "):
        rest = [lines[position].removeprefix(">>> "), *lines[position + 1 :]]
        return "\n".join(rest), len(lines)
    end = position
    while end < len(lines) and lines[end].startswith("> "):
        end += 1
    return "\n".join(line.removeprefix("> ") for line in lines[position:end]), end


def _list(lines: list[str], position: int, name: Name) -> tuple[str, int]:
    """Render bullets and what is indented below them; depth is told by the class, which needs no balanced tags."""
    items: list[tuple[int, str, list[str]]] = []
    while position < len(lines):
        bullet = _BULLET.match(lines[position])
        if bullet:
            depth = min(len(bullet[1]) // 2, 11)
            items.append((depth, f"{bullet[2]}." if bullet[2] else "◦" if depth else "•", [bullet[3]]))
        elif items and lines[position].startswith(" ") and lines[position].strip():
            items[-1][2].append(lines[position].strip())
        else:
            break
        position += 1
    rendered: list[str] = []
    for depth, mark, text in items:
        # An item's lines are read as one text: its styles may go over several of them.
        inner = _inline("\n".join(text), name, 0).replace("\n", "<br>")
        rendered.append(f'<div class="item" style="--depth:{depth}"><i>{mark}</i><span>{inner}</span></div>')
    return f'<div class="list">{"".join(rendered)}</div>', position


def _inline(text: str, name: Name, depth: int) -> str:
    if depth > _DEEPEST:
        return escape(text)
    parts: list[str] = []
    end = 0
    for match in _INLINE.finditer(text):
        parts += [escape(text[end : match.start()]), _piece(match, name, depth)]
        end = match.end()
    return "".join([*parts, escape(text[end:])])


def _piece(match: re.Match[str], name: Name, depth: int) -> str:  # noqa: PLR0911 - one per kind
    kind = match.lastgroup or ""
    groups = match.groupdict()
    if groups["escaped"]:
        return escape(groups["escaped"])
    if groups["code"]:
        return f"<code>{escape(groups['code'])}</code>"
    if groups["url"]:
        return link(groups["url"], _inline(groups["text"], name, depth + 1))
    if groups["mentioned"]:
        return f'<span class="mention">{escape(name(groups["mention"].replace("!", ""), int(groups["mentioned"])))}</span>'
    if groups["moment"]:
        return f'<time data-moment="{int(groups["moment"])}" data-style="{groups["style"] or "f"}">{int(groups["moment"])}</time>'
    if groups["command"]:
        return f'<span class="mention">/{escape(groups["command"])}</span>'
    address = groups["bracketed"] or groups["bare"]
    if address:
        return link(address, escape(address))
    before, after = _TAGS[kind]
    return f"{before}{_inline(groups[kind], name, depth + 1)}{after}"


def link(url: str, inner: str) -> str:
    """Return a link to an address around HTML; anything but http, https and mailto is shown without one."""
    if not url.lower().startswith(("http://", "https://", "mailto:")):
        return inner
    return f'<a href="{escape(url)}" target="_blank" rel="noopener noreferrer">{inner}</a>'
