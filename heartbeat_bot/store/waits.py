"""What of Discord is left alone, and until when: because Discord asked for it, or because it refused.

A key names what is left alone: everything, one route of the API, or one thing done in one channel or server. What is written down
holds for the next process too.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, delete, insert, select

from heartbeat_bot.clock import Clock
from heartbeat_bot.database import tables
from heartbeat_bot.database.protocol import DatabasePart, reading, writing

EVERYTHING: Final = "everything"
"""The key of all requests."""

LONGEST_WAIT: Final = timedelta(days=1)
"""No limit of Discord's lasts as long: a longer one is nonsense, or was written down by a clock that was wrong."""

FIRST_PAUSE: Final = timedelta(minutes=1)
"""How long to leave alone what went wrong once; it is doubled each time."""

_LONGEST_REFUSAL: Final = timedelta(hours=1)
"""How long what Discord refused is left alone at most: without a gateway nobody tells when a person has mended it."""


def pause(times: int, *, longest: timedelta) -> timedelta:
    """Return how long to leave alone what went wrong ``times`` times in a row."""
    return min(FIRST_PAUSE * 2 ** min(times - 1, 20), longest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Something that is left alone between two instants (UTC).

    ``why`` is a sentence. ``times`` counts refusals in a row, with the last one's HTTP ``status`` and Discord's
    ``code``; it is 0 for what Discord asked to wait for.
    """

    since: datetime
    until: datetime
    why: str
    times: int = 0
    status: int = 429
    code: int = 0

    def left(self, now: datetime) -> float:
        """Return how many seconds are left; 0.0 when it is over.

        So it is when the clock went back before it was written down: it then tells nothing, and Discord itself says whether to wait.
        """
        return (self.until - now).total_seconds() if self.since <= now < self.until else 0.0


class WaitRows(DatabasePart):
    """What is left alone, in the store's database. Each method is one transaction."""

    @reading
    def all(self, connection: Connection) -> dict[str, Wait]:
        """Return every wait that is written down, by its key."""
        rows = connection.execute(select(tables.waits))
        return {
            row.key: Wait(since=row.since, until=row.until, why=row.why, times=row.times, status=row.status, code=row.code)
            for row in rows
        }

    @writing
    def put(self, connection: Connection, key: str, wait: Wait) -> None:
        """Write a wait down, in place of an older one of its key."""
        values: dict[str, Any] = {"since": wait.since, "until": wait.until, "why": wait.why}
        values |= {"times": wait.times, "status": wait.status, "code": wait.code}
        connection.execute(delete(tables.waits).where(tables.waits.c.key == key))
        connection.execute(insert(tables.waits).values({"key": key} | values))

    @writing
    def drop(self, connection: Connection, keys: Iterable[str]) -> None:
        """Forget waits."""
        connection.execute(delete(tables.waits).where(tables.waits.c.key.in_(list(keys))))


class Waits:
    """What is left alone, as ``clock`` tells the time. Without ``rows`` it is forgotten with the process."""

    def __init__(self, clock: Clock, rows: WaitRows | None = None, known: Mapping[str, Wait] | None = None) -> None:
        """Begin with what is ``known``, and write what comes to ``rows``."""
        self._clock = clock
        self._rows = rows
        self._waits = dict(known or {})

    @classmethod
    async def of(cls, rows: WaitRows, clock: Clock) -> "Waits":
        """Go on with what is written down."""
        return cls(clock, rows, await rows.all())

    def find(self, key: str) -> Wait | None:
        """Return why a key is left alone now; None when it is not."""
        wait = self._waits.get(key)
        return wait if wait and wait.left(self._clock()) else None

    def left(self, *keys: str) -> float:
        """Return for how many seconds some keys are left alone: the longest."""
        now = self._clock()
        return max((self._waits[key].left(now) for key in keys if key in self._waits), default=0.0)

    async def asked(self, key: str, seconds: float, why: str) -> None:
        """Note that Discord asked to leave a key alone; what it asked for before and lasts longer stays."""
        now = self._clock()
        wait = Wait(since=now, until=now + min(timedelta(seconds=seconds), LONGEST_WAIT), why=why)
        if self.left(key) < seconds:
            await self._put(key, wait)

    async def refused(self, key: str, why: str, *, status: int, code: int) -> Wait:
        """Note that Discord refused a key, and leave it alone for twice as long as the last time, an hour at most."""
        before, now = self._waits.get(key), self._clock()
        times = before.times + 1 if before else 1
        wait = Wait(since=now, until=now + pause(times, longest=_LONGEST_REFUSAL), why=why, times=times, status=status, code=code)
        await self._put(key, wait)
        return wait

    async def over(self, *keys: str) -> None:
        """Forget keys: what they are about was done, or may be done again."""
        gone = [key for key in keys if self._waits.pop(key, None)]
        if gone and self._rows:
            await self._rows.drop(gone)

    async def over_in(self, places: Iterable[int]) -> None:
        """Forget what was refused in channels or servers: their permissions changed."""
        ends = tuple(f":{place}" for place in places)
        await self.over(*(key for key, wait in self._waits.items() if wait.times and key.endswith(ends)))

    async def _put(self, key: str, wait: Wait) -> None:
        self._waits[key] = wait
        if self._rows:
            await self._rows.put(key, wait)
