"""The door of the REST API: token, rate limits, faults on purpose, the log of requests, and errors as JSON."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any, Final

from aiohttp import BodyPartReader, web

from discord_sandbox.api_errors import ApiError, plain_refusal, refusal, too_many
from discord_sandbox.faults import Close, Cue, Fault, Faults, Headers, Hold, Malformed, Raw, Respond, TooMany
from discord_sandbox.interactions import Interactions
from discord_sandbox.ratelimits import Limiter
from discord_sandbox.rest.call import MAJOR, Call, Created, Route, RouteTable
from discord_sandbox.rules.files import REQUEST_BYTES, ReceivedFile
from discord_sandbox.rules.form import Form
from discord_sandbox.same_origin import is_secret
from discord_sandbox.world import World

PREFIX: Final = "/api/v10"
_VIA: Final = {"Via": "1.1 google"}
"""Discord's answers pass a proxy; discord.py takes a 429 without this header for a ban."""
_WRONG_TYPE: Final = "Expected \"Content-Type\" header to be one of {'application/json', 'multipart/form-data'}."


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """An answer: ``raw`` is what is sent in place of ``body`` as JSON; without ``status`` the connection is closed unanswered."""

    status: int | None = None
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict[str, str])
    raw: bytes | None = None
    content_type: str = "application/json"


