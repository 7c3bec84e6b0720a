"""A look at a newsletter: a pass over it, and then all that follows from what the pass saw."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial

from heartbeat_bot.errors import UserError
from heartbeat_bot.features.agenda.server_events import ServerEvents
from heartbeat_bot.features.indexing import Indexing
from heartbeat_bot.features.moderation.notices import Notices
from heartbeat_bot.features.status.alarms import Alarms
from heartbeat_bot.sync.reconciler import Reconciler
from heartbeat_bot.sync.report import PassReport
from heartbeat_bot.sync.result import Result, ResultCode


class Passes:
    """Looks at newsletters: when the clock asks, and when somebody decided something. One look at a newsletter at a time."""

    def __init__(
        self,
        reconciler: Reconciler,
        *,
        indexing: Indexing,
        notices: Notices,
        server_events: ServerEvents,
        alarms: Alarms,
        answers: bool = True,
    ) -> None:
        """Do what a look consists of, in this order; the archive is kept in step for what ``answers``, and for server events."""
        self._reconciler = reconciler
        self._indexing = indexing
        self._notices = notices
        self._server_events = server_events
        self._alarms = alarms
        self._answers = answers
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def make(self, name: str) -> PassReport:
        """Make a pass over a newsletter, tell the moderators what waits for them and what is wrong, bring the archive in step, and tell of server events."""
        async with self.alone(name) as make_pass:
            return await make_pass()

    @asynccontextmanager
    async def alone(self, name: str) -> AsyncGenerator[Callable[[], Awaitable[PassReport]]]:
        """Let nobody else look at a newsletter meanwhile; yield what looks at it.

        For what a pass must not be in the midst of: in the end it notes that an issue is shown whole, whatever was deleted meanwhile.
        """
        async with self._locks[name]:
            yield partial(self._make, name)

    async def _make(self, name: str) -> PassReport:
        report = await self._reconciler.sync(name)
        await self._notices.reconcile(name)
        await self._alarms.reconcile(name, report)
        try:
            if self._answers or await self._server_events.are_made(name):
                await self._indexing.index(name)
                await self._server_events.reconcile(name)
        except UserError as error:  # what was posted was posted: only what is said of it must wait for the next look
            report.note(Result(ResultCode.FAILED, text=str(error)))
        return report
