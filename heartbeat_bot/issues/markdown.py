"""A body of Markdown (with raw HTML, MDX tags and template remains) → one tree of HTML elements with source lines.

Everything after this file sees only the tree, so Markdown, raw HTML and custom tags share one renderer.
"""

import re
from typing import Any, Final

from bs4 import BeautifulSoup
from bs4.element import NavigableString, Tag
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from mdit_py_plugins.admon import admon_plugin
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.footnote import footnote_plugin

from heartbeat_bot.issues.bare_addresses import find_addresses
from heartbeat_bot.issues.blocks import blocks, quote_boxes
from heartbeat_bot.issues.decoding import sound
from heartbeat_bot.issues.directives import open_directives
from heartbeat_bot.issues.inline_styles import tidy
from heartbeat_bot.issues.model import Finding
from heartbeat_bot.issues.site_components import fill_components
from heartbeat_bot.issues.table_cells import fill_spans, mend_tables
from heartbeat_bot.issues.templates import fill_in
from heartbeat_bot.issues.tree import LINE
from heartbeat_bot.issues.unseen import drop_attributes, drop_invisible, drop_notes

# Lines of MDX that name modules: no text.
_IMPORT = re.compile(r"^(?:import\s+(?:[\w{*].*\s+from\s+)?['\"].*['\"];?|export\s+(?:const|default)\b.*)$")
_MAX_IMPORT: Final = 1000
"""Characters of such a line: the pattern takes time that grows with the square of them."""
_NORMAL = re.compile(
    r"https?://(?:[a-z0-9-]{1,63}\.){1,3}[a-z]{2,63}(?:[/?#](?:[A-Za-z0-9/?#_.~+=&,:@;$!*()-]|%[0-9A-Fa-f]{2})*)?", re.ASCII
)
# Deeper text would be dropped in silence, by this parser and by lxml (256 levels).
_MAX_NESTING: Final = 100
_MARKS: Final = "[*_`<{~"
_MAX_EFFORT: Final = 12_000_000
"""Reading a paragraph takes time that grows with the square of its marks; this much is a second. Real issues stay below 10,000."""
_MAX_DEPTH: Final = 200
"""Python gives up at about three times that in what walks the tree; real issues stay below 20."""
_MAX_TOKENS: Final = 15_000
_MAX_ELEMENTS: Final = 5_000
"""Real issues have up to 1,600 tokens and 800 elements; the time to settle a tree grows with the square of their number."""


class UnreadableError(ValueError):
    """A body cannot be read whole, in a sentence; ``line`` counts from 1 in the body."""

    def __init__(self, message: str, line: int = 1) -> None:
        """Keep the line beside the sentence."""
        super().__init__(message)
        self.line = line


class _Markdown(MarkdownIt):
    """Leaves addresses that have nothing to normalise as they are: the parser takes each apart, which is a tenth of its time."""

    def normalizeLink(self, url: str) -> str:  # noqa: N802 - the name is the parser's
        return url if _NORMAL.fullmatch(url) else super().normalizeLink(url)


def _effort_rule(state: StateCore) -> None:
    """Refuse what would take minutes to read, before the inline rules see it: thousands of marks in one paragraph, or of blocks."""
    if len(state.tokens) > _MAX_TOKENS:
        raise UnreadableError(f"it has more than {_MAX_TOKENS // 3} paragraphs, items and cells, too many for an issue; split it")
    effort = addresses = 0
    for token in state.tokens:
        if token.type == "inline":
            # Each that is made a link is taken apart and put together again, twice.
            addresses += token.content.count("//") + token.content.count("mailto:")
            if addresses > _MAX_ELEMENTS:
                raise UnreadableError(f"it has more than {_MAX_ELEMENTS} addresses, too many for an issue; split it", _line(token))
            effort += sum(token.content.count(mark) ** 2 for mark in _MARKS)
            if effort > _MAX_EFFORT:
                message = "a paragraph holds thousands of brackets, stars, backticks or tags, too many to be meant; remove them"
                raise UnreadableError(message, _line(token))


def _nesting_rule(state: StateCore) -> None:
    """Refuse what is nested so deeply that the parser left something out."""
    for token in state.tokens:
        if token.level >= _MAX_NESTING - 1:
            raise UnreadableError(f"quotes or lists are nested more than {_MAX_NESTING // 2} deep", _line(token))
        if any(inner.level >= _MAX_NESTING for inner in token.children or ()):
            raise UnreadableError(f"bold and italic text is nested more than {_MAX_NESTING} deep", _line(token))


