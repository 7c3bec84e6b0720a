"""The gateway: sessions over WebSockets, events in order, heartbeats, resuming, and disturbances on purpose (docs, *Gateway*)."""

import asyncio
import json
import secrets
import zlib
from typing import Final, Literal

from aiohttp import WSMsgType, web

from discord_sandbox.api_errors import Json
from discord_sandbox.gateway.sessions import Connection, Session
from discord_sandbox.objects.guilds import guild_create_object, member_object, own_user_object
from discord_sandbox.objects.messages import hide_content
from discord_sandbox.permissions import permissions_in
from discord_sandbox.rules.form import as_list, as_object, as_snowflake, parse_object
from discord_sandbox.same_origin import is_secret
from discord_sandbox.world import Intent, World, WorldEvent

_DISPATCH = 0
_RECONNECT, _INVALID_SESSION, _HELLO, _HEARTBEAT_ACK = 7, 9, 10, 11
_PRIVILEGED: Final = Intent.GUILD_MEMBERS | Intent.GUILD_PRESENCES | Intent.MESSAGE_CONTENT
NO_CLOSE_FRAME: Final = 1006
"""The close code of a connection that broke (RFC 6455)."""
_PAYLOAD: Final = 4096
"""Bytes of the largest payload that a client may send."""
_FRAME: Final = 64 * 1024
"""Bytes of the largest frame that is read at all."""
_MOST_CONNECTIONS: Final = 100
FROM_AFAR: Final = 0.02
"""Seconds until a heartbeat is answered."""
_SESSION_OVER: Final = frozenset({4003, 4007, 4009})
"""Close codes after which a session cannot be resumed: it was invalidated, is out of order, or timed out."""
_IGNORED: Final = frozenset({3, 4})
"""Presence and voice updates: taken, and of no consequence here."""

Disturbance = Literal["omit", "repeat", "hold"]
_TIMES_SENT: Final[dict[Disturbance | None, int]] = {None: 1, "omit": 0, "hold": 0, "repeat": 2}

_MOST_LEFT: Final = 10
"""Sessions without a connection that are kept. Discord keeps one for a few minutes."""


