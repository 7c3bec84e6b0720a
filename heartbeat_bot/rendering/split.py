"""Cutting a rendered text in two where a reader minds least: between items, lines, sentences, words; inside a word only at last."""

import re
from collections.abc import Callable, Iterable, Sequence
from enum import IntEnum, StrEnum
from itertools import accumulate, pairwise, takewhile
from textwrap import dedent
from typing import Final

import regex

from heartbeat_bot.rendering.dialect import GAP
from heartbeat_bot.rendering.limits import EMBED_DESCRIPTION


class LineKind(StrEnum):
    """What a rendered text is, which decides where it may be cut and what stands round it."""

    PARAGRAPH = "paragraph"
    LIST = "list"
    ROWS = "rows"
    """The rows of a wide table, or the terms of a definition list: a line each."""
    QUOTE = "quote"
    CODE = "code"
    HEADING = "heading"


class Cut(IntEnum):
    """How far a cut may go; what stands in a line of a list, a row of a table or a line of code is cut only when it must be."""

    SEAMS = 0
    """Between the items of a list; all else stays whole."""
    SENTENCES = 1
    """Between lines, and between the sentences of a paragraph."""
    FORCED = 2
    """Wherever it must be: between words, inside a word at last."""


Fits = Callable[[str], bool]
"""Tells whether a text has room where it is to stand; one that is longer than an embed's description never has."""

_MOST: Final = EMBED_DESCRIPTION

_ATOMS = re.compile(
    r"\\."  # an escape
    r"|!?\[(?:\\.|[^\[\]\\]|\[[^\[\]]*\])*\]\([^\s)]*\)"  # a masked link
    r"|``.+?``|`[^`]+`"  # code
    r"|<[^\s<>]+>"  # a bare link
    r"|\*\*|\*|~~|__"  # marks
    r"|\s+"
    rf"|[^\s\\\[\]`<*~_]{{1,{2 * _MOST}}}"  # a run of a word: more than any text holds need not be read to cut it
    r"|.",
    re.DOTALL,
)
_MARKS: Final = frozenset({"**", "*", "~~", "__"})
_SENTENCE_END = re.compile(r"[.!?…。！？][\"'”’)\]*_]*$")
_NOTHING_YET = re.compile(rf"[ >{GAP}]*(?:[-*] +|\d+\. *)?[ >{GAP}*_~]*")
"""The mark of an item or quote, and marks that open a style, before anything is said."""
_CHARACTER = regex.compile(r"\X")
"""What a reader sees as one character, whatever it is made of: a grapheme cluster of Unicode (UAX #29)."""
_LONGEST_CHARACTER: Final = 40
"""Code points of what a reader sees as one character; the longest in use, families of emoji and letters with many marks, have some ten."""


def split(text: str, kind: LineKind, fits: Fits, *, cut: Cut) -> tuple[str, str]:
    """Cut ``text`` into a first part that fits and the rest; the first part is "" when nothing fits that ``cut`` allows.

    The rest is shorter than ``text`` whenever there is a first part, although styles, quotes and fences that are open at the cut are
    opened again in it: so whoever cuts again and again comes to an end.
    """
    if fits(text):
        return text, ""
    head, tail = _split(text, kind, fits, cut=cut)
    return (head, tail) if head and len(tail) < len(text) else ("", text)


def _split(text: str, kind: LineKind, fits: Fits, *, cut: Cut) -> tuple[str, str]:
    if kind is LineKind.LIST:
        head, tail = _split_lines(_items(text), fits)
        if head:
            return head, tail
    if cut is Cut.SEAMS:
        return "", text
    if kind is LineKind.CODE:
        return _split_code(text, fits, forced=cut is Cut.FORCED)
    head, tail = _split_lines(text.split("\n"), fits)
    if head:
        return head, dedent(tail) if kind is LineKind.LIST else tail
    if cut is Cut.FORCED or kind is LineKind.PARAGRAPH:
        return _split_first_line(text, kind, fits, forced=cut is Cut.FORCED)
    return "", text


def tear(text: str, fits: Fits) -> tuple[str, str]:
    """Cut ``text`` where its room ends, whatever stands there: for what :func:`split` cannot cut, a link of thousands of characters.

    The first part is never empty, and the two parts together are the text.
    """
    size = _between_characters(text, _largest(min(len(text), _MOST), lambda n: fits(text[:n])))
    assert size, "there is room for a character"
    return text[:size], text[size:]


def _items(text: str) -> list[str]:
    """Group the lines of a list by top-level item."""
    lines = text.split("\n")
    starts = [number for number, line in enumerate(lines) if not number or not line.startswith((" ", "\t"))]
    return ["\n".join(lines[start:end]) for start, end in pairwise([*starts, len(lines)])]


def _split_lines(lines: Sequence[str], fits: Fits) -> tuple[str, str]:
    ends = accumulate(len(line) + 1 for line in lines[:-1])
    most = sum(1 for _ in takewhile(lambda end: end <= _MOST + 1, ends))
    size = _largest(most, lambda n: fits("\n".join(lines[:n])))
    return "\n".join(lines[:size]), "\n".join(lines[size:])


def _split_code(text: str, fits: Fits, *, forced: bool) -> tuple[str, str]:
    """Close a code block at the cut and open it again with its language; only ``forced`` cuts a line."""
    opening, *lines, closing = text.split("\n")

    def closed(part: str) -> str:
        return f"{opening}\n{part}\n{closing}"

    head, tail = _split_lines(lines, lambda part: fits(closed(part)))
    if head.strip():
        return closed(head), closed(tail) if tail.strip() else ""
    first = lines[0]
    size = _largest(min(len(first), _MOST), lambda n: fits(closed(first[:n]))) if forced else 0
    if not size or (size == len(first) and len(lines) == 1):
        return "", text
    rest = "\n".join([first[size:], *lines[1:]])
    return closed(first[:size]), closed(rest) if rest.strip() else ""


