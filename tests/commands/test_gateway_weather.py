"""What the gateway does to the running bot: close codes, sessions that end or go on, silence, outages of a server."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from test_moderating import JUNE, posted
from test_troubles import told
from town import Town

from discord_sandbox.gateway.sessions import Connection, Session
from discord_sandbox.permissions import Permission
from heartbeat_bot.errors import OutletError


@dataclass(frozen=True, slots=True)
class Waiting:
    """Waits for nothing, and notes for how long it should have."""

    seconds: list[float] = field(default_factory=list[float])

    async def sleep(self, seconds: float) -> None:
        self.seconds.append(seconds)
        await asyncio.sleep(0)


@pytest.fixture
def waiting(town: Town) -> Waiting:
    waiting = Waiting()
    town.sleep = waiting.sleep
    return waiting


@pytest.fixture
async def mill(town: Town, waiting: Waiting, caplog: pytest.LogCaptureFixture) -> AsyncIterator[Town]:
    """A town whose bot waits for nothing between two connections, and has no fault."""
    assert waiting.seconds == []
    with caplog.at_level(logging.WARNING):
        async with town.running():
            yield town
    assert [record.getMessage() for record in caplog.records if record.exc_info] == []


def session(town: Town) -> Session | None:
    """Return the session that the bot listens to."""
    live = [connection.session for connection in town.sandbox.gateway.connections if connection.session and not connection.silent]
    return live[0] if live else None


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 - the sandbox tells of nothing
            await asyncio.sleep(0.01)


@asynccontextmanager
async def back_again(town: Town, *, resumed: bool) -> AsyncIterator[None]:
    """Wait until what happens in the block was overcome: the bot answers and posts, in the session that was or in a new one."""
    before, old = session(town), list(town.sandbox.gateway.connections)
    assert before is not None
    yield
    await until(lambda: not any(connection in town.sandbox.gateway.connections for connection in old) and session(town))
    assert (session(town) is before) == resumed
    assert "July's Heat" in town.shown(await town.call("latest"))
    town.write("june", JUNE)
    await town.sync()
    assert len(posted(town)) == 4


@pytest.mark.parametrize(
    ("code", "resumed"),
    [
        (1000, True),
        (1001, True),
        (1006, True),
        (4000, True),
        (4001, True),
        (4002, True),
        (4003, False),
        (4005, True),
        (4007, False),
        (4008, True),
        (4009, False),
    ],
)
async def test_the_bot_comes_back_from_every_close_that_passes(mill: Town, waiting: Waiting, code: int, *, resumed: bool) -> None:
    async with back_again(mill, resumed=resumed):
        mill.sandbox.gateway.drop(code)
    assert waiting.seconds == ([] if resumed else [5.0])


async def _reconnect(town: Town) -> None:
    town.sandbox.gateway.request_reconnect()


async def _invalid(town: Town) -> None:
    town.sandbox.gateway.invalidate_sessions()


async def _doubtful(town: Town) -> None:
    town.sandbox.gateway.invalidate_sessions(resumable=True)


async def _refused(town: Town) -> None:
    town.sandbox.gateway.sessions.clear()
    town.sandbox.gateway.drop(4000)


@pytest.mark.parametrize(
    ("what", "resumed"),
    [(_reconnect, True), (_invalid, False), (_doubtful, True), (_refused, False)],
    ids=["op 7", "op 9, false", "op 9, true", "RESUME refused"],
)
async def test_a_session_goes_on_where_discord_lets_it_and_is_begun_anew_where_not(
    mill: Town, what: Callable[[Town], Awaitable[None]], *, resumed: bool
) -> None:
    async with back_again(mill, resumed=resumed):
        await what(mill)


async def test_what_was_asked_while_the_connection_was_down_is_answered(mill: Town) -> None:
    async with back_again(mill, resumed=True):
        mill.sandbox.gateway.drop(4000)
        assert "July's Heat" in mill.shown(await mill.call("latest"))


@pytest.fixture
async def impatient(mill: Town) -> Town:
    """A town whose bot holds a gateway for gone that says nothing for a second, not a minute; heartbeats go to and fro meanwhile."""
    mill.sandbox.gateway.heartbeat_interval = 0.2
    mill.opened.bot._connection.heartbeat_timeout = 1.0  # noqa: SLF001 - discord.py takes it when the client is made
    async with back_again(mill, resumed=True):
        mill.sandbox.gateway.drop(4000)
    return mill


async def test_a_connection_that_fell_silent_is_made_anew_and_what_it_lost_is_heard(impatient: Town) -> None:
    async with back_again(impatient, resumed=True):
        impatient.sandbox.gateway.fall_silent()
        assert "July's Heat" in impatient.shown(await impatient.call("latest"))


async def test_a_gateway_that_does_not_say_hello_is_asked_again(
    impatient: Town, waiting: Waiting, caplog: pytest.LogCaptureFixture
) -> None:
    async with back_again(impatient, resumed=True):
        impatient.sandbox.gateway.drop(4000)
        impatient.sandbox.gateway.fall_silent(times=1)
    assert waiting.seconds == [5.0]
    assert "the gateway cannot be reached (it does not say hello); it is tried again in 5 seconds" in caplog.text


async def test_a_hello_that_makes_no_sense_ends_nothing(
    town: Town, waiting: Waiting, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def send(connection: Connection, op: int, data: object = None) -> None:
        connection.push({"op": op, "d": None if waiting.seconds == [] else data, "s": None, "t": None})

    async with town.running(), back_again(town, resumed=True):
        monkeypatch.setattr(Connection, "send", send)
        town.sandbox.gateway.drop(4000)
    assert waiting.seconds == [5.0]
    assert "what the gateway said first makes no sense" in caplog.text


async def test_a_gateway_that_breaks_off_every_connection_is_asked_less_and_less_and_for_a_new_session(
    mill: Town, waiting: Waiting, caplog: pytest.LogCaptureFixture
) -> None:
    async with back_again(mill, resumed=False):
        mill.sandbox.gateway.break_off(4000, times=12)
        mill.sandbox.gateway.drop(4000)
    assert waiting.seconds == [5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 300.0, 300.0, 300.0]
    assert "the gateway broke off 5 connections in a row; it is tried again in 5 seconds" in caplog.text


REFUSALS = {
    4004: "copy it anew",
    4010: "update heartbeat-bot",
    4011: "too many servers",
    4012: "update heartbeat-bot",
    4013: "it asks for Guilds and Guild Messages",
    4014: "Privileged Gateway Intents",
}


@pytest.mark.parametrize(("code", "said"), REFUSALS.items())
async def test_what_only_a_person_can_mend_ends_the_bot_with_what_to_do(town: Town, code: int, said: str) -> None:
    async def run() -> None:
        async with asyncio.timeout(10), town.running():
            town.sandbox.gateway.drop(code)
            await asyncio.Event().wait()

    with pytest.raises(BaseExceptionGroup) as caught:
        await run()
    (error,) = caught.value.exceptions
    assert isinstance(error, OutletError)
    assert (str(code) in str(error), said in str(error), error.permanent) == (True, True, True)
    assert str(error).endswith("after the next start what waits is posted.")


async def test_an_outage_of_a_server_is_no_removal_of_the_bot(mill: Town) -> None:
    gateway = mill.sandbox.gateway
    mill.sandbox.set_away(mill.guild, away=True)
    async with back_again(mill, resumed=False):
        gateway.drop(4009)
    mill.sandbox.set_away(mill.guild, away=False)
    assert "July's Heat" in mill.shown(await mill.call("latest"))
    await mill.sync()
    assert told(mill) == []


async def test_a_bot_that_starts_while_its_server_has_an_outage_answers_and_posts(town: Town, waiting: Waiting) -> None:
    assert waiting.seconds == []
    town.sandbox.set_away(town.guild, away=True)
    async with town.running():
        async with back_again(town, resumed=True):
            town.sandbox.gateway.drop(4000)
        assert told(town) == []


@pytest.mark.parametrize("begins", [True, False], ids=["begins", "ends"])
async def test_a_trouble_that_begins_or_ends_while_the_gateway_is_away_is_seen_when_it_is_back(mill: Town, *, begins: bool) -> None:
    """The events of a session that is over are lost: nobody tells that a permission went meanwhile."""
    own, gateway = mill.sandbox.own_role(mill.guild), mill.sandbox.gateway
    if not begins:
        mill.sandbox.overwrite(mill.news, own, deny=int(Permission.SEND_MESSAGES))
        mill.write("june", JUNE)
        await until(lambda: session(mill))
        await mill.sync()
        assert posted(mill) == []
    before = session(mill)
    mill.opened.bot._connection.guild_ready_timeout = 0.1  # noqa: SLF001 - discord.py takes it when the client is made
    mill.opened.bot._ready.clear()  # noqa: SLF001 - likewise: the first session may have come to that, or not
    gateway.drop(4009)
    mill.sandbox.overwrite(mill.news, own, deny=int(Permission.SEND_MESSAGES) if begins else 0)
    await until(lambda: session(mill) is not None and session(mill) is not before)
    await until(mill.opened.bot.is_ready)
    async with asyncio.timeout(10):
        # What the bot makes of that is done in a task of its own; time stands, and what is left alone would stay so.
        while len(told(mill)) < (1 if begins else 2):
            await mill.sync()
    if begins:
        assert "lacks the permission" in told(mill)[0]
    else:
        assert posted(mill)[0] == "June's Heat"
        assert [note[0] for note in told(mill)] == ["⚠", "☑"]
