"""A request as a route sees it, its answer, and the table of routes."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, Literal

from discord_sandbox.api_errors import Json, no_such_method, no_such_route, too_many
from discord_sandbox.ratelimits import Meters, Quota, RateLimits
from discord_sandbox.validation import Form, Problems
from discord_sandbox.world import World

QuotaName = Literal["send", "edit", "delete", "crosspost", "webhook", "other"]

MAJOR: Final = ("channel_id", "guild_id", "webhook_token")
"""Parameters that have limits of their own (docs, *Rate Limits*)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedFile:
    """A file of a multipart request; ``key`` is the number in ``files[n]``."""

    key: int
    filename: str
    content: bytes
    content_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request: its path's parameters, query, JSON body (None when it had none) and files."""

    world: World
    parameters: dict[str, str]
    query: dict[str, str]
    json: object = None
    files: list[ReceivedFile] = field(default_factory=list[ReceivedFile])

    def id(self, name: str) -> int:
        """Return a parameter that is an id."""
        problems = Problems()
        number = Form(dict(self.parameters), problems).snowflake(name)
        problems.raise_any()
        assert number is not None
        return number

    @property
    def now(self) -> float:
        """Return the sandbox's time in seconds since the Unix epoch."""
        return self.world.clock().timestamp()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer; no body goes with 204."""

    body: object = None
    status: int = 200


Handler = Callable[[Call], Reply]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Limiter:
    """What the rate limits are and how far they are used; shared by the door and by routes with limits of their own."""

    limits: RateLimits
    meters: Meters = field(default_factory=Meters)

    def take(self, name: str, resource: str, quota: Quota, now: float, *, code: int, weight: int = 1) -> None:
        """Count a request towards a limit that stands in no header; raise the 429 that then comes unannounced."""
        standing = self.meters.take(name, resource, quota, now, weight=weight)
        if standing.exceeded:
            raise too_many(standing.reset_after, scope="shared", code=code, header=1)


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
        raise no_such_method() if known else no_such_route()


def as_json_object(json: object) -> Json:
    """Return the request's JSON object; a missing one counts as empty, anything else is refused."""
    problems = Problems()
    if json is None:
        return {}
    form = Form({"body": json}, problems).child("body")
    if form is None:
        problems = Problems()
        problems.add((), "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
        problems.raise_any()
        return {}
    return form.data
