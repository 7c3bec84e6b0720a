"""The wire: how the bot's requests reach Discord's REST API, and how long they wait for it.

discord.py makes the requests; what it does about rate limits is replaced here, because of what it does to a bot that stops waiting:

- It sleeps out a global limit with a lock held, and a task that is cancelled meanwhile leaves the lock closed for ever.
- It refuses a request of which plenty are left in a window that ends in more than half a minute.
- It forgets how long it was to wait as soon as it has raised that, and asks again at once.
- It believes a 429's body alone, and fails at one that is not what the documentation says.

So discord.py never sees a 429: it is read where the answer arrives (:func:`_trace`), and :class:`Wire` sleeps it out when it is short, and
notes it and raises ``discord.RateLimited`` when it is long. Nothing is locked while anything sleeps.
"""

import asyncio
import json
import logging
import math
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, Final, cast

import aiohttp
import discord
from discord.http import HTTPClient, Ratelimit, Route
from discord.webhook.async_ import AsyncWebhookAdapter

from heartbeat_bot.clock import Clock
from heartbeat_bot.store.waits import EVERYTHING, LONGEST_WAIT, Waits

_LOG = logging.getLogger(__name__)

LONGEST_SLEEP: Final = 30.0
"""Seconds that a request may sleep for rate limits before it is given up for now."""

WIRE_SECONDS: Final = 90.0
"""Seconds for one call: more than the longest sleep and its request, less than Discord remembers a nonce."""

STUCK_SECONDS: Final = 60.0
"""Seconds of waiting, with no request made by anybody, that no limit explains: twice the longest sleep."""

UNTOLD_SECONDS: Final = 600.0
"""How long to leave Discord alone when it does not say for how long: invalid requests are counted per ten minutes (docs, *Rate Limits*)."""

MOST_INVALID: Final = 50
_INVALID_SPAN: Final = timedelta(hours=1)
"""How many requests Discord may refuse with 401, 403 or 429 per span before everything is left alone. Discord bans an address for a
while after ten thousand in ten minutes (docs, *Invalid Request Limit*); nothing that a bot does well comes near this."""

_TRIES: Final = 5
"""Requests for one call, as discord.py makes of what is answered with 5xx."""


class AskedToWaitError(discord.RateLimited):
    """A 429: Discord asks to wait ``retry_after`` seconds, with this request or (``everything``) with all."""

    def __init__(self, seconds: float, *, everything: bool, shared: bool, foreign: bool, untold: bool) -> None:
        """Keep what was told.

        A ``shared`` limit is one that others use too: Discord does not hold it against the bot. A ``foreign`` answer is none of Discord's
        API: its body is no JSON object. With ``untold`` it came through Discord's proxy, and how long to wait was not said.
        """
        super().__init__(seconds)
        self.everything = everything
        self.shared = shared
        self.foreign = foreign
        self.untold = untold


class UnclearError(aiohttp.ClientError):
    """A request that must not be repeated failed in a way that does not tell whether it was carried out."""


@dataclass(slots=True)
class Answers:
    """What was answered within one call, of which several requests may be made.

    ``uncertain``: a request failed in a way that does not tell whether it was carried out. ``wait`` is the longest Retry-After of an answer
    that was no 429, in seconds. ``once``: a request of which that is not told must not be repeated, because nothing makes Discord take the
    second for the first.
    """

    once: bool = False
    uncertain: bool = False
    wait: float = 0.0


ANSWERS: ContextVar[Answers | None] = ContextVar("answers", default=None)
"""The call that is under way in this task."""


