"""The door of the REST API: token, rate limits, faults on purpose, the log of requests, and errors as JSON."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from aiohttp import BodyPartReader, web

from discord_sandbox.api_errors import ApiError, refusal, server_fault, too_many, unauthorized
from discord_sandbox.call import MAJOR, Call, Limiter, ReceivedFile, Reply, Route, RouteTable
from discord_sandbox.faults import Close, Cue, Fault, Faults, Headers, Hold, Malformed, Raw, Respond, TooMany
from discord_sandbox.message_rules import REQUEST_BYTES
from discord_sandbox.same_origin import is_secret
from discord_sandbox.world import World

PREFIX: Final = "/api/v10"
_VIA: Final = {"Via": "1.1 google"}
"""Discord's answers pass a proxy; discord.py takes a 429 without this header for a ban."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A request and its answer; ``path`` is below ``/api/v10``, ``status`` None when the connection was closed unanswered."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any
    files: tuple[ReceivedFile, ...]
    status: int | None
    answer: Any
    answer_headers: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Received:
    json: Any = None
    files: list[ReceivedFile] = field(default_factory=list[ReceivedFile])
    error: ApiError | None = None


class Door:
    """Takes every request below ``/api/v10``."""

    def __init__(self, world: World, token: str, limiter: Limiter, routes: Sequence[Route]) -> None:
        """Answer with the ``routes``."""
        self._world = world
        self._token = token
        self._limiter = limiter
        self._table = RouteTable(routes)
        self.faults = Faults()
        self.log: list[Exchange] = []

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        path = request.path.removeprefix(PREFIX)
        try:
            route, parameters = self._route(request, path)
        except ApiError as error:
            # Nothing is read of what nobody may send.
            return self._reply(request, path, _Received(), Reply(body=error.body, status=error.status), {})
        fault = self.faults.meet(request.method, path, uploads=request.content_type == "multipart/form-data")
        unread = isinstance(fault, Close) and fault.unread
        received = _Received() if unread else await _receive(request)
        match fault:
            case Close(after_work=False):
                return self._cut(request, path, received)
            case Hold(after_work=False):
                await fault.wait()
            case Cue(after_work=False):
                fault.at()
                if fault.close:
                    return self._cut(request, path, received)
            case Respond(after_work=False):
                body = {"message": fault.message, "code": fault.code, **fault.extra}
                return self._reply(request, path, received, Reply(body=body, status=fault.status), dict(fault.headers))
            case TooMany() | Raw():
                return self._refuse(request, path, received, fault)
            case _:
                pass
        reply, headers = self._work(request, route, parameters, received)
        return await self._after(request, path, received, fault, reply, headers)

    async def _after(
        self, request: web.Request, path: str, received: _Received, fault: Fault | None, reply: Reply, headers: dict[str, str]
    ) -> web.StreamResponse:
        match fault:
            case Close():
                return self._cut(request, path, received)
            case Hold(after_work=True):
                await fault.wait()
            case Cue(after_work=True):
                fault.at()
                if fault.close:
                    return self._cut(request, path, received)
            case Respond():
                body = {"message": fault.message, "code": fault.code, **fault.extra}
                reply, headers = Reply(body=body, status=fault.status), headers | fault.headers
            case Headers():
                headers = headers | fault.headers
            case Malformed():
                self._note(request, path, received, reply, headers)
                return web.Response(body=fault.body, status=reply.status, headers=headers | {"Content-Type": fault.content_type})
            case _:
                pass
        return self._reply(request, path, received, reply, headers)

    def _route(self, request: web.Request, path: str) -> tuple[Route, dict[str, str]]:
        """Return the route and the path's parameters; raise 401 for whoever has not the bot's token, 404 or 405."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        has_token = scheme == "Bot" and is_secret(token, self._token)
        try:
            route, parameters = self._table.find(request.method, path)
        except ApiError:
            if has_token:
                raise
            raise unauthorized() from None
        if not has_token and not route.open_to_all:
            raise unauthorized()
        return route, parameters

    def _work(
        self, request: web.Request, route: Route, parameters: dict[str, str], received: _Received
    ) -> tuple[Reply, dict[str, str]]:
        headers: dict[str, str] = {}
        try:
            self._meter(route, parameters, headers)
            if received.error:
                raise received.error
            call = Call(
                world=self._world,
                parameters=parameters,
                query=dict(request.query),
                json=received.json,
                files=received.files,
            )
            return route.handler(call), headers
        except ApiError as error:
            headers |= error.headers
            if error.status == 429:  # noqa: PLR2004 - Too Many Requests
                headers |= _VIA
            return Reply(body=error.body, status=error.status), headers

    def _meter(self, route: Route, parameters: dict[str, str], headers: dict[str, str]) -> None:
        now = self._world.clock().timestamp()
        limits, meters = self._limiter.limits, self._limiter.meters
        if not route.open_to_all:
            standing = meters.take("everything", "", limits.everything, now)
            if standing.exceeded:
                raise too_many(standing.reset_after, scope="global")
        unannounced = route.quota == "crosspost" and not limits.crosspost_in_headers
        quota = limits.other if unannounced else getattr(limits, route.quota)
        resource = "/".join(parameters.get(name, "") for name in MAJOR)
        standing = meters.take(f"{route.method} {route.template}", resource, quota, now)
        headers |= standing.headers()
        if standing.exceeded:
            raise too_many(standing.reset_after, scope="user")

    def _too_many(self, request: web.Request, path: str, received: _Received, fault: TooMany) -> web.StreamResponse:
        body: dict[str, Any] = {
            "message": "You are being rate limited.",
            "retry_after": fault.retry_after,
            "global": fault.scope == "global",
            "code": fault.code,
        }
        header = fault.retry_after if fault.header is None else fault.header
        headers = _VIA | {"Retry-After": f"{header:g}", "X-RateLimit-Scope": fault.scope}
        if fault.scope == "global":
            headers["X-RateLimit-Global"] = "true"
        return self._reply(request, path, received, Reply(body=body, status=429), headers)

    def _refuse(self, request: web.Request, path: str, received: _Received, fault: TooMany | Raw) -> web.StreamResponse:
        if isinstance(fault, TooMany):
            return self._too_many(request, path, received, fault)
        return self._raw(request, path, received, fault)

    def _raw(self, request: web.Request, path: str, received: _Received, fault: Raw) -> web.StreamResponse:
        told = {**_VIA, **fault.headers}
        headers = {name: value for name, value in told.items() if value is not None}
        self._note(request, path, received, Reply(body=fault.body.decode("utf-8", "replace"), status=fault.status), headers)
        return web.Response(body=fault.body, status=fault.status, headers=headers | {"Content-Type": fault.content_type})

    def _cut(self, request: web.Request, path: str, received: _Received) -> web.StreamResponse:
        self._note(request, path, received, None, {})
        if request.transport is not None:
            request.transport.abort()
        return web.Response()

    def _reply(
        self, request: web.Request, path: str, received: _Received, reply: Reply, headers: dict[str, str]
    ) -> web.StreamResponse:
        self._note(request, path, received, reply, headers)
        if reply.status == 204:  # noqa: PLR2004 - No Content
            return web.Response(status=204, headers=headers)
        # discord.py compares the header with exactly this; a charset after it would make it take the body for text.
        headers = headers | {"Content-Type": "application/json"}
        return web.Response(body=json.dumps(reply.body).encode(), status=reply.status, headers=headers)

    def _note(self, request: web.Request, path: str, received: _Received, reply: Reply | None, headers: dict[str, str]) -> None:
        self.log.append(
            Exchange(
                method=request.method,
                path=path,
                query=dict(request.query),
                headers={name: value for name, value in request.headers.items() if name != "Authorization"},
                body=received.json,
                files=tuple(received.files),
                status=reply.status if reply else None,
                answer=reply.body if reply else None,
                answer_headers=headers,
            )
        )


async def _receive(request: web.Request) -> _Received:
    try:
        if request.content_type == "multipart/form-data":
            return await _receive_parts(request)
        content = await request.read()
        if len(content) > REQUEST_BYTES:
            raise refusal(40005)
        if content and request.content_type != "application/json":
            raise _wrong_type()
        return _Received(json=json.loads(content)) if content else _Received()
    except web.HTTPRequestEntityTooLarge:
        return _Received(error=refusal(40005))
    except UnicodeDecodeError:
        return _Received(error=server_fault())
    except ValueError:
        return _Received(error=refusal(50109))
    except ApiError as error:
        return _Received(error=error)


def _wrong_type() -> ApiError:
    message = "Expected \"Content-Type\" header to be one of {'application/json', 'multipart/form-data'}."
    errors = {"_errors": [{"code": "CONTENT_TYPE_INVALID", "message": message}]}
    return ApiError(400, 50035, "Invalid Form Body", {"errors": errors})


async def _receive_parts(request: web.Request) -> _Received:
    body: Any = None
    files: list[ReceivedFile] = []
    size = 0
    error: ApiError | None = None
    reader = await request.multipart()
    while (part := await reader.next()) is not None:
        if not isinstance(part, BodyPartReader):
            continue
        content = bytes(await part.read())
        size += len(content)
        if size > REQUEST_BYTES:
            # The rest is read all the same, and forgotten: a client that is cut off would not hear the answer.
            error = refusal(40005)
        elif part.name == "payload_json":
            try:
                body = json.loads(content)
            except ValueError:
                error = error or refusal(50109)
        elif part.name and part.name.startswith("files["):
            files.append(
                ReceivedFile(
                    key=int(part.name.removeprefix("files[").removesuffix("]")),
                    filename=part.filename or "file",
                    content=content,
                    content_type=part.headers.get("Content-Type", "application/octet-stream"),
                )
            )
    return _Received(json=body, files=files, error=error)
