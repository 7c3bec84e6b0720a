"""A disk that takes its time: people are told at once that an answer comes, and what they asked for is done when it can be written."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from test_moderating import JUNE, posted
from town import Town

from heartbeat_bot.database.protocol import Database

ASKED = [
    ("latest", {}),
    ("events", {}),
    ("status", {}),
    ("pause", {"newsletter": "mill"}),
    ("retract", {"issue": "april"}),
]


def first_answers(town: Town) -> int:
    return sum(entry.path.endswith("/callback") for entry in town.sandbox.log)


async def test_people_are_told_at_once_that_an_answer_comes_while_nothing_can_be_written(
    town: Town, occupied: Callable[[Database], AbstractAsyncContextManager[None]]
) -> None:
    async with town.running():
        town.write("june", JUNE)
        async with asyncio.TaskGroup() as group:
            async with occupied(town.opened.store.database), asyncio.timeout(15):
                town.sandbox.log.clear()
                looking = group.create_task(town.sync())
                asked = [
                    group.create_task(town.call(command, by=town.mo, channel=town.office, **options)) for command, options in ASKED
                ]
                while first_answers(town) < len(ASKED):  # noqa: ASYNC110 - the sandbox tells nobody what it logs
                    await asyncio.sleep(0.01)
                assert posted(town) == []
                choices = await town.choices("approve", "issue", "ju", by=town.mo)
                assert isinstance(choices, list)
            await looking
            for task in asked:
                answer = await task
                assert answer.first_answer_after is not None
                assert answer.first_answer_after < 3
                assert town.shown(answer)
        await town.call("resume", by=town.mo, channel=town.office, newsletter="mill")
        await town.sync()
        assert len(posted(town)) == 4
