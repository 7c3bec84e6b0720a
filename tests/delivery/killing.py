"""A bench on which the whole bot is killed, cut off and refused at a request of one's choice, and looked at afterwards.

The bot is the real one, ``sync_once`` on a folder of issues, a database file and the sandbox over sockets. A killed process is what it
leaves: at the chosen request the database files are copied as they lie on the disk, the pass is thrown away, and the next one starts
from the copy. (``test_kills.py`` kills real processes as well.)
"""

import asyncio
import hashlib
import json
import os
import random
import re
import signal
import sqlite3
from collections import Counter
from collections.abc import Coroutine, Generator, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack, closing, contextmanager
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

import discord.http
import pytest
from forked import Process, start
from one_worker import WORKER

from discord_sandbox.clock import ManualClock
from discord_sandbox.faults import Close, Cue, Fault, Respond, TooMany
from discord_sandbox.ratelimits import RateLimits
from discord_sandbox.server import Sandbox
from discord_sandbox.world import Channel, ChannelType, Message, WorldEvent
from heartbeat_bot.app.operation import sync_once
from heartbeat_bot.config import load_config
from heartbeat_bot.ids import ChannelId, GuildId
from heartbeat_bot.store.opening import open_store
from heartbeat_bot.sync.report import PassReport

ON_MESSAGES = "/channels/*/messages**"
MOMENT, HOUR = 10.0, 3600.0
FRESH = timedelta(days=1)
"""How long a saved state is used: hundreds of cases, an hour each, would else outlast an issue's edit window."""
"""Seconds until the bot is started again: while Discord still knows a nonce, and long after it forgot it."""

RESTORES = 0.2
"""How often, in a row of mishaps, the store is put back to an older copy."""

_Result = TypeVar("_Result")


def issue(title: str, *sections: tuple[str, str]) -> str:
    text = f"---\ntitle: {title}\nslug: {title.lower()}\ndate: 2026-08-01\n---\n\nHello from {title}.\n"
    return text + "".join(f"\n## {heading}\n\n{words}\n" for heading, words in sections)


A, B, C = ("Apples", "Red ones."), ("Beans", "Green ones."), ("Cherries", "Sweet ones.")
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(64)


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """What an issue was (None: it was not there) and is to become, and the requests on messages that this takes."""

    name: str
    before: str | None
    after: str
    requests: str
    kind: ChannelType = ChannelType.ANNOUNCEMENT
    places: int = 1
    """How many channels the newsletter goes to."""

    @property
    def steps(self) -> list[str]:
        return self.requests.split()


SCENARIOS = (
    Scenario(
        name="first",
        before=None,
        after=issue("May", A, B),
        requests="look send send send edit publish publish publish",
    ),
    Scenario(name="edit", before=issue("May", A, B), after=issue("May", A, ("Beans", "Black ones.")), requests="edit"),
    Scenario(name="shift", before=issue("May", A, B), after=issue("May", A, C, B), requests="look send edit edit publish"),
    Scenario(name="delete", before=issue("May", A, B, C), after=issue("May", A, C), requests="edit delete"),
    Scenario(
        name="files",
        before=None,
        after=issue("May", ("Apples", "![An apple](apple.png)")),
        requests="look send send",
        kind=ChannelType.TEXT,
    ),
    Scenario(
        name="two",
        before=None,
        after=issue("May", A),
        requests="look send send publish publish look send send publish publish",
        places=2,
    ),
)


@dataclass(frozen=True, kw_only=True)
class Mishap:
    """What happens at a request, before its work or (``late``) after it.

    ``after_sends``: seconds until the bot is started again when the request was a send; ``after_others``: when it was another, of
    which none (an empty tuple) tells more than a mishap before it.
    """

    name: str
    fault: Fault | None = None
    kill: bool = False
    late: bool = False
    times: int = 1
    after_sends: tuple[float, ...] = (MOMENT,)
    after_others: tuple[float, ...] = (HOUR,)