class Gateway:
    """All sessions and connections of the bot, and the ways to disturb them."""

    def __init__(self, world: World, token: str) -> None:
        """Listen to the world."""
        self._world = world
        self._token = token
        self.heartbeat_interval = 41.25
        """How many seconds clients are told to wait between heartbeats."""
        self._disturbed: list[tuple[str, Disturbance]] = []
        self._held: list[tuple[Connection, WorldEvent]] = []
        self._broken_off: list[int] = []
        self._unanswered = 0
        self.sessions: dict[str, Session] = {}
        self.connections: list[Connection] = []
        self.heartbeats = 0
        world.listeners.append(self._on_event)

    # What a test or a person may do to it

    def drop(self, code: int = NO_CLOSE_FRAME) -> None:
        """Close all connections; code 1006 cuts them without a word. Sessions can be resumed, unless the code ends them."""
        for connection in tuple(self.connections):
            self._close(connection, code)

    def break_off(self, code: int, *, times: int) -> None:
        """Close each of the next ``times`` connections as soon as it asks for a session, or for one that was."""
        self._broken_off += [code] * times

    def fall_silent(self, *, times: int = 0) -> None:
        """Let nothing come of all connections that stand, and of the next ``times``, which do not even get a hello."""
        for connection in self.connections:
            connection.silent = True
        self._unanswered = times

    def request_reconnect(self) -> None:
        """Ask all clients to reconnect (op 7)."""
        for connection in tuple(self.connections):
            connection.send(_RECONNECT)

    def invalidate_sessions(self, *, resumable: bool = False) -> None:
        """Tell all clients that their session is invalid (op 9)."""
        if not resumable:
            self.sessions.clear()
        for connection in tuple(self.connections):
            connection.send(_INVALID_SESSION, resumable)

    def disturb(self, event: str, how: Disturbance) -> None:
        """Omit, repeat or hold back the next event of a name."""
        self._disturbed.append((event, how))

    def release(self) -> None:
        """Send the events that were held back, in their order."""
        held, self._held = self._held, []
        for connection, event in held:
            self._dispatch(connection, event)

    # Events

    def _close(self, connection: Connection, code: int) -> None:
        if connection.session is not None and code in _SESSION_OVER:
            self.sessions.pop(connection.session.id, None)
        connection.close(code)

    def _on_event(self, event: WorldEvent) -> None:
        for connection in tuple(self.connections):
            if connection.session is None:
                continue
            how = self._disturbance(event.name)
            if how == "hold":
                self._held.append((connection, event))
            for _ in range(_TIMES_SENT[how]):
                self._dispatch(connection, event)
        for session in self._left():
            # A session whose connection broke hears of it when it resumes.
            self._record(session, event)

    def _left(self) -> list[Session]:
        """Return the sessions without a connection, the oldest first."""
        live = {connection.session.id for connection in self.connections if connection.session}
        return [session for session in self.sessions.values() if session.id not in live]

    def _disturbance(self, name: str) -> Disturbance | None:
        for index, (event, how) in enumerate(self._disturbed):
            if event == name:
                del self._disturbed[index]
                return how
        return None

    def _record(self, session: Session, event: WorldEvent) -> Json | None:
        if event.intent and not session.intents & event.intent:
            return None
        if event.channel is not None:
            guild = self._world.guilds.get(event.channel.guild_id or 0)
            if not permissions_in(guild, event.channel, self._world.bot, self._world.clock()):
                return None
        body = event.body
        if event.name in {"MESSAGE_CREATE", "MESSAGE_UPDATE"} and not session.intents & Intent.MESSAGE_CONTENT:
            me = str(self._world.bot.id)
            if "guild_id" in body and body["author"]["id"] != me and all(user["id"] != me for user in body["mentions"]):
                body = hide_content(body)
        session.sequence += 1
        frame: Json = {"op": _DISPATCH, "d": body, "s": session.sequence, "t": event.name}
        session.sent.append(frame)
        return frame

    def _dispatch(self, connection: Connection, event: WorldEvent) -> None:
        if connection.session is not None:
            frame = self._record(connection.session, event)
            if frame is not None:
                connection.push(frame)

    # The wire

    async def connect(self, request: web.Request) -> web.WebSocketResponse:
        """Serve one connection until it ends."""
        if len(self.connections) >= _MOST_CONNECTIONS:
            raise web.HTTPServiceUnavailable(text="Too many connections to the gateway; close some.")
        socket = web.WebSocketResponse(max_msg_size=_FRAME)
        await socket.prepare(request)
        connection = Connection(silent=self._unanswered > 0)
        self._unanswered -= connection.silent
        self.connections.append(connection)
        connection.send(_HELLO, {"heartbeat_interval": int(self.heartbeat_interval * 1000)})
        compress = request.query.get("compress") == "zlib-stream"
        try:
            async with asyncio.TaskGroup() as tasks:
                writer = tasks.create_task(self._write(request, socket, connection, compress=compress))
                await self._read(socket, connection)
                writer.cancel()
        finally:
            self.connections.remove(connection)
        return socket

    async def _write(self, request: web.Request, socket: web.WebSocketResponse, connection: Connection, *, compress: bool) -> None:
        compressor = zlib.compressobj()
        while not socket.closed:
            frame = await connection.outgoing.get()
            if isinstance(frame, int):
                if frame == NO_CLOSE_FRAME and request.transport is not None:
                    request.transport.abort()
                else:
                    await socket.close(code=frame)
                return
            text = json.dumps(frame)
            try:
                if compress:
                    await socket.send_bytes(compressor.compress(text.encode()) + compressor.flush(zlib.Z_SYNC_FLUSH))
                else:
                    await socket.send_str(text)
            except ConnectionError:
                # The client went away between two frames; it will resume from what the session keeps.
                return

    async def _read(self, socket: web.WebSocketResponse, connection: Connection) -> None:
        async for message in socket:
            payload = parse_object(message.data) if message.type is WSMsgType.TEXT and len(message.data) <= _PAYLOAD else None
            if payload is None:
                connection.close(4002)
            else:
                self._receive(connection, payload)

    def _receive(self, connection: Connection, payload: Json) -> None:
        data = as_object(payload.get("d")) or {}
        match payload.get("op"):
            case 2 | 6 if self._broken_off:
                connection.close(self._broken_off.pop(0))
            case 1:
                self.heartbeats += 1
                # A heartbeat is answered from afar. On loopback the answer would be there before discord.py's thread has noted when it
                # sent, and discord.py would say that its connection is a whole heartbeat behind.
                asyncio.get_running_loop().call_later(FROM_AFAR, connection.send, _HEARTBEAT_ACK)
            case 2:
                self._identify(connection, data)
            case 6:
                self._resume(connection, data)
            case _ if connection.session is None:
                connection.close(4003)
            case 8:
                self._send_members(connection, data)
            case op if op not in _IGNORED:
                connection.close(4001)
            case _:
                pass

    def _identify(self, connection: Connection, data: Json) -> None:
        intents = data.get("intents")
        if connection.session is not None:
            return connection.close(4005)
        if not is_secret(data.get("token"), self._token):
            return connection.close(4004)
        if not isinstance(intents, int):
            return connection.close(4013)
        if intents & _PRIVILEGED & ~self._world.privileged_intents:
            return connection.close(4014)
        world = self._world
        session = connection.session = Session(id=secrets.token_hex(16), intents=intents)
        self.sessions[session.id] = session
        for left in self._left()[:-_MOST_LEFT]:
            del self.sessions[left.id]
        guilds = [guild for guild in world.guilds.values() if world.has_bot(guild)]
        ready: Json = {
            "v": 10,
            "user": own_user_object(world.bot),
            "guilds": [{"id": str(guild.id), "unavailable": True} for guild in guilds],
            "session_id": session.id,
            "resume_gateway_url": world.gateway_url,
            "shard": data.get("shard", [0, 1]),
            "application": {"id": str(world.bot.id), "flags": 0},
            "session_type": "normal",
            **{name: [] for name in ("private_channels", "relationships", "presences", "guild_join_requests")},
        }
        self._dispatch(connection, WorldEvent(name="READY", body=ready))
        for guild in guilds:
            if not guild.is_away:
                body = guild_create_object(world, guild)
                self._dispatch(connection, WorldEvent(name="GUILD_CREATE", body=body, intent=Intent.GUILDS))
        return None

    def _resume(self, connection: Connection, data: Json) -> None:
        if not is_secret(data.get("token"), self._token):
            return connection.close(4004)
        session = self.sessions.get(str(data.get("session_id")))
        last = data.get("seq")
        if session is None:
            return connection.send(_INVALID_SESSION, False)  # noqa: FBT003 - the wire's own word for "cannot be resumed"
        if not isinstance(last, int) or last > session.sequence:
            del self.sessions[session.id]
            return connection.close(4007)
        if last < session.sequence - len(session.sent):
            return connection.send(_INVALID_SESSION, False)  # noqa: FBT003 - likewise
        for other in self.connections:
            if other.session is session:
                other.session = None
        connection.session = session
        for frame in session.sent:
            if frame["s"] > last:
                connection.push(frame)
        self._dispatch(connection, WorldEvent(name="RESUMED", body={"_trace": []}))
        return None

    def _send_members(self, connection: Connection, data: Json) -> None:
        guild = self._world.guilds.get(as_snowflake(data.get("guild_id")) or 0)
        if guild is None:
            return
        given = data.get("user_ids")
        wanted = {as_snowflake(value) for value in as_list(given) or [given]}
        prefix = data.get("query")
        found = [
            member
            for member in guild.members.values()
            if (member.user.name.startswith(prefix) if isinstance(prefix, str) else member.user.id in wanted)
        ]
        body: Json = {
            "guild_id": str(guild.id),
            "members": [member_object(member) for member in found[: data.get("limit") or None]],
            "chunk_index": 0,
            "chunk_count": 1,
            "not_found": [],
        }
        if "nonce" in data:
            body["nonce"] = data["nonce"]
        self._dispatch(connection, WorldEvent(name="GUILD_MEMBERS_CHUNK", body=body))
