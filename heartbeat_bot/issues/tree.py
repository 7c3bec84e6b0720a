"""The tree of an issue: what its elements are on a page, how they are found and made, and the line of the file where each stands."""

from collections.abc import Container
from typing import Final

from bs4.element import PageElement, Tag

LINE: Final = "data-line"
"""The attribute that holds the line of the file (from 1) where an element starts."""

INVISIBLE: Final = frozenset(str.split("script style template noscript head title svg math object"))
TRANSPARENT: Final = frozenset(
    str.split("html body div section article main header footer aside center nav form fieldset address figure")
)
"""Boxes without a shape of their own on Discord: their content stands where they stand."""
SHAPED: Final = frozenset(str.split("ul ol dl blockquote table li dd dt thead tbody tfoot tr td th"))
BLOCKS: Final = SHAPED.union(str.split("p pre hr iframe video audio h1 h2 h3 h4 h5 h6 figcaption details summary"))
STANDING: Final = BLOCKS | TRANSPARENT
"""Elements that stand by themselves, before and after what is beside them."""
PLAIN: Final = STANDING.union(
    str.split(
        "a abbr b bdi bdo br cite code data dfn em font i img input kbd label mark q ruby rp rt s samp small span strong sub sup "
        "time u var wbr del ins button picture source"
    )
)
"""Those, and the elements within lines."""
KNOWN: Final = (PLAIN | INVISIBLE).union(
    str.split(
        "strike big tt acronym dir menu caption colgroup col hgroup search embed canvas output select option textarea progress meter "
        "area map track param link meta base frame dialog todo draft note-to-self"
    )
)
"""Elements of HTML, and those with a rule of their own; any other is a component of some site."""


def elements(root: Tag, names: Container[str]) -> list[Tag]:
    """Return the elements of some names below ``root``, in order: ``find_all`` makes and asks a filter for every node, at ten times the cost."""
    found: list[Tag] = []
    for node in root.contents:
        if isinstance(node, Tag):
            if node.name in names:
                found.append(node)
            if node.contents:
                found += elements(node, names)
    return found


def has_any(root: Tag, names: Container[str]) -> bool:
    """Tell whether there is an element of some names below ``root``."""
    return any(isinstance(node, Tag) and node.name in names for node in root.descendants)


def children(root: Tag, name: str) -> list[Tag]:
    """Return the elements of a name right below ``root``."""
    return [node for node in root.contents if isinstance(node, Tag) and node.name == name]


def has_class(element: Tag, *names: str) -> bool:
    """Tell whether an element has one of some classes."""
    classes = element.get("class") or ()
    return any(name in classes for name in names)


def line_of(element: Tag | None) -> int | None:
    """Return the line of the file where an element stands, None when it is unknown."""
    while element is not None:
        if element.has_attr(LINE):
            return int(str(element[LINE]))
        element = element.parent
    return None


def made(name: str, *contents: PageElement | str) -> Tag:
    """Return a new element with what stands in it, which is taken from where it stood."""
    element = Tag(name=name)
    element.extend(contents)
    return element


def put_in_style(element: Tag, style: str) -> None:
    """Make all that is in an element bold ("strong") or italic ("em"), once."""
    for inner in element.find_all(style):
        inner.unwrap()
    element.append(made(style, *element.contents))


def relink(root: Tag) -> PageElement:
    """Make the links between the nodes of a tree follow its lists of children again; return the last node."""
    last: PageElement = root
    nodes, root.contents = root.contents, []
    for node in nodes:
        node.setup(root, last)  # which takes the last of the contents for the sibling before it
        root.contents.append(node)
        last = relink(node) if isinstance(node, Tag) else node
    return last
