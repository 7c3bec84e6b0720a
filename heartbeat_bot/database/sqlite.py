"""What only SQLite needs: its driver, its pragmas, its threads, and the lock that keeps a second process out.

The store reaches it by ``opening.py``; the archive, whose file it is whatever database the store is in, directly. A transaction runs from
its beginning to its end in a thread of the database: the loop's thread waits for it once, not for each statement.
"""

import asyncio
import fcntl
import json
import os
import socket
import sqlite3
import stat
from collections.abc import AsyncGenerator, Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from heartbeat_bot.database.protocol import ClosedError, DamagedError, Explain, Obstacle
from heartbeat_bot.errors import StateError
from heartbeat_bot.machine import lack

_BUSY_MILLISECONDS: Final = 10_000
"""How long a statement waits for another process that is writing."""

_PRIVATE: Final = 0o600
"""The mode of every file: what was posted, drafts among it, is nobody's but the bot's user's."""
_JOURNALS: Final = ("-wal", "-shm", "-journal")

_Result = TypeVar("_Result")


class SqliteDatabase:
    """A database file that is open, and the threads in which its transactions run; an empty one in memory when ``path`` is None.

    With one connection, transactions run one after the other, in the order in which they were asked for; readers may have more. What is
    not ``durable`` may lose its last transactions, never its consistency, when the machine loses power: for what can be made again.

    A transaction that was asked for runs to its end, and is committed or rolled back whole, also when the task that waits for it is
    cancelled: the cancellation goes on when it has ended. Such a task does not know which of the two came about, as after a kill.
    """

    def __init__(
        self,
        path: Path | None,
        *,
        read_only: bool,
        connections: int = 1,
        durable: bool = True,
        explain: Explain | None = None,
    ) -> None:
        """Name the file. The first transaction opens it, and raises SQLAlchemy's DBAPIError when that is not possible.

        What writes makes it its user's alone, and a new one so from the beginning; a reader (``read_only``) changes nothing of it.
        ``explain`` makes the error to raise of one that has its reason in the machine or the file (see :func:`obstacle_of`).
        """
        self._explain = explain
        self.engine = _engine(path, read_only=read_only, connections=connections, durable=durable)
        # As many threads as connections: no thread waits for a connection. With one of each, tasks take turns here, not at SQLite's lock.
        self._threads = ThreadPoolExecutor(connections, thread_name_prefix=path.name if path else "memory")
        self._closed = False
        self._revision = 0

    @property
    def revision(self) -> int:
        """Count what this process changed: nobody else writes meanwhile, see :func:`exclusive`."""
        return self._revision

    async def read(self, work: Callable[[Connection], _Result]) -> _Result:
        """Return what ``work`` reads; see :meth:`Database.read`."""
        return await self._run(partial(self._read, work))

    async def write(
        self, work: Callable[[Connection], _Result], *, changes: bool = False, then: Callable[[], None] | None = None
    ) -> _Result:
        """Carry ``work`` out whole, or not at all; see :meth:`Database.write`."""

        def follow() -> None:
            self._revision += changes
            if then is not None:
                then()

        return await self._run(partial(self._write, work), follow)

    async def check(self) -> None:
        """Look through the whole file; see :meth:`Database.check`. 100 MB take about a second."""
        try:
            await self.read(check)
        except DamagedError as error:
            if self._explain is None:
                raise
            raise self._explain(Obstacle.DAMAGED, str(error)) from error

    async def aclose(self) -> None:
        """Wait for the transactions under way, and close the file; see :meth:`Database.aclose`."""
        self._closed = True
        await _to_its_end(asyncio.get_running_loop().run_in_executor(None, self._end))

    async def _run(self, transaction: Callable[[], _Result], then: Callable[[], None] | None = None) -> _Result:
        if self._closed:
            raise ClosedError("the database has been closed")
        running = asyncio.get_running_loop().run_in_executor(self._threads, transaction)
        try:
            return await _to_its_end(running)
        except DBAPIError as error:
            obstacle = obstacle_of(error)
            if self._explain is None or obstacle is None:
                raise
            raise self._explain(obstacle, _words_of(error, obstacle)) from error
        finally:
            if then is not None and running.exception() is None:
                then()

    def _read(self, work: Callable[[Connection], _Result]) -> _Result:
        with self.engine.connect() as connection:
            connection.exec_driver_sql("BEGIN")
            return work(connection)

    def _write(self, work: Callable[[Connection], _Result]) -> _Result:
        with self.engine.begin() as connection:
            # With the write lock, so that a transaction that reads and then writes cannot fail half-way.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            return work(connection)

    def _end(self) -> None:
        self._threads.shutdown()
        self.engine.dispose()


