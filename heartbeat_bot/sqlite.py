"""What only SQLite needs: its driver, its pragmas, and the lock that keeps a second process out.

No other file knows SQLite, save the one that knows its full-text search.
"""

import fcntl
import json
import os
import socket
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool, StaticPool

from heartbeat_bot.errors import StateError

_BUSY_MILLISECONDS: Final = 10_000
"""How long a statement waits for another process that is writing."""


def create_engine(path: Path | None, *, read_only: bool, connections: int = 1, durable: bool = True) -> AsyncEngine:
    """Return an engine for the database file, or for an empty database in memory when ``path`` is None.

    One connection: tasks take turns in the pool instead of waiting for SQLite's lock; readers may have more. Writers begin with the
    write lock, so that a transaction that reads and then writes cannot fail half-way. What is not ``durable`` may lose its last
    transactions, never its consistency, when the machine loses power: for what can be made again.
    """
    url = URL.create("sqlite+aiosqlite", database=None if path is None else str(path))
    if path is None:
        engine = create_async_engine(url, poolclass=StaticPool)
    else:
        engine = create_async_engine(url, poolclass=AsyncAdaptedQueuePool, pool_size=connections, max_overflow=0)
    begin = "BEGIN" if read_only else "BEGIN IMMEDIATE"

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
            # The pool forgets a connection that could not be prepared, and its thread would go on.
            connection.close()
            raise

    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine.sync_engine, "connect", on_connect)
    event.listen(engine.sync_engine, "begin", on_begin)
    return engine


def exists(path: Path) -> bool:
    """Tell whether there is a database file."""
    return path.exists()


class DamagedError(Exception):
    """The file is a database, but a broken one."""


def is_damage(error: Exception) -> bool:
    """Tell whether an error says that the file is no database, or a broken one."""
    code = getattr(error.orig, "sqlite_errorcode", None) if isinstance(error, DBAPIError) else None
    broken = code is not None and code & 0xFF in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
    return broken or isinstance(error, DamagedError)


async def signature(connection: AsyncConnection) -> tuple[int, int] | None:
    """Return which program's database it is, and of which version, as :func:`sign` wrote it; None for an empty file."""
    if not (await connection.exec_driver_sql("SELECT count(*) FROM sqlite_master")).scalar():
        return None
    application, version = [
        (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar_one() for name in ("application_id", "user_version")
    ]
    return application, version


async def sign(connection: AsyncConnection, application: int, version: int) -> None:
    """Write whose database it is, and of which version."""
    await connection.exec_driver_sql(f"PRAGMA application_id = {application}")
    await connection.exec_driver_sql(f"PRAGMA user_version = {version}")


async def check(connection: AsyncConnection) -> None:
    """Look through the whole file; raise DamagedError when it is broken. A database of 100 MB takes about a second."""
    found = (await connection.exec_driver_sql("PRAGMA quick_check(1)")).scalar()
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


@contextmanager
def exclusive(path: Path, *, now: datetime) -> Generator[None]:
    """Hold the lock of a database file; raise StateError, naming the holder, when another process has it.

    The lock is the operating system's, on a file beside the database: it dies with the process, however that ends. The file itself
    stays, since removing it would let two processes lock two files of one name.
    """
    lock_path = path.with_name(path.name + ".lock")
    try:
        file = os.open(lock_path, os.O_RDWR | os.O_CREAT, 0o644)
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
