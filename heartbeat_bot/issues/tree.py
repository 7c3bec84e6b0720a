"""What is done to the tree of an issue before anyone reads it: the invisible dropped, the untidy tidied, boxes opened.

After this the tree is only read: its top level and every list item and quote hold nothing but blocks, in order.
"""

import re
from collections.abc import Container, Iterable, Iterator, Mapping
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
_NOTED = frozenset({"p", "li", "h1", "h2", "h3", "h4", "h5", "h6"})
_INVISIBLE = frozenset({"script", "style", "template", "noscript", "head", "title", "svg", "math", "object"})
_ATTRIBUTE: Final = r"(?:[#.][\w:.-]+|[\w:-]+=(?:\"[^\"\n]*\"|'[^'\n]*'|[^\s{}\"'=]+))"
_ATTRIBUTES: Final = re.compile(rf"\{{(?::[^{{}}\n]{{1,300}}|[ \t]*{_ATTRIBUTE}(?:[ \t]+{_ATTRIBUTE}){{0,20}}[ \t]*)\}}")
_ATTRIBUTED: Final = frozenset({"a", "img", "code", "em", "strong", "i", "b", "picture"})
_DARK: Final = re.compile(r"#(?:only-dark|gh-dark-mode-only)$")
_EAST_ASIAN: Final = r"[\u2E80-\u303F\u3040-\u30FF\u3400-\u4DBF\u4E00-\u9FFF\uF900-\uFAFF\uFF00-\uFFEF]"
_EAST_ASIAN_BREAK: Final = re.compile(rf"(?<={_EAST_ASIAN})\n(?={_EAST_ASIAN})")
"""A line break that browsers show as nothing (CSS Text 3, 4.1.3): there are no spaces between words there."""
_MAX_SPAN: Final = 100
_MAX_SPANNED: Final = 5000
"""Cells that are made for those of several rows or columns: a few characters can ask for any number."""
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
_RENAMED: Final = _STYLES | {"tt": "code"}
_MERGED: Final = ("strong", "em", "s", "u")
_BLANKS = re.compile(r"[ \t\r\n\f\v]+")
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
STANDING: Final = _BLOCKS | _TRANSPARENT
"""Elements that stand by themselves, before and after what is beside them."""
_PLAIN: Final = _INLINE | STANDING

