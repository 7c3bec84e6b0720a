"""The walk through an issue that finding events and jobs share: headings that promise them, marked lines, and the entries below."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final

from bs4.element import Tag

from heartbeat_bot.headings import HeadingPattern, literally
from heartbeat_bot.issues.issue import Issue, Section

_CARD: Final = frozenset({"iframe", "video", "audio", "img", "hr", "pre"})
_LABEL_LONGEST: Final = 60
_TITLE_LONGEST: Final = 300
"""Characters of a heading that are looked at: the rest says nothing about what stands below it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListEntry:
    """One line of a topic: a paragraph, list item, table row, link card or heading.

    ``level`` is a heading's, 0 for text; ``heading`` is the title of the subsection it stands in, "" directly below the topic;
    ``details`` are nested list items; ``columns`` are the headings of a table, for its rows.
    """

    tag: Tag
    level: int = 0
    heading: str = ""
    details: tuple[Tag, ...] = ()
    card: bool = False
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A heading that promises what is sought, and the entries below it; ``places``: the numbers of the issue's sections it is of."""

    title: str
    entries: list[ListEntry] = field(default_factory=list[ListEntry])
    places: set[int] = field(default_factory=set[int])

    def add(self, entry: ListEntry, place: int) -> None:
        """Put an entry below, which stands in the section of that number."""
        self.places.add(place)
        self.entries.append(entry)

    @property
    def place(self) -> int | None:
        """The number of the issue's section that all of it stands in, 0 for what precedes the first, None when it is of several."""
        return next(iter(self.places)) if len(self.places) == 1 else None


def topics(issue: Issue, wanted: Callable[[str], bool], trap: re.Pattern[str], patterns: Sequence[str]) -> Iterator[Topic]:  # noqa: C901
    """Yield the parts of an issue below the headings that ``wanted`` or ``patterns`` accept, subsections included.

    A subsection that ``trap`` matches is left out. A heading that is a dated line in the middle of a topic ("# 2025-07-23 | …",
    a bullet typed as a heading) is an entry. A short bold paragraph, or one that ends with a colon, serves as a heading too.
    """
    extra = tuple(_pattern(words) for words in patterns)

    def accepts(title: str) -> bool:
        return any(pattern.search(title) for pattern in extra) or wanted(title)

    topic: Topic | None = None
    floor, muted, heading = 0, 0, ""
    for place, part in _stream(issue):
        level, tag = part.level, part.tag
        if not level:
            if topic and not muted:
                topic.add(replace(part, heading=heading), place)
            continue
        title = _plain(tag)
        if topic and re.match(r"\d{4}-\d\d-\d\d\b", title):
            topic.add(part, place)
            continue
        if muted and level <= muted:
            muted = 0
        if topic and level <= floor:
            yield topic
            topic = None
        if topic is None:
            if accepts(title):
                topic, floor, muted, heading = Topic(title=title, places={place}), level, 0, ""
            elif level >= _LABEL:
                continue
        elif trap.search(title) and not any(pattern.search(title) for pattern in extra):
            muted = muted or level
        elif not muted:
            # "Topics can include:" names the lines below it no more than the heading above does.
            heading = title if tag.name != "p" or tag.find("strong") else heading
            topic.add(part, place)
    if topic:
        yield topic


@lru_cache(maxsize=256)
def _pattern(words: str) -> HeadingPattern:
    try:
        return HeadingPattern(words)
    except ValueError:
        return literally(words)


_LABEL: Final = 7
"""The level of a paragraph that serves as a heading: below every real one."""


def marked(issue: Issue, mark: re.Pattern[str]) -> Iterator[Topic]:
    """Yield the lines of an issue that start with a mark, wherever they stand, each as a topic with the details that follow it.

    The topic's title is the heading or label above the line. A heading with a mark is such a line too.
    """
    heading = ""
    topic: Topic | None = None
    for place, part in _stream(issue):
        text = part.tag.get_text()[:_TITLE_LONGEST].lstrip()
        if mark.match(text):
            if topic:
                yield topic
            topic = Topic(title=heading, entries=[part], places={place})
        elif topic and not part.level and _DETAIL.match(text):
            topic.add(part, place)
        elif topic:
            yield topic
            topic = None
        if part.level:
            heading = _plain(part.tag)
    if topic:
        yield topic


