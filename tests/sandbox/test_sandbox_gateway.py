import asyncio
import json
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import pytest
from sandbox_clients import Api

from discord_sandbox.server import Sandbox
from discord_sandbox.world import Channel, Guild, Intent, User

TOKEN = "the token of this run"
GUILD_MESSAGES = Intent.GUILDS | Intent.GUILD_MESSAGES


class Socket:
    def __init__(self, socket: aiohttp.ClientWebSocketResponse, token: str) -> None:
        self.socket = socket
        self.token = token

    async def next(self) -> dict[str, Any]:
        return json.loads(await self.socket.receive_str(timeout=5))

    async def send(self, op: int, data: Any) -> None:
        await self.socket.send_str(json.dumps({"op": op, "d": data}))

    async def identify(self, intents: int = GUILD_MESSAGES, token: str | None = None) -> None:
        await self.send(2, {"token": token or self.token, "intents": intents, "properties": {}})

    async def closed(self) -> int | None:
        while not self.socket.closed:
            await self.socket.receive(timeout=5)
        return self.socket.close_code


Connect = Callable[[], Awaitable[Socket]]


@pytest.fixture
async def connect(api: Api) -> AsyncIterator[Connect]:
    async with AsyncExitStack() as stack:

        async def new() -> Socket:
            raw = await stack.enter_async_context(api.session.ws_connect(api.sandbox.gateway_url))
            socket = Socket(raw, api.sandbox.token)
            assert (await socket.next())["op"] == 10
            return socket

        yield new


async def test_a_heartbeat_is_acknowledged(connect: Connect, sandbox: Sandbox) -> None:
    socket = await connect()
    await socket.send(1, None)
    assert (await socket.next())["op"] == 11
    assert sandbox.gateway.heartbeats == 1


async def test_a_heartbeat_is_answered_from_afar_so_that_a_thread_of_the_client_s_can_note_when_it_was_sent(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("discord_sandbox.gateway.gateway.FROM_AFAR", 0.2)  # more than a busy machine takes by itself
    socket, loop = await connect(), asyncio.get_running_loop()
    await socket.send(1, None)
    sent = loop.time()
    assert (await socket.next())["op"] == 11
    assert loop.time() - sent > 0.15


async def test_identifying_brings_ready_and_the_guilds_in_order(connect: Connect, guild: Guild, channel: Channel) -> None:
    socket = await connect()
    await socket.identify()
    ready, create = await socket.next(), await socket.next()
    assert (ready["t"], ready["s"], ready["d"]["guilds"]) == ("READY", 1, [{"id": str(guild.id), "unavailable": True}])
    assert (create["t"], create["s"], create["d"]["name"]) == ("GUILD_CREATE", 2, "Testers")
    assert [seen["id"] for seen in create["d"]["channels"]] == [str(channel.id)]


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ({"op": 2, "d": {"token": "wrong", "intents": 1}}, 4004),
        ({"op": 2, "d": {"token": "", "intents": 1}}, 4004),
        ({"op": 2, "d": {"token": [TOKEN], "intents": 1}}, 4004),
        ({"op": 2, "d": {"token": "sandbox-token", "intents": 1}}, 4004),
        ({"op": 2, "d": {"intents": 1}}, 4004),
        ({"op": 6, "d": {"token": "wr\ud800ng", "session_id": "x", "seq": 1}}, 4004),
        ({"op": 2, "d": {"token": TOKEN}}, 4013),
        ({"op": 2, "d": {"token": TOKEN, "intents": 1 << 15}}, 4014),
        ({"op": 3, "d": {}}, 4003),
        ({"op": 1, "d": "x" * 4096}, 4002),
    ],
)
async def test_a_wrong_frame_closes_the_connection_with_its_code(connect: Connect, frame: Any, code: int) -> None:
    socket = await connect()
    await socket.socket.send_str(json.dumps(frame).replace(TOKEN, socket.token))
    assert await socket.closed() == code


async def test_no_frame_but_json_is_taken(connect: Connect) -> None:
    socket = await connect()
    await socket.socket.send_str("hello")
    assert await socket.closed() == 4002


async def test_a_session_is_resumed_from_where_it_stood(api: Api, connect: Connect, sandbox: Sandbox, channel: Channel) -> None:
    socket = await connect()
    await socket.identify()
    session = (await socket.next())["d"]["session_id"]
    await socket.next()
    sandbox.gateway.drop(4000)
    assert await socket.closed() == 4000
    sent = await api.send(channel, content="missed")
    again = await connect()
    await again.send(6, {"token": sandbox.token, "session_id": session, "seq": 2})
    missed, resumed = await again.next(), await again.next()
    assert (missed["t"], missed["d"]["id"], missed["s"]) == ("MESSAGE_CREATE", sent.body["id"], 3)
    assert resumed["t"] == "RESUMED"