class Door:
    """Takes every request below ``/api/v10``."""

    def __init__(self, world: World, interactions: Interactions, token: str, limiter: Limiter, routes: Sequence[Route]) -> None:
        """Answer with the ``routes``."""
        self._world = world
        self._interactions = interactions
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
            return self._send(request, _Received(), _Answer(status=error.status, body=error.body))
        fault = self.faults.meet(request.method, path, uploads=request.content_type == "multipart/form-data")
        unread = isinstance(fault, Close) and fault.unread
        received = _Received() if unread else await _receive(request)
        answer = await _before(fault)
        if answer is None:
            answer = await _after(fault, self._work(request, route, parameters, received))
        return self._send(request, received, answer)

    def _route(self, request: web.Request, path: str) -> tuple[Route, dict[str, str]]:
        """Return the route and the path's parameters; raise 401 for whoever has not the bot's token, 404 or 405."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        has_token = scheme == "Bot" and is_secret(token, self._token)
        try:
            route, parameters = self._table.find(request.method, path)
        except ApiError:
            if has_token:
                raise
            raise plain_refusal(HTTPStatus.UNAUTHORIZED) from None
        if not has_token and not route.open_to_all:
            raise plain_refusal(HTTPStatus.UNAUTHORIZED)
        return route, parameters

    def _work(self, request: web.Request, route: Route, parameters: dict[str, str], received: _Received) -> _Answer:
        headers: dict[str, str] = {}
        try:
            self._meter(route, parameters, headers)
            if received.error:
                raise received.error
            call = Call(
                world=self._world,
                interactions=self._interactions,
                limiter=self._limiter,
                parameters=parameters,
                query=dict(request.query),
                json=received.json,
                files=received.files,
            )
            body = route.handler(call)
        except ApiError as error:
            via = _VIA if error.status == HTTPStatus.TOO_MANY_REQUESTS else {}
            return _Answer(status=error.status, body=error.body, headers=headers | error.headers | via)
        if isinstance(body, Created):
            return _Answer(status=HTTPStatus.CREATED, body=body.body, headers=headers)
        return _Answer(status=HTTPStatus.NO_CONTENT if body is None else HTTPStatus.OK, body=body, headers=headers)

    def _meter(self, route: Route, parameters: dict[str, str], headers: dict[str, str]) -> None:
        now = self._world.clock().timestamp()
        limits = self._limiter.limits
        if not route.open_to_all:
            standing = self._limiter.count("everything", "", limits.everything, now)
            if standing.exceeded:
                raise too_many(standing.reset_after, scope="global")
        unannounced = route.quota == "crosspost" and not limits.crosspost_in_headers
        quota = limits.other if unannounced else getattr(limits, route.quota)
        resource = "/".join(parameters.get(name, "") for name in MAJOR)
        standing = self._limiter.count(f"{route.method} {route.template}", resource, quota, now)
        headers |= standing.headers()
        if standing.exceeded:
            raise too_many(standing.reset_after, scope="user")

    def _send(self, request: web.Request, received: _Received, answer: _Answer) -> web.StreamResponse:
        self.log.append(
            Exchange(
                method=request.method,
                path=request.path.removeprefix(PREFIX),
                query=dict(request.query),
                headers={name: value for name, value in request.headers.items() if name != "Authorization"},
                body=received.json,
                files=tuple(received.files),
                status=answer.status,
                answer=answer.body,
                answer_headers=answer.headers,
            )
        )
        if answer.status is None:
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        if answer.status == HTTPStatus.NO_CONTENT and answer.raw is None:
            return web.Response(status=answer.status, headers=answer.headers)
        # discord.py compares the header with exactly this; a charset after it would make it take the body for text.
        headers = answer.headers | {"Content-Type": answer.content_type}
        body = json.dumps(answer.body).encode() if answer.raw is None else answer.raw
        return web.Response(body=body, status=answer.status, headers=headers)


async def _before(fault: Fault | None) -> _Answer | None:
    """Return how a fault answers before anything of what was asked is done; None where it lets it be done."""
    match fault:
        case Hold(after_work=False) | Cue(after_work=False):
            return await _interrupt(fault)
        case Close(after_work=False):
            return _Answer()
        case Respond(after_work=False):
            return _Answer(status=fault.status, body=fault.body, headers=dict(fault.headers))
        case TooMany():
            return _Answer(status=HTTPStatus.TOO_MANY_REQUESTS, body=fault.body, headers=_VIA | fault.headers)
        case Raw():
            headers = {name: value for name, value in (_VIA | fault.headers).items() if value is not None}
            text = fault.body.decode("utf-8", "replace")
            return _Answer(status=fault.status, body=text, headers=headers, raw=fault.body, content_type=fault.content_type)
        case _:
            return None


async def _after(fault: Fault | None, answer: _Answer) -> _Answer:
    """Return what a fault makes of the answer to what was done."""
    match fault:
        case Hold(after_work=True) | Cue(after_work=True):
            return await _interrupt(fault) or answer
        case Close():
            return _Answer()
        case Respond():
            return _Answer(status=fault.status, body=fault.body, headers=answer.headers | fault.headers)
        case Headers():
            return replace(answer, headers=answer.headers | fault.headers)
        case Malformed():
            return replace(answer, raw=fault.body, content_type=fault.content_type)
        case _:
            return answer


async def _interrupt(fault: Hold | Cue) -> _Answer | None:
    """Let a fault have its moment; return an answer when the connection is then closed."""
    if isinstance(fault, Hold):
        await fault.wait()
        return None
    fault.at()
    return _Answer() if fault.close else None


async def _receive(request: web.Request) -> _Received:
    try:
        if request.content_type == "multipart/form-data":
            return await _receive_parts(request)
        content = await request.read()
        if len(content) > REQUEST_BYTES:
            raise refusal(40005)
        if content and request.content_type != "application/json":
            form = Form({})
            form.fault((), "CONTENT_TYPE_INVALID", _WRONG_TYPE)
            form.raise_any()
        return _Received(json=json.loads(content)) if content else _Received()
    except web.HTTPRequestEntityTooLarge:
        return _Received(error=refusal(40005))
    except UnicodeDecodeError:
        return _Received(error=plain_refusal(HTTPStatus.INTERNAL_SERVER_ERROR))
    except ValueError:
        return _Received(error=refusal(50109))
    except ApiError as error:
        return _Received(error=error)


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
