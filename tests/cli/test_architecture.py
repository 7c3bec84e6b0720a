"""The drawing of the rooms in docs/architecture.md is what the source's imports say."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
BOT = "heartbeat_bot"
BESIDE = ("cogs", "discord_sandbox")
"""Packages beside the bot's, each a room of its own."""
PAGE = (ROOT / "docs" / "architecture.md").read_text()
_ROW = re.compile(r"^\| `(\w+)` \|[^|\n]*\|([^|\n]*)\|$", re.MULTILINE)
_FILE = re.compile(r"^- `(\w+\.py)`: \w", re.MULTILINE)

Arrows = dict[str, set[str]]


@cache
def rooms() -> frozenset[str]:
    """Return the rooms: the folders of the bot with Python in them, its ports, and the packages beside it."""
    folders = {path.parent.name for path in (ROOT / BOT).glob("*/__init__.py")}
    return frozenset(folders | {"ports", *BESIDE})


@cache
def imports() -> Arrows:
    """Return which rooms each room imports, wherever in its files it does."""
    found: Arrows = {room: set() for room in rooms()}
    for package in (BOT, *BESIDE):
        for path in (ROOT / package).rglob("*.py"):
            here = room_of(".".join(path.relative_to(ROOT).with_suffix("").parts))
            if here in found:
                found[here] |= {room for name in imported(path) if (room := room_of(name)) in found and room != here}
    return found


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: an import says whose module it is"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room_of(module: str) -> str:
    first, *rest = module.split(".")
    return rest[0] if first == BOT and rest else first


def reached(arrows: Arrows, start: str) -> set[str]:
    found: set[str] = set()
    waiting = [start]
    while waiting:
        new = arrows[waiting.pop()] - found
        found |= new
        waiting += new
    return found


def needed(arrows: Arrows) -> set[tuple[str, str]]:
    """Return the arrows that follow from no others."""
    through = {room: set[str]().union(*(reached(arrows, other) for other in others)) for room, others in arrows.items()}
    return {(room, other) for room, others in arrows.items() for other in others - through[room]}


def drawn() -> str:
    (drawing,) = re.findall(r"^```mermaid\nflowchart TD\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return str(drawing)


def test_rooms_import_in_one_direction_only() -> None:
    assert [room for room in rooms() if room in reached(imports(), room)] == []


def test_the_drawing_has_every_room_and_no_other() -> None:
    assert set(re.findall(r"\w+", drawn())) == rooms()


def test_the_drawing_has_the_arrows_that_the_imports_say() -> None:
    arrows = {(one, other) for one, other in re.findall(r"^ +(\w+) --> (\w+)$", drawn(), re.MULTILINE)}
    wanted = needed(imports())
    assert arrows == wanted, "draw:\n" + "\n".join(f"    {one} --> {other}" for one, other in sorted(wanted))


def test_the_table_says_of_every_room_what_it_imports() -> None:
    rows = _ROW.findall(PAGE)
    told = {room: set(re.findall(r"\w+", others)) for room, others in rows}
    assert len(told) == len(rows)
    assert told == imports()


def test_the_files_that_are_no_rooms_are_all_told() -> None:
    files = {path.name for path in (ROOT / BOT).glob("*.py")} - {"__init__.py", "__main__.py", "ports.py"}
    assert sorted(_FILE.findall(PAGE)) == sorted(files)
