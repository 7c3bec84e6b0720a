"""`make soak`: months of weather on the whole bot, thousands of passes in some minutes, and a judgement of what came of it.

Two newsletters in real repositories, whose authors do what authors do (authors.py); the bot with its commands, its gateway and a
moderators' channel against the sandbox; and a clock that the soak moves. Whatever happens is drawn from a seed. A killed process is
what it leaves: at some request the state is copied as it lies on the disk, the bot is thrown away, and the next one starts from the
copy. In the end the weather stops, and after some quiet hours each channel must read as if its issues had just been posted.
"""

import argparse
import asyncio
import json
import logging
import random
import re
import resource
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # discord.py imports audioop
    import discord.http

import pytest  # noqa: E402 - the path comes first
from authors import Authors, Edition  # noqa: E402
from one_worker import WORKER  # noqa: E402

from discord_sandbox.clock import ManualClock  # noqa: E402
from discord_sandbox.faults import Close, Cue, Fault, Headers, Malformed, Raw, Respond, TooMany  # noqa: E402
from discord_sandbox.interactions import NoAnswerError  # noqa: E402
from discord_sandbox.permissions import Permission  # noqa: E402
from discord_sandbox.ratelimits import Quota, RateLimits  # noqa: E402
from discord_sandbox.server import Sandbox  # noqa: E402
from discord_sandbox.world import Channel, ChannelType, Message, MessageFlag, WorldEvent  # noqa: E402
from heartbeat_bot.app.operation import Opened, open_bot  # noqa: E402
from heartbeat_bot.cli.loop import leaves  # noqa: E402
from heartbeat_bot.config import Config, parse_config  # noqa: E402
from heartbeat_bot.discord import wire  # noqa: E402
from heartbeat_bot.discord.gateway import connect  # noqa: E402
from heartbeat_bot.errors import OutletError, UserError  # noqa: E402
from heartbeat_bot.ids import ChannelId, GuildId, MessageId, message_url  # noqa: E402
from heartbeat_bot.policy.decisions import Code, State  # noqa: E402
from heartbeat_bot.rendering.post import Post, PostKey  # noqa: E402
from heartbeat_bot.rendering.render import render  # noqa: E402
from heartbeat_bot.sources.directory import blob_id  # noqa: E402
from heartbeat_bot.sources.pictures import attached_pictures  # noqa: E402
from heartbeat_bot.store.issues import IssueRecord  # noqa: E402
from heartbeat_bot.sync.wording import why  # noqa: E402

_LOG = logging.getLogger(__name__)
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
QUIET_HOURS: Final = 72
"""How many quiet hours there may be until nothing is left to do: ten messages an hour are published."""
CALM: Final = 8
"""So many hours without any change in a row are the end: the longest pause of the bot's own is six hours."""
LONGEST: Final = 9
"""Minutes of weather at most: with what follows it ends within ten."""
MOST_REFUSED: Final = 60
"""How many requests Discord may refuse within an hour (401, 403, 429), those that a fault refused included: of a fault that refuses several in
a row the first one only, since the bot cannot know that more follow."""
MEMORY_MARGIN: Final = 1.3
"""How much larger the process may be in the end than after the first fifth: the sandbox keeps every message in it as well."""
_REFUSALS: Final = frozenset({401, 403, 429})
_ID = re.compile(r"\d{17,}")
_TOLD = re.compile(r"(⚠️|☑️) \*\*(?P<name>\w+)\*\*(?: \(|: this is over, it began )<t:(?P<when>\d+):R>")


@dataclass(kw_only=True)
class Newsletter:
    """One newsletter: its authors and its channel."""

    name: str
    authors: Authors
    channel: Channel
    retracts: bool


@dataclass(kw_only=True)
class Verdict:
    """How it all ended; ``wrong`` says in words what is not as it should be."""

    twice: int = 0
    lost: int = 0
    strays: int = 0
    wrong: list[str] = field(default_factory=list[str])


