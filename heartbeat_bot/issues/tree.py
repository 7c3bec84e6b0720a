"""What is done to the tree of an issue before anyone reads it: the invisible dropped, the untidy tidied, boxes opened.

After this the tree is only read: its top level and every list item and quote hold nothing but blocks, in order.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from bs4 import BeautifulSoup
from bs4.element import CData, Comment, Declaration, Doctype, NavigableString, PageElement, ProcessingInstruction, Tag

from heartbeat_bot.issues.model import Finding
from heartbeat_bot.issues.rules import finding
from heartbeat_bot.issues.templates import media_url

LINE: Final = "data-line"
"""The attribute that holds the line of the file (from 1) where an element starts."""

_NOTE = re.compile(
    r"^\s*\{\s*(?:to|tbd|todo|fixme|add|adding|insert|ask|check|replace|link|need|maybe|update)\b[^{}|<>%=:]*\}", re.IGNORECASE
)
_BRACED = re.compile(r"^\s*\{[A-Za-z][^{}|<>%=:#]*\}\s*$")
_INVISIBLE = ("script", "style", "template", "noscript", "head", "title", "svg", "math", "object")
_STYLES: Final = {
    "b": "strong",
    "strong": "strong",
    "i": "em",
    "em": "em",
    "s": "s",
    "del": "s",
    "strike": "s",
    "ins": "u",
    "u": "u",
}
_HEADING = re.compile(r"^h[1-6]$")

# Boxes without a shape of their own on Discord: their content stands where they stand.
_TRANSPARENT = frozenset(
    {
        "html",
        "body",
        "div",
        "section",
        "article",
        "main",
        "header",
        "footer",
        "aside",
        "center",
        "nav",
        "form",
        "fieldset",
        "address",
        "figure",
    }
)
_SHAPED = frozenset({"ul", "ol", "dl", "blockquote", "table", "li", "dd", "dt", "thead", "tbody", "tfoot", "tr", "td", "th"})
_LEAVES = frozenset({"p", "pre", "hr", "iframe", "video", "audio", "h1", "h2", "h3", "h4", "h5", "h6", "figcaption"})
_BLOCKS = _SHAPED | _LEAVES | {"details", "summary"}
_HOLDERS = frozenset({"li", "blockquote", "dd"})
_INLINE = frozenset(
    {
        "a",
        "abbr",
        "b",
        "bdi",
        "bdo",
        "br",
        "cite",
        "code",
        "data",
        "dfn",
        "em",
        "font",
        "i",
        "img",
        "input",
        "kbd",
        "label",
        "mark",
        "q",
        "ruby",
    }
    | {
        "rp",
        "rt",
        "s",
        "samp",
        "small",
        "span",
        "strong",
        "sub",
        "sup",
        "time",
        "u",
        "var",
        "wbr",
        "del",
        "ins",
        "button",
        "picture",
        "source",
    }
)


_KNOWN: Final = (
    _INLINE
    | _BLOCKS
    | _TRANSPARENT
    | frozenset(_INVISIBLE)
    | {
        "strike",
        "big",
        "tt",
        "acronym",
        "dir",
        "menu",
        "caption",
        "colgroup",
        "col",
        "hgroup",
        "search",
        "embed",
        "canvas",
        "output",
    }
    | {
        "select",
        "option",
        "textarea",
        "progress",
        "meter",
        "area",
        "map",
        "track",
        "param",
        "link",
        "meta",
        "base",
        "frame",
        "dialog",
    }
    | {"todo", "draft", "note-to-self"}
)
"""Elements of HTML, and those with a rule of their own; any other is a component of some site."""

_PICTURES: Final = re.compile(r"image|img|picture|figure|photo")
_SAID: Final = (
    "title",
    "label",
    "heading",
    "name",
    "text",
    "description",
    "summary",
    "caption",
    "alt",
    "content",
    "quote",
    "author",
)


def line_of(element: Tag | None) -> int | None:
    """Return the line of the file where an element stands, None when it is unknown."""
    while element is not None:
        if element.has_attr(LINE):
            return int(str(element[LINE]))
        element = element.parent
    return None


def drop_invisible(soup: BeautifulSoup) -> None:
    """Remove comments, scripts, hidden elements: what no reader of the site sees."""
    for node in list(soup.find_all(string=True)):
        if isinstance(node, (Comment, Doctype, Declaration, ProcessingInstruction, CData)):
            node.extract()
    for element in soup.find_all(_INVISIBLE):
        element.decompose()
    for element in soup.find_all("a", class_="footnote-backref"):
        element.decompose()
    for element in soup.find_all(hidden=True):
        element.decompose()


def fill_components(soup: BeautifulSoup) -> Iterator[Finding]:
    """Turn components of a site that are empty but for their attributes into what those say; what says nothing is a finding."""
    for element in soup.find_all(lambda element: element.name not in _KNOWN):
        if element.decomposed or element.get_text().strip() or any(isinstance(child, Tag) for child in element.children):
            continue
        words = {key: " ".join(value) if isinstance(value, list) else value for key, value in element.attrs.items() if key != LINE}
        filled = _component(element.name, words)
        if filled is None:
            line, name = line_of(element), element.name
            element.decompose()
            message = f"The component <{name}> is filled in by the site only; what it shows there is missing here. Write it out."
            yield finding("shortcode", line, message)
        elif filled is not element:
            if line := element.get(LINE):
                filled[LINE] = line
            element.replace_with(filled)


def _component(name: str, words: Mapping[str, str]) -> Tag | None:
    """Return the element that says what a component's attributes say, None when they say nothing to a reader."""
    url = media_url(name, words)
    if url:
        link = Tag(name="a", attrs={"href": url})
        link.append(NavigableString(url))
        return link
    source = words.get("src", "")
    if source and (_PICTURES.search(name) or re.search(r"\.(?:png|jpe?g|gif|webp|svg)$", source, re.IGNORECASE)):
        return Tag(name="img", attrs={"src": source, "alt": words.get("alt") or words.get("caption") or words.get("title") or ""})
    target = next((words[key] for key in ("href", "url", "link", "to") if words.get(key)), "")
    said = [words[key].strip() for key in _SAID if words.get(key, "").strip() and not words[key].strip().startswith("{")]
    if target and not target.startswith("{"):
        return Tag(name="link-card", attrs={**words, "href": target})
    if not said:
        return None
    paragraph = Tag(name="p")
    paragraph.append(NavigableString(" – ".join(said)))
    return paragraph


