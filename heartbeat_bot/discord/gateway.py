"""The connection to the gateway: what the bot does when it breaks, is refused, or stays silent (docs, *Gateway* and *Opcodes*).

discord.py's own loop is not used. It connects again at once, whatever the last connection ended with, so that a gateway which breaks off
each connection would be asked hundreds of times a second, and it closes the connections of a pass that is under way before it says that
the bot is not wanted.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import aiohttp
import discord
import yarl
from discord.gateway import DiscordWebSocket, ReconnectWebSocket

from heartbeat_bot.config import Config
from heartbeat_bot.errors import OutletError

_LOG = logging.getLogger(__name__)

_PORTAL: Final = "https://discord.com/developers/applications"
_UPDATE: Final = "update heartbeat-bot and its discord.py, and report it when that does not help"
_REFUSALS: Final[Mapping[int, str]] = {
    4004: f"Discord refused the bot's token at the gateway (4004): copy it anew, from the page Bot of the application at {_PORTAL}",
    4010: f"Discord refused the bot's shard (4010), although the bot asks for none: {_UPDATE}",
    4011: "Discord wants the bot to divide its servers among several connections (4011, sharding required), and this bot has one: it is in "
    "too many servers, 2,500 are the limit. Let it leave those that nothing is posted to",
    4012: f"Discord no longer takes the version of the gateway that the bot speaks (4012): {_UPDATE}",
    4013: f"Discord does not know the intents that the bot asks for (4013; it asks for Guilds and Guild Messages): {_UPDATE}",
    4014: "Discord does not allow the application the intents that the bot asks for (4014): allow them under Privileged Gateway Intents, "
    f"on the page Bot of the application at {_PORTAL}. The bot as it is published asks for Guilds and Guild Messages, which are not privileged",
}
"""What the close codes say that only a person can mend, and what to do."""
_MEANWHILE: Final = "Until then nothing is posted, edited or answered; after the next start what waits is posted."
_SESSION_OVER: Final = frozenset({4003, 4007, 4009})
"""Close codes after which the session is no more: it was invalidated, its events cannot be told from each other, or it timed out."""

_CONNECTING: Final = 90.0
"""Seconds until a gateway that has not said hello counts as out of reach; discord.py waits for a minute once there is a connection."""
_IDENTIFYING: Final = 5.0
"""Seconds before a new session is begun in place of one that is over: so many of them Discord wants between two."""
_AGAIN: Final = 5.0
_LONGEST_AGAIN: Final = 300.0
"""Seconds until the gateway is connected to again where it fails again and again: from the first pause to the longest, doubled each time.
Whoever begins more than a thousand sessions a day loses the token."""
_AT_ONCE: Final = 4
"""Connections in a row that may break soon, and are made anew at once: Discord moves sessions about."""
_SOON: Final = 90.0
"""Seconds after which a connection that breaks was a good one."""

Sleep = Callable[[float], Awaitable[object]]
_Session = Mapping[str, Any]
"""What discord.py needs to go on with a session: its number, the last event seen of it, and where it lives."""
_NO_SESSION: Final[_Session] = {}


class _Socket(DiscordWebSocket):
    """Closes itself when something fails that discord.py does not expect; nobody else knows of it before the gateway has said hello."""

    async def poll_event(self) -> None:
        """Take what comes next."""
        try:
            await super().poll_event()
        except (ReconnectWebSocket, discord.ConnectionClosed):
            raise  # it is closed
        except Exception:
            await self.close()
            raise

    async def send(self, data: str, /) -> None:
        """Send a text."""
        try:
            await super().send(data)
        except (OSError, aiohttp.ClientError):
            await self.close()
            raise


class _UnreachableError(Exception):
    """There was no hello of the gateway's; says why."""


