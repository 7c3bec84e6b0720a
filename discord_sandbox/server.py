"""The sandbox: a small local Discord on a loopback port."""

from contextlib import AsyncExitStack
from typing import Self

from aiohttp import web

from discord_sandbox.clock import Clock, system_clock
from discord_sandbox.control import Control
from discord_sandbox.faults import Faults
from discord_sandbox.gateway.gateway import Gateway
from discord_sandbox.page.acts import People
from discord_sandbox.page.page import Page
from discord_sandbox.ratelimits import Limiter, RateLimits
from discord_sandbox.rest import channels, commands, guilds, interactions, members, messages, scheduled_events, threads
from discord_sandbox.rest.call import Route
from discord_sandbox.rest.door import PREFIX, Door, Exchange
from discord_sandbox.rest.files import serve_files
from discord_sandbox.rules.files import REQUEST_BYTES
from discord_sandbox.same_origin import SameOrigin, new_secret
from discord_sandbox.world import World

_MEBIBYTE = 1024 * 1024


class Sandbox(Control):
    """A local Discord: ``async with Sandbox() as sandbox`` serves REST, gateway, files and a live page until the block ends.

    A client is sent to it by ``discord.http.Route.BASE = sandbox.url`` and
    ``discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(sandbox.gateway_url)``. ``limits`` may be changed while it runs,
    as may ``world.privileged_intents`` and ``gateway.heartbeat_interval``; all times but the heartbeat's are those of ``clock``.

    ``token`` is the bot's, and ``key`` that of the page: both are made anew for every sandbox, unless a token of certain characters is
    wanted. No other page of a browser gets in.
    """

    def __init__(
        self,
        *,
        clock: Clock = system_clock,
        limits: RateLimits | None = None,
        port: int = 0,
        token: str = "",
    ) -> None:
        """Prepare; ``port`` 0 means a free one."""
        super().__init__(World(clock))
        world = self.world
        limiter = Limiter(limits or RateLimits())
        token = token or new_secret()
        self.token = token
        self.key = new_secret()
        self.limits = limiter.limits
        self.gateway = Gateway(world, token)
        self._page = Page(world, self.interactions, self.key)
        self._people = People(self, self._page)
        plain = (messages, channels, threads, guilds, members, scheduled_events, commands)
        self.routes: tuple[Route, ...] = (
            *(route for place in plain for route in place.routes),
            *(self._people.overheard(route) for route in interactions.routes),
        )
        """The routes of the REST API."""
        self._door = Door(world, self.interactions, token, limiter, self.routes)
        self.faults: Faults = self._door.faults
        """The rules by which requests fail."""
        self.log: list[Exchange] = self._door.log
        """Every request so far with its answer, oldest first; clear the list to count anew."""
        self._wanted_port = port
        self._stack = AsyncExitStack()
        self.port = 0

    async def __aenter__(self) -> Self:
        """Start to serve."""
        app = web.Application(client_max_size=REQUEST_BYTES + _MEBIBYTE)
        SameOrigin(self.key).guard(app)
        app.router.add_get("/gateway", self.gateway.connect)
        app.router.add_get("/gateway/", self.gateway.connect)
        serve_files(self.world, app.router)
        self._page.add_to(app.router)
        self._people.add_to(app.router)
        app.router.add_route("*", PREFIX + "/{rest:.*}", self._door.handle)
        app.on_shutdown.append(self._say_goodbye)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", self._wanted_port).start()
        self.port = int(runner.addresses[0][1])
        self.world.base_url = self.page_url
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close all connections and stop to serve."""
        await self._stack.aclose()

    async def _say_goodbye(self, _: web.Application) -> None:
        self.gateway.drop(1001)
        self._page.close()
        self._people.close()

    @property
    def page_url(self) -> str:
        """Return the address of the live page, which shows nothing without the key."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def page_link(self) -> str:
        """Return the address of the live page with the key, behind ``#``: browsers send that to no server."""
        return f"{self.page_url}/#key={self.key}"

    def page_ticket(self) -> str:
        """Return an address that leads to :attr:`page_link` once: what a browser is started with, every program may read."""
        return f"{self.page_url}/?ticket={self._page.ticket()}"

    @property
    def url(self) -> str:
        """Return the base of the REST API."""
        return self.page_url + PREFIX

    @property
    def gateway_url(self) -> str:
        """Return the gateway's address."""
        return self.world.gateway_url