def _largest(high: int, good: Callable[[int], bool]) -> int:
    low = 0
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if good(middle) else (low, middle - 1)
    return low


def _split_first_line(text: str, kind: LineKind, fits: Fits, *, forced: bool) -> tuple[str, str]:
    line, newline, rest = text.partition("\n")
    prefix = "> " if kind is LineKind.QUOTE else ""
    match = re.match(r" *(?:[-*] |\d+\. )", line) if kind in {LineKind.LIST, LineKind.QUOTE} else None
    again = prefix or (" " * len(match.group()) if match else "")
    atoms, beyond = _atoms(line)
    cut = _cut_at(atoms, fits, prefer=_SENTENCE_END, more=bool(beyond))
    if cut is None and forced:
        cut = _cut_at(atoms, fits, prefer=None, more=bool(beyond))
    if cut is not None:
        head, tail = _closed(atoms, cut)
    elif not forced:
        return "", text
    else:
        head, tail = _split_atom(atoms, fits)
        if not head:
            return "", text
    tail += beyond
    if kind is LineKind.LIST and tail:
        tail = again + GAP + tail.lstrip()
        tail = dedent(tail)
    elif prefix and tail:
        tail = prefix + tail.lstrip()
    return head, tail + newline + rest


def _atoms(line: str) -> tuple[list[str], str]:
    """Cut the start of a line, twice as long as any text that fits, into atoms; return what is beyond as it is.

    A paragraph of half a megabyte is cut a hundred times, and must not be read as a whole each time.
    """
    atoms: list[str] = []
    end = 0
    for match in _ATOMS.finditer(line):
        if end > 2 * _MOST:
            return atoms, line[end:]
        atoms.append(match.group())
        end = match.end()
    return atoms, ""


def _cut_at(atoms: Sequence[str], fits: Fits, *, prefer: re.Pattern[str] | None, more: bool) -> int | None:
    """Return the number of atoms before the last good white space to cut at, None when there is none; ``more`` text may follow them."""
    spots = [n for n in range(1, len(atoms)) if atoms[n].isspace() and (prefer is None or prefer.search(atoms[n - 1]))]
    size = _largest(len(spots), lambda n: fits(_head(atoms, spots[n - 1])))
    if not size:
        return None
    spot = spots[size - 1]
    # A sentence that leaves most of the room empty is not worth it.
    if prefer is not None and (more or size < len(spots)):
        following = spots[size] if size < len(spots) else len(atoms)
        if len("".join(atoms[:spot])) < _HALF * len("".join(atoms[:following])):
            return None
    return None if _NOTHING_YET.fullmatch("".join(atoms[:spot])) else spot


_HALF: Final = 0.5


def _open_marks(atoms: Iterable[str]) -> list[str]:
    opened: list[str] = []
    for atom in atoms:
        if atom in _MARKS:
            if atom in opened:
                opened.remove(atom)
            else:
                opened.append(atom)
    return opened


def _head(atoms: Sequence[str], cut: int) -> str:
    """Return what stands before a cut between atoms, styles that are open there closed."""
    return "".join(atoms[:cut]).rstrip() + "".join(reversed(_open_marks(atoms[:cut])))


def _closed(atoms: Sequence[str], cut: int) -> tuple[str, str]:
    """Cut between atoms; styles open at the cut are closed before it and opened after it."""
    return _head(atoms, cut), "".join(_open_marks(atoms[:cut])) + "".join(atoms[cut:]).lstrip()


def _split_atom(atoms: Sequence[str], fits: Fits) -> tuple[str, str]:
    """Cut where there is no white space to cut at: between atoms, and inside the one atom that alone is too long."""
    size = _largest(len(atoms) - 1, lambda n: fits(_head(atoms, n)))
    if size and not _NOTHING_YET.fullmatch("".join(atoms[:size])):
        return _closed(atoms, size)
    index = size
    if fits(_head(atoms, index + 1)):
        return "", "".join(atoms)
    atom = atoms[index]
    before, after = "".join(atoms[:index]), "".join(atoms[index + 1 :])
    link = re.fullmatch(r"\[(.*)\](\([^\s)]*\))", atom, re.DOTALL)
    opening, body, closing = ("[", link.group(1), f"]{link.group(2)}") if link else ("", atom, "")
    if atom.startswith("`"):
        ticks = re.match(r"`+", atom)
        fence = ticks.group() if ticks else "`"
        opening, body, closing = fence, atom[len(fence) : -len(fence)], fence
    # A style that is open there is closed and opened again, as at any other cut.
    opened = _open_marks(atoms[:index])
    closing_all = closing + "".join(reversed(opened))
    size = _largest(min(len(body) - 1, _MOST), lambda n: fits(before + opening + body[:n] + closing_all))
    size = _between_characters(body, size)
    if not size:
        return "", "".join(atoms)
    return before + opening + body[:size] + closing_all, "".join(opened) + opening + body[size:] + closing + after


def _between_characters(text: str, size: int) -> int:
    """Return the last place, at or a little before ``size``, that tears no character apart; ``size`` where marks never end."""
    if size == len(text):
        return size
    place = max(match.start() for match in _CHARACTER.finditer(text[: size + 1]))
    return place if place and size - place < _LONGEST_CHARACTER else size
