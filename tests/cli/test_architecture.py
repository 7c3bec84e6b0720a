"""The drawing of the rooms in docs/architecture.md is what the source's imports say: ``python tests/cli/test_architecture.py`` draws it anew."""

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
BOT = "heartbeat_bot"
BESIDE = ("cogs", "discord_sandbox")
"""Packages beside the bot's, each a room of its own."""
DOCUMENT = ROOT / "docs" / "architecture.md"
PAGE = DOCUMENT.read_text()
ANEW = "draw it anew: .venv/bin/python tests/cli/test_architecture.py"
_DRAWING = re.compile(r"(?<=^```mermaid\nflowchart TD\n).*?(?=^```$)", re.MULTILINE | re.DOTALL)
_ROW = re.compile(r"^\| `(\w+)` \|([^|\n]*)\|([^|\n]*)\|$", re.MULTILINE)
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
    for path in files():
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
        elif isinstance(node, ast.Call) and ast.unparse(node.func).startswith("NamedFunction["):
            yield ast.literal_eval(node.args[0]).partition(":")[0]  # what another process loads by its name


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


def drawing() -> str:
    """Draw the rooms, each with its arrows, from those that are imported by none downwards as the table has them."""
    arrows = needed(imports())
    order = [room for room, _, _ in _ROW.findall(PAGE)]
    order += sorted(rooms() - set(order))
    lines = [f"    {one} --> {other}" for one in order for other in order if (one, other) in arrows]
    return "\n".join([*lines, *(f"    {room}" for room in order if not any(room in arrow for arrow in arrows))]) + "\n"


def row(room: str, says: str) -> str:
    order = [name for name, _, _ in _ROW.findall(PAGE)]
    return f"| `{room}` |{says}| {', '.join(name for name in order if name in imports().get(room, ())) or '–'} |"


def test_rooms_import_in_one_direction_only() -> None:
    assert [room for room in rooms() if room in reached(imports(), room)] == []


def test_the_drawing_is_what_the_imports_say() -> None:
    assert _DRAWING.findall(PAGE) == [drawing()], ANEW


def test_the_table_says_of_every_room_what_it_is_for_and_what_it_imports() -> None:
    rows = _ROW.findall(PAGE)
    assert sorted(room for room, _, _ in rows) == sorted(rooms()), "write a row for each room, and none for others"
    assert [row(room, says) for room, says, _ in rows] == [f"| `{room}` |{says}|{others}|" for room, says, others in rows], ANEW
    assert all(says.strip() for _, says, _ in rows)


def test_the_files_that_are_no_rooms_are_all_told() -> None:
    files = {path.name for path in (ROOT / BOT).glob("*.py")} - {"__init__.py", "__main__.py", "ports.py"}
    assert sorted(_FILE.findall(PAGE)) == sorted(files)


def files() -> Iterator[Path]:
    for package in (BOT, *BESIDE):
        yield from (ROOT / package).rglob("*.py")


def lines_of(path: Path) -> int:
    return path.read_text().count("\n")


def test_no_room_file_or_function_is_too_long_to_be_understood_alone() -> None:
    sizes: Counter[str] = Counter()
    for path in files():
        sizes["/".join(path.relative_to(ROOT).parent.parts[:2])] += lines_of(path)
    assert {room: lines for room, lines in sizes.items() if lines > 3000} == {}
    assert {path.name: lines for path in files() if (lines := lines_of(path)) > 450} == {}
    functions = (
        (node.name, (node.end_lineno or 0) - node.lineno + 1)
        for path in files()
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    assert {name: lines for name, lines in functions if lines > 50} == {}


def test_two_classes_of_two_rooms_have_two_names() -> None:
    found: defaultdict[str, set[Path]] = defaultdict(set)
    for path in files():
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.ClassDef):
                found[node.name].add(path)
    assert {name: places for name, places in found.items() if len(places) > 1} == {}


if __name__ == "__main__":
    page = _DRAWING.sub(lambda _: drawing(), PAGE)
    DOCUMENT.write_text(_ROW.sub(lambda found: row(found.group(1), found.group(2)), page))