class Limit(Ratelimit):
    """What Discord has told of one of its buckets, in place of discord.py's own. Instants are seconds of ``clock``.

    As long as some of a window's requests are left, the next one goes out, however long the window; when none is, it waits for the next
    window, or raises ``discord.RateLimited`` when that is far. Whoever stops waiting leaves nothing behind.
    """

    def __init__(self, clock: Clock) -> None:
        """Begin with one request at a time, until Discord has told more."""
        super().__init__(None)
        self._clock = clock
        self._changed = asyncio.Event()

    def _now(self) -> float:
        return self._clock().timestamp()

    def is_expired(self) -> bool:
        """Tell whether the window is over."""
        return self.expires is not None and self._now() >= self.expires

    async def acquire(self) -> None:
        """Take one of the requests that are left."""
        self._last_request = self._loop.time()
        if self.is_expired():
            self.reset()
        while self.remaining <= 0:
            self._changed.clear()
            window = self.expires
            # A clock that went back does not make a window longer than it was told to be.
            left = None if window is None else min(window - self._now(), self.reset_after)
            if left is not None and left > LONGEST_SLEEP:
                raise discord.RateLimited(left)
            try:
                async with asyncio.timeout(left):
                    await self._changed.wait()
            except TimeoutError:
                if self.expires == window:
                    self.reset()
        self.remaining -= 1
        self.outgoing += 1

    async def __aexit__(self, *_: object) -> None:
        """Let the next one go."""
        self.outgoing -= 1
        if self.expires is None:  # the answer told nothing
            self.remaining = self.limit - self.outgoing
        self._changed.set()

    def update(self, response: aiohttp.ClientResponse, *, use_clock: bool = False) -> None:  # noqa: ARG002 - discord.py's signature
        """Read an answer's headers; what makes no sense tells nothing."""
        try:
            limit = int(response.headers["X-RateLimit-Limit"])
            remaining = int(response.headers["X-RateLimit-Remaining"])
            seconds = float(response.headers["X-RateLimit-Reset-After"])
        except (KeyError, ValueError):
            return
        if limit < 1 or not 0 <= seconds < math.inf:
            return
        seconds = min(seconds, LONGEST_WAIT.total_seconds())
        expires = self._now() + seconds
        # Within one window, what is under way has been taken already; an answer that was overtaken by another gives nothing back.
        same = self.expires is not None and expires <= self.expires + 1
        self.limit = limit
        self.remaining = max(0, min(remaining, limit - 1, self.remaining if same else remaining - (self.outgoing - 1)))
        self.reset_after, self.expires = seconds, expires


