"""The texts of one newsletter keep those of another waiting for no longer than one text may take."""

import asyncio
import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import pytest

from heartbeat_bot.isolation.bounds import EndedError
from heartbeat_bot.isolation.turns import WorkerTurns
from heartbeat_bot.isolation.worker import Here

P = ParamSpec("P")
R = TypeVar("R")
SLOW = 0.05


def take(seconds: float) -> float:
    ends = time.perf_counter() + seconds
    while time.perf_counter() < ends:
        pass
    return seconds


class OneAtATime:
    """A runner that others wait for, as for a worker; that it computes in this process is all the same to those who wait."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()

    async def run(self, function: Callable[P, R], *arguments: P.args, **named: P.kwargs) -> R:
        async with self._lock:
            await asyncio.sleep(0)
            return await Here().run(function, *arguments, **named)


async def test_texts_of_another_newsletter_are_read_while_one_that_had_a_slow_text_rests() -> None:
    turns = WorkerTurns(OneAtATime(), slow=SLOW)
    order: list[str] = []

    async def read(name: str, number: int, seconds: float) -> None:
        turn = turns.new()
        for _ in range(number):
            await turn.run(take, seconds)
            order.append(name)

    async with asyncio.TaskGroup() as group:
        group.create_task(read("slow", 3, 5 * SLOW))
        group.create_task(read("quick", 20, 0.0))
    assert order[:21].count("slow") == 1, order


async def test_a_quick_newsletter_never_rests_for_what_others_took() -> None:
    turns = WorkerTurns(OneAtATime(), slow=SLOW)
    slow, quick = turns.new(), turns.new()
    async with asyncio.TaskGroup() as group:
        group.create_task(slow.run(take, 20 * SLOW))
        await asyncio.sleep(0)
        group.create_task(quick.run(take, 0.0))
    begun = time.perf_counter()
    await quick.run(take, 0.0)
    assert time.perf_counter() - begun < 15 * SLOW


async def test_a_newsletter_whose_texts_took_their_time_has_to_wait_for_the_next_pass() -> None:
    turn = WorkerTurns(Here(), most=SLOW).new()
    turn.begin_pass()
    await turn.run(take, 2 * SLOW)
    with pytest.raises(EndedError, match=r"took 0\.05 seconds of this pass"):
        await turn.run(take, 0.0)
    turn.begin_pass()
    assert await turn.run(take, 0.0) == 0.0
