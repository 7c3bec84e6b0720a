import asyncio
import warnings
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import aiohttp
import pytest
import yarl

from heartbeat_bot.sandbox.server import Sandbox
from heartbeat_bot.sandbox.world import Channel, ChannelType, Guild, User

with warnings.catch_warnings():
    # discord.py imports audioop for voice, which Python 3.11 already calls deprecated.
    warnings.simplefilter("ignore", DeprecationWarning)
    import discord
    from discord.gateway import DiscordWebSocket
    from discord.http import Route


class Answer:
    def __init__(self, status: int, body: Any, headers: Any) -> None:
        self.status = status
        self.body = body
        self.headers = headers

    @property
    def code(self) -> int:
        return self.body["code"]

    def errors_at(self, *path: str) -> list[str]:
        place = self.body["errors"]
        for step in path:
            place = place[step]
        return [error["code"] for error in place["_errors"]]


class Api:
    """Plain requests to the sandbox, as any client would send them."""

    def __init__(self, sandbox: Sandbox, session: aiohttp.ClientSession) -> None:
        self.sandbox = sandbox
        self.session = session

    async def call(self, method: str, path: str, body: Any = None, **kwargs: Any) -> Answer:
        headers = {"Authorization": f"Bot {self.sandbox.token}", **kwargs.pop("headers", {})}
        if body is not None:
            kwargs["json"] = body
        async with self.session.request(method, self.sandbox.url + path, headers=headers, **kwargs) as response:
            json = response.content_type == "application/json"
            return Answer(response.status, await response.json() if json else await response.text(), response.headers)

    async def send(self, channel: Channel, body: Any = None, **fields: Any) -> Answer:
        return await self.call("POST", f"/channels/{channel.id}/messages", body or fields)

    async def edit(self, channel: Channel, message_id: str, **fields: Any) -> Answer:
        return await self.call("PATCH", f"/channels/{channel.id}/messages/{message_id}", fields)


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


Running = Callable[[discord.Client], AbstractAsyncContextManager[discord.Client]]


@pytest.fixture
def running(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Running:
    """Runs an unmodified discord.py client against the sandbox, until the block ends."""
    monkeypatch.setattr(Route, "BASE", sandbox.url)
    monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(sandbox.gateway_url))

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


def new_client(**options: Any) -> discord.Client:
    return discord.Client(intents=discord.Intents.default(), guild_ready_timeout=0.02, **options)


@pytest.fixture
def client() -> discord.Client:
    return new_client()
