"""The tables of an issue's tree, mended: every row has all its cells, and nothing stands between them."""

import re
from typing import Final

from bs4 import BeautifulSoup
from bs4.element import PageElement, Tag

from heartbeat_bot.issues.tree import elements

_PARTS: Final = frozenset({"tr", "thead", "tbody", "tfoot"})
_CELLS: Final = frozenset({"td", "th"})
_MAX_SPAN: Final = 100
_MAX_SPANNED: Final = 5000
"""Cells that are made for those of several rows or columns: a few characters can ask for any number."""


def mend_tables(soup: BeautifulSoup) -> None:
    """Give what stands loose in a table, between its cells or rows, a cell of its own."""
    for table in elements(soup, {"table"}):
        for part in [*elements(table, _PARTS), table]:
            expected = _CELLS if part.name == "tr" else _PARTS | {"caption", "colgroup"}
            for child in list(part.children):
                if (child.name if isinstance(child, Tag) else "") not in expected and child.get_text().strip():
                    cell = child.wrap(Tag(name="td"))
                    if part.name != "tr":
                        cell.wrap(Tag(name="tr"))


def fill_spans(soup: BeautifulSoup) -> None:
    """Give each row of a table as many cells as it takes columns, so that what stands below a cell of several rows stays in its column.

    The links between nodes stay as they were: ``relink`` comes later.
    """
    room = _MAX_SPANNED
    for table in elements(soup, {"table"}):
        if not any(cell.has_attr("rowspan") or cell.has_attr("colspan") for cell in elements(table, _CELLS)):
            continue
        left: dict[int, int] = {}
        for row in (row for row in elements(table, {"tr"}) if row.find_parent("table") is table):
            cells = [cell for cell in row.contents if isinstance(cell, Tag) and cell.name in _CELLS]
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


def _span(cell: Tag, name: str) -> int:
    value = str(cell.get(name) or "")
    return max(1, min(int(value), _MAX_SPAN)) if re.fullmatch(r"[0-9]{1,4}", value) else 1
