"""The tree of an issue → its introduction, sections and subsections."""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from bs4.element import NavigableString, Tag

from heartbeat_bot.issues.issue import Section
from heartbeat_bot.issues.tree import line_of

_HEADING = re.compile(r"^h[1-6]$")
_HEADING_ATTRIBUTES = re.compile(r"\s*\{:?\s*(?:[#.][\w:.-]+[^{}]*|-)\}\s*$")
_HEADING_ID = re.compile(r"#([\w:.-]+)")
_ATTRIBUTES = re.compile(r"\s*\{:\s*(?:#([\w:.-]+))?[^{}]*\}\s*")
_IN_ANCHORS: Final = frozenset({"Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Pc"})
_LABEL: Final = 80
"""Characters above which a bold paragraph is a sentence, not a label."""


def level_of(block: Tag) -> int:
    """Return a heading's level, 0 for any other block."""
    return int(block.name[1]) if _HEADING.match(block.name) else 0


def section_level(blocks: Sequence[Tag]) -> int:
    """Return the heading level at which an issue is cut into sections; 0 when it has no headings.

    The shallowest level used at least twice; where no level is, the shallowest there is. Strays above it count as sections.
    """
    counts = Counter(level for block in blocks if (level := level_of(block)))
    if not counts:
        return 0
    return min((level for level, count in counts.items() if count > 1), default=min(counts))


def cut(blocks: Sequence[Tag]) -> tuple[tuple[Tag, ...], tuple[Section, ...]]:
    """Cut blocks into an introduction and sections, and each section into subsections one used level deeper.

    An issue without headings whose paragraphs have labels in bold (at least two) is cut at those: they become headings of level 2.
    """
    blocks = _without_attributes(blocks)
    level = section_level(blocks)
    if not level and sum(_is_label(block) for block in blocks) > 1:
        _raise_labels(blocks)
        level = section_level(blocks)
    starts = [n for n, block in enumerate(blocks) if 0 < level_of(block) <= level]
    if not starts:
        return tuple(blocks), ()
    anchors: dict[str, int] = {}
    sections: list[Section] = []
    for start, end in pairwise([*starts, len(blocks)]):
        heading, body = blocks[start], blocks[start + 1 : end]
        section_anchor = _anchor(heading, anchors)
        deeper = [n for n, block in enumerate(body) if level_of(block)]
        sub_level = min((level_of(body[n]) for n in deeper), default=0)
        sub_starts = [n for n in deeper if level_of(body[n]) == sub_level]
        subsections = tuple(
            _section(body[n], body[n + 1 : stop], _anchor(body[n], anchors)) for n, stop in pairwise([*sub_starts, len(body)])
        )
        own = body[: sub_starts[0]] if sub_starts else body
        sections.append(_section(heading, own, section_anchor, subsections))
    return tuple(blocks[: starts[0]]), tuple(sections)


def _section(heading: Tag, blocks: Sequence[Tag], anchor: str, subsections: tuple[Section, ...] = ()) -> Section:
    return Section(
        heading=heading,
        title=" ".join(heading.get_text().split()),
        level=level_of(heading),
        anchor=anchor,
        line=line_of(heading) or 0,
        blocks=tuple(blocks),
        subsections=subsections,
    )


def _without_attributes(blocks: Sequence[Tag]) -> list[Tag]:
    """Drop kramdown's attribute lines below headings (`{: #id .class}`), their id given to the heading."""
    kept: list[Tag] = []
    for block in blocks:
        match = _ATTRIBUTES.fullmatch(block.get_text()) if kept and level_of(kept[-1]) and block.name == "p" else None
        if match is None:
            kept.append(block)
        elif match.group(1) and not kept[-1].get("id"):
            kept[-1]["id"] = match.group(1)
    return kept


def _is_label(block: Tag) -> bool:
    """Tell whether a paragraph is one short run of bold text and nothing else."""
    if block.name != "p":
        return False
    children = [child for child in block.children if not (isinstance(child, NavigableString) and not child.strip())]
    text = block.get_text().strip()
    return (
        len(children) == 1
        and isinstance(children[0], Tag)
        and children[0].name == "strong"
        and 0 < len(text) <= _LABEL
        and not text.endswith((".", "!", "…"))
        and not block.find(["img", "br"])
    )


def _raise_labels(blocks: Sequence[Tag]) -> None:
    for block in blocks:
        if _is_label(block):
            block.name = "h2"
            for strong in block.find_all("strong"):
                strong.unwrap()
            block.smooth()


def _anchor(heading: Tag, taken: dict[str, int]) -> str:
    """Return the fragment of a heading: its own ``{#id}`` or ``id``, else as GitHub makes it; distinct within the issue.

    ``taken`` holds the fragments given so far, each with the last number that was put behind it.
    """
    name = candidate = _own_anchor(heading) or anchor(heading.get_text()) or "section"
    while candidate in taken:
        taken[name] += 1
        candidate = f"{name}-{taken[name]}"
    taken[candidate] = 0
    return candidate


def _own_anchor(heading: Tag) -> str:
    last = heading.contents[-1] if heading.contents else None
    if isinstance(last, NavigableString) and (match := _HEADING_ATTRIBUTES.search(last)):
        last.replace_with(NavigableString(last[: match.start()]))
        if given := _HEADING_ID.search(match.group()):
            return given.group(1)
    if heading.get("id"):
        return str(heading["id"])
    for target in heading.find_all("a", href=False):
        name = target.get("id") or target.get("name")
        if name and not target.get_text().strip():
            return str(name)
    return ""


def anchor(text: str) -> str:
    """Write a heading's text as GitHub's fragment: lower case, no punctuation or symbols, a hyphen for every space."""
    words = " ".join(text.split()).lower()
    return "".join(c for c in words if c in "- " or unicodedata.category(c) in _IN_ANCHORS).replace(" ", "-")


def slugify(text: str) -> str:
    """Write a text as a slug: lower case, letters and digits of any script, single hyphens."""
    kept = (c if c.isalnum() or c in "_- " else "" for c in unicodedata.normalize("NFC", text.strip().lower()))
    return re.sub(r"\s+", "-", "".join(kept).strip()) or "section"