def open_boxes(soup: BeautifulSoup) -> None:
    """Make quotes of the boxes that notes and warnings stand in, each with its title in bold."""
    for box in soup.select("div.markdown-alert, div.admonition"):
        box.name = "blockquote"
        title = box.select_one("p.markdown-alert-title, p.admonition-title")
        if title is None or title.find("strong"):
            continue
        strong = Tag(name="strong")
        for child in list(title.contents):
            strong.append(child.extract())
        title.append(strong)


def mend_tables(soup: BeautifulSoup) -> None:
    """Give what stands loose in a table, between its cells or rows, a cell of its own."""
    for table in soup.find_all("table"):
        for part in [*table.find_all(["tr", "thead", "tbody", "tfoot"]), table]:
            expected = {"td", "th"} if part.name == "tr" else {"tr", "thead", "tbody", "tfoot", "caption", "colgroup"}
            for child in list(part.children):
                if (child.name if isinstance(child, Tag) else "") not in expected and child.get_text().strip():
                    cell = Tag(name="td")
                    child.replace_with(cell)
                    cell.append(child)
                    if part.name != "tr":
                        cell.wrap(Tag(name="tr"))


def drop_notes(soup: BeautifulSoup) -> Iterator[Finding]:
    """Remove what authors wrote to themselves: ``{To add} …``, ``{Adding Notebooks}``, ``<Todo />``; each is a finding."""
    for element in soup.find_all(["p", "li", "h1", "h2", "h3", "h4", "h5", "h6"]):
        if element.decomposed or element.find(["p", "li"]):
            continue
        text = element.get_text()
        first = next((node for node in element.descendants if isinstance(node, NavigableString) and node.strip()), None)
        if first is None or first.find_parent(["code", "pre"]):
            continue
        if _NOTE.match(text) or _BRACED.match(text):
            yield _note(element, " ".join(text.split()))
    for element in soup.find_all(["todo", "draft", "note-to-self"]):
        if not element.decomposed:
            yield _note(element, f"<{element.name}> {' '.join(element.get_text().split())}".strip())


def _note(element: Tag, text: str) -> Finding:
    line = line_of(element)
    element.decompose()
    return finding("author-note", line, f"An author's note was left in and is not posted: {text[:80]!r}. Finish or remove it.")


