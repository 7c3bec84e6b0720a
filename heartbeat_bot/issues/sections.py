"""The tree of an issue → its introduction, sections and subsections."""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from bs4.element import NavigableString, Tag

from heartbeat_bot.issues.model import Section
from heartbeat_bot.issues.tree import line_of

_HEADING = re.compile(r"^h[1-6]$")
_HEADING_ID = re.compile(r"\s*\{#([\w:.-]+)[^{}]*\}\s*$")


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
    """Cut blocks into an introduction and sections, and each section into subsections one used level deeper."""
    level = section_level(blocks)
    starts = [n for n, block in enumerate(blocks) if 0 < level_of(block) <= level]
    if not starts:
        return tuple(blocks), ()
    anchors: Counter[str] = Counter()
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


def _anchor(heading: Tag, seen: Counter[str]) -> str:
    """Return the fragment of a heading: its own ``{#id}`` or ``id``, else as GitHub and most generators make it."""
    last = heading.contents[-1] if heading.contents else None
    if isinstance(last, NavigableString) and (match := _HEADING_ID.search(last)):
        last.replace_with(NavigableString(last[: match.start()]))
        return match.group(1)
    if heading.get("id"):
        return str(heading["id"])
    slug = slugify(heading.get_text())
    seen[slug] += 1
    return slug if seen[slug] == 1 else f"{slug}-{seen[slug] - 1}"


def slugify(text: str) -> str:
    """Write a text as a fragment or file name: lower case, letters and digits of any script, hyphens."""
    kept = (c if c.isalnum() or c in "_- " else "" for c in unicodedata.normalize("NFC", text.strip().lower()))
    return re.sub(r"\s+", "-", "".join(kept).strip()) or "section"
