"""The archive's file: one that is damaged is set aside, one of another version is emptied, and another is started."""

import logging
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from heartbeat_bot.archive import fulltext
from heartbeat_bot.archive.catalog import Record
from heartbeat_bot.archive.schema import APPLICATION, VERSION, metadata
from heartbeat_bot.archive.statements import known
from heartbeat_bot.database import sqlite
from heartbeat_bot.database.protocol import DamagedError
from heartbeat_bot.database.sqlite import SqliteDatabase
from heartbeat_bot.errors import StateError

_LOG = logging.getLogger(__name__)


class _UnfitError(Exception):
    """The file is a database, but not an archive of this version; ``ours`` tells whether it is one of another."""

    def __init__(self, *, ours: bool) -> None:
        super().__init__("it is the database of another program")
        self.ours = ours


async def start_file(path: Path) -> tuple[SqliteDatabase, list[Record]]:
    """Open a file fit for use, to write to it; return it with what is kept in it."""
    try:
        return await _opened(path)
    except _UnfitError as error:
        if error.ours:
            _LOG.info("The archive %s was written by another version of this program: it is filled anew.", path)
            sqlite.move(path, None)
        else:
            set_aside(path, error)
    except (DBAPIError, DamagedError) as error:
        if not sqlite.is_damage(error):
            raise unusable(path, error) from error
        set_aside(path, error)
    try:
        return await _opened(path)
    except DBAPIError as error:
        raise unusable(path, error) from error


async def _opened(path: Path) -> tuple[SqliteDatabase, list[Record]]:
    writer = SqliteDatabase(path, read_only=False, durable=False)
    try:
        return writer, await writer.write(_prepare)
    except BaseException:
        await writer.aclose()
        raise


def _prepare(connection: Connection) -> list[Record]:
    """Make the tables in an empty file; make sure that those of another are whole, and this version's; return what is kept."""
    signature = sqlite.signature(connection)
    if signature is None:
        metadata.create_all(connection)
        fulltext.create(connection)
        sqlite.sign(connection, APPLICATION, VERSION)
    elif signature == (APPLICATION, VERSION):
        sqlite.check(connection)
    else:
        raise _UnfitError(ours=signature[0] == APPLICATION)
    return known(connection)


def unusable(path: Path, error: Exception) -> StateError:
    """Return the error of a file that the machine does not let us use."""
    return StateError(
        f"The archive {path} cannot be used: {_said(error)}. Check that its folder exists, is writable and has room. "
        "The file may be removed: it is filled anew."
    )


def _said(error: Exception) -> str:
    return str(error.orig if isinstance(error, DBAPIError) else error)


def set_aside(path: Path, why: Exception) -> None:
    """Keep a file that cannot be read under another name, out of the way of a new one."""
    aside = path.with_name(path.name + ".damaged")
    _LOG.warning(
        "The archive %s cannot be read: %s. It is kept as %s, and a new one is filled from the sources.", path, _said(why), aside
    )
    sqlite.move(path, aside)
