"""Sessions and the connections that carry them (docs, *Gateway*)."""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import Final

from discord_sandbox.api_errors import Json

_MOST_REPLAYED: Final = 1_000
"""Events that are kept for who resumes. Discord names no number; who missed more begins anew."""


@dataclass(slots=True, kw_only=True)
class Session:
    """What outlives a connection: the intents, and the events sent so far, for resuming."""

    id: str
    intents: int
    sequence: int = 0
    sent: deque[Json] = field(default_factory=lambda: deque[Json](maxlen=_MOST_REPLAYED))


@dataclass(slots=True, kw_only=True)
class Connection:
    """One WebSocket: frames go out through ``outgoing`` in order; a number there is the code with which it closes."""

    outgoing: asyncio.Queue[Json | int] = field(default_factory=asyncio.Queue[Json | int])
    session: Session | None = None
    silent: bool = False
    """It stands, and nothing comes of it any more."""

    def send(self, op: int, data: object = None) -> None:
        """Queue a frame that is no event."""
        self.push({"op": op, "d": data, "s": None, "t": None})

    def push(self, frame: Json) -> None:
        """Queue a frame, which gets lost on a silent connection."""
        if not self.silent:
            self.outgoing.put_nowait(frame)

    def close(self, code: int) -> None:
        """Queue the end of the connection."""
        self.outgoing.put_nowait(code)
