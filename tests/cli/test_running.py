"""The life of the running bot: how `run` starts, what it survives, and how it ends."""

import asyncio
import signal
import sqlite3
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import discord
import pytest
from home import ISSUE, Home

from discord_sandbox.clock import ManualClock
from discord_sandbox.faults import Close, Fault, Hold, Malformed, Raw, Respond, TooMany
from discord_sandbox.permissions import Permission
from heartbeat_bot.app.operation import run_bot
from heartbeat_bot.config import load_config


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """The command `run`, in a process of its own."""

    home: Home
    process: Process

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds, as long as the process lives."""
        async with asyncio.timeout(30):
            while not holds():
                assert self.process.returncode is None, await self.ended(code=0)
                await asyncio.sleep(0.05)

    async def is_offered(self) -> None:
        """Wait until it has told Discord its commands."""
        await self.until(lambda: self.home.sandbox.commands.shown_in(None) != [])

    async def is_ready(self) -> None:
        """Wait until it listens to the gateway, and has made its first pass."""
        await self.until(lambda: self.home.sessions() != [])
        await self.until(lambda: self.home.titles() == ["An older one"])

    async def answers(self) -> None:
        """Ask for the newest issue until the archive has it."""
        await self.is_offered()
        for _ in range(50):
            shown = self.home.answer(await self.home.call("latest"))
            if "An older one" in shown:
                return
            await asyncio.sleep(0.1)
        raise AssertionError(shown)

    async def ended(self, *, code: int) -> str:
        """Wait for the end; return all that was said on stderr."""
        async with asyncio.timeout(30):
            _, err = await self.process.communicate()
        said = err.decode()
        assert "Traceback" not in said, said
        assert self.process.returncode == code, said
        return said

    async def stop(self) -> str:
        """Ask it to end, and return what it said."""
        self.process.send_signal(signal.SIGTERM)
        return await self.ended(code=0)


@asynccontextmanager
async def running(home: Home) -> AsyncIterator[Running]:
    process = await home.start("run")
    try:
        yield Running(home=home, process=process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def test_run_answers_commands_and_ends_in_silence(home: Home) -> None:
    async with running(home) as bot:
        await bot.is_ready()
        await bot.answers()
        assert await bot.stop() == ""


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="the system does not tell what a process has loaded")
async def test_run_never_loads_what_reads_texts_which_is_the_work_of_another_process(home: Home) -> None:
    # Not forked off one that has loaded everything.
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "heartbeat_bot", "run", env=home.environment, stdout=PIPE, stderr=PIPE
    )
    bot = Running(home=home, process=process)
    await bot.is_ready()
    await bot.answers()
    loaded = Path(f"/proc/{process.pid}/maps").read_text()  # noqa: ASYNC240
    assert await bot.stop() == ""
    assert [library for library in ("/pydantic_core/", "/lxml/", "/regex/") if library in loaded] == ["/pydantic_core/"]


@pytest.mark.parametrize(
    "fault",
    [Respond(status=400, code=50035), TooMany(retry_after=600), Close(), Malformed(), Malformed(body=b"null")],
    ids=["400", "429", "closed", "malformed", "null"],
)
async def test_what_becomes_of_the_commands_keeps_nothing_from_being_posted(home: Home, fault: Fault) -> None:
    home.sandbox.faults.add("PUT", "/applications/*/commands", fault, times=None)
    async with running(home) as bot:
        await bot.is_ready()
        assert "Discord did not take the slash commands" in await bot.stop()


async def test_commands_that_discord_does_not_answer_keep_the_first_pass_waiting_for_nothing(home: Home) -> None:
    hold = Hold()
    home.sandbox.faults.add("PUT", "/applications/*/commands", hold, times=None)
    async with running(home) as bot:
        await bot.is_ready()
        assert hold.reached.is_set()
        await bot.stop()
        hold.released.set()


WEATHER = {
    "502": (Respond(status=502), [5, 10, 20]),
    "503": (Respond(status=503), [5, 10, 20]),
    "520": (Respond(status=520), [5, 10, 20]),
    "429": (TooMany(retry_after=100), [100, 100, 100]),
    "ban": (Raw(status=429, body=b"error code: 1015", content_type="text/plain", headers={"Via": None}), [600, 600, 600]),
    "blocked": (Raw(status=403, body=b"<html>", content_type="text/html", headers={"Via": None}), [600, 600, 600]),
    "closed": (Close(), [5, 10, 20]),
    "malformed": (Malformed(), [5, 10, 20]),
    "null": (Malformed(body=b"null"), [5, 10, 20]),
}


@pytest.mark.parametrize("path", ["/users/@me", "/channels/*", "/guilds/*"])
@pytest.mark.parametrize(("fault", "pauses"), WEATHER.values(), ids=WEATHER)
async def test_a_start_that_discord_does_not_let_through_is_tried_again_with_growing_pauses(
    home: Home,
    clock: ManualClock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    path: str,
    fault: Fault,
    pauses: list[float],
) -> None:
    # discord.py waits for seconds before it repeats a request; nothing else of its asyncio is changed.
    monkeypatch.setattr(discord.http, "asyncio", SimpleNamespace(**{**vars(asyncio), "sleep": _no_time}))
    monkeypatch.setattr(discord.http.Route, "BASE", discord.http.Route.BASE)  # put back after the test
    monkeypatch.setenv("HB_TOKEN", home.sandbox.token)
    home.sandbox.faults.add("GET", path, fault, times=None)
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        clock.advance(seconds)
        if len(slept) == len(pauses):
            home.sandbox.faults.clear()

    async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        bot = tasks.create_task(run_bot(load_config(home.config), clock=clock, sleep=sleep))
        while not home.sessions():  # noqa: ASYNC110 - the sandbox tells of nothing
            await asyncio.sleep(0.02)
        bot.cancel()
    assert slept == pauses
    assert caplog.text.count("the bot could not start yet, it is tried again in") == len(pauses)


async def _no_time(_: float) -> None:
    """Let others go on, and time stand."""


async def test_a_discord_that_cannot_be_reached_is_waited_for(home: Home) -> None:
    home.config.write_text(home.config.read_text().replace(home.sandbox.url, "http://127.0.0.1:9/api/v10"))
    async with running(home) as bot:
        assert bot.process.stderr
        assert (
            b"could not start yet, it is tried again in 0:00:05: Discord could not be reached"
            in await bot.process.stderr.readline()
        )
        assert await bot.stop() == ""


@pytest.mark.parametrize(("path", "status"), [("/users/@me", 401), ("/channels/*", 403), ("/channels/*", 404)])
async def test_what_a_person_must_mend_ends_the_start_with_a_sentence(home: Home, path: str, status: int) -> None:
    home.sandbox.faults.add("GET", path, Respond(status=status), times=None)
    async with running(home) as bot:
        assert "Discord refused" in await bot.ended(code=2)


@pytest.mark.parametrize(("code", "said"), [(4004, "copy it anew"), (4013, "4013"), (4014, "Privileged Gateway Intents")])
async def test_a_bot_that_the_gateway_does_not_want_back_ends_with_a_sentence(home: Home, code: int, said: str) -> None:
    async with running(home) as bot:
        await bot.is_ready()
        home.sandbox.gateway.drop(code)
        assert said in await bot.ended(code=2)


async def test_it_ends_with_no_more_than_the_sentence_while_a_request_is_under_way(home: Home) -> None:
    hold = Hold()
    home.sandbox.faults.add("PUT", "/applications/*/commands", hold, times=None)
    async with running(home) as bot:
        await bot.is_ready()
        await hold.reached.wait()
        home.sandbox.gateway.drop(4004)
        said = await bot.ended(code=2)
        hold.released.set()
    assert said.startswith("heartbeat-bot: Discord refused the bot's token at the gateway (4004)")
    assert said.count("\n") == 1


@pytest.mark.parametrize("how", ["cut", "resume", "invalid", "unreadable"])
async def test_the_bot_goes_on_answering_when_the_gateway_had_a_fault(home: Home, how: str) -> None:
    gateway = home.sandbox.gateway
    async with running(home) as bot:
        await bot.is_ready()
        (before,) = gateway.connections
        match how:
            case "cut":
                gateway.drop(4000)
            case "resume":
                gateway.request_reconnect()
            case "invalid":
                gateway.invalidate_sessions()
            case _:
                before.outgoing.put_nowait({"op": 0, "s": 99, "t": "GUILD_CREATE", "d": {}})
        await bot.until(lambda: before not in gateway.connections)
        await bot.until(lambda: home.sessions() != [])
        await bot.answers()
        assert len(gateway.connections) == 1
        if how != "unreadable":  # which is logged whole
            await bot.stop()


async def test_what_a_moderator_began_before_the_end_is_finished_once_and_told(home: Home) -> None:
    role = home.sandbox.create_role(home.guild, "moderators", permissions=int(Permission.MANAGE_GUILD | Permission.MANAGE_MESSAGES))
    mo = home.sandbox.create_user(home.guild, "mo", roles=[role])
    office = home.sandbox.create_channel(home.guild, "office")
    text = home.config.read_text().replace("hold: 10m", "hold: 0s")
    home.config.write_text(f"{text}moderation: {{channel: {office.id}, approval: true}}\n")
    posting = Hold(after_work=True)
    async with running(home) as bot:
        await bot.is_ready()
        await bot.is_offered()
        home.write("new", ISSUE)
        await home.call("sync", by=mo)
        home.sandbox.faults.add("POST", f"/channels/{home.channel.id}/messages", posting, nth=2)
        async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
            approving = tasks.create_task(home.call("approve", by=mo, issue=str(home.number("First Light"))))
            await posting.reached.wait()
            assert await bot.stop() == ""
            posting.released.set()
            approving.cancel()
    async with running(home) as bot:
        await bot.until(lambda: "hiring" in home.texts()[-1])
        await bot.until(lambda: not home.rows("SELECT * FROM outbox"))
        await bot.stop()
    assert len(home.texts()) == 4
    assert home.rows("SELECT verb, outcome FROM actions")[-1] == ("approve", "cut off: the bot was stopped meanwhile")
    told = [message["content"] for message in home.sandbox.messages(office)]
    assert [text for text in told if "/approve" in text and "First Light" in text and "cut off" in text]


async def test_a_state_that_is_busy_for_a_while_does_not_end_the_watch(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("heartbeat_bot.database.sqlite._BUSY_MILLISECONDS", 300)
    monkeypatch.setenv("HB_TOKEN", home.sandbox.token)
    config = load_config(home.config)
    often = {
        name: newsletter.model_copy(update={"poll": timedelta(seconds=0.2)}) for name, newsletter in config.newsletters.items()
    }
    async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        bot = tasks.create_task(run_bot(config.model_copy(update={"newsletters": often})))

        while not home.sessions():  # noqa: ASYNC110 - the sandbox tells of nothing
            await asyncio.sleep(0.1)
        with closing(sqlite3.connect(home.state, isolation_level=None, check_same_thread=False)) as other:
            # In a thread: the bot, in this very process, may be about to end a transaction of its own.
            await asyncio.to_thread(other.execute, "BEGIN IMMEDIATE")
            await asyncio.sleep(3)
            other.execute("ROLLBACK")
        home.write("later", ISSUE)
        while "First Light" not in home.titles():  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.1)
        bot.cancel()


async def test_issues_are_posted_while_the_gateway_cannot_be_reached(home: Home) -> None:
    home.config.write_text(home.config.read_text().replace(home.sandbox.gateway_url, "ws://127.0.0.1:9/"))
    home.config.write_text(home.config.read_text().replace("hold: 10m", "hold: 0s, max_age: null"))
    await home.run("sync")
    home.write("new", ISSUE)
    async with running(home) as bot:
        assert bot.process.stderr
        async for line in bot.process.stderr:
            if b"the gateway cannot be reached (Cannot connect to host 127.0.0.1:9" in line:
                break
        await bot.until(lambda: bool(home.texts()) and "hiring" in home.texts()[-1])
        await bot.stop()
