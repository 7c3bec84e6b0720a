"""What no reader of the site sees is taken out of an issue's tree: scripts and comments, attributes, authors' notes to themselves."""

import re
from collections.abc import Iterator
from typing import Final

from bs4 import BeautifulSoup
from bs4.element import NavigableString, PreformattedString, Tag

from heartbeat_bot.issues.model import Finding
from heartbeat_bot.issues.rules import finding
from heartbeat_bot.issues.tree import INVISIBLE, elements, has_any, has_class, line_of

_NOTE = re.compile(
    r"^\s*\{\s*(?:to|tbd|todo|fixme|add|adding|insert|ask|check|replace|link|need|maybe|update)\b[^{}|<>%=:]*\}", re.IGNORECASE
)
_BRACED = re.compile(r"^\s*\{[A-Za-z][^{}|<>%=:#]*\}\s*$")
_NOTED = frozenset({"p", "li", "h1", "h2", "h3", "h4", "h5", "h6"})
_ATTRIBUTE: Final = r"(?:[#.][\w:.-]+|[\w:-]+=(?:\"[^\"\n]*\"|'[^'\n]*'|[^\s{}\"'=]+))"
_ATTRIBUTES: Final = re.compile(rf"\{{(?::[^{{}}\n]{{1,300}}|[ \t]*{_ATTRIBUTE}(?:[ \t]+{_ATTRIBUTE}){{0,20}}[ \t]*)\}}")
_ATTRIBUTED: Final = frozenset({"a", "img", "code", "em", "strong", "i", "b", "picture"})
_DARK: Final = re.compile(r"#(?:only-dark|gh-dark-mode-only)$")


def drop_invisible(soup: BeautifulSoup) -> None:
    """Remove comments, scripts, hidden elements: what no reader of the site sees."""
    nodes = list(soup.descendants)
    for node in nodes:
        if isinstance(node, PreformattedString):  # comments, declarations and the like
            node.extract()
    for element in [node for node in nodes if isinstance(node, Tag) and _is_invisible(node)]:
        if not element.decomposed:  # which takes long to ask
            element.decompose()
    for mark in elements(soup, {"sup"}):
        if has_class(mark, "footnote-ref"):
            for link in elements(mark, {"a"}):
                link.unwrap()  # a note stands in the same message, or none that a link leads to


def _is_invisible(element: Tag) -> bool:
    return (
        element.name in INVISIBLE
        or element.get("hidden") is not None
        or (element.name == "a" and has_class(element, "footnote-backref"))
        # The same picture for readers of dark pages stands beside the one for all others.
        or (element.name == "img" and _DARK.search(str(element.get("src") or "")) is not None)
    )


def drop_attributes(soup: BeautifulSoup) -> None:
    """Remove the attributes that stand behind links, pictures and marked words, as kramdown, attr_list and Pandoc read them."""
    for node in list(soup.descendants):
        if not (isinstance(node, NavigableString) and node.startswith("{")):
            continue
        before = node.previous_sibling
        if isinstance(before, Tag) and before.name in _ATTRIBUTED and (match := _ATTRIBUTES.match(node)):
            node.replace_with(NavigableString(node[match.end() :]))


def drop_notes(soup: BeautifulSoup) -> Iterator[Finding]:
    """Remove what authors wrote to themselves: ``{To add} …``, ``{Adding Notebooks}``, ``<Todo />``; each is a finding."""
    # All of them start with a brace, and the texts of all paragraphs and items are long to put together.
    braced = any(isinstance(node, NavigableString) and "{" in node and node.lstrip().startswith("{") for node in soup.descendants)
    for element in elements(soup, _NOTED) if braced else ():
        text = "" if element.decomposed else element.get_text()
        if not (_NOTE.match(text) or _BRACED.match(text)) or has_any(element, {"p", "li"}):
            continue
        first = next((node for node in element.descendants if isinstance(node, NavigableString) and node.strip()), None)
        if first is not None and not first.find_parent(["code", "pre"]):
            yield _note(element, " ".join(text.split()))
    for element in elements(soup, {"todo", "draft", "note-to-self"}):
        if not element.decomposed:
            yield _note(element, f"<{element.name}> {' '.join(element.get_text().split())}".strip())


def _note(element: Tag, text: str) -> Finding:
    line = line_of(element)
    element.decompose()
    return finding("author-note", line, f"An author's note was left in and is not posted: {text[:80]!r}. Finish or remove it.")