_DETAIL = re.compile(
    r"\W{0,4}(?:📍|📌|🔗|⏰|🕒|👉|🎟|(?:where|when|time|link|place|location|tickets?|ort|wo|lieu|lugar)\s?:)", re.IGNORECASE
)
"""What the lines start with that tell more of the line above them."""


def _stream(issue: Issue) -> Iterator[tuple[int, ListEntry]]:
    """Yield an issue as one line of parts, each with the number of the section it stands in, 0 before the first."""
    for block in issue.intro:
        for part in _open(block, 0):
            yield 0, part
    for place, section in enumerate(issue.sections, 1):
        for part in _section(section):
            yield place, part


def _section(section: Section) -> Iterator[ListEntry]:
    yield ListEntry(level=section.level, tag=section.heading)
    for block in section.blocks:
        yield from _open(block, 0)
    for subsection in section.subsections:
        yield from _section(subsection)


def _open(block: Tag, quotes: int) -> Iterator[ListEntry]:  # noqa: C901
    match block.name:
        case "h1" | "h2" | "h3" | "h4" | "h5" | "h6":
            yield ListEntry(level=int(block.name[1]) + 10 * quotes, tag=block)
        case "blockquote" if "embedly-card" in (block.get("class") or []):
            yield ListEntry(tag=block, card=True)
        case "blockquote":
            for child in block.find_all(True, recursive=False):  # noqa: FBT003
                yield from _open(child, quotes + 1)
        case "ul" | "ol":
            for item in block.find_all("li", recursive=False):
                yield from _item(item, quotes)
        case "table":
            columns = tuple(" ".join(cell.get_text().split())[:_TITLE_LONGEST] for cell in block.find_all("th"))
            for row in block.find_all("tr"):
                if row.find("td"):
                    yield ListEntry(tag=row, columns=columns)
        case "p":
            label = _is_label(block)
            yield ListEntry(level=_LABEL + 10 * quotes if label else 0, tag=block)
        case name if name in _CARD:
            return
        case _:
            yield ListEntry(tag=block, card=block.has_attr("href") and block.name != "a")


def _item(item: Tag, quotes: int) -> Iterator[ListEntry]:
    """Yield a list item with its nested items; an item that is only the title of its list opens into it."""
    inner = item.find(["h1", "h2", "h3", "h4", "h5", "h6"], recursive=False)
    if inner is not None:
        # An indented heading ends the list in the reader's eyes; the parser took it and what follows into the item.
        children = item.find_all(True, recursive=False)  # noqa: FBT003
        for number, child in enumerate(children):
            if child is inner:
                for later in children[number:]:
                    yield from _open(later, quotes)
                return
            yield from _open(child, quotes)
        return
    # Not by CSS selectors: reading the first one takes longer than reading an issue.
    nested = tuple(
        part for inside in item.find_all(["ul", "ol"], recursive=False) for part in inside.find_all("li", recursive=False)
    )
    own = " ".join(child.get_text() for child in item.find_all(True, recursive=False) if child.name not in {"ul", "ol"})  # noqa: FBT003
    if (
        nested
        and not re.search(r"\d", own)
        and any(re.search(r"\d", part.get_text()) for part in nested)
        and not any(text.find("a") for text in item.find_all("p", recursive=False))
    ):
        for part in nested:
            yield from _item(part, quotes)
        return
    yield ListEntry(tag=item, details=nested)


def _is_label(block: Tag) -> bool:
    text = block.get_text().strip()
    if not text or len(text) > _LABEL_LONGEST or re.search(r"\d", text):
        return False
    bold = block.find("strong", recursive=False)
    return (text.endswith(":") and block.find("a") is None) or (
        bold is not None and bold.get_text().strip() == text and not bold.find("a")
    )


def _plain(tag: Tag) -> str:
    text = " ".join(tag.get_text().split())[:_TITLE_LONGEST]
    return re.sub(r"^[^\w(\"'“]+|[\s:]+$|[^\w)!?.\"'”]+$", "", text)