_KNOWN: Final = (
    _INLINE
    | _BLOCKS
    | _TRANSPARENT
    | _INVISIBLE
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

_TITLES: Final = ("title", "label", "heading", "header", "summary")
_PANELS: Final = frozenset(
    {"tab", "tabitem", "tab-item", "accordion", "accordion-item", "accordionitem", "panel", "callout", "card", "step"}
)
"""Components that stand as blocks whatever is in them."""


def elements(root: Tag, names: Container[str]) -> list[Tag]:
    """Return the elements of some names below ``root``, in order: ``find_all`` makes and asks a filter for every node, at ten times the cost."""
    found: list[Tag] = []
    _find(root, names, found)
    return found


def _find(box: Tag, names: Container[str], found: list[Tag]) -> None:
    for node in box.contents:
        if isinstance(node, Tag):
            if node.name in names:
                found.append(node)
            if node.contents:
                _find(node, names, found)


def has_any(root: Tag, names: Container[str]) -> bool:
    """Tell whether there is an element of some names below ``root``."""
    return any(isinstance(node, Tag) and node.name in names for node in root.descendants)


def children(root: Tag, name: str) -> list[Tag]:
    """Return the elements of a name right below ``root``."""
    return [node for node in root.contents if isinstance(node, Tag) and node.name == name]


def line_of(element: Tag | None) -> int | None:
    """Return the line of the file where an element stands, None when it is unknown."""
    while element is not None:
        if element.has_attr(LINE):
            return int(str(element[LINE]))
        element = element.parent
    return None


def drop_invisible(soup: BeautifulSoup) -> None:
    """Remove comments, scripts, hidden elements: what no reader of the site sees."""
    unseen: list[Tag] = []
    for node in list(soup.descendants):
        if isinstance(node, Tag):
            if (
                node.name in _INVISIBLE
                or node.get("hidden") is not None
                or (node.name == "a" and _has_class(node, "footnote-backref"))
                # The same picture for readers of dark pages stands beside the one for all others.
                or (node.name == "img" and _DARK.search(str(node.get("src") or "")))
            ):
                unseen.append(node)
        elif isinstance(node, (Comment, Doctype, Declaration, ProcessingInstruction, CData)):
            node.extract()
    for element in unseen:
        if not element.decomposed:
            element.decompose()
    for mark in soup.find_all("sup", class_="footnote-ref"):
        for link in mark.find_all("a"):
            link.unwrap()  # a note stands in the same message, or none that a link leads to


def drop_attributes(soup: BeautifulSoup) -> None:
    """Remove the attributes that stand behind links, pictures and marked words, as kramdown, attr_list and Pandoc read them."""
    for node in list(soup.descendants):
        if not (isinstance(node, NavigableString) and node.startswith("{")):
            continue
        before = node.previous_sibling
        if isinstance(before, Tag) and before.name in _ATTRIBUTED and (match := _ATTRIBUTES.match(node)):
            node.replace_with(NavigableString(node[match.end() :]))


def _has_class(element: Tag, *names: str) -> bool:
    classes = element.get("class") or ()
    return any(name in classes for name in names)


def fill_components(soup: BeautifulSoup) -> Iterator[Finding]:
    """Turn components of a site that are empty but for their attributes into what those say; what says nothing is a finding."""
    for element in [node for node in soup.descendants if isinstance(node, Tag) and node.name not in _KNOWN]:
        if element.decomposed:
            continue
        if element.get_text().strip() or any(isinstance(child, Tag) for child in element.children):
            _say_title(element)
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


def _say_title(component: Tag) -> None:
    """Write out what a component with content shows round it: its title before, who said it behind."""
    if component.name == "a" or component.get("href"):
        return
    title = next((words for key in _TITLES if (words := str(component.get(key) or "").strip()) and not words.startswith("{")), "")
    if title and (component.name in _PANELS or has_any(component, STANDING)):
        paragraph, strong = Tag(name="p"), Tag(name="strong")
        strong.append(NavigableString(title))
        paragraph.append(strong)
        component.insert(0, paragraph)
    author = str(component.get("author") or "").strip()
    if author and not author.startswith("{"):
        paragraph = Tag(name="p")
        paragraph.append(NavigableString(f"— {author}"))
        component.append(paragraph)


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
    for box in elements(soup, {"div"}):
        if not _has_class(box, "markdown-alert", "admonition"):
            continue
        box.name = "blockquote"
        title = next((part for part in elements(box, {"p"}) if _has_class(part, "markdown-alert-title", "admonition-title")), None)
        if title is None or title.find("strong"):
            continue
        strong = Tag(name="strong")
        for child in list(title.contents):
            strong.append(child.extract())
        title.append(strong)


def mend_tables(soup: BeautifulSoup) -> None:
    """Give what stands loose in a table, between its cells or rows, a cell of its own."""
    for table in elements(soup, {"table"}):
        for part in [*elements(table, {"tr", "thead", "tbody", "tfoot"}), table]:
            expected = {"td", "th"} if part.name == "tr" else {"tr", "thead", "tbody", "tfoot", "caption", "colgroup"}
            for child in list(part.children):
                if (child.name if isinstance(child, Tag) else "") not in expected and child.get_text().strip():
                    cell = Tag(name="td")
                    child.replace_with(cell)
                    cell.append(child)
                    if part.name != "tr":
                        cell.wrap(Tag(name="tr"))


def fill_spans(soup: BeautifulSoup) -> None:
    """Give each row of a table as many cells as it takes columns, so that what stands below a cell of several rows stays in its column."""
    room = _MAX_SPANNED
    spanned = False
    for table in elements(soup, {"table"}):
        if not any(cell.has_attr("rowspan") or cell.has_attr("colspan") for cell in elements(table, {"td", "th"})):
            continue
        spanned = True
        left: dict[int, int] = {}
        for row in (row for row in elements(table, {"tr"}) if row.find_parent("table") is table):
            cells = [cell for cell in row.contents if isinstance(cell, Tag) and cell.name in {"td", "th"}]
            made: list[PageElement] = []
            taken: dict[int, int] = {}
            while cells or any(column >= len(made) for column in left):
                if left.get(len(made)) and room > 0:
                    made.append(Tag(name="td"))
                    room -= 1
                    continue
                if not cells:
                    break
                cell = cells.pop(0)
                rows, columns = _span(cell, "rowspan"), min(_span(cell, "colspan"), room + 1)
                room -= columns - 1
                taken |= {len(made) + n: rows for n in range(columns) if rows > 1}
                made += [cell, *(Tag(name=cell.name) for _ in range(columns - 1))]
            left = {column: rows - 1 for column, rows in (left | taken).items() if rows > 1}
            row.contents = made
    if spanned:
        relink(soup)


def _span(cell: Tag, name: str) -> int:
    value = str(cell.get(name) or "")
    return min(int(value), _MAX_SPAN) if re.fullmatch(r"[0-9]{1,4}", value) and int(value) else 1


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


def tidy(soup: BeautifulSoup) -> None:
    """Settle inline styles and white space: equal neighbours merged, equal nestings flattened, empty ones gone."""
    _tidy(soup, frozenset(), pre=False)
    relink(soup)
    styled = elements(soup, _MERGED)
    merged = False
    for style in _MERGED:
        for element in styled:
            neighbour = element.next_sibling if element.name == style else None
            while isinstance(neighbour, Tag) and neighbour.name == style:
                merged = True
                for child in list(neighbour.contents):
                    element.append(child.extract())
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
            style = node.name in _MERGED
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


def relink(root: Tag) -> None:
    """Make the links between the nodes of a tree follow its lists of children again."""
    before: PageElement = root
    stack: list[tuple[Tag, Iterator[PageElement]]] = [(root, iter(root.contents))]
    sibling: PageElement | None = None
    while stack:
        parent, children = stack[-1]
        for node in children:
            node.parent = parent
            node.previous_sibling = sibling
            if sibling is not None:
                sibling.next_sibling = node
            node.previous_element = before
            before.next_element = node
            before = node
            sibling = node
            if isinstance(node, Tag) and node.contents:
                stack.append((node, iter(node.contents)))
                sibling = None
                break
        else:
            if sibling is not None:
                sibling.next_sibling = None
            sibling = parent
            stack.pop()
    before.next_element = None


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
    boxed = name in _TRANSPARENT or (name not in _BLOCKS and not _is_card(block))
    if boxed or (name == "p" and any(isinstance(tag, Tag) and (tag.name in _BLOCKS or _is_card(tag)) for tag in block.descendants)):
        blocks = _settled(block)
        if name == "a" and block.get("href"):
            _link(blocks, block)
        return blocks
    if name in _HOLDERS:
        block.contents = _settled(block)
    elif name in _SHAPED:
        _open_parts(block)
    elif name == "figcaption":
        _as_caption(block)
    elif name == "summary":
        block.name = "p"
    return [block]


def _link(blocks: Iterable[PageElement], link: Tag) -> None:
    """Link the lines of the blocks that a link stands round, each by itself, but for what is linked already."""
    for block in blocks:
        if not isinstance(block, Tag):
            continue
        if block.name == "p" or _HEADING.match(block.name):
            if block.contents and not has_any(block, {"a"}):
                inner = Tag(name="a", attrs=dict(link.attrs))
                inner.contents, block.contents = block.contents, [inner]
        else:
            _link(block.contents, link)


def _open_parts(shaped: Tag) -> None:
    """Settle the parts of lists and tables: rows and cells keep their inline content, items and definitions hold blocks."""
    for part in shaped.contents:
        if not isinstance(part, Tag):
            continue
        if part.name in _HOLDERS:
            part.contents = _settled(part)
        elif part.name in _SHAPED:
            _open_parts(part)


def _is_block(element: Tag) -> bool:
    """Tell whether an element stands as a block: a known one, a card, or any other that holds blocks."""
    if element.name in STANDING or _is_card(element):
        return True
    return any(isinstance(tag, Tag) and (tag.name in STANDING or _is_card(tag)) for tag in element.descendants)


def _is_card(element: Tag) -> bool:
    """Tell whether a custom tag stands for a block whose content is in its attributes."""
    return element.name not in _PLAIN and element.has_attr("href") and not element.get_text().strip()


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
            strong = Tag(name="strong")
            for child in list(summary.contents):
                strong.append(child.extract())
            summary.append(strong)
            for inner in strong.find_all("strong"):
                inner.unwrap()
        else:
            summary.decompose()
    return _settled(details)


def _as_caption(block: Tag) -> None:
    """Make a figure's caption an italic paragraph, as authors write captions by hand."""
    block.name = "p"
    emphasis = Tag(name="em")
    for child in list(block.contents):
        emphasis.append(child.extract())
    for inner in emphasis.find_all("em"):
        inner.unwrap()
    block.append(emphasis)
