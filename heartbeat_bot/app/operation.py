"""Opening everything a command needs, in order, and closing it again: one pass, the running bot, a diagnosis."""

import asyncio
import faulthandler
import logging
import os
import shutil
import signal
import threading
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from types import FrameType
from typing import Any, Final

from heartbeat_bot.app.standing import Standing
from heartbeat_bot.archive.archive import Archive, open_archive
from heartbeat_bot.clock import Clock, system_clock
from heartbeat_bot.config import AnnounceConfig, Config
from heartbeat_bot.database.sqlite import SqliteFile
from heartbeat_bot.discord.client import Bot
from heartbeat_bot.discord.gateway import Sleep, connect
from heartbeat_bot.discord.rest import DiscordOutlet, again, log_in
from heartbeat_bot.errors import ConfigError, OutletError, RateLimitedError, StateError, UserError
from heartbeat_bot.features.service import Service
from heartbeat_bot.ids import ChannelId, GuildId
from heartbeat_bot.isolation.worker import Runner, Worker
from heartbeat_bot.machine import machine_errors
from heartbeat_bot.ports import OPTIONAL_PERMISSIONS, ChannelFacts
from heartbeat_bot.sources.git.remote_turns import RemoteTurns
from heartbeat_bot.sources.open_source import open_source
from heartbeat_bot.store.opening import open_store, place_of
from heartbeat_bot.store.store import Store
from heartbeat_bot.store.waits import Wait, Waits
from heartbeat_bot.sync.new_start import check_new_start
from heartbeat_bot.sync.reconciler import Progress, Reconciler
from heartbeat_bot.sync.report import PassReport

_LOG = logging.getLogger(__name__)
_FORCED: Final = (
    "The bot was asked to end and something in it does not: it is ended by force in a second. Nothing is lost, the next start goes on "
    "with what was under way. Where it stood follows; please report it."
)

_ROOM: Final = 32 * 2**20
"""Bytes that the state may need at once: its journal grows with what one pass writes."""


def no_progress(_what: str, _done: int, _total: int) -> None:
    """Say nothing."""


def _without_token(config: Config) -> Mapping[str, str]:
    """Return the environment as sources may see it."""
    return {name: value for name, value in os.environ.items() if name != config.discord.token_env}


def _reconciler(
    config: Config,
    store: Store,
    outlet: DiscordOutlet,
    runner: Runner,
    *,
    clock: Clock,
    progress: Progress,
    start_over: bool = False,
) -> Reconciler:
    environ, turns = _without_token(config), RemoteTurns()
    sources = {
        name: open_source(newsletter.source, config.state.cache, environ, turns) for name, newsletter in config.newsletters.items()
    }
    return Reconciler(
        config=config,
        store=store,
        outlet=outlet,
        sources=sources,
        runner=runner,
        clock=clock,
        progress=progress,
        start_over=start_over,
    )


def _runner(given: Runner | None) -> AbstractContextManager[Runner]:
    return Worker() if given is None else nullcontext(given)


