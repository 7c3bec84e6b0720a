"""Lets commands that may take much memory begin one after the other, however many newsletters there are."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

LONG: Final = 10.0
"""Seconds after which the next one begins although this one has not ended: what fills its memory has done so by then, and what still
waits for a remote that hangs must not keep the others waiting."""


class RemoteTurns:
    """Turns that are taken in the order in which they are asked for."""

    def __init__(self, seconds: float = LONG) -> None:
        """Let the next one begin when the one before has ended, or after so many seconds."""
        self._seconds = seconds
        self._free = asyncio.Semaphore()

    @asynccontextmanager
    async def take(self) -> AsyncGenerator[None]:
        """Wait for a turn, and give it back in the end if it has not gone on before."""
        await self._free.acquire()
        over = False

        def go_on() -> None:
            nonlocal over
            if not over:
                over = True
                self._free.release()

        timer = asyncio.get_running_loop().call_later(self._seconds, go_on)
        try:
            yield
        finally:
            timer.cancel()
            go_on()
