"""The shapes of `shapes.py`, replayed: the channel tells how often each edition was posted, and which messages showed two."""

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from histories import START
from replaying import HOLD, Commit, Repository, replay
from shapes import PAGE, SHAPES, WEEK, Shape, thick
from watching import Newsletter

from heartbeat_bot.policy.decisions import State

SHOWN = re.compile(r"mark-([\w-]+?)-mark")
ASKED = {State.UNSURE, State.WAITING}


@dataclass
class Seen:
    """What each message has shown from first to last, and about which files a moderator was asked."""

    shown: defaultdict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    asked: set[str] = field(default_factory=set)

    def posted(self) -> Counter[str]:
        """Return in how many messages each mark was ever shown."""
        return Counter(mark for marks in self.shown.values() for mark in marks)


async def play(shape: Shape, state: Path, *, rests: bool) -> Seen:
    """Watch a story at each commit, when the hold has passed after each (``rests``), and after the last."""
    repo, seen, now = Repository(), Seen(), START
    async with replay(state, repo.contents, paths=("**/*.{md,mdx}",)) as it:

        async def look(commit: Commit, after: int) -> int:
            report = await it.sync(commit, now + after * HOLD)
            for number, message in it.board.messages.items():
                seen.shown[number].update(SHOWN.findall(str(message)))
            seen.asked |= {path for path, record in (await it.records()).items() if record.state in ASKED}
            return report.requests

        for after, changes in shape.steps:
            now += after
            commit = repo.commit(now, changes)
            await look(commit, 0)
            if rests:
                await look(commit, 1)
        await look(commit, 1)
        assert await look(commit, 1) == 0
        assert await look(commit, 6) == 0
    return seen


@pytest.mark.parametrize("name", SHAPES)
async def test_every_edition_of_a_shape_becomes_what_it_should(name: str, tmp_path: Path) -> None:
    shape = SHAPES[name]
    seen = await play(shape, tmp_path, rests=True)
    assert {number: marks for number, marks in seen.shown.items() if len(marks) > 1} == {}
    assert seen.posted() == Counter(shape.once.split())
    assert seen.asked == shape.asked


@pytest.mark.parametrize("name", SHAPES)
async def test_whoever_looks_at_commits_only_posts_nothing_twice_and_swaps_nothing(name: str, tmp_path: Path) -> None:
    seen = await play(SHAPES[name], tmp_path, rests=False)
    assert {number: marks for number, marks in seen.shown.items() if len(marks) > 1} == {}
    assert set(seen.posted().values()) <= {1}
    assert [mark for mark in seen.posted() if mark.startswith("old")] == []


@pytest.mark.parametrize("common", [0, 24])
@pytest.mark.parametrize("dated", [True, False])
async def test_each_issue_of_an_overwritten_file_is_posted_once_when_a_moderator_says_so(
    common: int, *, dated: bool, tmp_path: Path
) -> None:
    repo, seen = Repository(), Seen()
    async with replay(tmp_path, repo.contents) as watcher:
        it = Newsletter(repo, watcher)
        await it.commit(dict(PAGE))
        for number, mark in enumerate("abcde"):
            day, title = (START + number * WEEK, "Our newsletter") if dated else (None, f"Issue {number}")
            await it.commit({"newsletter.md": thick(mark, day, title, common=common)}, after=WEEK)
            assert (await it.states())["newsletter.md"] == ("unsure" if number else "announced")
            await watcher.store.approve(await it.id("newsletter.md"), now=it.now)
            await it.look()
            for message, shown in watcher.board.messages.items():
                seen.shown[message].update(SHOWN.findall(str(shown)))
    assert [marks for marks in seen.shown.values() if len(marks) > 1] == []
    assert seen.posted() == Counter("abcde")