class _Pauses:
    """How long to leave the gateway alone, as it has failed so many times in a row."""

    def __init__(self) -> None:
        """Begin with no failure."""
        self.failures = 0
        self._seconds = _AGAIN

    def over(self) -> None:
        """Forget the failures: a connection was good."""
        self.failures, self._seconds = 0, _AGAIN

    def next(self, *, at_once: bool) -> float:
        """Count a failure; return the seconds until the next try, none for the first few when those may be made ``at_once``."""
        self.failures += 1
        if at_once and self.failures <= _AT_ONCE:
            return 0.0
        seconds, self._seconds = self._seconds, min(2 * self._seconds, _LONGEST_AGAIN)
        return seconds


# Posting does not depend on the gateway: below, what is unknown is logged whole, and connected again.


async def connect(config: Config, client: discord.Client, *, sleep: Sleep = asyncio.sleep) -> None:
    """Hold a gateway connection with a client that has logged in, so that members see the bot and can talk to it.

    A connection that breaks is made anew, and its session goes on where Discord lets it, so that nothing is missed. Returns when the
    client is closed. Raises OutletError when Discord does not want the bot back, and says what to do. ``sleep`` waits between two
    connections.
    """
    if config.discord.gateway_url:
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(config.discord.gateway_url)
    loop, pauses, session, held = asyncio.get_running_loop(), _Pauses(), _NO_SESSION, False
    while not client.is_closed():
        begun = loop.time()
        try:
            ws = await _begin(client, session)
        except _UnreachableError as error:
            seconds = pauses.next(at_once=False)
            _LOG.warning("the gateway cannot be reached (%s); it is tried again in %g seconds", error, seconds)
            # A session lives at an address of its own, which may be what is away.
            session, held = session if held else _NO_SESSION, False
        else:
            session, held = await _hold(client, ws), True
            if client.is_closed():
                return
            client.dispatch("disconnect")
            if loop.time() - begun >= _SOON:
                pauses.over()
            seconds = pauses.next(at_once=True)
            if seconds:
                _LOG.warning(
                    "the gateway broke off %d connections in a row; it is tried again in %g seconds", pauses.failures, seconds
                )
                # The session may be what is wrong.
                session = _NO_SESSION
        if not session:
            seconds = max(seconds, _IDENTIFYING)
        if seconds:
            await sleep(seconds)


async def _begin(client: discord.Client, session: _Session) -> DiscordWebSocket:
    """Connect until the gateway has said hello, and ask for a new session or for the one that was."""
    try:
        async with asyncio.timeout(_CONNECTING):
            # ``initial`` keeps discord.py from a pause of its own.
            client.ws = await _Socket.from_client(client, initial=True, resume=bool(session), **session)
            return client.ws
    except discord.ConnectionClosed as error:
        raise _refused(error) from error
    except (TimeoutError, ReconnectWebSocket) as error:
        raise _UnreachableError("it does not say hello") from error
    except (OSError, aiohttp.ClientError) as error:
        raise _UnreachableError(str(error)) from error
    except Exception as error:
        _LOG.exception("what the gateway said first makes no sense")
        raise _UnreachableError(f"{type(error).__name__}: {error}") from error


async def _hold(client: discord.Client, ws: DiscordWebSocket) -> _Session:
    """Take what comes until the connection ends; return the session to go on with, if any."""
    try:
        while True:
            await ws.poll_event()
    except ReconnectWebSocket as error:
        if not error.resume or ws.socket.close_code in _SESSION_OVER:
            return _NO_SESSION
    except discord.ConnectionClosed as error:
        if client.is_closed():
            return _NO_SESSION
        raise _refused(error) from error
    except (OSError, aiohttp.ClientError):
        pass  # it broke while something was said
    except Exception:  # noqa: BLE001 - see above
        _LOG.exception("the connection to the gateway failed; it is made anew")
        return _NO_SESSION
    if ws.session_id is None:
        return _NO_SESSION
    return {"session": ws.session_id, "sequence": ws.sequence, "gateway": ws.gateway}


def _refused(error: discord.ConnectionClosed) -> OutletError:
    sentence = _REFUSALS.get(error.code, f"The gateway refused the bot ({error.code})")
    return OutletError(f"{sentence}. {_MEANWHILE}", status=None, permanent=True)
