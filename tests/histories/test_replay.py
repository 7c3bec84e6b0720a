"""Two real histories, commit by commit, against what should become of each of their issues.

Texts are cut after their beginning, unless HEARTBEAT_WHOLE_HISTORIES is set.
"""

import os
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from replaying import HOLD, Commit, Replay, history, replay

from heartbeat_bot.config.patterns import PathPatterns
from heartbeat_bot.policy.decisions import State
from heartbeat_bot.sources.snapshot import BlobId
from heartbeat_bot.sync.report import PassReport

DAY = timedelta(days=1)
ENOUGH = 2_500
BUNDLES = Path(__file__).resolve().parents[3] / "shared" / "corpus" / "histories"
EXPECTED = sorted(Path(__file__).parent.glob("*.yaml"))
needs_histories = pytest.mark.skipif(not BUNDLES.is_dir(), reason="the real histories (../shared/corpus/histories) are not here")


async def watch(it: Replay, commits: list[Commit]) -> AsyncIterator[tuple[Commit, PassReport]]:
    """Watch a history as one would who looks often: at each commit, when the hold has passed, and when something falls due."""
    for commit, following in zip(commits, [*commits[1:], None], strict=True):
        ends = following.time if following else commit.time + DAY
        at, rested = commit.time, False
        while True:
            yield commit, await it.sync(commit, at)
            due = {record.until for record in (await it.records()).values() if record.until and record.until > at}
            if not rested:
                due.add(commit.time + HOLD)
                rested = True
            at = min(due, default=ends)
            if at >= ends:
                break


def beginnings(contents: dict[BlobId, bytes]) -> dict[BlobId, bytes]:
    """Return the beginning of each text, up to the end of a line: rendering hundreds of long releases whole takes minutes."""
    if os.environ.get("HEARTBEAT_WHOLE_HISTORIES"):
        return contents
    return {blob: data if len(data) <= ENOUGH else data[: data.rfind(b"\n", 0, ENOUGH) + 1] for blob, data in contents.items()}


def read(expected: Path) -> dict[str, Any]:
    return yaml.safe_load(expected.read_text())


def one_of(path: str, patterns: list[str]) -> bool:
    return bool(patterns) and PathPatterns(patterns).match(path)


@needs_histories
@pytest.mark.parametrize("expected", EXPECTED, ids=lambda path: path.stem)
async def test_every_issue_of_a_real_history_becomes_what_it_should(expected: Path, tmp_path: Path) -> None:
    wanted = read(expected)
    commits, contents = history(BUNDLES / wanted["bundle"], tmp_path / "repo.git")
    async with replay(tmp_path, beginnings(contents), paths=wanted["paths"]) as it:
        announced: dict[int, datetime] = {}
        names: dict[str, int] = {}
        before: dict[str, Any] = {}
        async for commit, report in watch(it, commits):
            assert not report.failed, report.problems
            now = await it.announced()
            assert {id_: when for id_, when in now.items() if id_ in announced} == announced, "announced once, and for good"
            assert len(now) - len(announced) <= 3, "no flood"
            announced = dict(now)
            if commit.files == before and not any(" sent" in line for line in report.done):
                assert report.requests == 0, report.done
            before = dict(commit.files)
            names |= {path: record.id for path, record in (await it.records()).items()}
        last = commits[-1]
        assert (await it.sync(last, last.time + DAY)).requests == 0
        assert it.stage.reads == []
        records = await it.records()
        found = {path: "announced" if record.announced_at else record.state.value for path, record in records.items()}
        should = dict.fromkeys(found, "announced")
        should |= {path: "too_old" for path in found if one_of(path, wanted["too_old"])}
        should |= {path: "baseline" for path in found if one_of(path, wanted["baseline"])}
        assert found == should
        assert {path: names[path] for path in wanted["same"]} == {new: names[old] for new, old in wanted["same"].items()}
        everything = await it.store.records("weekly")
        gone = {record.path for record in everything.values() if record.state is State.GONE}
        assert gone == set(wanted["never"])
        assert len(announced) == list(found.values()).count("announced")
        # What was sent is what is there, each post of each issue once.
        keys = [(record.id, receipt.key) for record in await it.store.issues("weekly") for receipt in record.messages]
        assert len(keys) == len(set(keys)) == len(it.board.messages)
        assert it.board.requests.count("send") == len(keys) + it.board.requests.count("delete")


@needs_histories
@pytest.mark.parametrize("expected", EXPECTED, ids=lambda path: path.stem)
async def test_a_watcher_whose_clock_jumps_back_and_forth_announces_nothing_twice(expected: Path, tmp_path: Path) -> None:
    wanted = read(expected)
    commits, contents = history(BUNDLES / wanted["bundle"], tmp_path / "repo.git")
    async with replay(tmp_path, beginnings(contents), paths=wanted["paths"]) as it:
        for commit in commits[:60]:
            await it.sync(commit, commit.time)
            await it.sync(commit, commit.time + HOLD)
        records = await it.records()
        announced = await it.announced()
        present = [record for record in records.values() if record.announced_at]
        never = [record for record in (await it.store.records("weekly")).values() if record.id in announced and not record.present]
        assert len(announced) == len(present) + len(never)
        titles = [record.title for record in present]
        assert len(titles) == len(set(titles))
