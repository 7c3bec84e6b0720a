"""Knows whether tables were written, so that what was read of them need not be read again: nobody else writes to the database."""

from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

from sqlalchemy import Delete, Insert, Table, Update, event
from sqlalchemy.ext.asyncio import AsyncEngine

_Value = TypeVar("_Value")


class Writes:
    """Counts the writes to some tables, and their commits: what was read at one number is as it was while the number is the same."""

    def __init__(self, engine: AsyncEngine, *tables: Table) -> None:
        """Listen to the engine, through which all writes go."""
        self.number = 0
        self._tables = tables
        self._open = False
        event.listen(engine.sync_engine, "before_execute", self._on_execute)
        event.listen(engine.sync_engine, "commit", self._on_commit)

    def _on_execute(self, _connection: Any, statement: Any, *_rest: Any) -> None:
        if isinstance(statement, (Insert, Update, Delete)) and any(statement.table is table for table in self._tables):
            self.number += 1
            self._open = True

    def _on_commit(self, _connection: Any) -> None:
        self.number += self._open
        self._open = False


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