def _engine(path: Path | None, *, read_only: bool, connections: int, durable: bool) -> Engine:
    url = URL.create("sqlite", database=None if path is None else str(path))
    engine = create_engine(
        url,
        poolclass=QueuePool,
        pool_size=connections,
        max_overflow=0,
        connect_args={"check_same_thread": False},  # one thread after another: readers' take turns, the last one closes
    )

    def before_connect(*_: Any) -> None:
        if path is not None and not read_only:
            _make_private(path)

    def on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver would otherwise begin transactions late, and commit around DDL
        cursor = connection.cursor()
        pragmas = [f"busy_timeout = {_BUSY_MILLISECONDS}", "foreign_keys = ON"]
        # A kill loses nothing under WAL with full synchronisation, and readers do not wait for the writer.
        writing = ["journal_mode = WAL", f"synchronous = {'FULL' if durable else 'NORMAL'}"]
        pragmas += ["query_only = ON"] if read_only and path is not None else writing
        try:
            for pragma in pragmas:
                cursor.execute(f"PRAGMA {pragma}")
            cursor.close()
        except BaseException:
            # The pool forgets a connection that could not be prepared, and its file would stay open.
            connection.close()
            raise

    event.listen(engine, "do_connect", before_connect)
    event.listen(engine, "connect", on_connect)
    return engine


async def _to_its_end(future: asyncio.Future[_Result]) -> _Result:
    """Wait for a future's end, also when the task is cancelled meanwhile, however often; the cancellation goes on after it.

    An error that nobody is told of then is logged by asyncio.
    """
    try:
        return await asyncio.shield(future)
    finally:
        while not future.done():
            with suppress(asyncio.CancelledError):  # the one before it goes on in any case
                await asyncio.wait([future])


def _make_private(path: Path) -> None:
    """Make a database's files its owner's alone, and the file itself when there is none, so that SQLite does not make it for all.

    SQLite gives the journals that it makes the mode of the database's file. Those that a kill left behind keep theirs.
    """
    with suppress(OSError):  # a folder that is missing, or a disk without modes: SQLite or `doctor` says so
        file = path.resolve()
        try:
            made = os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, _PRIVATE)
        except FileExistsError:
            # Never opened and closed again beside SQLite: that would drop the locks that this process holds on it (POSIX).
            for place in files_of(file):
                _tighten(place)
        else:
            with suppress(OSError):
                os.fchmod(made, _PRIVATE)  # the umask took away what it liked
            os.close(made)


def _tighten(file: Path) -> None:
    """Take from everybody else what they may do with a file of ours; one of another user stays as it is."""
    with suppress(OSError):
        status = file.stat()
        if status.st_uid == os.geteuid() and stat.S_ISREG(status.st_mode) and stat.S_IMODE(status.st_mode) != _PRIVATE:
            file.chmod(_PRIVATE)


def files_of(path: Path) -> list[Path]:
    """Return the files that belong to a database, whether they are there or not: itself, its journals, its lock."""
    return [path.with_name(path.name + suffix) for suffix in ("", *_JOURNALS, ".lock")]


def is_damage(error: Exception) -> bool:
    """Tell whether an error says that the file is no database, or a broken one."""
    return isinstance(error, DamagedError) or (isinstance(error, DBAPIError) and obstacle_of(error) is Obstacle.DAMAGED)


_OBSTACLES: Final = {
    sqlite3.SQLITE_FULL: Obstacle.FULL,
    sqlite3.SQLITE_BUSY: Obstacle.LOCKED,
    sqlite3.SQLITE_LOCKED: Obstacle.LOCKED,
    sqlite3.SQLITE_CORRUPT: Obstacle.DAMAGED,
    sqlite3.SQLITE_NOTADB: Obstacle.DAMAGED,
    **dict.fromkeys((sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_PERM, sqlite3.SQLITE_READONLY), Obstacle.CLOSED),
}


def obstacle_of(error: DBAPIError) -> Obstacle | None:
    """Return what an error comes from (https://sqlite.org/rescode.html), None for a fault of the program."""
    code = getattr(error.orig, "sqlite_errorcode", None)
    return None if code is None else _OBSTACLES.get(code & 0xFF)