@pytest.mark.parametrize(("code", "goes_on"), [(4000, True), (4003, False), (4007, False), (4008, True), (4009, False)])
async def test_some_close_codes_end_the_session(connect: Connect, sandbox: Sandbox, code: int, *, goes_on: bool) -> None:
    socket = await connect()
    await socket.identify()
    session = (await socket.next())["d"]["session_id"]
    sandbox.gateway.drop(code)
    assert await socket.closed() == code
    again = await connect()
    await again.send(6, {"token": sandbox.token, "session_id": session, "seq": 1})
    frame = await again.next()
    assert (frame["op"], frame["t"]) == ((0, "RESUMED") if goes_on else (9, None))


async def test_connections_are_broken_off_as_soon_as_they_ask_for_a_session(connect: Connect, sandbox: Sandbox) -> None:
    sandbox.gateway.break_off(4000, times=2)
    for _ in range(2):
        socket = await connect()
        await socket.identify()
        assert await socket.closed() == 4000
    socket = await connect()
    await socket.identify()
    assert (await socket.next())["t"] == "READY"


async def test_who_missed_more_events_than_are_kept_begins_anew_and_old_sessions_are_forgotten(
    connect: Connect, sandbox: Sandbox, channel: Channel, ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("discord_sandbox.gateway.sessions._MOST_REPLAYED", 20)
    monkeypatch.setattr("discord_sandbox.gateway.gateway._MOST_LEFT", 2)
    sessions: list[str] = []
    for _ in range(5):
        socket = await connect()
        await socket.identify()
        ready = await socket.next()
        sessions.append(ready["d"]["session_id"])
        await socket.next()
        sandbox.gateway.drop(4000)
        assert await socket.closed() == 4000
    assert list(sandbox.gateway.sessions) == sessions[-3:]
    for number in range(30):
        sandbox.post_as(ann, channel, str(number))
    again = await connect()
    await again.send(6, {"token": again.token, "session_id": sessions[-1], "seq": 2})
    assert (await again.next())["op"] == 9
    await again.send(6, {"token": again.token, "session_id": sessions[-1], "seq": 15})
    assert [(await again.next())["s"] for _ in range(17)] == [*range(16, 33)]


async def test_a_silent_connection_loses_what_another_one_hears_when_it_resumes(
    connect: Connect, sandbox: Sandbox, guild: Guild
) -> None:
    socket = await connect()
    await socket.identify()
    ready, _ = await socket.next(), await socket.next()
    sandbox.gateway.fall_silent()
    await socket.send(1, None)
    sandbox.create_role(guild, "lost")
    with pytest.raises(TimeoutError):
        await socket.socket.receive_str(timeout=0.1)
    again = await connect()
    await again.send(6, {"token": sandbox.token, "session_id": ready["d"]["session_id"], "seq": 2})
    assert [(await again.next())["t"] for _ in range(2)] == ["GUILD_ROLE_CREATE", "RESUMED"]


async def test_of_a_server_with_an_outage_nothing_is_told_but_that(connect: Connect, sandbox: Sandbox, guild: Guild) -> None:
    socket = await connect()
    await socket.identify()
    await socket.next()
    await socket.next()
    sandbox.set_away(guild, away=True)
    gone = await socket.next()
    assert (gone["t"], gone["d"]) == ("GUILD_DELETE", {"id": str(guild.id), "unavailable": True})
    newcomer = await connect()
    await newcomer.identify()
    assert (await newcomer.next())["d"]["guilds"] == [{"id": str(guild.id), "unavailable": True}]
    sandbox.set_away(guild, away=False)
    for each in (socket, newcomer):
        back = await each.next()
        assert (back["t"], back["d"]["unavailable"]) == ("GUILD_CREATE", False)


async def test_an_unknown_session_is_invalid_and_one_ahead_of_itself_is_closed(connect: Connect, sandbox: Sandbox) -> None:
    socket = await connect()
    await socket.send(6, {"token": sandbox.token, "session_id": "unknown", "seq": 1})
    frame = await socket.next()
    assert (frame["op"], frame["d"]) == (9, False)
    await socket.identify()
    session = (await socket.next())["d"]["session_id"]
    ahead = await connect()
    await ahead.send(6, {"token": sandbox.token, "session_id": session, "seq": 77})
    assert await ahead.closed() == 4007


async def test_only_events_of_the_wanted_intents_arrive(
    api: Api, connect: Connect, channel: Channel, guild: Guild, sandbox: Sandbox
) -> None:
    socket = await connect()
    await socket.identify(Intent.GUILDS)
    await socket.next()
    await socket.next()
    await api.send(channel, content="unheard")
    sandbox.create_role(guild, "heard")
    assert (await socket.next())["t"] == "GUILD_ROLE_CREATE"


async def test_a_connection_may_be_compressed(api: Api, guild: Guild) -> None:
    assert guild
    inflate = zlib.decompressobj()
    async with api.session.ws_connect(api.sandbox.gateway_url + "?v=10&encoding=json&compress=zlib-stream") as socket:
        assert json.loads(inflate.decompress(await socket.receive_bytes(timeout=5)))["op"] == 10
        await socket.send_str(json.dumps({"op": 2, "d": {"token": api.sandbox.token, "intents": 1}}))
        frame = await socket.receive_bytes(timeout=5)
        assert frame.endswith(b"\x00\x00\xff\xff")
        assert json.loads(inflate.decompress(frame))["t"] == "READY"
