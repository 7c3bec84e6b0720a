"""The tree of an issue → its blocks: boxes opened, so that the top level and every list item and quote hold nothing but blocks, in order."""

import re
from collections.abc import Container, Iterable

from bs4 import BeautifulSoup
from bs4.element import PageElement, Tag

from heartbeat_bot.issues.tree import (
    BLOCKS,
    LINE,
    PLAIN,
    SHAPED,
    STANDING,
    TRANSPARENT,
    elements,
    has_any,
    has_class,
    line_of,
    put_in_style,
    relink,
)

_HOLDERS = frozenset({"li", "blockquote", "dd"})
_HEADING = re.compile(r"^h[1-6]$")


def quote_boxes(soup: BeautifulSoup) -> None:
    """Make quotes of the boxes that notes and warnings stand in, each with its title in bold."""
    for box in elements(soup, {"div"}):
        if not has_class(box, "markdown-alert", "admonition"):
            continue
        box.name = "blockquote"
        title = next((part for part in elements(box, {"p"}) if has_class(part, "markdown-alert-title", "admonition-title")), None)
        if title is not None and not has_any(title, {"strong"}):
            put_in_style(title, "strong")


def blocks(soup: BeautifulSoup) -> list[Tag]:
    """Open the boxes of a tree and return its top-level blocks; loose text and inline elements become paragraphs."""
    root = soup.body
    if root is None:
        return []
    root.contents = _settled(root)
    relink(soup)
    return [child for child in root.contents if isinstance(child, Tag)]


def _settled(box: Tag) -> list[PageElement]:
    """Return the blocks that the children of a box become, in order; the links between nodes stay as they were (see ``relink``)."""
    settled: list[PageElement] = []
    loose: list[PageElement] = []
    for child in list(box.contents):
        if isinstance(child, Tag) and _is_block(child):
            settled += _wrapped(loose)
            loose = []
            settled += _opened(child)
        else:
            loose.append(child)
    return settled + _wrapped(loose)


def _opened(block: Tag) -> list[PageElement]:
    """Return what stands in place of a block."""
    name = block.name
    if name == "details":
        return _opened_details(block)
    boxed = name in TRANSPARENT or (name not in BLOCKS and not _is_card(block))
    if boxed or (name == "p" and _holds(block, BLOCKS)):
        opened = _settled(block)
        if name == "a" and block.get("href"):
            _link(opened, block)
        return opened
    if name in SHAPED:
        _open_parts(block)
    elif name == "figcaption":
        # As authors write captions by hand.
        block.name = "p"
        put_in_style(block, "em")
    elif name == "summary":
        block.name = "p"
    return [block]


def _link(opened: Iterable[PageElement], link: Tag) -> None:
    """Link the lines of the blocks that a link stands round, each by itself, but for what is linked already."""
    for block in opened:
        if not isinstance(block, Tag):
            continue
        if block.name == "p" or _HEADING.match(block.name):
            if block.contents and not has_any(block, {"a"}):
                inner = Tag(name="a", attrs=dict(link.attrs))
                inner.contents, block.contents = block.contents, [inner]
        else:
            _link(block.contents, link)


def _open_parts(shaped: PageElement) -> None:
    """Settle the parts of lists and tables: rows and cells keep their inline content, items, quotes and definitions hold blocks."""
    if not isinstance(shaped, Tag):
        return
    if shaped.name in _HOLDERS:
        shaped.contents = _settled(shaped)
    elif shaped.name in SHAPED:
        for part in shaped.contents:
            _open_parts(part)


def _is_block(element: Tag) -> bool:
    """Tell whether an element stands as a block: a known one, a card, or any other that holds blocks."""
    return element.name in STANDING or _is_card(element) or _holds(element, STANDING)


def _holds(box: Tag, names: Container[str]) -> bool:
    """Tell whether an element of some names, or a card, stands somewhere in a box."""
    return any(isinstance(node, Tag) and (node.name in names or _is_card(node) or _holds(node, names)) for node in box.contents)


def _is_card(element: Tag) -> bool:
    """Tell whether a custom tag stands for a block whose content is in its attributes."""
    return element.name not in PLAIN and element.has_attr("href") and not element.get_text().strip()


def _wrapped(loose: list[PageElement]) -> list[PageElement]:
    """Return the paragraph that a run of loose text and inline elements becomes; nothing for white space."""
    if not any(isinstance(node, Tag) or str(node).strip() for node in loose):
        return []
    first = loose[0]
    paragraph = Tag(name="p")
    line = line_of(first if isinstance(first, Tag) else first.parent)
    if line:
        paragraph[LINE] = str(line)
    paragraph.contents = loose
    return [paragraph]


def _opened_details(details: Tag) -> list[PageElement]:
    """Open a details box: its summary, wherever it stands, comes first and in bold (a heading in it stays one)."""
    summary = details.find("summary")
    if summary:
        details.insert(0, summary.extract())
        heading = summary.find(_HEADING)
        if heading:
            summary.replace_with(heading.extract())
        elif summary.get_text().strip():
            summary.name = "p"
            put_in_style(summary, "strong")
        else:
            summary.decompose()
    return _settled(details)
