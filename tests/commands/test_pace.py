"""One person cannot keep the bot from answering the others."""

import asyncio
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from town import Town

from discord_sandbox.faults import Hold
from discord_sandbox.interactions import Interaction
from heartbeat_bot.archive import archive as archive_module
from heartbeat_bot.discord.pace import BURST, COMPLETION, PER_SECOND, Pace
from heartbeat_bot.features.agenda import agenda


def test_a_burst_is_taken_and_then_one_question_a_second() -> None:
    pace = Pace()
    assert [pace.wait(1, 0.0) for _ in range(int(BURST))] == [0.0] * int(BURST)
    assert pace.wait(1, 0.0) == 1.0
    assert pace.wait(1, 0.5) == 0.5
    assert pace.wait(1, 1.0) == 0.0
    assert pace.wait(2, 1.0) == 0.0


def test_suggestions_while_somebody_types_count_little() -> None:
    pace = Pace()
    assert [pace.wait(1, 0.0, cost=COMPLETION) for _ in range(100)] == [0.0] * 100


def test_people_who_have_rested_are_forgotten() -> None:
    pace = Pace()
    for person in range(50_000):
        assert pace.wait(person, float(person)) == 0.0
    assert len(pace._left) <= 10_000  # noqa: SLF001 - what it remembers is what this is about


@given(st.lists(st.floats(min_value=0, max_value=3), max_size=60))
def test_nobody_asks_more_than_a_burst_and_the_rate(pauses: list[float]) -> None:
    pace, now, taken = Pace(), 0.0, 0
    for pause in pauses:
        now += pause
        taken += pace.wait(7, now) == 0.0
    assert taken <= BURST + now * PER_SECOND + 1


@pytest.fixture
async def mill(town: Town) -> AsyncIterator[Town]:
    """A town whose bot answers at the pace that people know."""
    town.burst = BURST
    async with town.running():
        yield town


async def test_thirty_questions_of_one_person_at_once_do_not_stop_the_others(mill: Town) -> None:
    bob = mill.sandbox.create_user(mill.guild, "bob")
    async with asyncio.TaskGroup() as tasks:
        anns = [tasks.create_task(mill.call("events", when="all")) for _ in range(30)]
        bobs = tasks.create_task(mill.call("events", when="all", by=bob))
    answers = [mill.shown(task.result()) for task in anns]
    refused = [text for text in answers if "faster than I can answer" in text]
    assert 30 - len(refused) >= BURST
    assert refused
    assert all(mill.is_private(task.result()) for task in anns)
    assert "Kite day" in mill.shown(bobs.result())


async def _export(mill: Town, shown: Interaction) -> Interaction:
    menu = "Add to calendar…"
    return await mill.press(shown, menu, values=[mill.options(shown, menu)[0]["value"]])


@pytest.mark.parametrize(("place", "name"), [(agenda, "_answered"), (archive_module, "in_order"), (agenda, "calendar")])
async def test_what_takes_long_to_work_out_keeps_nobody_else_waiting(
    mill: Town, monkeypatch: pytest.MonkeyPatch, place: Any, name: str
) -> None:
    shown = await mill.call("events", when="all") if name == "calendar" else None
    reached, answered, goes_on = threading.Event(), threading.Event(), getattr(place, name)
    beside: list[bool] = []

    def takes_long(*about: Any, **more: Any) -> Any:
        reached.set()
        beside.append(answered.wait(20))  # on the loop nobody would be answered meanwhile
        return goes_on(*about, **more)

    monkeypatch.setattr(place, name, takes_long)
    bob = mill.sandbox.create_user(mill.guild, "bob")
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_export(mill, shown) if shown else mill.call("events", when="all"))
        assert await asyncio.to_thread(reached.wait, 20)
        assert "July's Heat" in mill.shown(await mill.call("latest", by=bob))
        answered.set()
    assert beside == [True]


async def test_presses_count_too(mill: Town) -> None:
    shown = await mill.call("issue", issue="april")
    async with asyncio.TaskGroup() as tasks:
        pressed = [tasks.create_task(mill.press(shown, "Next ▶")) for _ in range(30)]
    said = [mill.shown(task.result()) for task in pressed if task.result().responses]
    assert [text for text in said if "faster than I can answer" in text]


async def test_the_word_is_said_in_the_persons_language(mill: Town) -> None:
    anna = mill.sandbox.create_user(mill.guild, "anna", locale="de")
    async with asyncio.TaskGroup() as tasks:
        asked = [tasks.create_task(mill.call("help", by=anna)) for _ in range(40)]
    assert [task for task in asked if "schneller, als ich antworten kann" in mill.shown(task.result())]


async def test_everybody_is_told_that_an_answer_comes_before_anybody_is_answered(mill: Town) -> None:
    bob = mill.sandbox.create_user(mill.guild, "bob")
    hold = Hold()
    mill.sandbox.faults.add("POST", "/interactions/**", hold)
    mill.sandbox.log.clear()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(mill.call("latest"))
        await hold.reached.wait()
        tasks.create_task(mill.call("latest", by=bob))
        for _ in range(3):  # meanwhile bob could have been answered
            await mill.choices("issue", "issue", "july")
        hold.released.set()
    said = [entry.method for entry in mill.sandbox.log if entry.method != "GET" and (entry.body or {}).get("type") != 8]
    assert said == ["POST", "POST", "PATCH", "PATCH"]