class Wire:
    """All requests of a client that has been made, by way of discord.py's own HTTP client."""

    def __init__(self, http: HTTPClient, waits: Waits, clock: Clock) -> None:
        """Take over ``http``: to be called before the client logs in. What is left alone is kept in ``waits``."""
        self.waits = waits
        self._clock = clock
        self._http = http
        self._request = http.request
        self._over = 0.0
        """Until when (of the loop's time) a short global limit lasts."""
        self._made = 0
        """How many requests were made."""
        self._invalid = deque[datetime](maxlen=MOST_INVALID)
        """When the last requests were refused, earliest first."""
        http.request = self.request
        http.get_ratelimit = self._limit

    def _limit(self, key: str) -> Ratelimit:
        known = self._http._buckets  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
        if key not in known:
            self._http._try_clear_expired_ratelimits()  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
            known[key] = Limit(self._clock)
        return known[key]

    async def request(
        self,
        route: Route,
        *,
        files: Sequence[discord.File] | None = None,
        form: Iterable[dict[str, Any]] | None = None,
        **kwargs: Any,
    ) -> Any:
        """Make a request as discord.py's method of this name does; raise ``discord.RateLimited`` when it would have to wait for long."""
        loop = asyncio.get_running_loop()
        made, begun = self._made, loop.time()
        try:
            async with asyncio.timeout(WIRE_SECONDS):
                return await self._patiently(route, files=files, form=form, **kwargs)
        except (TimeoutError, asyncio.CancelledError):
            if self._made == made and loop.time() - begun > STUCK_SECONDS:
                self.unlock()
            raise

    def unlock(self) -> None:
        """Forget all that requests wait for in this process, and say so: some were wanted for long and none was made."""
        _LOG.error(
            "requests to Discord were wanted and none was made: the limits that were waited for are forgotten. Please report this."
        )
        self._over = 0.0
        self._http._buckets.clear()  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
        self._http._global_over.set()  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]

    async def _patiently(
        self, route: Route, *, files: Sequence[discord.File] | None, form: Iterable[dict[str, Any]] | None, **kwargs: Any
    ) -> Any:
        key = f"{route.method} {route.path}:{route.major_parameters}"
        slept = 0.0
        for left in reversed(range(_TRIES)):
            slept += await self._wait(key)
            try:
                return await self._request(route, files=files, form=form, **kwargs)
            except AskedToWaitError as told:
                seconds = told.retry_after
                if told.everything and seconds <= LONGEST_SLEEP:
                    self._over = asyncio.get_running_loop().time() + seconds
                if not left or slept + seconds > LONGEST_SLEEP:
                    await self._note(key, route, told)
                    raise discord.RateLimited(seconds) from None
            slept += seconds
            await asyncio.sleep(seconds)
            for file in files or ():
                file.reset()
        raise AssertionError("the last try returns or raises")

    async def _wait(self, key: str) -> float:
        """Sleep until a request may be made; return for how many seconds. Raise ``discord.RateLimited`` when that is long."""
        seconds = self.waits.left(EVERYTHING, key)
        if seconds > 0:
            raise discord.RateLimited(seconds)
        slept, loop = 0.0, asyncio.get_running_loop()
        while (left := self._over - loop.time()) > 0:
            slept += left
            await asyncio.sleep(left)
        return slept

    async def _note(self, key: str, route: Route, told: AskedToWaitError) -> None:
        if told.everything:
            await self.waits.asked(EVERYTHING, told.retry_after, "Discord refuses all requests for now.")
        elif not (told.shared and route.method == "PATCH"):
            # A limit on edits of published or old messages is of each message, and kept with it.
            await self.waits.asked(
                key, told.retry_after, f"Discord asked to wait with {route.method} {route.url.removeprefix(Route.BASE)}."
            )

    async def _refused(self, status: int) -> None:
        """Count a request that Discord holds against the bot; leave everything alone when there were too many."""
        now = self._clock()
        self._invalid.append(now)
        left = (self._invalid[0] + _INVALID_SPAN - now).total_seconds()
        if len(self._invalid) == MOST_INVALID and 0 < left <= _INVALID_SPAN.total_seconds():
            why = f"Discord refused {MOST_INVALID} requests within an hour, the last with {status}."
            _LOG.error(
                "%s Nothing is asked for the next %d minutes, so that it does not ban this machine.", why, math.ceil(left / 60)
            )
            await self.waits.asked(EVERYTHING, left, why)

    def trace(self) -> aiohttp.TraceConfig:
        """Return what listens to the requests of the client, the answers to interactions too."""
        trace = aiohttp.TraceConfig()
        trace.on_request_start.append(self._on_start)
        trace.on_request_end.append(self._on_answer)
        trace.on_request_exception.append(self._on_failure)
        return trace

    async def _on_start(self, *_: object) -> None:
        self._made += 1

    async def _on_answer(self, _: aiohttp.ClientSession, __: SimpleNamespace, told: aiohttp.TraceRequestEndParams) -> None:
        """Read an answer before discord.py does; what is raised here ends the request."""
        response, url = told.response, str(told.url)
        if not url.startswith(Route.BASE):  # the gateway, say
            return
        too_many = await _read_refusal(response)
        of_interaction = url.removeprefix(Route.BASE).startswith(_INTERACTIONS)
        if response.status in _INVALID and not of_interaction and not (too_many and too_many.shared):
            await self._refused(response.status)
        if too_many:
            raise too_many
        answers = ANSWERS.get()
        if answers is None:
            return
        answers.uncertain |= response.status >= 500  # noqa: PLR2004 (HTTP's own boundary)
        answers.wait = max(answers.wait, seconds_of(response.headers.get("Retry-After")))
        if answers.once and answers.uncertain:
            response.close()
            raise UnclearError(f"it answered {response.status}")

    async def _on_failure(self, _: aiohttp.ClientSession, __: SimpleNamespace, failed: aiohttp.TraceRequestExceptionParams) -> None:
        answers = ANSWERS.get()
        if answers is None or isinstance(failed.exception, AskedToWaitError):
            return
        answers.uncertain = True
        if answers.once and isinstance(failed.exception, Exception):  # a cancellation goes on as one
            raise UnclearError(str(failed.exception)) from failed.exception