MISHAPS = (
    Mishap(name="killed before", kill=True, after_sends=(MOMENT, HOUR)),
    Mishap(name="killed after", kill=True, late=True, after_sends=(MOMENT, HOUR)),
    Mishap(name="cancelled before", after_others=()),
    Mishap(name="cancelled after", late=True, after_others=()),
    Mishap(name="cut before", fault=Close()),
    Mishap(name="cut after", fault=Close(after_work=True)),
    Mishap(name="429 for a moment", fault=TooMany(retry_after=0.01), after_others=()),
    Mishap(name="429 for half an hour", fault=TooMany(retry_after=1800, header=1)),
    Mishap(name="500 before once", fault=Respond(status=500), after_others=()),
    Mishap(name="502 after once", fault=Respond(status=502, after_work=True)),
    Mishap(name="502 before five times", fault=Respond(status=502), times=5, after_sends=(HOUR,), after_others=()),
    Mishap(name="502 after five times", fault=Respond(status=502, after_work=True), times=5, after_sends=(HOUR,), after_others=()),
)


Case = tuple[Scenario, int, Mishap, float]
"""A scenario, the number of a request (from 0), what happens there, and the seconds until the bot is started again."""


@dataclass(kw_only=True)
class Verdict:
    """How a channel and a store look in the end; ``wrong`` says in words what is not as it should be."""

    duplicates: int = 0
    losses: int = 0
    wrong: list[str] = field(default_factory=list[str])


@dataclass
class Saved:
    """The state of everything that a pass changes."""

    database: Mapping[str, bytes]
    messages: list[dict[int, Message]]
    created: int
    at: datetime


