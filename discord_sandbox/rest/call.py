"""A request as a route sees it, its answer, and the table of routes."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final, Literal

from discord_sandbox.api_errors import plain_refusal
from discord_sandbox.interactions import Interactions
from discord_sandbox.permissions import Permission, demand, permissions_in
from discord_sandbox.ratelimits import Limiter
from discord_sandbox.rules.files import ReceivedFile
from discord_sandbox.rules.form import Form, as_object
from discord_sandbox.world import Channel, Guild, Message, World

QuotaName = Literal["send", "edit", "delete", "crosspost", "webhook", "other"]

MAJOR: Final = ("channel_id", "guild_id", "webhook_token")
"""Parameters that have limits of their own (docs, *Rate Limits*)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request: its path's parameters, query, JSON body (None when it had none) and files."""

    world: World
    interactions: Interactions
    limiter: Limiter
    parameters: dict[str, str]
    query: dict[str, str]
    json: object = None
    files: list[ReceivedFile] = field(default_factory=list[ReceivedFile])

    @property
    def now(self) -> float:
        """Return the sandbox's time in seconds since the Unix epoch."""
        return self.world.clock().timestamp()

    def id(self, name: str) -> int:
        """Return a parameter that is an id."""
        form = Form(dict(self.parameters))
        number = form.snowflake(name)
        form.raise_any()
        assert number is not None
        return number

    def form(self) -> Form:
        """Return the request's JSON object, to be read; a missing one counts as empty, anything else is refused."""
        body = {} if self.json is None else as_object(self.json)
        form = Form(body or {})
        if body is None:
            form.fault((), "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
            form.raise_any()
        return form

    def asks(self, name: str) -> bool:
        """Tell whether the query says yes to something."""
        return self.query.get(name, "").lower() in {"1", "true"}

    @property
    def guild(self) -> Guild:
        """Return the guild that the path names; raise 10004 when the bot is in none of that id."""
        return self.world.guild(self.id("guild_id"))

    def reach(self, *needed: Permission) -> tuple[Guild | None, Channel, int]:
        """Return the channel that the path names, its guild if it has one, and what the bot may do; raise 10003, 50001 or 50013."""
        guild, channel = self.world.place(self.id("channel_id"))
        bits = permissions_in(guild, channel, self.world.bot, self.world.clock())
        demand(bits, *needed)
        return guild, channel, bits

    def message(self, channel: Channel) -> Message:
        """Return the message of a channel that the path names, or raise 10008."""
        return self.world.message(channel, self.id("message_id"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Created:
    """An answer with status 201."""

    body: object


Handler = Callable[[Call], object]
"""Returns the JSON of an answer with status 200, a :class:`Created`, or None for 204."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A path of the API. One ``open_to_all`` needs no bot token, and counts towards no global limit."""

    method: str
    template: str
    handler: Handler
    quota: QuotaName = "other"
    open_to_all: bool = False

    @property
    def pattern(self) -> re.Pattern[str]:
        """Return the expression that a path must match in full."""
        return re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(self.template)))


class Routes(list[Route]):
    """The routes of a file, each named above the function that answers it."""

    def __call__(
        self, method: str, *templates: str, quota: QuotaName = "other", open_to_all: bool = False
    ) -> Callable[[Handler], Handler]:
        """Return a decorator that makes a function the answer to a method and path, or to several paths."""

        def add(handler: Handler) -> Handler:
            for template in templates:
                self.append(Route(method=method, template=template, handler=handler, quota=quota, open_to_all=open_to_all))
            return handler

        return add


class RouteTable:
    """Finds the route of a request."""

    def __init__(self, routes: Iterable[Route]) -> None:
        """Take the routes; those without parameters are tried first."""
        ordered = sorted(routes, key=lambda route: route.template.count("{"))
        self._routes = [(route.pattern, route) for route in ordered]

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]]:
        """Return the route and the path's parameters, or raise 404 or 405."""
        known = False
        for pattern, route in self._routes:
            match = pattern.fullmatch(path)
            if match and route.method == method:
                return route, match.groupdict()
            known = known or match is not None
        raise plain_refusal(HTTPStatus.METHOD_NOT_ALLOWED if known else HTTPStatus.NOT_FOUND)