class InteractionAdapter(AsyncWebhookAdapter):
    """Makes discord.py's requests of interactions: a 429 is slept out when it is short, and raised when it is long.

    A person waits, and the interaction is over before ten minutes are: when Discord does not say for how long, that is a second.
    """

    async def request(self, route: Route, session: aiohttp.ClientSession, **kwargs: Any) -> Any:
        """Make a request as discord.py's method of this name does."""
        slept = 0.0
        for left in reversed(range(_TRIES)):
            try:
                return await super().request(route, session, **kwargs)
            except AskedToWaitError as told:
                pause = _PAUSE if told.untold else told.retry_after
                slept += pause
                if not left or slept > LONGEST_SLEEP:
                    raise
                await asyncio.sleep(pause)
            files: Sequence[discord.File] = kwargs.get("files") or ()
            for file in files:
                file.reset()
        raise AssertionError("the last try returns or raises")


_PAUSE: Final = 1.0
"""Seconds: of the three that a first answer may take."""
_TOO_MANY: Final = 429
_FORBIDDEN: Final = 403
_INVALID: Final = frozenset({401, _FORBIDDEN, _TOO_MANY})
_INTERACTIONS: Final = ("/interactions/", "/webhooks/")
"""Routes that need not the bot's token but the interaction's: what goes wrong there is between Discord and one person."""


async def _read_refusal(response: aiohttp.ClientResponse) -> AskedToWaitError | None:
    """Return what asks to wait; None when nothing does. A 403 that is not Discord's own is a ban too."""
    if response.status not in {_TOO_MANY, _FORBIDDEN}:
        return None
    told = read_too_many(response.headers, await response.read())
    return told if response.status == _TOO_MANY or told.foreign else None


def read_too_many(headers: Mapping[str, str], body: bytes) -> AskedToWaitError:
    """Read a 429, whatever it looks like.

    Of the header and the body, the longer wait counts: the two have been seen to differ (discord-api-docs issue 6109). One that comes from
    something before Discord (it lacks the Via header, or its body is no object) is about all requests.
    """
    try:
        told: Any = json.loads(body)
    except (ValueError, RecursionError):
        told = None
    fields = cast("dict[str, Any]", told) if isinstance(told, dict) else {}
    seconds = max(seconds_of(headers.get("Retry-After")), seconds_of(fields.get("retry_after")))
    scope = headers.get("X-RateLimit-Scope")
    readable = isinstance(told, dict)
    everything = (
        not readable
        or not headers.get("Via")
        or scope == "global"
        or fields.get("global") is True
        or "X-RateLimit-Global" in headers
    )
    return AskedToWaitError(
        seconds or UNTOLD_SECONDS,
        everything=everything,
        shared=scope == "shared",
        foreign=not readable,
        untold=not seconds and "Via" in headers,
    )


def seconds_of(told: object) -> float:
    """Read how long to wait; 0.0 when it is not there or is no number, and a day at most."""
    try:
        seconds = float(told) if isinstance(told, str | int | float) else 0.0
    except ValueError:
        return 0.0
    return min(max(0.0, seconds), LONGEST_WAIT.total_seconds()) if math.isfinite(seconds) else 0.0
