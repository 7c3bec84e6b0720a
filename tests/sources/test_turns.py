"""Commands of git begin one after the other, and one that hangs keeps the others waiting for a moment only."""

import asyncio

from heartbeat_bot.sources.git.remote_turns import RemoteTurns


async def test_the_next_begins_when_the_one_before_has_ended() -> None:
    turns, running, most = RemoteTurns(), 0, 0

    async def work() -> None:
        nonlocal running, most
        async with turns.take():
            running += 1
            most = max(most, running)
            await asyncio.sleep(0)
            running -= 1

    async with asyncio.TaskGroup() as tasks:
        for _ in range(20):
            tasks.create_task(work())
    assert most == 1


async def test_one_that_hangs_lets_the_next_begin_after_a_while_and_gives_no_turn_back_twice() -> None:
    turns, hanging = RemoteTurns(seconds=0.01), asyncio.Event()

    async def hang() -> None:
        async with turns.take():
            await hanging.wait()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(hang())
        await asyncio.sleep(0)
        async with turns.take():
            hanging.set()
            await asyncio.sleep(0)
            third = tasks.create_task(hang())
            await asyncio.sleep(0)
            assert not third.done()


async def test_one_that_is_cancelled_while_it_waits_takes_no_turn() -> None:
    turns = RemoteTurns()
    async with asyncio.TaskGroup() as tasks:
        async with turns.take():
            waiting = tasks.create_task(turns.take().__aenter__())
            await asyncio.sleep(0)
            waiting.cancel()
        async with asyncio.timeout(5), turns.take():
            pass
