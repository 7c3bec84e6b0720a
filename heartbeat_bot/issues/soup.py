"""HTML → Beautiful Soup's tree, read by lxml: the same tree as ``BeautifulSoup(html, "lxml")`` makes, in half the time.

Beautiful Soup ties each new node to its neighbours as it comes, and asks about namespaces, encodings and filters that are not used here;
a sixth of what it took to convert an issue went there. This collects lists of children, and ties the nodes once.
"""

from collections.abc import Mapping
from typing import Final, Protocol, cast

from bs4 import BeautifulSoup
from bs4.builder import HTMLTreeBuilder
from bs4.element import Comment, HTMLAttributeDict, NavigableString, PageElement, Tag
from lxml import etree  # pyright: ignore[reportMissingTypeStubs, reportAttributeAccessIssue, reportUnknownVariableType] - it has none

from heartbeat_bot.issues.decoding import sound
from heartbeat_bot.issues.tree import relink

_RULES: Final = HTMLTreeBuilder()
"""Says which attributes are lists, which elements are empty, and what texts of special elements are called."""
_SPACES: Final = " \n\t\f\r"


class _Parser(Protocol):
    def feed(self, data: str) -> None: ...
    def close(self) -> None: ...


class _Open:
    """An element that is being read: its children, what its texts are called, and whether white space counts in it."""

    __slots__ = ("contents", "keeps_space", "kind")

    def __init__(self, contents: list[PageElement], kind: type[NavigableString], *, keeps_space: bool) -> None:
        self.contents = contents
        self.kind = kind
        self.keeps_space = keeps_space


class _Collector:
    """What lxml's parser tells of the elements and texts that it meets (lxml's documentation: "The target parser interface")."""

    def __init__(self, contents: list[PageElement]) -> None:
        self._open = [_Open(contents, NavigableString, keeps_space=False)]
        self._text: list[str] = []

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        around = self._settled()
        tag = Tag(builder=_RULES, name=name, attrs=HTMLAttributeDict({key: sound(value) for key, value in attributes.items()}))
        around.contents.append(tag)
        kind = _RULES.string_containers.get(name, around.kind)
        self._open.append(_Open(tag.contents, kind, keeps_space=around.keeps_space or name in _RULES.preserve_whitespace_tags))

    def end(self, _name: str) -> None:
        self._settled()
        self._open.pop()

    def data(self, text: str) -> None:
        self._text.append(sound(text))  # an entity may have made anything

    def comment(self, text: str) -> None:
        self._settled().contents.append(Comment(text))

    def pi(self, _target: str, text: str | None = None) -> None:
        self.comment(text or "")

    def doctype(self, name: str | None, _public: str | None, _system: str | None) -> None:
        self.comment(name or "")

    def close(self) -> None:
        self._settled()

    def _settled(self) -> "_Open":
        """Add the text that was told in pieces and return the open element; white space alone shrinks to one character."""
        inside = self._open[-1]
        if self._text:
            text = "".join(self._text)
            self._text.clear()
            if not inside.keeps_space and not text.strip(_SPACES):
                text = "\n" if "\n" in text else " "
            inside.contents.append(inside.kind(text))
        return inside


def soup_of(html: str) -> BeautifulSoup:
    """Return the tree of a piece of HTML, as a browser would mend it."""
    soup = BeautifulSoup("", "lxml")
    collector = _Collector(soup.contents)
    parser = cast("_Parser", etree.HTMLParser(target=collector))  # pyright: ignore[reportUnknownMemberType] - likewise
    if html:
        parser.feed(html)
        parser.close()
    relink(soup)
    return soup
