import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
import yarl
from sandbox_clients import Api, Running, discord, new_client

from discord_sandbox.server import Sandbox
from discord_sandbox.world import Channel, ChannelType, Guild, User


@pytest.fixture
async def api(sandbox: Sandbox) -> AsyncIterator[Api]:
    async with aiohttp.ClientSession() as session:
        yield Api(sandbox, session)


@pytest.fixture
def guild(sandbox: Sandbox) -> Guild:
    return sandbox.create_guild("Testers")


@pytest.fixture
def channel(sandbox: Sandbox, guild: Guild) -> Channel:
    return sandbox.create_channel(guild, "general")


@pytest.fixture
def news(sandbox: Sandbox, guild: Guild) -> Channel:
    return sandbox.create_channel(guild, "news", ChannelType.ANNOUNCEMENT)


@pytest.fixture
def forum(sandbox: Sandbox, guild: Guild) -> Channel:
    return sandbox.create_channel(guild, "issues", ChannelType.FORUM, tags=["monthly", "special"])


@pytest.fixture
def ann(sandbox: Sandbox, guild: Guild) -> User:
    return sandbox.create_user(guild, "ann")


@pytest.fixture
def running(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Running:
    """Runs an unmodified discord.py client against the sandbox, until the block ends."""
    monkeypatch.setattr(discord.http.Route, "BASE", sandbox.url)
    monkeypatch.setattr(discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(sandbox.gateway_url))

    @asynccontextmanager
    async def run(client: discord.Client) -> AsyncIterator[discord.Client]:
        ready = asyncio.Event()

        async def on_ready() -> None:
            ready.set()

        client.event(on_ready)
        async with asyncio.timeout(15), client, asyncio.TaskGroup() as tasks:
            tasks.create_task(client.start(sandbox.token))
            await ready.wait()
            yield client
            await client.close()

    return run


@pytest.fixture
def client() -> discord.Client:
    return new_client()
