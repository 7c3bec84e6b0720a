"""Bold, italic and struck-out text, code and white space in an issue's tree, settled as Discord can show them."""

import re
from typing import Final

from bs4 import BeautifulSoup
from bs4.element import NavigableString, PageElement, Tag

from heartbeat_bot.issues.tree import elements, relink

_RENAMED: Final = {"b": "strong", "i": "em", "del": "s", "strike": "s", "ins": "u", "tt": "code"}
_STYLES: Final = ("strong", "em", "s", "u")
_BLANKS: Final = re.compile(r"[ \t\r\n\f\v]+")
_EAST_ASIAN: Final = r"[\u2E80-\u303F\u3040-\u30FF\u3400-\u4DBF\u4E00-\u9FFF\uF900-\uFAFF\uFF00-\uFFEF]"
_EAST_ASIAN_BREAK: Final = re.compile(rf"(?<={_EAST_ASIAN})\n(?={_EAST_ASIAN})")
"""A line break that browsers show as nothing (CSS Text 3, 4.1.3): there are no spaces between words there."""


def tidy(soup: BeautifulSoup) -> None:
    """Settle inline styles and white space: equal neighbours merged, equal nestings flattened, empty ones gone."""
    _tidy(soup, frozenset(), pre=False)
    relink(soup)
    styled = elements(soup, _STYLES)
    merged = False
    for style in _STYLES:
        for element in styled:
            neighbour = element.next_sibling if element.name == style else None
            while isinstance(neighbour, Tag) and neighbour.name == style:
                merged = True
                element.extend(neighbour)
                neighbour.decompose()
                neighbour = element.next_sibling
    if merged:
        soup.smooth()
    for element in elements(soup, {"code"}):
        if "*" in element.get_text() and not element.find_parent("pre"):
            # On Discord a code span does not protect its stars from the bold or italic text round it.
            for outer in element.find_parents(["strong", "em"]):
                outer.unwrap()


def _tidy(box: Tag, styles: frozenset[str], *, pre: bool) -> bool:
    """Rename and unwrap styles and collapse white space below ``box``, its links left as they are; tell whether it shows anything.

    ``styles`` are those that ``box`` stands in. One pass over lists of children: unwrapping and replacing in place searches every
    parent for every child.
    """
    contents: list[PageElement] = []
    shows = False
    for node in box.contents:
        if isinstance(node, Tag):
            node.name = _RENAMED.get(node.name, node.name)
            style = node.name in _STYLES
            inside = _tidy(node, styles | {node.name} if style else styles, pre=pre or node.name == "pre")
            shows = shows or inside or node.name in {"img", "br"}
            if not style or (inside and node.name not in styles):
                contents.append(node)
                continue
            kept = node.contents
        else:
            text = node if pre else _collapsed(node, code=box.name == "code")
            # Ruby's and other special strings are no text of what stands round them (see Tag.get_text).
            shows = shows or (type(text) is NavigableString and bool(text.strip()))
            kept = [text]
        for child in kept:
            last = contents[-1] if contents else None
            if isinstance(child, NavigableString) and isinstance(last, NavigableString):
                contents[-1] = NavigableString(last + child)
            else:
                contents.append(child)
    box.contents = contents
    return shows


def _collapsed(node: PageElement, *, code: bool) -> PageElement:
    text = str(node)
    if "  " not in text and text.isprintable():
        return node
    if not code and not text.isascii():
        text = _EAST_ASIAN_BREAK.sub("", text)
    collapsed = text.replace("\n", " ") if code else _BLANKS.sub(" ", text)
    return node if collapsed == str(node) else NavigableString(collapsed)
