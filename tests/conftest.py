import asyncio
import threading
import warnings
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from sqlalchemy import Connection

from discord_sandbox.clock import ManualClock
from discord_sandbox.ratelimits import RateLimits
from discord_sandbox.server import Sandbox
from heartbeat_bot.database.protocol import Database

with warnings.catch_warnings():
    # discord.py imports audioop for voice, which Python 3.11 already calls deprecated; once imported, it warns no more.
    warnings.simplefilter("ignore", DeprecationWarning)
    import discord

assert discord


@pytest.fixture(autouse=True)
def _no_secret_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test's secrets be blotted out of another's words."""
    monkeypatch.setattr("heartbeat_bot.redaction._secrets", set())
    monkeypatch.setattr("heartbeat_bot.redaction._known", None)


@pytest.fixture
def clock() -> ManualClock:
    """A clock that stands until a test moves it."""
    return ManualClock()


@pytest.fixture
async def sandbox(clock: ManualClock) -> AsyncIterator[Sandbox]:
    """A local Discord on a free port, whose rate limits nobody reaches by accident."""
    async with Sandbox(clock=clock, limits=RateLimits.generous()) as running:
        yield running


@pytest.fixture
def occupied() -> Callable[..., AbstractAsyncContextManager[None]]:
    """Keep a writer's thread in a transaction, that of some statements, which is rolled back in the end."""

    @asynccontextmanager
    async def occupy(database: Database, *statements: str) -> AsyncIterator[None]:
        loop, begun, over = asyncio.get_running_loop(), asyncio.Event(), threading.Event()

        def work(connection: Connection) -> None:
            for statement in statements:
                connection.exec_driver_sql(statement)
            loop.call_soon_threadsafe(begun.set)
            assert over.wait(20), "a test that fails must not hang as well"
            connection.rollback()

        async with asyncio.TaskGroup() as group:
            group.create_task(database.write(work))
            try:
                await begun.wait()
                yield
            finally:
                over.set()

    return occupy
