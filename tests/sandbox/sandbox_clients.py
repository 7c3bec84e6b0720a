"""How the sandbox's tests speak to it: plain requests, and an unmodified discord.py client."""

import warnings
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import aiohttp

from discord_sandbox.server import Sandbox
from discord_sandbox.world import Channel

with warnings.catch_warnings():
    # discord.py imports audioop for voice, which Python 3.11 already calls deprecated.
    warnings.simplefilter("ignore", DeprecationWarning)
    import discord


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


def new_client(**options: Any) -> discord.Client:
    return discord.Client(intents=discord.Intents.default(), guild_ready_timeout=0.02, **options)


Running = Callable[[discord.Client], AbstractAsyncContextManager[discord.Client]]
