"""Opens the database that an address names, with this program's schema in it. Another kind of database is another line here."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from functools import partial

from heartbeat_bot.clock import Clock, system_clock
from heartbeat_bot.config.address import DatabaseAddress
from heartbeat_bot.database.migrations import LATEST, migrate, version_of
from heartbeat_bot.database.protocol import Database, DatabasePlace, Obstacle
from heartbeat_bot.database.sqlite import SqliteDatabase, SqliteFile
from heartbeat_bot.errors import StateError
from heartbeat_bot.store.store import Store


def place_of(address: DatabaseAddress) -> DatabasePlace:
    """Return where an address leads."""
    return SqliteFile(address.file)


@asynccontextmanager
async def open_store(address: DatabaseAddress, *, read_only: bool = False, clock: Clock = system_clock) -> AsyncGenerator[Store]:
    """Open the database that the configuration's ``state`` names, and close it in the end.

    A writer holds the database's lock meanwhile and brings the schema up to date. A reader (``read_only``) works beside a writer; a
    database that does not exist yet reads as an empty one. Raises StateError: held by another process, newer than this program, not
    a database, not to be opened; so does each method of the store, when the disk is full, or the file locked or damaged meanwhile.
    """
    place = place_of(address)
    async with AsyncExitStack() as opened:
        if not read_only:
            await opened.enter_async_context(place.exclusive(now=clock()))
        yield Store(await opened.enter_async_context(_opened(place, read_only=read_only)))


@asynccontextmanager
async def _opened(place: DatabasePlace, *, read_only: bool) -> AsyncGenerator[Database]:
    """Open a database whose schema is this program's."""
    explain = partial(_explained, place.name)
    if read_only and await place.exists():
        async with aclosing(place.open(read_only=True, explain=explain)) as database:
            version = await database.read(version_of)
            if version == LATEST:
                yield database
                return
        if version:
            raise StateError(
                f"The database {place.name} was written by an older heartbeat-bot: `heartbeat-bot sync` or `run` brings it up to date."
            )
    # What is not there reads as an empty database, which is made in memory and forgotten.
    empty_or_written = SqliteDatabase(None, read_only=False) if read_only else place.open(read_only=False, explain=explain)
    async with aclosing(empty_or_written) as database:
        await database.write(migrate)
        yield database


def _explained(name: str, obstacle: Obstacle, words: str) -> StateError:
    """Say what keeps the database from being used, what follows from it, and what to do."""
    nothing_is_lost = "Until then nothing is posted, edited or decided; what was under way is looked up in the channel and goes on."
    match obstacle:
        case Obstacle.FULL:
            return StateError(f"The disk that holds the database {name} is full: make room. {nothing_is_lost}")
        case Obstacle.LOCKED:
            return StateError(
                f"Another program (a backup? a database tool?) keeps the database {name} locked: end it. {nothing_is_lost}"
            )
        case Obstacle.DAMAGED:
            return StateError(
                f"The database {name} is damaged, or no database ({words}): stop the bot, and put a copy of it back, or let `state` name the "
                "file that is meant. Do not begin anew with an empty one: what stands in the channel would not be kept in step."
            )
        case Obstacle.CLOSED:
            return StateError(
                f"The database {name} cannot be used: {words}. Check the file, its folder and the disk. {nothing_is_lost}"
            )
