"""A pass over a newsletter, and then all that follows from what the pass saw."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

from heartbeat_bot.errors import UserError
from heartbeat_bot.features.agenda.server_events import ServerEvents
from heartbeat_bot.features.indexing import Indexing
from heartbeat_bot.moderators.alarms import Alarms
from heartbeat_bot.moderators.notices import Notices
from heartbeat_bot.sync.reconciler import Reconciler
from heartbeat_bot.sync.report import PassReport
from heartbeat_bot.sync.result import Result, ResultCode


@dataclass(eq=False, kw_only=True, slots=True)
class Passes:
    """Makes passes: when the clock asks, and when somebody decided something. One pass of a newsletter runs at a time.

    The archive is kept in step for a process that ``answers`` people, and for server events.
    """

    reconciler: Reconciler
    notices: Notices
    alarms: Alarms
    indexing: Indexing
    server_events: ServerEvents
    answers: bool = True
    _locks: defaultdict[str, asyncio.Lock] = field(default_factory=partial(defaultdict[str, asyncio.Lock], asyncio.Lock))

    async def make(self, name: str) -> PassReport:
        """Make a pass, tell the moderators what waits for them and what is wrong, bring the archive in step, and watch server events."""
        async with self.alone(name) as make_pass:
            return await make_pass()

    @asynccontextmanager
    async def alone(self, name: str) -> AsyncGenerator[Callable[[], Awaitable[PassReport]]]:
        """Let nobody else make a pass over a newsletter meanwhile; yield what makes one.

        For what a pass must not be in the midst of: in the end it notes that an issue is shown whole, whatever was deleted meanwhile.
        """
        async with self._locks[name]:
            yield partial(self._make, name)

    async def _make(self, name: str) -> PassReport:
        report = await self.reconciler.sync(name)
        await self.notices.reconcile(name)
        await self.alarms.reconcile(name, report)
        try:
            if self.answers or await self.server_events.are_made(name):
                await self.indexing.index(name)
                await self.server_events.reconcile(name)
        except UserError as error:  # what was posted was posted: only what is said of it must wait for the next pass
            report.note(Result(ResultCode.FAILED, text=str(error)))
        return report
