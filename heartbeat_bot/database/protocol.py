"""What the store asks of a database, whichever it is: transactions, a lock against a second process, and why it cannot be used.

A transaction is a plain function of SQLAlchemy's connection. :func:`reading` and :func:`writing` make methods of such functions. SQLite is
in ``sqlite.py``; ``opening.py`` chooses. What every database must do is said here and tested by ``tests/contracts/test_database.py``.
"""

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from enum import Enum
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, Final, Generic, ParamSpec, Protocol, TypeVar

from sqlalchemy import Connection

_Result = TypeVar("_Result")
_Parameters = ParamSpec("_Parameters")


class ClosedError(Exception):
    """The database has been closed, or is about to be."""


class DamagedError(Exception):
    """There is a database, but a broken one."""


class Obstacle(Enum):
    """What in the machine, in the database or between them keeps it from being used: no fault of the program."""

    FULL = "full"
    LOCKED = "locked"
    DAMAGED = "damaged"
    CLOSED = "closed"
    """It cannot be opened, read or written."""


Explain = Callable[[Obstacle, str], Exception]
"""Makes the error to raise of an obstacle; the text is what the database says about it."""


class Database(Protocol):
    """A database that is open.

    A transaction that was asked for runs to its end, and is committed or rolled back whole, also when the task that waits for it is
    cancelled: the cancellation goes on when it has ended. Such a task does not know which of the two came about, as after a kill.

    Its functions run in another thread than the loop's: they work on what they alone have, or what nobody changes. Errors are
    SQLAlchemy's and the functions' own; one that an obstacle made is what ``explain`` makes of it, where the database was given that.
    """

    @property
    def revision(self) -> int:
        """Is another number once something was committed of which others keep in mind what they read: see :class:`Remembered`.

        A database that several processes write to must count their changes too.
        """
        ...

    async def read(self, work: Callable[[Connection], _Result]) -> _Result:
        """Return what ``work`` reads, in a transaction of its own, of which nothing is kept."""
        ...

    async def write(
        self, work: Callable[[Connection], _Result], *, changes: bool = False, then: Callable[[], None] | None = None
    ) -> _Result:
        """Carry ``work`` out in a transaction of its own: whole, or not at all when it raises.

        Nobody else writes between what it reads and what it writes. ``changes``: :attr:`revision` is another one afterwards. ``then`` is
        what follows in memory from what was committed: it is carried out in the loop's thread before the task that waits goes on, also
        when that was cancelled meanwhile.
        """
        ...

    async def check(self) -> None:
        """Look through the whole database; raise what ``explain`` makes of :attr:`Obstacle.DAMAGED` (DamagedError) when it is broken."""
        ...

    async def aclose(self) -> None:
        """Wait for the transactions under way, and close the database; the loop goes on meanwhile. Who asks later gets a ClosedError."""
        ...


class DatabasePlace(Protocol):
    """Where a database is, or may be made: an address for one kind of database."""

    @property
    def name(self) -> str:
        """What people are told of the database: a file, or an address without its password."""
        ...

    async def exists(self) -> bool:
        """Tell whether there is a database to be read."""
        ...

    def exclusive(self, *, now: datetime) -> AbstractAsyncContextManager[None]:
        """Hold the right to write to the database; raise StateError, naming the holder, when another process has it.

        It dies with its process, however that ends. Readers need it not.
        """
        ...

    def open_to_others(self) -> Sequence[Path]:
        """Return the files of the database that others on the machine may read or write; none when it lies elsewhere."""
        ...

    def open(self, *, read_only: bool, explain: Explain) -> Database:
        """Name the database. The first transaction opens it, and raises the errors of a database that cannot be used.

        What writes makes a database that is not there. A reader (``read_only``) changes nothing.
        """
        ...


class DatabasePart:
    """A part of what is kept in a database: its methods are made of plain functions by :func:`reading` and :func:`writing`."""

    def __init__(self, database: Database) -> None:
        """Use a database whose schema is up to date."""
        self.database: Final = database


_Part = TypeVar("_Part", bound=DatabasePart)


def reading(
    method: Callable[Concatenate[_Part, Connection, _Parameters], _Result],
) -> Callable[Concatenate[_Part, _Parameters], Coroutine[Any, Any, _Result]]:
    """Make a method that reads something by a connection one to be awaited, without the connection; see :meth:`Database.read`.

    It runs in another thread: it may use what it was given, and nothing of the part that the loop's thread changes.
    """

    @wraps(method)
    async def read(part: _Part, /, *args: _Parameters.args, **kwargs: _Parameters.kwargs) -> _Result:
        return await part.database.read(lambda connection: method(part, connection, *args, **kwargs))

    return read


def writing(
    method: Callable[Concatenate[_Part, Connection, _Parameters], _Result],
) -> Callable[Concatenate[_Part, _Parameters], Coroutine[Any, Any, _Result]]:
    """Make a method that writes by a connection one to be awaited, without the connection; see :func:`reading`, :meth:`Database.write`."""

    @wraps(method)
    async def write(part: _Part, /, *args: _Parameters.args, **kwargs: _Parameters.kwargs) -> _Result:
        return await part.database.write(lambda connection: method(part, connection, *args, **kwargs))

    return write


def changing(
    method: Callable[Concatenate[_Part, Connection, _Parameters], _Result],
) -> Callable[Concatenate[_Part, _Parameters], Coroutine[Any, Any, _Result]]:
    """Make a method as :func:`writing` does, of one that changes what others keep in mind (see :class:`Remembered`)."""

    @wraps(method)
    async def write(part: _Part, /, *args: _Parameters.args, **kwargs: _Parameters.kwargs) -> _Result:
        return await part.database.write(lambda connection: method(part, connection, *args, **kwargs), changes=True)

    return write


class Remembered(Generic[_Result]):
    """What was read, by newsletter, for as long as the database's revision stays the same."""

    def __init__(self, database: Database) -> None:
        """Remember nothing yet."""
        self._database = database
        self._values: dict[str, tuple[int, _Result]] = {}

    async def get(self, newsletter: str, read: Callable[[], Awaitable[_Result]]) -> _Result:
        """Return what was read of a newsletter, read again when something was changed since."""
        revision = self._database.revision
        if newsletter not in self._values or self._values[newsletter][0] != revision:
            self._values[newsletter] = (revision, await read())
        return self._values[newsletter][1]
