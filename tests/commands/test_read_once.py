"""A text is read as often as it takes: what was made of it serves all who ask for it."""

from collections import Counter
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import pytest
from one_worker import WORKER
from test_moderating import JUNE, by_mo, posted
from town import Town

from heartbeat_bot.isolation.worker import Here

_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c626001000000ffff03000006000557bfabd4"
    "0000000049454e44ae426082"
)


class Counting:
    """Counts the jobs of the worker, by what they do."""

    def __init__(self) -> None:
        self.jobs = Counter[str]()

    async def run(
        self, function: Callable[_Parameters, _Result], *arguments: _Parameters.args, **named: _Parameters.kwargs
    ) -> _Result:
        self.jobs[getattr(function, "__name__", "")] += 1
        return await WORKER.run(function, *arguments, **named)


@pytest.fixture
def counting(town: Town) -> Counting:
    town.runner = counting = Counting()
    return counting


async def test_a_new_issue_is_read_and_rendered_once_for_the_channel_and_the_archive(town: Town, counting: Counting) -> None:
    async with town.running():
        counting.jobs.clear()
        town.write("june", JUNE)
        await town.sync()
        assert posted(town)
        assert "June" in town.shown(await town.call("issue", issue="june"))
        assert (counting.jobs["read_head"], counting.jobs["make"]) == (1, 1)
        assert counting.jobs.keys() <= {"read_head", "_fingerprint", "identify", "make"}


async def test_an_issue_that_waits_is_rendered_once_for_the_moderators_the_channel_and_the_archive(
    town: Town, counting: Counting
) -> None:
    town.moderation = town.moderation[:-1] + ", approval: true}"
    async with town.running():
        counting.jobs.clear()
        town.write("june", JUNE)
        await town.sync()
        await by_mo(town, "approve", issue="june")
        assert posted(town)
        assert "June" in town.shown(await town.call("issue", issue="june"))
        assert (counting.jobs["read_head"], counting.jobs["make"]) == (1, 1)


async def test_sections_are_offered_at_each_key_without_rendering_their_issue_anew(town: Town, counting: Counting) -> None:
    async with town.running():
        town.write("june", JUNE)
        await town.sync()
        counting.jobs.clear()
        for typed in ("", "n", "ne", "new"):
            choices = await town.sandbox.autocomplete(
                "repost", "section", typed, options={"issue": "june"}, user=town.mo, channel=town.office
            )
            assert "News" in [choice["name"] for choice in choices]
        assert counting.jobs == {}


async def test_a_picture_that_changes_without_its_issue_is_not_taken_for_the_one_that_was(town: Town, counting: Counting) -> None:
    town.newsletter = "    images: {attach: true}\n"
    (town.folder / "sail.png").write_bytes(PIXEL)
    async with town.running():
        town.write("june", JUNE.replace("It is *warm*.", "![A sail](sail.png)"))
        await town.sync()
        before = [message["id"] for message in town.sandbox.messages(town.news)]
        counting.jobs.clear()
        await town.sync()
        assert counting.jobs["make"] == 0
        (town.folder / "sail.png").write_bytes(PIXEL + b"\0")
        await town.sync()
        assert counting.jobs["make"] == 1
        assert [message["id"] for message in town.sandbox.messages(town.news)] == before
        assert [file.content for message in town.news.messages.values() for file in message.attachments] == [PIXEL + b"\0"]


async def test_a_fault_in_the_search_for_events_keeps_no_issue_from_being_posted(
    town: Town, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    town.runner = Here()
    async with town.running():
        monkeypatch.setattr("heartbeat_bot.archive.making.find_events", broken)
        town.write("june", JUNE)
        await town.sync()
        assert posted(town)
        assert "june.md is not in the archive: june.md: a fault of this program shows with this text" in caplog.text
        assert "ZeroDivisionError" in caplog.text
