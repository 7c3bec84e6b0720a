"""A pass without a change costs the same however many issues are known, and reads nothing; whatever may matter is compared all the same."""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from histories import DAY, HOUR, START, issue
from watching import NEWS, TODAY, Newsletter, newsletter

from heartbeat_bot.sources.directory import DirectorySource
from heartbeat_bot.sources.regular_file import open_regular

SPRING = "posts/2026-03-03-spring.md"


def compares(it: Newsletter) -> list[str]:
    """Let each comparison of a pass be noted."""
    seen: list[str] = []
    find_changes = it.watcher.service._find_changes  # noqa: SLF001 - whether it is called is what is asked

    async def noted(name: str, *args: object, **more: object) -> object:
        seen.append(name)
        return await find_changes(name, *args, **more)  # type: ignore[arg-type]

    it.watcher.service._find_changes = noted  # type: ignore[method-assign,assignment] # noqa: SLF001
    return seen


async def test_a_pass_after_one_that_left_nothing_to_do_compares_nothing(tmp_path: Path) -> None:
    async with newsletter(tmp_path) as it:
        await it.look()
        seen = compares(it)
        assert await it.look() == 0
        assert seen == []
        assert (await it.watcher.store.newsletter("weekly")).last_pass_at == it.now
        await it.look(after=2 * HOUR)
        assert seen == ["weekly"]


async def test_what_falls_due_what_a_moderator_decides_and_a_change_are_compared(tmp_path: Path) -> None:
    async with newsletter(tmp_path) as it:
        await it.commit({SPRING: issue("spring", START)}, rest=False)
        assert await it.look() == 0
        assert await it.look(after=HOUR / 4) > 0  # it has rested
        await it.look()
        await it.watcher.store.retract(await it.id(SPRING), now=it.now)
        assert await it.look() > 0
        await it.look()
        assert await it.commit({NEWS: TODAY.replace("## ", "Mended.\n\n## ", 1)}) == 1


async def test_a_newsletter_that_is_paused_or_a_clock_that_went_back_is_compared(tmp_path: Path) -> None:
    async with newsletter(tmp_path) as it:
        await it.look()
        seen = compares(it)
        await it.look(after=-DAY)
        assert seen == ["weekly"]
        it.now += DAY
        await it.look()
        await it.watcher.store.pause("weekly", now=it.now)
        report = await it.watcher.sync(it.last, it.now)
        assert report.blocked_by is not None


async def test_a_file_of_a_folder_is_read_again_when_it_changed_and_only_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("heartbeat_bot.sources.directory._TICK_NANOSECONDS", 0)
    paths = [tmp_path / f"{number}.md" for number in range(20)]
    for path in paths:
        path.write_text(f"# {path.stem}\n")
    source = DirectorySource(tmp_path, ["*.md"])
    first = await source.snapshot()
    read: list[str] = []

    def noted(root: Path, parts: Sequence[str]) -> object:
        read.append(parts[-1])
        return open_regular(root, parts)

    monkeypatch.setattr("heartbeat_bot.sources.directory.open_regular", noted)
    assert await source.snapshot() == first
    assert read == []
    before = paths[3].stat()
    paths[3].write_text("# x\n")  # as long as it was, and its time of modification put back
    os.utime(paths[3], ns=(before.st_atime_ns, before.st_mtime_ns))
    second = await source.snapshot()
    assert read == ["3.md"]
    assert (second.commit != first.commit, second.files["3.md"] != first.files["3.md"]) == (True, True)
    paths[3].unlink()
    assert "3.md" not in (await source.snapshot()).files


async def test_a_file_that_is_very_young_is_read_in_every_pass(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("one")
    source = DirectorySource(tmp_path, ["*.md"])
    first = await source.snapshot()
    (tmp_path / "a.md").write_text("two")
    assert (await source.snapshot()).files != first.files
