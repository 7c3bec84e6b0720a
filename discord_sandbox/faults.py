"""Failing on purpose: rules that say which request fails, and how."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from discord_sandbox.api_errors import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Respond:
    """Answer with ``status`` and ``body``; ``after_work`` first does what was asked (a 500 that lies)."""

    status: int
    code: int = 0
    message: str = ""
    extra: Json = field(default_factory=dict[str, object])
    headers: dict[str, str] = field(default_factory=dict[str, str])
    after_work: bool = False

    @property
    def body(self) -> Json:
        """Return the answer's JSON."""
        return {"message": self.message, "code": self.code, **self.extra}


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """Close the connection without an answer, before or after doing what was asked; ``unread``: before it has been sent whole."""

    after_work: bool = False
    unread: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TooMany:
    """Answer 429. ``header`` is the Retry-After header where it disagrees with the body's ``retry_after`` (seconds)."""

    retry_after: float
    scope: Literal["user", "global", "shared"] = "user"
    header: float | None = None
    code: int = 0

    @property
    def body(self) -> Json:
        """Return the answer's JSON."""
        told = {"retry_after": self.retry_after, "global": self.scope == "global"}
        return {"message": "You are being rate limited.", **told, "code": self.code}

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers that tell it."""
        after = self.retry_after if self.header is None else self.header
        told = {"Retry-After": f"{after:g}", "X-RateLimit-Scope": self.scope}
        return told | {"X-RateLimit-Global": "true"} if self.scope == "global" else told


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Wait until ``released`` is set, before or after doing what was asked; then answer as if nothing had been.

    ``reached`` is set when the request has come to this point.
    """

    reached: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)
    after_work: bool = False

    async def wait(self) -> None:
        """Say that the request is here, and wait."""
        self.reached.set()
        await self.released.wait()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cue:
    """Call ``at`` before or after doing what was asked; then answer as if nothing had been, or (``close``) not at all.

    What ``at`` does, such as to kill the process that asks, is done before anything else happens in the sandbox.
    """

    at: Callable[[], object]
    after_work: bool = False
    close: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Malformed:
    """Do what was asked, and answer with its status, but with ``body`` in place of the JSON."""

    body: bytes = b'{"id": '
    content_type: str = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """Answer with exactly this, and do nothing of what was asked: what a proxy before Discord may answer, say.

    Of ``headers`` only ``Via`` is there by itself, as Discord's own answers have it; with None for it, it is left out.
    """

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: dict[str, str | None] = field(default_factory=dict[str, str | None])


@dataclass(frozen=True, slots=True, kw_only=True)
class Headers:
    """Do what was asked, and answer with these headers besides, such as rate limits of another Discord than this one."""

    headers: dict[str, str]


Fault = Respond | Close | TooMany | Hold | Cue | Malformed | Raw | Headers


@dataclass(slots=True, kw_only=True)
class FaultRule:
    """The ``nth`` to the ``nth + times - 1``-th request (``times`` None: to the last) that matches meets the fault.

    With ``uploads`` only those match that carry files.
    """

    method: str
    path: re.Pattern[str]
    fault: Fault
    nth: int
    times: int | None
    uploads: bool = False
    seen: int = 0

    def meets(self, method: str, path: str, *, uploads: bool) -> bool:
        """Count a request that matches, and tell whether the fault is its."""
        if self.uploads and not uploads:
            return False
        if self.method not in {"*", method} or not self.path.fullmatch(path):
            return False
        self.seen += 1
        return self.seen >= self.nth and (self.times is None or self.seen < self.nth + self.times)


class Faults:
    """The rules in force."""

    def __init__(self) -> None:
        """Begin with none."""
        self._rules: list[FaultRule] = []

    def add(self, method: str, path: str, fault: Fault, *, nth: int = 1, times: int | None = 1, uploads: bool = False) -> FaultRule:
        """Add a rule. In ``path``, below ``/api/v10``, ``*`` is one segment and ``**`` any rest; ``method`` may be ``*``."""
        pattern = re.escape(path).replace(r"\*\*", ".*").replace(r"\*", "[^/]+")
        rule = FaultRule(method=method, path=re.compile(pattern), fault=fault, nth=nth, times=times, uploads=uploads)
        self._rules.append(rule)
        return rule

    def clear(self) -> None:
        """Drop all rules."""
        self._rules.clear()

    def meet(self, method: str, path: str, *, uploads: bool = False) -> Fault | None:
        """Return what happens to a request, which carries files or not: the fault of the first rule it meets; all matching rules count it."""
        met = [rule.fault for rule in self._rules if rule.meets(method, path, uploads=uploads)]
        return met[0] if met else None
