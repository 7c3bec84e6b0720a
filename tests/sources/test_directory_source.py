"""A folder as a source: what only a folder can do wrong."""

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from origins import name_of

from heartbeat_bot.errors import SourceError
from heartbeat_bot.sources.directory import DirectorySource


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root").mkdir()
    return tmp_path / "root"


async def test_a_folder_that_is_missing_or_a_file_says_what_to_set(root: Path) -> None:
    (root / "file").touch()
    for name, what in (("none", "does not exist"), ("file", "is not a folder")):
        with pytest.raises(SourceError, match=rf"{name}: this {what}; set source\.directory"):
            await DirectorySource(root / name, ["*"]).snapshot()


async def test_the_root_itself_may_be_a_link_and_relative(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "a.md").write_bytes(b"1")
    (tmp_path / "link").symlink_to(root)
    monkeypatch.chdir(tmp_path)
    for place in (Path("link"), Path("root"), Path("./root/../root")):
        snapshot = await DirectorySource(place, ["*.md"]).snapshot()
        assert snapshot.files == {"a.md": name_of(b"1")}
        assert await snapshot.contents.read("a.md") == b"1"
    monkeypatch.chdir(root)
    snapshot = await DirectorySource(Path(), ["*.md"]).snapshot()
    assert await snapshot.contents.find("a.md") == (name_of(b"1"), 1)


async def test_the_time_is_the_newest_files_and_touching_one_changes_nothing_else(root: Path) -> None:
    for name, seconds in (("a.md", 1_000_000_000), ("b.md", 1_500_000_000), ("c.txt", 1_700_000_000)):
        (root / name).touch()
        os.utime(root / name, (seconds, seconds))
    before = await DirectorySource(root, ["*.md"]).snapshot()
    assert before.time == datetime.fromtimestamp(1_500_000_000, UTC)
    os.utime(root / "a.md", (1_600_000_000, 1_600_000_000))
    after = await DirectorySource(root, ["*.md"]).snapshot()
    assert (after.time, after.commit) == (datetime.fromtimestamp(1_600_000_000, UTC), before.commit)


async def test_an_empty_folder_has_its_own_time(root: Path) -> None:
    os.utime(root, (1_000_000_000, 1_000_000_000))
    assert (await DirectorySource(root, ["*.md"]).snapshot()).time == datetime.fromtimestamp(1_000_000_000, UTC)


async def test_a_file_that_changed_or_vanished_since_is_not_read(root: Path) -> None:
    (root / "a.md").write_bytes(b"1")
    (root / "b.md").write_bytes(b"1")
    snapshot = await DirectorySource(root, ["*.md"]).snapshot()
    (root / "a.md").write_bytes(b"2")
    (root / "b.md").unlink()
    with pytest.raises(SourceError, match=r"a\.md: the file changed while it was read; the next pass reads it anew"):
        await snapshot.contents.read("a.md")
    with pytest.raises(SourceError, match=r"b\.md: there is no such file \(any more\)"):
        await snapshot.contents.read("b.md")


async def test_a_file_that_became_a_link_to_a_secret_is_not_read(root: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (root / "a.md").write_bytes(b"1")
    snapshot = await DirectorySource(root, ["*.md"]).snapshot()
    (root / "a.md").unlink()
    (root / "a.md").symlink_to(tmp_path / "secret")
    with pytest.raises(SourceError):
        await snapshot.contents.read("a.md")


async def test_what_is_neither_file_nor_folder_holds_nobody_up(root: Path) -> None:
    os.mkfifo(root / "pipe.md")
    (root / "a.md").write_bytes(b"1")
    async with asyncio.timeout(10):
        snapshot = await DirectorySource(root, ["*.md"]).snapshot()
        assert list(snapshot.files) == ["a.md"]
        assert await snapshot.contents.find("pipe.md") is None


async def test_only_folders_that_can_match_are_looked_into(root: Path) -> None:
    (root / "content" / "blog").mkdir(parents=True)
    (root / "content" / "blog" / "a.md").write_bytes(b"1")
    # What would be an error if it were looked at.
    (root / "node_modules").mkdir()
    os.mkfifo(root / "node_modules" / "pipe")
    (root / "content" / "other").mkdir(mode=0)
    assert list((await DirectorySource(root, ["content/blog/*.md"]).snapshot()).files) == ["content/blog/a.md"]


async def test_a_folder_that_leads_round_in_a_circle_is_named(root: Path) -> None:
    (root / "circle").symlink_to("circle")
    with pytest.raises(SourceError, match=r"circle: (?:it cannot be read|this does not exist)"):
        await DirectorySource(root / "circle", ["*.md"]).snapshot()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
async def test_what_may_not_be_read_is_named(root: Path) -> None:
    (root / "a.md").write_bytes(b"1")
    (root / "a.md").chmod(0)
    with pytest.raises(SourceError, match=r"a\.md: it cannot be read \(Permission denied\); check its permissions"):
        await DirectorySource(root, ["*.md"]).snapshot()
    (root / "closed").mkdir(mode=0)
    with pytest.raises(SourceError, match="closed: it cannot be read"):
        await DirectorySource(root, ["closed/*.md"]).snapshot()


async def test_nothing_outside_of_the_root_is_read_whatever_the_pattern(root: Path) -> None:
    (root.parent / "secret.md").write_text("secret")
    for pattern in ("../*.md", "{..,a}/*.md", f"{{{root.parent},a}}/*.md"):
        with pytest.raises(ValueError, match="leaves the source"):
            DirectorySource(root, [pattern])