class _Faults(logging.Handler):
    """Keeps what the program logs of faults of its own."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.told: list[str] = []
        self.let_go: list[str] = []
        """What the moderators were never told."""

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if "never told" in text:
            self.let_go.append(text)
        if record.levelno < logging.ERROR:
            return
        if record.exc_info or "report this" in text or "Task exception" in text:
            trace = "".join(traceback.format_exception(*record.exc_info)) if record.exc_info and record.exc_info[0] else ""
            self.told.append(f"{text}\n{trace}")


class Soak:
    """The town, its weather and its clock."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.seed = folder, seed
        self.chance = random.Random(seed)
        self.clock = ManualClock()
        self.began = self.clock()
        self.skew = timedelta()
        """By how much the clock of the bot's machine is ahead of Discord's and of the authors'."""
        self.figures = Counter[str]()
        self.injected = Counter[str]()
        self.faults = _Faults()
        self.refused: list[tuple[datetime, int]] = []
        self.own_refused = 0
        self.memory: list[int] = []
        self.changes: list[str] = []
        """What the requests of the last pass changed."""
        self._repeated = 0
        self._refused_by: dict[int, Fault] = {}
        self._ends: list[tuple[int, Callable[[], None]]] = []
        """What passes, and in which round of weather."""
        self._rounds = 0
        self._copy: dict[str, bytes] | None = None
        self._kill_until = 0
        """In which round of weather the kill that was drawn is forgotten: a request that is refused may have swallowed it."""
        self._is_lost = False
        self._refused_at = self.clock() - timedelta(days=1)
        """When Discord refused something the last time because of a fault."""
        self._published: set[int] = set()
        self._task: asyncio.Task[None] | None = None
        self._waiting: tuple[BaseException, ...] = ()
        """Why the bot could not start the last time, () when it could."""
        self.newsletters: list[Newsletter] = []

    # The town

    async def build(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        sandbox.world.listeners.append(self._on_event)
        meet = sandbox.faults.meet
        sandbox.faults.meet = lambda method, path, **how: self._met(meet(method, path, **how))
        self.guild = sandbox.create_guild("Millers")
        self.own_role = sandbox.own_role(self.guild)
        self.office = sandbox.create_channel(self.guild, "office")
        self.moderators = sandbox.create_role(self.guild, "moderators", permissions=int(Permission.MANAGE_MESSAGES))
        self.readers = sandbox.create_role(self.guild, "readers")
        self.ann = sandbox.create_user(self.guild, "ann")
        self.mo = sandbox.create_user(self.guild, "mo", roles=[self.moderators])
        self.newsletters = [
            Newsletter(
                name=name,
                authors=Authors(self.folder / name, random.Random(f"{self.seed} {name}"), self.clock, slugs=slugs),
                channel=sandbox.create_channel(self.guild, f"{name}-news", kind),
                retracts=retracts,
            )
            for name, kind, retracts, slugs in (
                ("mill", ChannelType.ANNOUNCEMENT, True, True),
                ("forge", ChannelType.TEXT, False, False),
            )
        ]
        (self.folder / "state").mkdir()
        self.config = self._config()

    def _config(self) -> Config:
        text = (
            f"discord: {{token_env: HB_TOKEN, api_url: '{self.sandbox.url}', gateway_url: '{self.sandbox.gateway_url}'}}\n"
            f"state: sqlite:///{self.folder / 'state' / 'heartbeat.db'}\n"
            f"moderation: {{channel: {self.office.id}, roles: [{self.moderators.id}]}}\n"
            "newsletters:\n"
        )
        for newsletter in self.newsletters:
            hold, remove = ("0s", "retract") if newsletter.retracts else ("10m", "keep")
            ping = f"ping_role: {self.readers.id}, " if newsletter.retracts else ""
            text += (
                f"  {newsletter.name}:\n"
                f"    source: {{git: '{newsletter.authors.folder}', branch: main, paths: ['**/*.md']}}\n"
                f"    site_url: https://example.org/{newsletter.name}/\n"
                f"    issue_url: https://example.org/{newsletter.name}/{{slug}}\n"
                f"    announce: {{channel: {newsletter.channel.id}, hold: {hold}, max_age: null, edit_window: null, "
                f"{ping}max_new_per_pass: 1000, on_remove: {remove}}}\n"
            )
        return parse_config(text.encode(), name="config.yaml", folder=self.folder)

    def _on_event(self, event: WorldEvent) -> None:
        if event.channel is None or event.channel.id not in {newsletter.channel.id for newsletter in self.newsletters}:
            return
        number, ours = int(event.body["id"]), event.body.get("author", {}).get("id") == str(self.sandbox.world.bot.id)
        if event.name == "MESSAGE_CREATE" and ours:
            self.figures["sent"] += 1
        elif event.name == "MESSAGE_DELETE":
            self.figures["deleted"] += 1
        elif event.name == "MESSAGE_UPDATE" and ours:
            published = event.body.get("flags", 0) & MessageFlag.CROSSPOSTED and number not in self._published
            self.figures["published" if published else "edited"] += 1
            if published:
                self._published.add(number)

    def _met(self, fault: Fault | None) -> Fault | None:
        """Count a fault that a request meets."""
        if fault is not None and not isinstance(fault, Cue):
            self.injected[_kind(fault)] += 1
            if getattr(fault, "status", 429 if isinstance(fault, TooMany) else 0) in _REFUSALS:
                self._refused_at = self.clock()
                self._repeated += id(fault) in self._refused_by
                self._refused_by[id(fault)] = fault
                self.own_refused -= 1
        return fault

    # The weather

    def weather(self) -> None:
        """Let some time pass, and draw what happens before the next pass."""
        self._rounds += 1
        chance, now = self.chance, self._rounds
        self.clock.advance(chance.choice((chance.uniform(10, 300), chance.uniform(60, HOUR), chance.uniform(HOUR, 6 * HOUR))))
        for when, end in [one for one in self._ends if one[0] <= now]:
            self._ends.remove((when, end))
            end()
        self._let_people_act()
        if chance.random() < 0.25:
            self._add_fault()
        if chance.random() < 0.12 and self._rounds > self._kill_until:
            self._add_kill()
        if chance.random() < 0.02:
            self._take_source(chance.choice(self.newsletters))
        if chance.random() < 0.02:
            self._lose(chance.choice((self._office_lost, self._server_lost)))
        if chance.random() < 0.03:
            self.skew = timedelta(seconds=chance.choice((0.0, chance.uniform(-HOUR, HOUR), chance.uniform(-DAY, 3 * HOUR))))
            self.injected["clock set"] += 1
        if chance.random() < 0.03:
            self._take_permissions(chance.choice([self.office, *(newsletter.channel for newsletter in self.newsletters)]))

    def _let_people_act(self) -> None:
        chance = self.chance
        for newsletter in self.newsletters:
            if newsletter.authors.folder.is_dir() and chance.random() < 0.3:
                for _ in range(chance.choice((1, 1, 2, 4))):
                    newsletter.authors.act()
            if chance.random() < 0.1 and not self._is_lost:
                self.sandbox.post_as(self.ann, newsletter.channel, "What is that?")

    def _add_fault(self) -> None:
        chance = self.chance
        path = chance.choice(("/channels/*/messages**", "/channels/*/messages**", "**"))
        method = chance.choice(("*", "*", "POST", "PATCH", "GET"))
        times, fault = chance.choice((1, 1, 1, 2, 5, 12)), self._fault()
        if isinstance(fault, Raw) or (isinstance(fault, TooMany) and fault.retry_after > wire.LONGEST_SLEEP):
            times = min(times, 2)  # else the bot does nothing for days
        if isinstance(fault, Respond) and fault.status in {401, 403}:
            path = "/channels/**"  # Discord refuses nobody an answer that they were asked for
        self.sandbox.faults.add(method, path, fault, nth=chance.randint(1, 6), times=times)

    def _fault(self) -> Fault:
        chance, late = self.chance, self.chance.random() < 0.5
        long = chance.uniform(31, 2 * HOUR)
        return chance.choice(
            (
                lambda: Respond(status=chance.choice((500, 502, 503, 504, 520)), after_work=late),
                lambda: Respond(status=chance.choice((500, 502, 503, 504)), after_work=late),
                lambda: Close(after_work=late),
                lambda: Close(after_work=late),
                lambda: TooMany(retry_after=0.01, scope=chance.choice(("user", "global", "shared"))),
                lambda: TooMany(retry_after=long, scope=chance.choice(("user", "global", "shared"))),
                lambda: TooMany(retry_after=long, header=1),
                lambda: Raw(status=429, body=chance.choice((b"", b"null", b"[]", b"{}", b"<html>slow down</html>"))),
                lambda: Raw(status=429, body=b"banned", content_type="text/html", headers={"Via": None, "Retry-After": "1200"}),
                lambda: Raw(status=403, body=b"banned", content_type="text/html", headers={"Via": None}),
                lambda: Respond(status=403, code=chance.choice((50001, 50013)), message="Missing"),
                lambda: Respond(status=401, code=0, message="401: Unauthorized"),
                lambda: Malformed(body=chance.choice((b'{"id": ', b"", b"null", b"<html></html>"))),
                lambda: Headers(headers={"X-RateLimit-Remaining": "-3", "X-RateLimit-Reset-After": "soon", "Retry-After": "never"}),
            )
        )()

    def _add_kill(self) -> None:
        self._kill_until = self._rounds + 10
        path = self.chance.choice(("/channels/*/messages**", "/channels/*/messages**", "**"))
        cue = Cue(at=self._kill, after_work=self.chance.random() < 0.5, close=True)
        self.sandbox.faults.add("*", path, cue, nth=self.chance.randint(1, 8))

    def _kill(self) -> None:
        """Keep what lies on the disk, let nothing more reach Discord, and throw the bot away."""
        self._kill_until = 0
        if self._task is None:
            return
        self._copy = {path.name: path.read_bytes() for path in (self.folder / "state").glob("*.db*") if path.suffix != ".lock"}
        self.sandbox.faults.clear()
        self.sandbox.faults.add("*", "**", Close(), times=None)
        self.figures["kills"] += 1
        self._task.cancel()

    def _restore(self) -> None:
        if self._copy is None:
            return
        for path in (self.folder / "state").glob("*.db*"):
            path.unlink()
        for name, content in self._copy.items():
            (self.folder / "state" / name).write_bytes(content)
        self._copy = None
        self.sandbox.faults.clear()

    def _take_source(self, newsletter: Newsletter) -> None:
        if newsletter.authors.folder.is_dir():
            newsletter.authors.take_away()
            self.injected["source away"] += 1
            self._ends.append((self._rounds + self.chance.randint(1, 12), newsletter.authors.bring_back))

    def _take_permissions(self, channel: Channel) -> None:
        if channel.overwrites:
            return
        some = (Permission.VIEW_CHANNEL, Permission.SEND_MESSAGES, Permission.EMBED_LINKS, Permission.READ_MESSAGE_HISTORY)
        denied = sum(self.chance.sample(some, self.chance.randint(1, 2)))
        self.sandbox.overwrite(channel, self.own_role, deny=denied)
        self.injected["permissions taken"] += 1

        def give_back() -> None:
            self.sandbox.overwrite(channel, self.own_role)
            channel.overwrites.clear()

        self._ends.append((self._rounds + self.chance.randint(1, 15), give_back))

    def _lose(self, lose: Callable[[], Callable[[], None]]) -> None:
        """Let something be gone for some rounds, unless something is already."""
        if not self._is_lost:
            self._is_lost = True
            self._ends.append((self._rounds + self.chance.randint(1, 8), lose()))

    def _office_lost(self) -> Callable[[], None]:
        """Take the moderators' channel away, as if it was deleted; return what brings it back. (A newsletter's would come back empty.)"""
        self.injected["office lost"] += 1
        del self.guild.channels[self.office.id]

        def bring_back() -> None:
            self.guild.channels[self.office.id] = self.office
            self._is_lost = False

        return bring_back

    def _server_lost(self) -> Callable[[], None]:
        """Remove the bot from its server; return what invites it again."""
        bot = self.sandbox.world.bot.id
        self.injected["server lost"] += 1
        member = self.guild.members.pop(bot)

        def bring_back() -> None:
            self.guild.members[bot] = member
            self._is_lost = False

        return bring_back

    def clear_up(self) -> None:
        """Let the weather stop."""
        self.skew = timedelta()
        self.sandbox.faults.clear()
        self._kill_until = 0
        for _, end in self._ends:
            end()
        self._ends.clear()

    # The bot

    def bots_clock(self) -> datetime:
        """Return what the clock of the bot's machine shows (UTC)."""
        return self.clock() + self.skew

    async def live(self, work: Callable[[Opened], Any]) -> None:
        """Start the bot, let it ``work`` until that is over or it is killed, and note what it should never do."""
        self._waiting = ()
        try:
            async with asyncio.TaskGroup() as group:
                self._task = group.create_task(self._live(work))
        except* UserError as errors:
            self._waiting = tuple(leaves(errors))
            self._count_start(self._waiting)
        except* Exception as errors:  # noqa: BLE001 - as in look()
            self.faults.told.append("".join(traceback.format_exception(errors)))
        self._task = None
        self._restore()
        self._drain()

    def _count_start(self, errors: Sequence[BaseException]) -> None:
        """Count a start that Discord did not let through: `run` tries it again, unless a person must mend something first."""
        channels = [self.office, *(newsletter.channel for newsletter in self.newsletters)]
        refused = self._is_lost or any(channel.overwrites for channel in channels)
        if all(isinstance(error, OutletError) and not error.permanent for error in errors):
            self.figures["starts that were tried again"] += 1
        elif refused or self.clock() - self._refused_at < timedelta(hours=2):  # for an hour at most what was refused is left alone
            self.figures["starts that a person had to mend"] += 1
        else:
            self.figures["starts that ended by themselves"] += 1
            self.faults.told.append(f"a start ended by itself: {errors}")

    async def _live(self, work: Callable[[Opened], Any]) -> None:
        async with open_bot(self.config, clock=self.bots_clock, runner=WORKER) as opened, asyncio.TaskGroup() as tasks:
            connected = asyncio.Event()

            async def on_connect() -> None:
                connected.set()

            opened.bot.add_listener(on_connect)
            connection = tasks.create_task(connect(self.config, opened.bot))
            async with asyncio.timeout(10):
                await connected.wait()
            self.figures["starts"] += 1
            await opened.bot.register()
            await work(opened)
            await opened.bot.close()
            connection.cancel()

    async def passes(self, opened: Opened) -> None:
        """Make some passes in bad weather."""
        for _ in range(self.chance.randint(10, 150)):
            if self.is_over():
                return
            self.weather()
            await asyncio.sleep(0.002)  # what changed in a channel comes by the gateway
            await self.look(opened)
            if self.chance.random() < 0.1 and not self.office.overwrites and not self._is_lost:
                await self.moderate(opened)

    async def moderate(self, opened: Opened) -> None:
        """Let a moderator, who knows what the authors mean, decide about what the bot is not sure of."""
        for newsletter in self.newsletters:
            records = list((await opened.store.records(newsletter.name)).values())
            posted = {record.title for record in records if record.announced_at}
            for record in records:
                if record.state in {State.UNSURE, State.WAITING} and not record.announced_at:
                    command = "skip" if record.title in posted else "approve"
                elif record.asks_about_edit:
                    command = "approve"
                else:
                    continue
                options = {"issue": str(record.id)}
                with suppress(NoAnswerError):
                    answer = await self.sandbox.invoke(command, options, user=self.mo, channel=self.office)
                    self.figures[f"issues that a moderator decided about ({command})"] += 1
                    _LOG.debug("%s %s: %s", command, record.title, [message.content for message in answer.responses])

    async def look(self, opened: Opened) -> None:
        """Look at each newsletter, as the running bot does: what goes wrong is tried again by the next pass."""
        self.changes.clear()
        for newsletter in self.newsletters:
            try:
                await opened.service.passes.make(newsletter.name)
            except UserError:
                self.figures["looks that ended early"] += 1
            except Exception:  # noqa: BLE001 - a fault of the program, whatever it is
                self.faults.told.append(f"{newsletter.name}: {traceback.format_exc()}")
            self.figures["passes"] += 1
        self._drain()

    def _drain(self) -> None:
        """Count what Discord answered since the last time."""
        refused = 0
        for entry in self.sandbox.log:
            self.figures["requests"] += 1
            if entry.status in _REFUSALS:
                refused += 1
                self.own_refused += 1
            if entry.method != "GET":
                self.changes.append(f"{entry.method} {entry.path}")
        self.sandbox.log.clear()
        refused -= min(self._repeated, refused)
        self._repeated = 0
        if refused:
            self.refused.append((self.clock(), refused))

    def is_over(self) -> bool:
        return self._is_over() or len(self.faults.told) > 5

    async def run(self, *, seconds: float, passes: int | None = None) -> Verdict:
        """Soak for so many seconds of real time (or until so many passes), then judge."""
        begun = time.monotonic()

        def is_over() -> bool:
            gone = time.monotonic() - begun
            if not self.memory and (gone > seconds / 5 or (passes is not None and self.figures["passes"] > passes / 5)):
                self.memory.append(_memory())
            return gone > seconds or (passes is not None and self.figures["passes"] >= passes)

        self._is_over = is_over
        await self.live(self.look)  # what is there already is known
        while not self.is_over():
            await self.live(self.passes)
            self.clock.advance(self.chance.choice((10.0, 300.0, HOUR)))
            if self._waiting:  # who starts it again makes a pause, and meanwhile there is weather
                self.weather()
        self.memory.append(_memory())
        self.clear_up()
        verdict = Verdict()

        async def end(opened: Opened) -> None:
            await self.calm_down(opened)
            await self.judge(opened, verdict)

        for _ in range(QUIET_HOURS):
            await self.live(end)
            if self.figures["judged"]:
                break
            self.clock.advance(HOUR)
        if not self.figures["judged"]:
            verdict.wrong.append(f"the bot could not be started in the end: {self._waiting}")
        self._judge_life(verdict)
        return verdict

    # The end

    async def calm_down(self, opened: Opened) -> None:
        """Make quiet passes until nothing has been left to do for some hours."""
        calm = 0
        for _ in range(QUIET_HOURS):
            self.clock.advance(HOUR)
            await self.look(opened)
            await self.moderate(opened)
            calm = 0 if self.changes else calm + 1
            self.figures["quiet passes"] += 1
            if calm >= CALM:
                return

    async def judge(self, opened: Opened, verdict: Verdict) -> None:
        self.figures["judged"] = 1
        self.clock.advance(MINUTE)
        await self.look(opened)
        if self.changes:
            verdict.wrong.append(f"the last pass still changed something: {self.changes}")
        if unfinished := await opened.store.outbox.unfinished():
            verdict.wrong.append(f"unfinished: {unfinished}")
        for newsletter in self.newsletters:
            if standing := await opened.store.troubles.standing(newsletter.name):
                verdict.wrong.append(f"troubles that stand: {standing}")
            await self._judge_channel(opened, newsletter, verdict)
        self._judge_told(verdict)

    async def _judge_channel(self, opened: Opened, newsletter: Newsletter, verdict: Verdict) -> None:
        name, authors = newsletter.name, newsletter.authors
        records = {record.path: record for record in await opened.store.issues(name) if record.present}
        own = [message for message in newsletter.channel.messages.values() if message.author.bot]
        left: dict[str, deque[Message]] = {}
        for message in own:
            left.setdefault(_masked(message.content, message.embeds), deque()).append(message)
        wanted: set[str] = set()
        for edition in authors.editions.values():
            if edition.number in authors.known or edition.draft:
                continue
            record = records.get(edition.path)
            if record is None or record.blob not in opened.reconciler.renderer.snapshots[name].files.values():
                verdict.lost += 1
                verdict.wrong.append(f"{name}: {edition.path} ({edition.title}) is not known")
                continue
            if record.error:
                verdict.wrong.append(f"{name}: {edition.title}: {record.error}")
            posts = (await opened.reconciler.renderer.preview(record)).posts
            found: dict[PostKey, Message] = {}
            for post in posts:
                text = _masked_post(post, posts, newsletter.channel)
                wanted.add(text)
                if there := left.get(text):
                    found[post.key] = there.popleft()
                else:
                    verdict.lost += 1
                    verdict.wrong.append(
                        f"{name}: {edition.title}: {post.key} is not shown ({record.state.value}: {why(record.reason)})"
                    )
            self._judge_issue(newsletter, edition, posts, found, verdict)
        await self._judge_left(opened, newsletter, [message for there in left.values() for message in there], wanted, verdict)
        held = {int(receipt.message) for record in await opened.store.issues(name) for receipt in record.messages}
        if held != {message.id for message in own}:
            verdict.wrong.append(f"{name}: receipts of {len(held)} messages, and {len(own)} stand there")

    def _judge_issue(
        self, newsletter: Newsletter, edition: Edition, posts: tuple[Post, ...], found: dict[PostKey, Message], verdict: Verdict
    ) -> None:
        """Say that the messages of an issue stand in order, that the links between them are right, and that they are published."""
        numbers = [found[post.key].id for post in posts if post.key in found]
        if numbers != sorted(numbers):
            verdict.wrong.append(f"{newsletter.name}: {edition.title}: out of order")
        urls = {key: _url(newsletter.channel, message.id) for key, message in found.items()}
        for post in posts:
            message = found.get(post.key)
            if message is None:
                continue
            if post.body(urls)["embeds"] != message.embeds:
                verdict.wrong.append(f"{newsletter.name}: {edition.title}: {post.key} leads elsewhere")
            if newsletter.channel.type is ChannelType.ANNOUNCEMENT and not message.flags & MessageFlag.CROSSPOSTED:
                verdict.wrong.append(f"{newsletter.name}: {edition.title}: {post.key} is not published")

    async def _judge_left(
        self, opened: Opened, newsletter: Newsletter, messages: list[Message], wanted: set[str], verdict: Verdict
    ) -> None:
        """Judge what stands there beside the issues that should: issues that are gone, with ``keep``, or drafts again stay as they were."""
        may_stay: dict[int, IssueRecord] = {}
        owners: dict[int, IssueRecord] = {}
        drafts = {edition.path for edition in newsletter.authors.editions.values() if edition.draft}
        for record in await opened.store.issues(newsletter.name):
            owners |= {int(receipt.message): record for receipt in record.messages}
            # One that may be there under another name, a doubtful draft's, stays until a moderator takes it back.
            stays = not newsletter.retracts or record.reason.code is Code.GONE_UNSURE
            if (record.present and record.path in drafts) or (not record.present and stays):
                may_stay |= {int(receipt.message): record for receipt in record.messages}
        for message in messages:
            text = _masked(message.content, message.embeds)
            if message.id in may_stay:
                self.figures["messages of issues that are gone or drafts again"] += 1
            elif text in wanted:
                verdict.twice += 1
                verdict.wrong.append(f"{newsletter.name}: twice: {text[:200]}")
            else:
                verdict.strays += 1
                owner = owners.get(message.id)
                whose = f"{owner.title}, {owner.state.value}: {why(owner.reason)}" if owner else "nobody's"
                verdict.wrong.append(f"{newsletter.name}: a stray ({whose}): {text[:200]}")
        await self._judge_kept(opened, newsletter, may_stay, verdict)

    async def _judge_kept(self, opened: Opened, newsletter: Newsletter, may_stay: dict[int, IssueRecord], verdict: Verdict) -> None:
        """Say that an issue that stays as it was reads as one of its versions did, where the bot says which it shows whole."""
        versions = newsletter.authors.versions
        contents = opened.reconciler.renderer.snapshots[newsletter.name].contents
        for record in {record.id: record for record in may_stay.values()}.values():
            if record.shown is None or record.shown_as == "":
                self.figures["issues that went away half posted or half edited"] += 1
                continue
            number = int(record.title.rpartition(" ")[2])
            settings = self.config.newsletters[newsletter.name]
            there = [newsletter.channel.messages[receipt.message] for receipt in record.messages]
            shown = sorted(_masked(message.content, message.embeds) for message in there)
            for path, text in {(one.path, one.text()) for one in versions[number]}:
                if blob_id(text.encode()) != record.shown:
                    continue
                files, _ = await attached_pictures(WORKER, contents, path, text.encode(), settings)
                posts = render(path, text.encode(), settings, files=files).composition.posts
                if shown == sorted(_masked_post(post, posts, newsletter.channel) for post in posts):
                    break
            else:
                verdict.wrong.append(f"{newsletter.name}: {record.title} ({record.state.value}) does not read as it was last shown")

    def _judge_told(self, verdict: Verdict) -> None:
        """Say that the moderators were told of each trouble once and of its end once."""
        # What nobody could be told for a day is let go.
        let_go = {f"{found['name']} {found['when']}" for note in self.faults.let_go if (found := _TOLD.search(note))}
        standing = Counter[str]()
        seen = Counter[str]()
        for message in self.office.messages.values():
            found = _TOLD.match(message.content) if message.author.bot else None
            if found is None:
                continue
            seen[message.content] += 1
            about = f"{found['name']} {found['when']}"
            self.figures["troubles told" if found[1] == "⚠️" else "ends told"] += 1
            standing[about] += 1 if found[1] == "⚠️" else -1
            if standing[about] < 0 and about not in let_go:
                verdict.wrong.append(f"the end of a trouble was told that was not told of: {message.content}")
        verdict.wrong += [f"told {times} times: {text}" for text, times in seen.items() if times > 1]
        verdict.wrong += [
            f"the end of {n} troubles was not told: {about}" for about, n in standing.items() if n > 0 and about not in let_go
        ]

    def _judge_life(self, verdict: Verdict) -> None:
        verdict.wrong += self.faults.told
        if self.most_refused() >= MOST_REFUSED:
            verdict.wrong.append(f"{self.most_refused()} requests were refused within an hour")
        if len(self.memory) > 1 and self.memory[-1] > self.memory[0] * MEMORY_MARGIN:
            verdict.wrong.append(f"the process grew from {self.memory[0]} to {self.memory[-1]} MB")

    def most_refused(self) -> int:
        """Return how many requests Discord refused within one hour, at most."""
        window, total, most = deque[tuple[datetime, int]](), 0, 0
        for when, number in self.refused:
            window.append((when, number))
            total += number
            while window[0][0] <= when - timedelta(hours=1):
                total -= window.popleft()[1]
            most = max(most, total)
        return most

    def lines(self, verdict: Verdict) -> Iterator[str]:
        """Write the figures, and what is wrong."""
        figures, days = self.figures, (self.clock() - self.began).days
        commits = sum((newsletter.authors.acts for newsletter in self.newsletters), Counter[str]())
        yield f"seed {self.seed}: {figures['passes']} passes over {days} days, {figures['starts']} starts, {figures['kills']} kills"
        yield "operations: " + ", ".join(f"{figures[what]} {what}" for what in ("sent", "edited", "deleted", "published"))
        yield f"commits: {sum(commits.values())} (" + ", ".join(f"{number} {what}" for what, number in commits.most_common()) + ")"
        yield f"faults: {sum(self.injected.values())} (" + ", ".join(f"{n} {what}" for what, n in self.injected.most_common()) + ")"
        yield f"requests: {figures['requests']}, most refused in an hour: {self.most_refused()}, refused without a fault: {self.own_refused}"
        yield "else: " + ", ".join(f"{number} {what}" for what, number in sorted(figures.items()) if " " in what)
        yield f"starts that ended by themselves: {figures['starts that ended by themselves']}"
        yield "memory: " + ", ".join(f"{megabytes} MB" for megabytes in self.memory)
        yield f"twice {verdict.twice}, lost {verdict.lost}, strays {verdict.strays}, wrong {len(verdict.wrong)}"
        yield from (f"WRONG {line}" for line in verdict.wrong[:40])


def _kind(fault: Fault) -> str:
    match fault:
        case Respond(status=status, after_work=late):
            return f"{status} {'after' if late else 'before'}"
        case Raw(status=status):
            return f"odd {status}"
        case Close(after_work=late):
            return f"cut {'after' if late else 'before'}"
        case TooMany(retry_after=seconds, scope=scope):
            return f"{'long' if seconds > 30 else 'short'} 429 {scope}"
        case _:
            return type(fault).__name__.lower()


def _masked(content: str, embeds: object) -> str:
    return _ID.sub("#", json.dumps([content, embeds], sort_keys=True))


def _masked_post(post: Post, posts: tuple[Post, ...], channel: Channel) -> str:
    body = post.body({one.key: _url(channel, 10**17) for one in posts})
    return _masked(body["content"], body["embeds"])


def _url(channel: Channel, message: int) -> str:
    return message_url(GuildId(channel.guild_id or 0), ChannelId(channel.id), MessageId(message))


def _memory() -> int:
    """Return how much memory this process has, the sandbox included, in MB."""
    told = Path("/proc/self/statm")
    return int(told.read_text().split()[1]) * resource.getpagesize() // 2**20 if told.exists() else 0


@contextmanager
def _town_time(clock: ManualClock) -> Iterator[None]:
    """Let the bot sleep in the town's time: discord.py before it repeats a request, the bot for limits."""

    async def sleep(seconds: float) -> None:
        clock.advance(seconds)
        await asyncio.sleep(min(seconds, 0.01))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(discord.http.Route, "BASE", discord.http.Route.BASE)  # put back in the end
        for module in (discord.http, wire):
            patch.setattr(module, "asyncio", SimpleNamespace(**{**vars(asyncio), "sleep": sleep}))
        yield


async def soak(folder: Path, seed: int, *, seconds: float, passes: int | None = None) -> tuple[Soak, Verdict]:
    """Soak the bot in a folder; see :meth:`Soak.run`."""
    bound = Soak(folder, seed)
    limits = replace(
        RateLimits.generous(), crosspost=Quota(requests=10, seconds=3600), published_edit=Quota(requests=3, seconds=3600)
    )
    with ExitStack() as exits:
        exits.enter_context(_town_time(bound.clock))
        patch = exits.enter_context(pytest.MonkeyPatch.context())
        async with Sandbox(clock=bound.clock, limits=limits) as sandbox:
            patch.setenv("HB_TOKEN", sandbox.token)
            await bound.build(sandbox)
            logging.getLogger().addHandler(bound.faults)
            exits.callback(logging.getLogger().removeHandler, bound.faults)
            patch.setattr(logging.getLogger("discord"), "propagate", False)  # it says of every cut connection that it was cut
            verdict = await bound.run(seconds=seconds, passes=passes)
    return bound, verdict


@contextmanager
def folder_in_memory() -> Iterator[Path]:
    """Make a folder for a soak, and remove it in the end; where there is memory for it, nothing waits for a disk."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder)


def main() -> int:
    """Soak for some minutes; return 1 when anything is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=3)
    parser.add_argument("--seed", type=int, default=None, help="another one each time when it is left out")
    parser.add_argument("--passes", type=int, default=None, help="end after so many")
    options = parser.parse_args()
    seed = random.randrange(10**6) if options.seed is None else options.seed
    with folder_in_memory() as folder:
        bound, verdict = asyncio.run(soak(folder, seed, seconds=60 * min(options.minutes, LONGEST), passes=options.passes))
    for line in bound.lines(verdict):
        sys.stdout.write(f"soak: {line}\n")
    if verdict.wrong:
        sys.stdout.write(f"soak: failed; the same again: make soak seed={seed} minutes={options.minutes:g}\n")
    return bool(verdict.wrong)


if __name__ == "__main__":
    sys.exit(main())
