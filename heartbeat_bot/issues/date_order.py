"""Whether ``03/04/2026`` has the day first or the month first: what an issue itself says about that.

A numeric date with slashes or hyphens, its year last, is ambiguous when both readings are days, and not the same one. With dots the
day is always first. What decides, in this order: the newsletter's setting; the day in the file's name, for a date of the front matter
that is within a week of it in one reading only; the unambiguous dates of the issue, when all of them agree (``13/01/2026`` has the day
first); its lists, when they ascend in one reading only. Else the month is first.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final, cast

from bs4.element import NavigableString, Tag

from heartbeat_bot.issues.model import DateOrder, Finding
from heartbeat_bot.issues.rules import finding
from heartbeat_bot.issues.tree import line_of

_ORDERS: Final[tuple[DateOrder, ...]] = ("day-first", "month-first")
# No part of a path, or of a file's name such as `walk-03-04-2026.jpg`.
_NUMERIC = re.compile(r"(?<![\w/.])(?<![^\W\d]-)(\d{1,2})([-/.])(\d{1,2})\2((?:19|20)\d\d)(?![\w/]|\.\w|-[^\W\d])")
_YEAR_LAST = re.compile(r"[-/.](?:19|20)\d\d")
_NEAR: Final = timedelta(days=7)
"""Issues come out up to a week after the day in their file's name."""
_MOST: Final = 1000
"""Dates of an issue that are looked at."""
_NOT_READ: Final = frozenset({"code", "pre", "s", "del"})
_LISTS: Final = frozenset({"ul", "ol", "dl", "table"})
_ENTRIES: Final = frozenset({"li", "dt", "dd", "tr"})


@dataclass(frozen=True, slots=True, kw_only=True)
class NumericDate:
    """A date of numbers with its year last, as ``written``; None for a reading in which there is no such day.

    ``line`` is where it stands in the file, None when unknown. ``entries``: the lists that it stands in, each with the entry of it;
    lists and entries are known by numbers.
    """

    written: str
    day_first: date | None
    month_first: date | None
    line: int | None = None
    entries: tuple[tuple[int, int], ...] = ()

    @property
    def is_ambiguous(self) -> bool:
        """Whether it can be two days."""
        return "." not in self.written and bool(self.day_first and self.month_first) and self.day_first != self.month_first

    def read(self, order: DateOrder | None) -> date | None:
        """Return the day in an order."""
        return self.day_first if order == "day-first" else self.month_first


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFinding:
    """The order in which an issue's ambiguous dates are read, and ``why``, as the end of a sentence; None when nothing says one."""

    order: DateOrder | None
    why: str


def numeric_dates(text: str, line: int | None = None, entries: tuple[tuple[int, int], ...] = ()) -> Iterator[NumericDate]:
    """Yield the numeric dates of a text that are a day in one reading at least."""
    for match in _NUMERIC.finditer(text):
        one, two, year = match[1], match[3], match[4]
        day_first, month_first = day_or_none(year, two, one), day_or_none(year, one, two)
        if day_first or month_first:
            yield NumericDate(written=match[0], day_first=day_first, month_first=month_first, line=line, entries=entries)


def day_or_none(year: str, month: str, day: str) -> date | None:
    """Return a day by its numbers, None when there is no such day."""
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def dates_in_blocks(blocks: Iterable[Tag]) -> tuple[NumericDate, ...]:
    """Return the numeric dates of an issue's text, code and struck-out words aside."""
    return tuple(found for _, found in zip(range(_MOST), _in_blocks(blocks), strict=False))


def _in_blocks(blocks: Iterable[Tag]) -> Iterator[NumericDate]:
    for block in blocks:
        for node in block.descendants:
            if not isinstance(node, NavigableString) or not _YEAR_LAST.search(node):
                continue
            parents = [parent for parent in node.parents if parent.name != "[document]"]
            if not any(parent.name in _NOT_READ for parent in parents):
                yield from numeric_dates(node, line_of(node.parent), tuple(_entries(parents)))


def _entries(parents: Iterable[Tag]) -> Iterator[tuple[int, int]]:
    """Yield the lists above a text with the entry of each that holds it; all headings of an issue are one list."""
    entry = 0
    for parent in parents:
        if parent.name in _ENTRIES:
            entry = id(parent)
        elif parent.name in _LISTS:
            yield id(parent), entry
        elif re.fullmatch("h[1-6]", parent.name):
            yield 0, id(parent)


def dates_in_values(value: object) -> Iterator[NumericDate]:
    """Yield the numeric dates in the texts of front matter; an item of a list is an entry of it."""
    waiting: list[tuple[Any, tuple[tuple[int, int], ...]]] = [(value, ())]
    while waiting:
        part, entries = waiting.pop()
        if isinstance(part, str):
            yield from numeric_dates(part, entries=entries)
        elif isinstance(part, Mapping):
            waiting += [(inner, entries) for inner in reversed(list(cast("Mapping[Any, Any]", part).values()))]
        elif isinstance(part, list):
            items = cast("list[Any]", part)
            waiting += [(item, (*entries, (id(items), number))) for number, item in reversed(list(enumerate(items)))]


def decide(
    setting: DateOrder | None, issued: Iterable[NumericDate], named: date | None, others: Sequence[NumericDate]
) -> OrderFinding:
    """Return the order of an issue's ambiguous dates.

    ``issued`` are those of the issue's own date, ``named`` is the day in the file's name, ``others`` are all numeric dates of the issue.
    """
    if setting:
        return OrderFinding(order=setting, why="as the configuration says")
    for one in issued:
        near: list[DateOrder] = [
            order for order in _ORDERS if named and one.is_ambiguous and abs((one.read(order) or date.max) - named) <= _NEAR
        ]
        if len(near) == 1:
            return OrderFinding(order=near[0], why="as the day in the file's name says")
    told: set[DateOrder] = {
        "day-first" if one.day_first else "month-first" for one in others if not (one.day_first and one.month_first)
    }
    why = "as in the other dates of the issue"
    if not told:
        why = "so that the dates of its lists ascend"
        lists: dict[int, dict[int, NumericDate]] = {}
        for one in others:
            for list_, entry in one.entries if one.is_ambiguous else ():
                lists.setdefault(list_, {}).setdefault(entry, one)
        ascending: list[list[DateOrder]] = [
            [order for order in _ORDERS if _ascends(list(dates.values()), order)] for dates in lists.values()
        ]
        told = {orders[0] for orders in ascending if len(orders) == 1}
    if len(told) == 1:
        return OrderFinding(order=told.pop(), why=why)
    return OrderFinding(order=None, why="as nothing says otherwise")


def _ascends(dates: Sequence[NumericDate], order: DateOrder) -> bool:
    days = [one.read(order) or date.max for one in dates]
    return days == sorted(days) and days[0] < days[-1]


def ambiguities(dates: Iterable[NumericDate], decision: OrderFinding) -> Iterator[Finding]:
    """Yield a finding for each ambiguous date, which says how it is read and why."""
    first = "day" if decision.order == "day-first" else "month"
    for one in dates:
        if one.is_ambiguous:
            message = (
                f"{one.written} can be {one.day_first} or {one.month_first}; it is read with the {first} first, {decision.why}. "
                f"Write {one.read(decision.order)}."
            )
            yield finding("ambiguous-date", one.line, message)
