"""Knows whether tables were written, so that what was read of them need not be read again: nobody else writes to the database."""

from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

from sqlalchemy import Delete, Insert, Table, Update, event

from heartbeat_bot.store.sqlite import Database

_Value = TypeVar("_Value")


class Writes:
    """Counts the writes to some tables: what was read at one number is as it was while the number is the same."""

    def __init__(self, database: Database, *tables: Table) -> None:
        """Listen to the database, through which all writes go. It has one connection, so that its transactions come one by one."""
        self.number = 0
        self._tables = tables
        event.listen(database.engine, "before_execute", self._on_execute)

    def _on_execute(self, _connection: Any, statement: Any, *_rest: Any) -> None:
        # In the database's thread, the only one that changes the number; the loop's thread looks at it and needs no lock. Who looks and
        # then reads, reads after all transactions that were counted by then, and also after the one that is just being counted, for his
        # own comes in turn. A write that comes later is counted before it is made, and its transaction ends before anybody is told of
        # it: from then on at the latest, the number is another. A write that is rolled back counts for nothing, which costs a reading.
        if isinstance(statement, (Insert, Update, Delete)) and any(statement.table is table for table in self._tables):
            self.number += 1


class Remembered(Generic[_Value]):
    """What was read of the tables whose writes are counted, by newsletter."""

    def __init__(self, writes: Writes) -> None:
        """Remember nothing yet."""
        self._writes = writes
        self._values: dict[str, tuple[int, _Value]] = {}

    async def get(self, newsletter: str, read: Callable[[], Awaitable[_Value]]) -> _Value:
        """Return what was read of a newsletter, read again when something was written since."""
        number = self._writes.number
        if newsletter not in self._values or self._values[newsletter][0] != number:
            self._values[newsletter] = (number, await read())
        return self._values[newsletter][1]
