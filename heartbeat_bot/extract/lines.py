"""A line of an issue → its text and what stands out in it: links, words set off, quotations."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bs4.element import NavigableString, Tag

from heartbeat_bot.extract.calendar_words import MONTH

_CAPITAL = r"(?=[^\W\d_a-z]|[\"“\[])"
_SENTENCE_END = re.compile(
    rf"(?<![ap]\.m)(?<!\bSt)(?<!\bDr)(?<!\bMr)(?<!\bvs)(?<!\d)[.!?]\s+{_CAPITAL}|(?<=\d)[.!?]\s+(?!(?i:{MONTH})){_CAPITAL}|\n|(?<=[。!?])"
)
_QUOTE = re.compile(r"[“\"„«]([^”“\"»]{4,150})[”\"»]|「([^」]{2,150})」")
_LONGEST: Final = 10_000
"""Characters of one paragraph that are looked at; the longest of real newsletters has 5,589."""
_MOST_NAMES: Final = 200
_SENTENCE: Final = 1000
"""Characters before and after a date that are taken for its sentence, where none ends sooner."""
_STRUCK: Final = frozenset({"s", "ul", "ol", "pre", "img", "blockquote"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """Something in a line that may be a name: a link, words set off, or a quotation. ``weight`` says how likely it is one."""

    text: str
    url: str | None
    weight: int
    span: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedLine:
    """The text of an entry, struck-out words left out, cells of a row set apart by bars, with what stands out in it.

    ``ends`` are the places where a sentence ends.
    """

    text: str
    names: tuple[Name, ...]
    ends: Sequence[int]

    def sentence(self, span: tuple[int, int]) -> tuple[int, int]:
        """Return where the sentence round a span begins and ends."""
        before = bisect_right(self.ends, span[0])
        after = bisect_left(self.ends, span[1])
        start = self.ends[before - 1] if before else 0
        end = self.ends[after] if after < len(self.ends) else len(self.text)
        return max(start, span[0] - _SENTENCE), min(end, span[1] + _SENTENCE)


def read_line(tag: Tag) -> ListedLine:  # noqa: C901 - one branch per kind of node
    """Read one entry without the items nested in it."""
    parts: list[str] = []
    names: list[Name] = []
    length = 0

    def put(text: str) -> None:
        nonlocal length
        parts.append(text)
        length += len(text)

    def walk(node: Tag) -> None:
        for child in node.children:
            if length > _LONGEST:
                return
            if isinstance(child, NavigableString):
                text = str(child).replace("\xa0", " ")
                put(text.lstrip() if not parts or parts[-1].endswith((" ", "\n")) else text)
            elif isinstance(child, Tag) and child.name == "br":
                put("\n")
            elif isinstance(child, Tag) and child.name not in _STRUCK:
                mark, start = len(parts), length
                walk(child)
                if child.name in {"a", "strong", "em"} and len(names) < _MOST_NAMES and not _is_inside(child):
                    text = "".join(parts[mark:])
                    weight = {"a": 30, "strong": 20}.get(child.name, 15)
                    url = str(child.get("href") or "") or None
                    names.append(Name(text=text.strip(), url=url, weight=weight, span=(start, start + len(text))))
                if child.name in {"td", "th"} and child.find_next_sibling(["td", "th"]):
                    put(" | ")
                elif child.name in {"p", "div"}:
                    put(" ")

    walk(tag)
    return _line("".join(parts)[:_LONGEST].rstrip(), names)


def plain_line(text: str) -> ListedLine:
    """Return a text without links as a line."""
    return _line(" ".join(text[:_LONGEST].split()), [])


def quotations_apart(text: str) -> str:
    """Return a text without what it quotes."""
    return _QUOTE.sub("", text)


def _line(text: str, names: list[Name]) -> ListedLine:
    quoted = [match for match, _ in zip(_QUOTE.finditer(text), range(_MOST_NAMES), strict=False)]
    names.extend(Name(text=match[1] or match[2], url=None, weight=22, span=match.span()) for match in quoted)
    kept = tuple(name for name in names if name.text and name.span[1] <= len(text) + 1)
    return ListedLine(text=text, names=kept, ends=[match.end() for match in _SENTENCE_END.finditer(text)])


def _is_inside(tag: Tag) -> bool:
    """Tell whether words set off belong to a link, which names the thing itself."""
    return tag.name != "a" and (tag.find_parent("a") is not None or tag.find("a") is not None)