class Bench:
    """One sandbox, channel, configuration and clock, put back to a saved state before each case."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = ManualClock()
        self.created = 0
        self.requests: list[tuple[str, str]] = []
        self._exits = ExitStack()
        self._runner = self._exits.enter_context(asyncio.Runner(debug=False))  # asyncio's own checks take half of the time
        patch = self._exits.enter_context(pytest.MonkeyPatch.context())
        patch.setattr(discord.http.Route, "BASE", discord.http.Route.BASE)  # put back in the end
        # discord.py waits for seconds before it repeats a request; nothing else of its asyncio is changed.
        patch.setattr(discord.http, "asyncio", SimpleNamespace(**{**vars(asyncio), "sleep": _no_time}))
        self.sandbox = self.run(self._serve())
        patch.setenv("HB_TOKEN", self.sandbox.token)
        guild = self.sandbox.create_guild()
        self.ann = self.sandbox.create_user(guild, "ann")
        self.places = [self.sandbox.create_channel(guild, name, ChannelType.ANNOUNCEMENT) for name in ("news", "more-news")]
        self.channel = self.places[0]
        (folder / "site").mkdir()
        self.write("old.md", issue("April", A))
        self.config_file = folder / "config.yaml"
        self._attach = True
        self.configure()
        self._states: dict[str, Saved] = {}
        self._wanted: dict[str, list[str]] = {}

    def close(self) -> None:
        self.run(self._stack.aclose())
        self._exits.close()

    def run(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        return self._runner.run(work)

    def configure(self, places: int = 1) -> None:
        """Let the newsletter go to one channel, or to more."""
        announce = [f"{{channel: {channel.id}, hold: 0s, max_age: null}}" for channel in self.places[:places]]
        self.config_file.write_text(
            f"discord: {{token_env: HB_TOKEN, api_url: '{self.sandbox.url}'}}\n"
            "newsletters:\n  lamp:\n"
            f"    source: {{directory: '{self.folder / 'site'}', paths: ['*.md']}}\n"
            "    issue_url: https://example.org/blog/{slug}\n"
            f"    images: {{attach: {str(self._attach).lower()}}}\n"
            f"    announce: {announce[0]}\n"
            f"    destinations: [{', '.join(announce[1:])}]\n"
        )
        self.config = load_config(self.config_file)

    @contextmanager
    def linking_pictures(self) -> Generator[None]:
        """Upload no pictures: then a pass looks at no issue whose file is what its messages show."""
        self._attach = False
        self.configure()
        self._states.clear()
        try:
            yield
        finally:
            self._attach = True
            self.configure()
            self._states.clear()

    async def _serve(self) -> Sandbox:
        self._stack = AsyncExitStack()
        sandbox = await self._stack.enter_async_context(Sandbox(clock=self.clock, limits=RateLimits.generous()))
        sandbox.world.listeners.append(self._count)
        return sandbox

    def _count(self, event: WorldEvent) -> None:
        self.created += event.name == "MESSAGE_CREATE" and event.body["author"]["id"] == str(self.sandbox.world.bot.id)

    def write(self, name: str, content: str | bytes) -> None:
        path = self.folder / "site" / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        os.utime(path, (self.clock().timestamp(),) * 2)

    # The database as it lies on the disk

    def copy(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.folder.glob("heartbeat.db*") if path.suffix != ".lock"}

    def restore(self, database: Mapping[str, bytes]) -> None:
        for path in self.folder.glob("heartbeat.db*"):
            path.unlink()
        for name, content in database.items():
            (self.folder / name).write_bytes(content)

    # The bot

    async def sync(self, now: datetime | None = None) -> PassReport:
        (report,) = await sync_once(self.config, now=now or self.clock(), runner=WORKER)
        return report

    async def recover(self, pause: float) -> None:
        """Start the bot again until a pass has nothing left to do, four times at most."""
        for wait in (pause, HOUR, HOUR, HOUR):
            self.clock.advance(wait)
            self.sandbox.log.clear()
            report = await self.sync()
            self.requests = [(entry.method, entry.path) for entry in self.sandbox.log if "/messages" in entry.path]
            if not self.requests and not report.problems:
                return

    async def begin(self, scenario: Scenario) -> None:
        """Put everything where the scenario starts: ``before`` has been posted, and ``after`` lies in the source."""
        self.sandbox.faults.clear()
        self.channel.type = scenario.kind
        self.configure(scenario.places)
        (self.folder / "site" / "june.md").unlink(missing_ok=True)  # another issue, of a case before
        key = f"{scenario.places} {scenario.before or ''}"
        if key not in self._states or self.clock() - self._states[key].at > FRESH:
            self._states[key] = await self._prepare(scenario)
        saved = self._states[key]
        self.restore(saved.database)
        self._put_back(deepcopy(saved.messages))
        self.write("may.md", scenario.after)
        if scenario.name == "files":
            self.write("apple.png", PICTURE)
        self.created = 0
        self.sandbox.log.clear()

    async def _prepare(self, scenario: Scenario) -> Saved:
        self.restore({})
        self._put_back([{} for _ in self.places])
        (self.folder / "site" / "may.md").unlink(missing_ok=True)
        await self.sync()  # what is there already is no news
        if scenario.before:
            self.write("may.md", scenario.before)
            await self.sync()
        return Saved(self.copy(), deepcopy([channel.messages for channel in self.places]), self.created, self.clock())

    def _put_back(self, messages: Sequence[dict[int, Message]]) -> None:
        for channel, said in zip(self.places, messages, strict=True):
            channel.messages.clear()
            channel.messages.update(said)

    async def case(self, case: Case) -> Verdict:
        """Go through a scenario with a mishap at its ``at``-th request (from 0), while people talk, and judge what came of it."""
        scenario, at, mishap, pause = case
        await self.begin(scenario)
        self.chat()
        await self.pass_with(mishap, at)
        self.chat()
        await self.recover(pause)
        return await self.judge(scenario)

    async def pass_with(self, mishap: Mishap, at: int) -> None:
        """Make a pass with a mishap at its ``at``-th request, when it comes that far."""
        left: dict[str, bytes] = {}
        async with asyncio.TaskGroup() as group:
            task = group.create_task(self.sync())

            def kill() -> None:
                left.update(self.copy())
                task.cancel()

            fault = mishap.fault or Cue(at=kill, after_work=mishap.late, close=True)
            self.sandbox.faults.add("*", ON_MESSAGES, fault, nth=at + 1, times=mishap.times)
        if mishap.kill and left:
            self.restore(left)
        self.sandbox.faults.clear()

    async def restored(self, scenario: Scenario, at: int, pause: float) -> Verdict:
        """Go through a scenario, put the database back to what it was before the ``at``-th request, and judge what came of it."""
        await self.begin(scenario)
        copies: list[dict[str, bytes]] = []
        self.sandbox.faults.add("*", ON_MESSAGES, Cue(at=lambda: copies.append(self.copy())), times=None)
        await self.sync()
        self.sandbox.faults.clear()
        self.chat()
        self.restore(copies[at])
        await self.recover(pause)
        return await self.judge(scenario)

    async def copied(self, scenario: Scenario, at: int, mishap: Mishap, pause: float) -> Verdict:
        """Post an issue, note that it is to be posted again, with a mishap at the ``at``-th request of that, and judge the two."""
        await self.begin(scenario)
        await self.sync()
        async with open_store(self.config.state, clock=self.clock) as store:
            (issue,) = [record.id for record in await store.issues() if record.announced_at]
            await store.deliveries.repost(
                issue, guild=GuildId(self.channel.guild_id), channel=ChannelId(self.channel.id), now=self.clock()
            )
        self.chat()
        await self.pass_with(mishap, at)
        self.chat()
        await self.recover(pause)
        shown, wanted = self.shown(), await self.wanted(scenario)
        length = len(wanted)
        later = [re.sub(r"#(\d+)", lambda place: f"#{int(place[1]) + length}", text) for text in wanted]
        verdict = Verdict(wrong=[] if shown == [*wanted, *later] else [f"the channel reads {shown}, not twice {wanted}"])
        if self.created != 2 * length:
            verdict.wrong.append(f"{self.created} messages were made, not {2 * length}")
        self.judge_store(verdict)
        return verdict

    async def killed(self, process: "Command", scenario: Scenario, at: int, *, late: bool, pause: float) -> Verdict:
        """Kill a real process at a request, and judge what the next pass made of it."""
        await self.begin(scenario)
        self.chat()
        cue = Cue(at=process.kill, after_work=late, close=True)
        self.sandbox.faults.add("*", ON_MESSAGES, cue, nth=at + 1)
        code = await process.run("sync", "--config", str(self.config_file), "--as-of", self.clock().isoformat())
        assert code == -signal.SIGKILL, f"the process ended with {code}"
        self.chat()
        self.sandbox.faults.clear()
        await self.recover(pause)
        return await self.judge(scenario)

    async def mishaps(self, scenario: Scenario, seed: int) -> Verdict:
        """Go through a scenario with one mishap after another, now and then with an older store, and judge what came of it."""
        chance = random.Random(seed)
        await self.begin(scenario)
        copies: list[dict[str, bytes]] = []
        for _ in range(chance.randint(2, 6)):
            mishap = chance.choice(MISHAPS)
            await self.pass_with(mishap, chance.randint(0, 3))
            copies.append(self.copy())
            if chance.random() < RESTORES:
                self.restore(chance.choice(copies))
            self.chat()
            self.clock.advance(chance.choice((1.0, MOMENT, 70.0, HOUR)))
        await self.recover(MOMENT)
        return await self.judge(scenario)

    def chat(self) -> None:
        for channel in self.places:
            self.sandbox.post_as(self.ann, channel, "What is that?")

    # Looking

    async def judge(self, scenario: Scenario) -> Verdict:
        verdict = Verdict()
        wanted = await self.wanted(scenario)
        shown = self.shown()
        counts = Counter(shown)
        counts.subtract(wanted)
        verdict.duplicates = sum(number for number in counts.values() if number > 0)
        verdict.losses = -sum(number for number in counts.values() if number < 0)
        if shown != wanted:
            verdict.wrong.append(f"the channel reads {shown}, not {wanted}")
        made = scenario.steps.count("send")
        if self.created != made:
            verdict.wrong.append(f"{self.created} messages were made, not {made}")
            verdict.duplicates = max(verdict.duplicates, self.created - made)
        if self.requests:
            verdict.wrong.append(f"the last pass still made requests: {self.requests}")
        self.judge_store(verdict)
        return verdict

    def judge_store(self, verdict: Verdict) -> None:
        with closing(sqlite3.connect(self.folder / "heartbeat.db")) as database:
            unfinished = database.execute("SELECT target FROM outbox").fetchall()
            known = {message for (message,) in database.execute("SELECT message FROM messages WHERE released_at IS NULL")}
        if unfinished:
            verdict.wrong.append(f"unfinished: {unfinished}")
        own = {message.id for channel in self.places for message in channel.messages.values() if message.author.bot}
        if known != own:
            verdict.wrong.append(f"known are {sorted(known)}, there stand {sorted(own)}")
        if errors := self.errors():
            verdict.wrong.append(f"errors: {errors}")

    def errors(self) -> list[str]:
        """Return what the store says is wrong with issues."""
        with closing(sqlite3.connect(self.folder / "heartbeat.db")) as database:
            return [error for (error,) in database.execute("SELECT error FROM deliveries WHERE error IS NOT NULL")]

    async def wanted(self, scenario: Scenario) -> list[str]:
        """Return what the channel reads when the issue has just been posted, without any mishap."""
        key = f"{scenario.places} {scenario.after}"
        if key not in self._wanted:
            state = Saved(self.copy(), [dict(channel.messages) for channel in self.places], self.created, self.clock())
            fresh = replace(scenario, before=None, requests="")
            await self.begin(fresh)
            await self.sync()
            self._wanted[key] = self.shown()
            self.restore(state.database)
            self._put_back(state.messages)
            self.created = state.created
        return self._wanted[key]

    def shown(self) -> list[str]:
        """Return what a reader sees of the bot's messages in each channel, files and publication too; ids by their place in it."""
        return [text for channel in self.places for text in self._shown_in(channel)]

    def _shown_in(self, channel: Channel) -> list[str]:
        own = [message for message in channel.messages.values() if message.author.bot]
        places = {str(message.id): f"#{place}" for place, message in enumerate(own)}
        texts: list[str] = []
        for message in own:
            files = [(file.filename, hashlib.sha256(file.content).hexdigest()[:8]) for file in message.attachments]
            text = json.dumps([message.content, message.embeds, files, message.flags])
            texts.append(re.sub(r"\d{17,}", lambda found: places.get(found[0], found[0]), text))
        return texts