def _lines_rule(state: StateCore) -> None:
    """Keep each block's source line as an attribute."""
    for token in state.tokens:
        if token.map and token.nesting >= 0:
            token.attrSet(LINE, str(_line(token)))


def _line(token: Token) -> int:
    return token.map[0] + 1 if token.map else 1


def _build() -> MarkdownIt:
    options = {"html": True, "linkify": True, "maxNesting": _MAX_NESTING, "tasklists": True, "alerts": True}
    md = _Markdown("commonmark", options).enable(["table", "strikethrough"])
    for plugin in (find_addresses, footnote_plugin, deflist_plugin, admon_plugin, open_directives):
        md.use(plugin)
    md.core.ruler.after("directives", "effort", _effort_rule)
    md.core.ruler.push("nesting", _nesting_rule)
    md.core.ruler.push("source_lines", _lines_rule)
    return md


_MD: Final = _build()


def parse(body: str, first_line: int) -> tuple[list[Tag], list[Finding]]:
    """Return the top-level blocks of a body, tidied as the files say that it calls, and what was dropped from it.

    ``first_line`` is the line of the file where the body starts; elements carry their line of the file in ``LINE``.
    Raises UnreadableError when the body is nested too deeply to be read whole, or too large to be read in a moment.
    """
    filled, findings = fill_in(_without_imports(body), first_line, _code_lines)
    soup = _tree(_MD.render(filled))
    _count(soup, first_line - 1)
    drop_invisible(soup)
    findings.extend(drop_notes(soup))
    drop_attributes(soup)
    findings.extend(fill_components(soup))
    quote_boxes(soup)
    mend_tables(soup)
    fill_spans(soup)
    tidy(soup)
    return blocks(soup), findings


class _Element(Tag):
    """An element that climbs to the one it stands in: markdownify asks for that at every element, and filters took as long as the rest of its walk."""

    def find_parent(self, name: Any = None, attrs: Any = None, **others: Any) -> Tag | None:
        if not isinstance(name, str) or attrs or others:
            return super().find_parent(name, attrs, **others)
        return next((parent for parent in self.parents if parent.name == name), None)


def _tree(html: str) -> BeautifulSoup:
    """Return the tree of a body's HTML, as a browser would mend it, with sound texts."""
    # Behind an element nothing is taken for an XML declaration, or for the name of a file, of which Beautiful Soup would warn.
    soup = BeautifulSoup(f"<body>{sound(html)}", "lxml", element_classes={Tag: _Element})
    if "&#" in html:  # an entity may have made anything
        for node in list(soup.descendants):
            if isinstance(node, Tag):
                node.attrs.update({key: sound(value) for key, value in node.attrs.items() if isinstance(value, str)})
            elif isinstance(node, NavigableString) and (text := sound(node)) != node:
                node.replace_with(text)
    return soup


def _count(box: Tag, above: int, depth: int = 1) -> int:
    """Count the elements below ``box``, and the lines ``above`` the body to theirs; refuse a tree that is too large, or too deep."""
    if depth > _MAX_DEPTH:
        raise UnreadableError("its HTML tags are nested too deeply")
    count = 0
    for node in box.contents:
        if not isinstance(node, Tag):
            continue
        line = str(node.get(LINE, ""))
        if line.isdecimal():
            node[LINE] = str(int(line) + above)
        else:  # an author's own attribute of this name says nothing about lines
            del node[LINE]
        count += 1 + (_count(node, above, depth + 1) if node.contents else 0)
        if count > _MAX_ELEMENTS:
            raise UnreadableError(f"it has more than {_MAX_ELEMENTS} elements, too many for an issue; split it")
    return count


def block_tokens(body: str) -> list[Token]:
    """Return the blocks of a body as CommonMark has them, without their inline parts and without recovered headings."""
    tokens: list[Token] = []
    _MD.block.parse(body, _MD, {}, tokens)
    return tokens


def _without_imports(body: str) -> str:
    """Blank the lines of MDX that import and export modules, outside code."""
    lines = body.split("\n")
    if not any(map(_is_import, lines)):
        return body
    quoted = {number for begin, end in _code_lines(body) for number in range(begin, end)}
    return "\n".join("" if _is_import(line) and number not in quoted else line for number, line in enumerate(lines))


def _is_import(line: str) -> bool:
    return line.startswith(("import", "export")) and len(line) <= _MAX_IMPORT and _IMPORT.match(line) is not None


def _code_lines(body: str) -> list[tuple[int, int]]:
    """Return the first and the last but one line (from 0) of each code block."""
    return [(token.map[0], token.map[1]) for token in block_tokens(body) if token.type in {"fence", "code_block"} and token.map]
