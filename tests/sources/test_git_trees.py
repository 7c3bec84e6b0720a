"""Trees that git would not write, and how much of them is read."""

from collections.abc import Mapping, Sequence

import pytest
from hostile_repositories import object_id, tree_of

from heartbeat_bot.config.patterns import PathPatterns
from heartbeat_bot.sources.git.trees import DamagedTreeError, TreeWalk, entries_of
from heartbeat_bot.sources.source_bounds import MOST_ENTRIES, MOST_FILES, TooManyError

BLOB = object_id(b"blob", b"text\n")


class Forest:
    """Trees by their ids, and how many were read."""

    def __init__(self) -> None:
        self.trees: dict[str, bytes] = {}
        self.read = 0

    def add(self, entries: Sequence[tuple[str, bytes, bytes]]) -> bytes:
        tree = tree_of(entries)
        name = object_id(b"tree", tree)
        self.trees[name.hex()] = tree
        return name

    def walk(self, root: bytes, *patterns: str) -> Mapping[str, str]:
        walk = TreeWalk(patterns=PathPatterns(patterns or ("**/*.md",)), root=root.hex())
        while wanted := walk.wanted():
            self.read += len(wanted)
            walk.take({name: self.trees[name] for name in wanted})
        return walk.files()


@pytest.fixture
def forest() -> Forest:
    return Forest()


def bomb(forest: Forest, *, depth: int = 10, ending: bytes = b".md") -> bytes:
    level = forest.add([("100644", b"%d" % number + ending, BLOB) for number in range(10)])
    for _ in range(depth - 1):
        level = forest.add([("40000", b"%d" % number, level) for number in range(10)])
    return level


def test_a_tree_bomb_is_left_when_too_many_files_match(forest: Forest) -> None:
    with pytest.raises(TooManyError, match=r"more than 20,000 files match `paths`; write narrower `paths`"):
        forest.walk(bomb(forest))
    assert forest.read < MOST_FILES


def test_a_tree_bomb_of_files_that_do_not_match_is_left_when_too_many_were_looked_at(forest: Forest) -> None:
    with pytest.raises(TooManyError, match=r"more than 200,000 files and folders where `paths` leads; write narrower `paths`"):
        forest.walk(bomb(forest, ending=b".txt"))
    assert forest.read < MOST_ENTRIES


def test_a_tree_bomb_beside_the_folders_that_the_patterns_name_is_not_looked_at(forest: Forest) -> None:
    news = forest.add([("100644", b"a.md", BLOB)])
    content = forest.add([("40000", b"blog", news), ("40000", b"bomb", bomb(forest))])
    root = forest.add([("40000", b"bomb", bomb(forest)), ("40000", b"content", content)])
    assert list(forest.walk(root, "content/blog/*.md", "gone/*.md")) == ["content/blog/a.md"]
    assert forest.read == 3


def test_folders_too_deep_are_not_followed(forest: Forest) -> None:
    level = forest.add([("100644", b"a.md", BLOB)])
    for _ in range(101):
        level = forest.add([("40000", b"d", level)])
    with pytest.raises(TooManyError, match=r"folders lie more than 100 deep below 'd/d/.*'; write `paths` that do not lead there"):
        forest.walk(level)
    assert len(forest.walk(next(bytes.fromhex(entry.id) for entry in entries_of(forest.trees[level.hex()], 20)))) == 1


def test_names_that_take_more_memory_than_a_large_site_are_not_kept(forest: Forest) -> None:
    inner = forest.add([("100644", b"%04d.md" % number, BLOB) for number in range(500)])
    root = forest.add([("40000", b"n" * 100_000, inner)])
    with pytest.raises(TooManyError, match="take more than 32 MiB; write narrower `paths`"):
        forest.walk(root)


def test_a_name_that_is_longer_than_any_file_can_have_is_left_out(forest: Forest) -> None:
    names = [b"n" * 100_000 + b".md", b"n" * 998 + b".md", b"n" * 997 + b".md"]
    root = forest.add(sorted((("100644", name, BLOB) for name in names), key=lambda entry: entry[1]))
    assert list(forest.walk(root)) == ["n" * 997 + ".md"]


def test_names_that_no_folder_can_hold_are_left_out(forest: Forest) -> None:
    inner = forest.add([("100644", b"a.md", BLOB)])
    names = (b".", b"..", b".git")
    folders = [("40000", name, inner) for name in names]
    files = [("100644", name, BLOB) for name in (b"../../escape.md", b"/etc/passwd.md", b"a/b.md", b"good.md")]
    assert list(forest.walk(forest.add([*folders, *files]), "**", "**/.*", ".*/**")) == ["good.md"]


def test_links_and_submodules_are_left_out_and_odd_modes_of_files_are_not(forest: Forest) -> None:
    modes = {
        "120000": b"link.md",
        "160000": b"module.md",
        "100644": b"a.md",
        "100755": b"b.md",
        "100664": b"c.md",
        "0100600": b"d.md",
    }
    root = forest.add([(mode, name, BLOB) for mode, name in modes.items()])
    assert list(forest.walk(root)) == ["a.md", "b.md", "c.md", "d.md"]


@pytest.mark.parametrize(
    "tree", [b"x", b"100644 a.md", b"100644 a.md\0short", b"9 a.md\0" + BLOB, b"100644 \0" + BLOB, b"100644a.md\0" + BLOB]
)
def test_bytes_that_are_no_tree_are_said_to_be_damaged(tree: bytes) -> None:
    with pytest.raises(DamagedTreeError):
        list(entries_of(tree, 20))