class Command:
    """The command as real processes, one at a time."""

    def __init__(self) -> None:
        self._process: Process | None = None

    @property
    def pid(self) -> int:
        """The number of the process that runs, or ran last."""
        assert self._process
        return self._process.pid

    async def run(self, *words: str) -> int:
        """Run the command to its end; return its exit code, negative for the signal that killed it."""
        self._process = await start(*words, env=os.environ)
        await self._process.communicate()
        return await self._process.wait()

    def kill(self) -> None:
        """Kill the process that runs."""
        assert self._process
        self._process.kill()


async def _no_time(_: float) -> None:
    await asyncio.sleep(0)


def cases(scenarios: Sequence[Scenario] = SCENARIOS, mishaps: Sequence[Mishap] = MISHAPS) -> list[Case]:
    """Return every request of every scenario with every mishap."""
    return [
        (scenario, at, mishap, pause)
        for scenario in scenarios
        for at, step in enumerate(scenario.steps)
        for mishap in mishaps
        for pause in (mishap.after_sends if step == "send" else mishap.after_others)
    ]


def name_of(case: Case) -> str:
    scenario, at, mishap, pause = case
    words = f"{scenario.name} {at} {scenario.steps[at]} {mishap.name} {pause:g}s"
    return words.replace(" ", "-")
