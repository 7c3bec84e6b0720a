"""Shares the process that reads texts among newsletters, so that the slow texts of one keep no other waiting for long."""

import asyncio
from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar

from heartbeat_bot.isolation.bounds import EndedError
from heartbeat_bot.isolation.worker import Runner

_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")

SLOW: Final = 1.0
"""Seconds after which a text counts as slow: ten times what the slowest of 120 real issues takes."""
MOST: Final = 600.0
"""Seconds that the texts of one newsletter may take in one pass: ten thousand issues take less."""


class WorkerTurns:
    """Gives jobs of several newsletters to one runner, which does one at a time."""

    def __init__(self, runner: Runner, *, slow: float = SLOW, most: float = MOST) -> None:
        """Share ``runner``; ``slow`` and ``most`` in seconds."""
        self.runner = runner
        self.slow = slow
        self.most = most
        self.ended = 0.0
        """When the last job ended, by the loop's clock: the next one began then, however long it had waited."""

    def new(self) -> "Turn":
        """Return where a newsletter's work is done from now on."""
        return Turn(self)


class Turn:
    """Does the work of one newsletter. After a slow text the others have the runner for as long as that text took."""

    def __init__(self, turns: WorkerTurns) -> None:
        """Make one with :meth:`WorkerTurns.new`."""
        self._turns = turns
        self._taken = 0.0
        self._rests_until = 0.0

    def begin_pass(self) -> None:
        """Start anew to count how long the texts of a pass take."""
        self._taken = 0.0

    async def run(
        self, function: Callable[_Parameters, _Result], *arguments: _Parameters.args, **named: _Parameters.kwargs
    ) -> _Result:
        """Do as :meth:`Runner.run`; raise EndedError where the texts of this pass have taken their time already."""
        turns, time = self._turns, asyncio.get_running_loop().time
        if self._taken > turns.most:
            raise EndedError(f"has to wait: the other texts took {turns.most:g} seconds of this pass")
        await asyncio.sleep(max(0.0, self._rests_until - time()))
        given = time()
        try:
            return await turns.runner.run(function, *arguments, **named)
        finally:
            ended = time()
            took = ended - max(given, turns.ended)
            turns.ended = ended
            self._taken += took
            if took > turns.slow:
                self._rests_until = ended + took
