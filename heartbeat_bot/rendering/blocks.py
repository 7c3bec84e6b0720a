"""A block of an issue's tree → its lines in Discord's dialect: paragraphs, lists, quotes, code, tables, headings."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from bs4.element import Tag

from heartbeat_bot.issues.tree import children, has_any
from heartbeat_bot.rendering.dialect import EMOJI, GAP, escape_line_starts, fenced, heading_line
from heartbeat_bot.rendering.inline import InlineConverter
from heartbeat_bot.rendering.limits import LIST_DEPTH

HEADINGS: Final = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_IN_BOLD: Final = 4
"""The level of a heading that Discord has no mark for."""
_WORD = re.compile(r"[A-Za-z0-9]")
_TABLE_WIDTH: Final = 62
"""Columns of a code block that fit an embed on a desktop client without wrapping."""


class BlockConverter(InlineConverter):
    """Renders the blocks of a tidied tree (see issues/tree.py); the tree is only read."""

    def block(self, node: Tag) -> str:  # noqa: PLR0911 - one per kind of block
        """Render a block that stands by itself; "" for one that says nothing."""
        match node.name:
            case "ul" | "ol":
                return "\n".join(self._list_lines(node))
            case "dl":
                return "\n".join(self._definition_lines(node, 1, 0))
            case "blockquote":
                return "\n".join(self._quote_lines(node))
            case "pre":
                return _code_block(node)
            case "table":
                return self.table(node)
            case "hr":
                return ""
            case name if name in HEADINGS:
                return heading_line(self.heading(node), int(name[1]))
            case _:
                return self.paragraph(node)

    def _list_lines(self, node: Tag, depth: int = 1, indent: int = 0) -> Iterator[str]:
        """Render a list, a line at a time; nested lists are indented by the width of their parent's marker."""
        start = str(node.get("start") or 1)
        for number, item in enumerate(children(node, "li"), int(start) if start.isdigit() else 1):
            yield from self._item(item, f"{max(number, 1)}. " if node.name == "ol" else "- ", depth, indent)

    def _item(self, item: Tag, marker: str, depth: int, indent: int) -> Iterator[str]:
        inner = indent + len(marker)
        head = " " * indent + marker
        for child in (child for child in item.children if isinstance(child, Tag)):
            if child.name in {"ul", "ol"}:
                if head.strip() and item.name == "dd" and all(not isinstance(after, Tag) for after in child.next_siblings):
                    # A definition that is a list needs no bullet of its own.
                    yield from self._list_lines(child, depth, indent)
                    return
                if head.strip():
                    # An item that starts with a list: Discord needs a character to hang it on.
                    yield head + GAP
                    head = ""
                deeper = depth < LIST_DEPTH
                yield from self._list_lines(child, depth + 1 if deeper else depth, inner if deeper else indent)
                continue
            if child.name == "dl":
                for line in self._definition_lines(child, depth + 1, inner):
                    yield head + line.lstrip(f" {GAP}") if head.strip() else line
                    head = ""
                continue
            for line in self._item_block(child):
                if head.strip():
                    yield head + line
                    head = ""
                else:
                    yield " " * inner + (line if child.name == "pre" else _unglued(line))
        if head.strip():
            yield head + GAP

    def _item_block(self, block: Tag) -> list[str]:
        lines = (heading_line(self.heading(block), _IN_BOLD) if block.name in HEADINGS else self.block(block)).split("\n")
        if block.name == "pre":
            # A blank line would end the list, even inside the code.
            return [line or GAP for line in lines]
        return [line for line in lines if line.strip() or block.name == "table"]

    def _quote_lines(self, node: Tag) -> Iterator[str]:
        """Render a quote: every line, blank ones too, starts with ``> ``; quotes in quotes are one quote to Discord."""
        previous = ""
        for child in (child for child in node.children if isinstance(child, Tag)):
            text = self.block(child)
            if not text and child.name != "pre":
                continue
            if previous not in {"", "title"} and not (previous == "p" and child.name in {"ul", "ol"}):
                yield "> "
            yield from ("> " + (line.removeprefix("> ") if child.name == "blockquote" else line) for line in text.split("\n"))
            previous = "title" if "-title" in str(child.get("class")) else child.name

    def _definition_lines(self, node: Tag, depth: int, indent: int) -> Iterator[str]:
        """Render a definition list: terms in bold, each definition a list item below."""
        for child in node.find_all(["dt", "dd"], recursive=False):
            if child.name == "dd":
                yield from self._item(child, "- ", depth, indent)
                continue
            text = self.inline(child.contents).strip()
            term = f"**{text}**" if text and not child.find("strong") else text
            yield " " * indent + (_unglued(term) if indent else term)

    def table(self, node: Tag) -> str:
        """Render a table: an aligned code block when it is narrow and plain, else a line of ``**column:** value`` pairs per row."""
        # A table inside a cell is part of that cell.
        rows = [row.find_all(["th", "td"], recursive=False) for row in node.find_all("tr") if row.find_parent("table") is node]
        rows = [row for row in rows if row]
        if not rows:
            return self.inline(node.contents).strip()
        caption = node.find("caption", recursive=False)
        title = f"{self.inline(caption.contents).strip()}\n" if caption else ""
        plain = [[" ".join(cell.get_text(" ").split()) for cell in row] for row in rows]
        widths = [max((_width(row[n]) for row in plain if n < len(row)), default=0) for n in range(max(map(len, plain)))]
        if sum(widths) + 3 * (len(widths) - 1) <= _TABLE_WIDTH and not has_any(node, {"a", "img", "pre", "ul", "ol"}):
            return title + _aligned(plain, widths, header=bool(rows[0][0].name == "th"))
        header = [self.inline(cell.contents, frozenset({"strong"})).strip() for cell in rows[0]] if rows[0][0].name == "th" else []
        lines: list[str] = []
        for row in rows[1:] if header else rows:
            cells = [(self.inline(cell.contents).replace("\n", " ").strip(), n) for n, cell in enumerate(row)]
            lines.append(
                " · ".join(f"**{header[n]}:** {text}" if n < len(header) and header[n] else text for text, n in cells if text)
            )
        if header and not lines:
            lines.append(" · ".join(f"**{name}**" for name in header if name))
        return title + "\n".join(escape_line_starts(line) for line in lines)