async def sync_once(
    config: Config,
    *,
    newsletter: str | None = None,
    dry_run: bool = False,
    start_over: bool = False,
    now: datetime | None = None,
    progress: Progress = no_progress,
    runner: Runner | None = None,
) -> list[PassReport]:
    """Make one pass over each newsletter, or over one, over REST only, and tell moderators what follows. ``now`` stands for the time when given.

    ``runner`` reads texts; None for a worker of its own. ``start_over``: a newsletter of which the database knows nothing is a new one,
    whatever stands in its channel.
    """
    clock = system_clock if now is None else lambda: now
    token = config.discord.token().get_secret_value()
    async with (
        AsyncExitStack() as opened,
        open_store(config.state, read_only=dry_run, clock=clock) as store,
        log_in(token, api_url=config.discord.api_url, waits=await Waits.of(store.waits, clock), clock=clock) as outlet,
    ):
        worker = opened.enter_context(_runner(runner))
        reconciler = _reconciler(config, store, outlet, worker, clock=clock, progress=progress, start_over=start_over)
        names = [newsletter] if newsletter else list(config.newsletters)
        if dry_run:
            return [await reconciler.sync(name, dry_run=True) for name in names]
        await reconciler.settle()
        archive = await opened.enter_async_context(open_archive(config.state.archive))
        service = Service(
            config=config, store=store, archive=archive, discord=outlet, reconciler=reconciler, clock=clock, answers=False
        )
        await service.auditing.settle()
        return [await service.passes.make(name) for name in names]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A bot that has logged in and told Discord its commands, with all it works with."""

    bot: Bot
    store: Store
    archive: Archive
    reconciler: Reconciler
    service: Service


@asynccontextmanager
async def open_bot(config: Config, *, clock: Clock, runner: Runner | None = None) -> AsyncGenerator[Opened]:
    """Open state, archive and Discord, settle what an earlier run left, and close everything in the end.

    ``runner`` reads texts; None for a worker of its own.

    Raises UserError: a ConfigError with all that is missing when the bot may post nowhere, or may not tell moderators where it should, an
    OutletError that is not ``permanent`` when Discord may let it start later. A newsletter alone whose channel cannot be used keeps no other
    from being posted: that is logged, and told to the moderators by the first look.
    """
    token = config.discord.token().get_secret_value()
    async with (
        AsyncExitStack() as opened,
        open_store(config.state, clock=clock) as store,
        open_archive(config.state.archive) as archive,
        log_in(token, api_url=config.discord.api_url, client=Bot, waits=await Waits.of(store.waits, clock), clock=clock) as outlet,
    ):
        _check(await _channels(config, outlet))
        worker = opened.enter_context(_runner(runner))
        reconciler = _reconciler(config, store, outlet, worker, clock=clock, progress=no_progress)
        await reconciler.settle()
        bot = outlet.client
        assert isinstance(bot, Bot), "the client is what log_in was asked to make"
        service = Service(config=config, store=store, archive=archive, discord=outlet, reconciler=reconciler, clock=clock)
        await service.auditing.settle()
        await service.indexing.settle()
        await bot.prepare(service, outlet.waits)
        yield Opened(bot=bot, store=store, archive=archive, reconciler=reconciler, service=service)


def _check(channels: Sequence["Diagnosis"]) -> None:
    """Raise UserError when a start leads to nothing, or to what nobody is told of."""
    bad = [line for line in channels if not line.good]
    if any(line.good and line.newsletter for line in channels) and all(line.newsletter for line in bad):
        for line in bad:
            _LOG.error("%s", line.text)
        return
    if problems := [line.text for line in bad if line.passing is None]:
        raise ConfigError(*problems)
    for line in bad:
        if line.passing:
            raise line.passing


def end_on_signals(task: asyncio.Task[Any], *, told_after: float = 8.0, ended_after: float = 9.0) -> None:
    """Let SIGINT and SIGTERM cancel a task, and end the process so many seconds later whatever it does then.

    Nothing is lost when it is ended so: what was under way is written down, and the next start goes on with it. To be called in the
    main thread.
    """
    loop = asyncio.get_running_loop()

    def end(_number: int, _frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(task.cancel)
        # Not through the loop, which may be held; and the last word is the system's, for what keeps Python itself from running.
        told = threading.Timer(told_after, _LOG.error, [_FORCED])
        told.daemon = True
        told.start()
        faulthandler.dump_traceback_later(ended_after, exit=True)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)


FIRST_RETRY: Final = 5.0
LONGEST_RETRY: Final = 300.0
"""Seconds until a start that Discord did not let through is tried again: from the first to the longest, doubled each time."""


@asynccontextmanager
async def _started(config: Config, *, clock: Clock, sleep: Sleep) -> AsyncGenerator[Opened]:
    """Open the bot (see :func:`open_bot`), again and again until Discord lets it; raise what only a person can mend."""
    seconds = FIRST_RETRY
    async with AsyncExitStack() as stack:
        while True:
            try:
                opened = await stack.enter_async_context(open_bot(config, clock=clock))
                break
            except OutletError as error:
                if error.permanent:
                    raise
                pause = max(seconds, error.retry_after) if isinstance(error, RateLimitedError) else seconds
                _LOG.warning("the bot could not start yet, it is tried again in %s: %s", timedelta(seconds=ceil(pause)), error)
            await sleep(pause)
            seconds = min(2 * seconds, LONGEST_RETRY)
        yield opened


async def run_bot(config: Config, *, clock: Clock = system_clock, sleep: Sleep = asyncio.sleep) -> None:
    """Watch, post and answer until SIGINT or SIGTERM.

    ``sleep`` waits until the next try when Discord does not let the bot start, or the gateway broke off.
    """
    task = asyncio.current_task()
    assert task is not None, "run_bot runs in a task"
    end_on_signals(task)
    async with _started(config, clock=clock, sleep=sleep) as opened, asyncio.TaskGroup() as group:
        group.create_task(connect(config, opened.bot, sleep=sleep))
        group.create_task(opened.bot.register())
        for name, newsletter in config.newsletters.items():
            group.create_task(_watch(opened, name, newsletter.poll.total_seconds(), clock))


async def _watch(opened: Opened, name: str, seconds: float, clock: Clock) -> None:
    """Make passes again and again, when something falls due too; what goes wrong in one is logged and tried again by the next."""
    standing = Standing()
    while True:
        wait = seconds
        try:
            with machine_errors():
                report = await opened.service.passes.make(name)
                problems = report.problems
                wait = await _until_due(opened.store, name, seconds, clock)
        except UserError as error:
            problems = [str(error)]
        except Exception as error:  # noqa: BLE001 - one bad pass must not end the watch; it is logged whole
            fault = f"the pass failed by a fault of this program ({error!r}); it is tried again every {seconds:g} seconds"
            problems = [fault]
            if fault not in standing:
                _LOG.exception("%s: a fault of this program", name)
        for level, sentence in standing.news(problems):
            _LOG.log(level, "%s: %s", name, sentence)
        await asyncio.sleep(wait)


async def _until_due(store: Store, name: str, seconds: float, clock: Clock) -> float:
    """Return how long to wait for the next pass: ``seconds``, or less when time alone changes an issue's state before."""
    now = clock()
    due = [record.until for record in (await store.records(name)).values() if record.until and record.until > now]
    return min([seconds, *(max(1.0, (until - now).total_seconds()) for until in due)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """One thing that was looked at, and what to do when it is not well.

    ``passing`` is the error when that may pass by itself. ``newsletter`` names the one whose channel it is about.
    """

    good: bool
    text: str
    passing: OutletError | None = None
    newsletter: str | None = None


async def diagnose(config: Config) -> list[Diagnosis]:
    """Look at configuration, token, permissions, sources and state."""
    lines = [Diagnosis(good=True, text="the configuration can be read")]
    known: Mapping[str, Wait] = {}
    git = shutil.which("git")
    lines.append(Diagnosis(good=git is not None, text=f"git is {git}" if git else "there is no git on this machine: install it"))
    for name, newsletter in config.newsletters.items():
        try:
            snapshot = await open_source(newsletter.source, config.state.cache, _without_token(config)).snapshot()
        except UserError as error:
            lines.append(Diagnosis(good=False, text=f"{name}: {error}"))
        else:
            count = len(snapshot.files)
            lines.append(
                Diagnosis(good=count > 0, text=f"{name}: {count} files match `paths`" + ("" if count else ": correct the patterns"))
            )
    try:
        async with open_store(config.state, read_only=True) as store:
            await store.check()
            known = await store.waits.all()
            lines.append(Diagnosis(good=True, text=f"the state {config.state} can be used"))
    except UserError as error:
        lines.append(Diagnosis(good=False, text=str(error)))
    lines += [*_open_to_others(config), *_room_for(config)]
    try:
        token = config.discord.token().get_secret_value()
        # What Discord asked for holds for everybody; what it refused a person may have mended, so it is looked at anew.
        asked = Waits(system_clock, known={key: wait for key, wait in known.items() if not wait.times})
        async with log_in(token, api_url=config.discord.api_url, waits=asked) as outlet:
            lines.append(Diagnosis(good=True, text=f"Discord takes the token: the bot is {outlet.client.user}"))
            lines += await _channels(config, outlet)
            lines += [line async for line in _lost(config, outlet)]
    except UserError as error:
        lines.append(Diagnosis(good=False, text=str(error)))
    refused = [wait for wait in known.values() if wait.times and wait.left(system_clock())]
    return lines + [Diagnosis(good=True, text=f"not long ago: {wait.why} {again(wait)}") for wait in refused]


async def _lost(config: Config, outlet: DiscordOutlet) -> AsyncGenerator[Diagnosis]:
    """Say of which newsletters the database was lost."""
    try:
        async with open_store(config.state, read_only=True) as store:
            for name, newsletter in config.newsletters.items():
                try:
                    await check_new_start(name, newsletter, store, outlet, now=system_clock())
                except StateError as error:
                    yield Diagnosis(good=False, text=f"{name}: {error}")
                except OutletError:
                    pass  # it was said of the channel already
    except StateError:
        pass  # it was said of the state already


def _room_for(config: Config) -> list[Diagnosis]:
    """Say when the disk of the state is about to be full."""
    folder = config.state.folder
    try:
        free = shutil.disk_usage(folder).free
    except OSError:
        return []  # it was said of the state already
    text = f"the disk of {folder} has {free >> 20} MiB left, and the state needs {_ROOM >> 20} to be written: make room"
    return [] if free >= _ROOM else [Diagnosis(good=False, text=text)]


def _open_to_others(config: Config) -> list[Diagnosis]:
    """Say which files of the state and the archive others on the machine may read."""
    files = [*place_of(config.state).open_to_others(), *SqliteFile(config.state.archive).open_to_others()]
    if not files:
        return []
    names = " ".join(map(str, files))
    return [
        Diagnosis(
            good=False,
            text=f"others on this machine may read what the bot keeps: run 'chmod 600 {names}' (`run` and `sync` do so with files of "
            "the user they run as, where the disk has modes)",
        )
    ]


def _passing(error: UserError) -> OutletError | None:
    return error if isinstance(error, OutletError) and not error.permanent else None


async def _channels(config: Config, outlet: DiscordOutlet) -> list[Diagnosis]:
    lines: list[Diagnosis] = []
    guilds: dict[str, set[GuildId]] = {}
    office = config.moderation.channel
    if office is not None:
        try:
            facts = await outlet.describe(ChannelId(office), anew=True)
        except UserError as error:
            lines.append(Diagnosis(good=False, text=f"moderation.channel: {error}", passing=_passing(error)))
        else:
            lacks = f"the bot lacks {', '.join(facts.missing)} in #{facts.name}: grant it there"
            text = lacks if facts.missing else f"the bot may ask moderators in #{facts.name}"
            lines.append(Diagnosis(good=not facts.missing, text=f"moderation.channel: {text}"))
    for name, newsletter in config.newsletters.items():
        for place in newsletter.places:
            lines += await _place(name, place, outlet, guilds)
    lines += [Diagnosis(good=True, text=hint) for hint in _open_to_other_servers(config, guilds)]
    return lines


async def _place(name: str, place: AnnounceConfig, outlet: DiscordOutlet, guilds: dict[str, set[GuildId]]) -> list[Diagnosis]:
    """Say how a destination of a newsletter stands, and note its server."""
    try:
        facts = await outlet.describe(ChannelId(place.channel), anew=True)
    except UserError as error:
        return [Diagnosis(good=False, text=f"{name}: {error}", passing=_passing(error), newsletter=name)]
    guilds.setdefault(name, set()).add(facts.guild)
    if facts.missing:
        lacks = f"{name}: the bot lacks {', '.join(facts.missing)} in #{facts.name}: grant it there"
        lines = [Diagnosis(good=False, text=lacks, newsletter=name)]
    else:
        kind = "an announcement channel" if facts.announcement else "a text channel (nothing to publish)"
        lines = [Diagnosis(good=True, text=f"{name}: the bot may post in #{facts.name}, {kind}", newsletter=name)]
    return [*lines, *(Diagnosis(good=True, text=f"{name}: {hint}") for hint in _refused_commands(facts, place.ping_role))]


def _open_to_other_servers(config: Config, guilds: Mapping[str, set[GuildId]]) -> Iterator[str]:
    """Yield which newsletters people in the servers of others may read, when there are several servers: nobody has to mind."""
    if len(set[GuildId]().union(*guilds.values())) > 1:
        for name in guilds:
            if config.newsletters[name].readers == "everyone":
                yield (
                    f"{name}: several servers are served, and everyone may read it, in the other servers and in direct messages too; "
                    "`readers: servers` leaves it to the servers that it is posted to"
                )


def _refused_commands(facts: ChannelFacts, ping_role: int | None) -> Iterator[str]:
    """Yield which commands Discord will refuse, and what to do when they are wanted: nobody has to want them."""
    events, roles = OPTIONAL_PERMISSIONS["create_events"], OPTIONAL_PERMISSIONS["manage_roles"]
    if events in facts.optional:
        yield f"/server-event needs the permission {events}, which the bot's role lacks in the server's settings"
    if ping_role is None:
        return
    if ping_role not in facts.roles:
        yield f"/subscribe and the ping need the role of `ping_role`, and there is no role {ping_role} in the server"
    elif roles in facts.optional:
        yield f"/subscribe needs the permission {roles}, which the bot's role lacks in the server's settings"
    elif not facts.roles[ping_role]:
        yield "/subscribe needs the bot's role above the one of `ping_role`: move it up in the server's settings"