def _words_of(error: DBAPIError, obstacle: Obstacle) -> str:
    """Return SQLite's words, and the system's where SQLite does not tell a missing folder from too many open files."""
    if obstacle is Obstacle.CLOSED:
        try:
            with ExitStack() as opened:
                for _ in range(4):  # as many as a database has
                    opened.enter_context(open(os.devnull))  # noqa: PTH123 - a device
        except OSError as lacking:
            return lack(lacking) or str(error.orig)
    return str(error.orig)


def signature(connection: Connection) -> tuple[int, int] | None:
    """Return which program's database it is, and of which version, as :func:`sign` wrote it; None for an empty file."""
    if not connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar():
        return None
    application, version = [
        connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in ("application_id", "user_version")
    ]
    return application, version


def sign(connection: Connection, application: int, version: int) -> None:
    """Write whose database it is, and of which version."""
    connection.exec_driver_sql(f"PRAGMA application_id = {application}")
    connection.exec_driver_sql(f"PRAGMA user_version = {version}")


def check(connection: Connection) -> None:
    """Look through the whole file; raise DamagedError when it is broken."""
    found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
    if found != "ok":
        raise DamagedError(found)


def move(path: Path, target: Path | None) -> None:
    """Rename a database nobody has open, its journal with it, over what has that name; with None, remove it."""
    for suffix in ("", "-wal", "-shm"):
        file = path.with_name(path.name + suffix)
        if target is None:
            file.unlink(missing_ok=True)
        elif file.exists():
            file.replace(target.with_name(target.name + suffix))
        else:
            target.with_name(target.name + suffix).unlink(missing_ok=True)


class SqliteFile:
    """A file that is a database, or may become one; see :class:`DatabasePlace`."""

    def __init__(self, path: Path) -> None:
        """Name the file."""
        self.path: Final = path
        self.name: Final = str(path)

    async def exists(self) -> bool:
        """Tell whether there is such a file."""
        return await asyncio.to_thread(self.path.exists)

    @asynccontextmanager
    async def exclusive(self, *, now: datetime) -> AsyncGenerator[None]:
        """Hold the file's lock; see :func:`exclusive`."""
        with exclusive(self.path, now=now):
            yield

    def open_to_others(self) -> list[Path]:
        """Return those of the database's files that are there and that others than their owner may read or write."""
        found: list[Path] = []
        # Journals lie where a link leads, the lock beside it.
        for file in dict.fromkeys([*files_of(self.path.resolve()), files_of(self.path)[-1]]):
            with suppress(OSError):
                found += [file] if file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO) else []
        return found

    def open(self, *, read_only: bool, explain: Explain) -> SqliteDatabase:
        """Name the file to a connection of its own, with which transactions run in the order in which they were asked for."""
        return SqliteDatabase(self.path, read_only=read_only, explain=explain)


@contextmanager
def exclusive(path: Path, *, now: datetime) -> Generator[None]:
    """Hold the lock of a database file; raise StateError, naming the holder, when another process has it.

    The lock is the operating system's, on a file beside the database: it dies with the process, however that ends. The file itself
    stays, since removing it would let two processes lock two files of one name.
    """
    lock_path = path.with_name(path.name + ".lock")
    try:
        file = os.open(lock_path, os.O_RDWR | os.O_CREAT, _PRIVATE)
        _tighten(lock_path)
    except OSError as error:
        raise StateError(
            f"The lock {lock_path} cannot be opened: {error.strerror}. Check that its folder exists and is writable."
        ) from error
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StateError(
                f"The database {path} is in use by {_holder(file)}. Only one process may post at a time: "
                "stop that one first, or give this one another `state`."
            ) from error
        os.ftruncate(file, 0)
        os.pwrite(file, json.dumps({"host": socket.gethostname(), "pid": os.getpid(), "since": now.isoformat()}).encode(), 0)
        yield
        os.ftruncate(file, 0)
    finally:
        os.close(file)


def _holder(file: int) -> str:
    """Say who wrote the lock file."""
    try:
        told = json.loads(os.pread(file, 1000, 0))
        return f"process {told['pid']} on {told['host']} since {told['since']}"
    except (ValueError, KeyError, TypeError):  # it is just being written
        return "another process"