def tidy(soup: BeautifulSoup) -> None:  # noqa: C901, PLR0912 - one paragraph per rule
    """Settle inline styles and white space: equal neighbours merged, equal nestings flattened, empty ones gone."""
    for element in soup.find_all(list(_STYLES)):
        element.name = _STYLES[element.name]
    for element in soup.find_all("tt"):
        element.name = "code"
    for node in list(soup.find_all(string=True)):
        if node.find_parent("pre"):
            continue
        inline = node.parent is not None and node.parent.name == "code"
        collapsed = str(node).replace("\n", " ") if inline else re.sub(r"[ \t\r\n\f\v]+", " ", str(node))
        if collapsed != str(node):
            node.replace_with(NavigableString(collapsed))
    for style in ("strong", "em", "s", "u"):
        for element in soup.find_all(style):
            if element.find_parent(style) or not (element.get_text().strip() or element.find(["img", "br"])):
                element.unwrap()
    soup.smooth()
    for style in ("strong", "em", "s", "u"):
        for element in soup.find_all(style):
            neighbour = element.next_sibling
            while isinstance(neighbour, Tag) and neighbour.name == style:
                for child in list(neighbour.contents):
                    element.append(child.extract())
                neighbour.decompose()
                neighbour = element.next_sibling
    soup.smooth()
    for element in soup.find_all("code"):
        if "*" in element.get_text() and not element.find_parent("pre"):
            # On Discord a code span does not protect its stars from the bold or italic text round it.
            for outer in element.find_parents(["strong", "em"]):
                outer.unwrap()


def blocks(soup: BeautifulSoup) -> list[Tag]:
    """Open the boxes of a tree and return its top-level blocks; loose text and inline elements become paragraphs."""
    root = soup.body
    if root is None:
        return []
    _settle(root)
    return [child for child in root.children if isinstance(child, Tag)]


def _settle(box: Tag) -> None:
    loose: list[PageElement] = []
    for child in list(box.children):
        if isinstance(child, Tag) and _is_block(child):
            _wrap(loose)
            loose = []
            _open(child)
        else:
            loose.append(child)
    _wrap(loose)


def _open(block: Tag) -> None:  # noqa: C901 - one branch per shape
    if block.name in _TRANSPARENT or block.name not in _BLOCKS:
        if _is_card(block):
            return
        _settle(block)
        block.unwrap()
    elif block.name == "details":
        _open_details(block)
    elif block.name in _HOLDERS:
        _settle(block)
    elif block.name in _SHAPED:
        for child in list(block.children):
            if isinstance(child, Tag):
                _open_inside(child)
    elif block.name == "figcaption":
        _as_caption(block)
    elif block.name == "summary":
        block.name = "p"
    elif block.name == "p" and block.find(lambda tag: tag.name in _BLOCKS or _is_card(tag)):
        _settle(block)
        block.unwrap()


def _open_inside(part: Tag) -> None:
    """Settle the parts of lists and tables: rows and cells keep their inline content, items and definitions hold blocks."""
    if part.name in {"ul", "ol", *_HOLDERS}:
        _open(part)
    elif part.name in _SHAPED:
        for child in list(part.children):
            if isinstance(child, Tag):
                _open_inside(child)


def _is_block(element: Tag) -> bool:
    """Tell whether an element stands as a block: a known one, a card, or any other that holds blocks."""
    if element.name in _BLOCKS or element.name in _TRANSPARENT or _is_card(element):
        return True
    return element.find(lambda tag: tag.name in _BLOCKS or tag.name in _TRANSPARENT or _is_card(tag)) is not None


def _is_card(element: Tag) -> bool:
    """Tell whether a custom tag stands for a block whose content is in its attributes."""
    return element.name not in _INLINE | _BLOCKS | _TRANSPARENT and element.has_attr("href") and not element.get_text().strip()


def _wrap(loose: Sequence[PageElement]) -> None:
    """Put a run of loose text and inline elements into a paragraph where it stands."""
    if not any(isinstance(node, Tag) or str(node).strip() for node in loose):
        for node in loose:
            node.extract()
        return
    first = loose[0]
    box = Tag(name="p")
    line = line_of(first if isinstance(first, Tag) else first.parent)
    if line:
        box[LINE] = str(line)
    first.insert_before(box)
    for node in loose:
        box.append(node.extract())


def _open_details(details: Tag) -> None:
    """Open a details box: its summary, wherever it stands, comes first and in bold (a heading in it stays one)."""
    summary = details.find("summary")
    if summary:
        details.insert(0, summary.extract())
        heading = summary.find(_HEADING)
        if heading:
            summary.replace_with(heading.extract())
        elif summary.get_text().strip():
            summary.name = "p"
            strong = Tag(name="strong")
            for child in list(summary.contents):
                strong.append(child.extract())
            summary.append(strong)
            for inner in strong.find_all("strong"):
                inner.unwrap()
        else:
            summary.decompose()
    _settle(details)
    details.unwrap()


def _as_caption(block: Tag) -> None:
    """Make a figure's caption an italic paragraph, as authors write captions by hand."""
    block.name = "p"
    emphasis = Tag(name="em")
    for child in list(block.contents):
        emphasis.append(child.extract())
    for inner in emphasis.find_all("em"):
        inner.unwrap()
    block.append(emphasis)