def _width(text: str) -> int:
    """Return the columns that a cell takes; of one that is too wide for any table, at least so many."""
    return len(text) if len(text) > _TABLE_WIDTH else sum(2 if EMOJI.match(c) else 1 for c in text)


def _aligned(rows: Sequence[Sequence[str]], widths: Sequence[int], *, header: bool) -> str:
    lines: list[str] = []
    for number, row in enumerate(rows):
        cells = [
            cell + " " * (width - _width(cell))
            for cell, width in zip([*row, *[""] * (len(widths) - len(row))], widths, strict=True)
        ]
        lines.append(" | ".join(cells).rstrip())
        if header and number == 0:
            lines.append("-+-".join("-" * width for width in widths))
    return fenced("\n".join(lines), "")


def _unglued(line: str) -> str:
    """Write a line that goes on in a list's item: Discord drops the line break before anything but a letter, digit or non-ASCII."""
    kept = _WORD.match(line) or not line[:1].isascii() or line.startswith(("```", "> ", "-# "))
    return line if kept or not line else GAP + line


def _code_block(node: Tag) -> str:
    """Write a ``pre`` as a fenced block with its language."""
    code = node.find("code")
    classes = [str(name) for name in ((code.get("class") if code else None) or node.get("class") or ())]
    language = next((name.removeprefix("language-") for name in classes if name.startswith("language-")), "")
    return fenced(node.get_text().strip("\n").expandtabs(4), language)
