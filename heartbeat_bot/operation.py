"""Opening everything a command needs, in order, and closing it again: one pass, the running bot, a diagnosis."""

import asyncio
import logging
import shutil
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from heartbeat_bot.bot import connect
from heartbeat_bot.config import Config
from heartbeat_bot.delivery.ledger import Clock, open_ledger, system_clock
from heartbeat_bot.delivery.outlet import DiscordOutlet, log_in
from heartbeat_bot.delivery.plan import ChannelId
from heartbeat_bot.errors import SourceError, UserError
from heartbeat_bot.service import PassReport, Progress, Service
from heartbeat_bot.sources.opening import open_source

_LOG = logging.getLogger(__name__)


def no_progress(_what: str, _done: int, _total: int) -> None:
    """Say nothing."""


@asynccontextmanager
async def _service(
    config: Config, *, clock: Clock, progress: Progress, read_only: bool = False
) -> AsyncGenerator[tuple[Service, DiscordOutlet]]:
    token = config.discord.token().get_secret_value()
    async with (
        open_ledger(config.state, read_only=read_only, clock=clock) as ledger,
        log_in(token, api_url=config.discord.api_url) as outlet,
    ):
        sources = {name: open_source(newsletter.source, config.cache_dir) for name, newsletter in config.newsletters.items()}
        yield Service(config=config, ledger=ledger, outlet=outlet, sources=sources, clock=clock, progress=progress), outlet


async def sync_once(
    config: Config,
    *,
    newsletter: str | None = None,
    dry_run: bool = False,
    now: datetime | None = None,
    progress: Progress = no_progress,
) -> list[PassReport]:
    """Make one pass over each newsletter, or over one, over REST only. ``now`` stands for the time when given."""
    clock = system_clock if now is None else lambda: now
    async with _service(config, clock=clock, progress=progress, read_only=dry_run) as (service, _):
        if not dry_run:
            await service.settle()
        names = [newsletter] if newsletter else list(config.newsletters)
        return [await service.sync(name, dry_run=dry_run) for name in names]


async def run_bot(config: Config, *, clock: Clock = system_clock) -> None:
    """Watch and post until SIGINT or SIGTERM."""
    task = asyncio.current_task()
    assert task is not None, "run_bot runs in a task"
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    async with _service(config, clock=clock, progress=no_progress) as (service, outlet):
        problems = [line.text for line in await _channels(config, outlet) if not line.good]
        if problems:
            raise UserError("\n".join(problems))
        await service.settle()
        async with asyncio.TaskGroup() as group:
            group.create_task(connect(config, outlet.client))
            for name, newsletter in config.newsletters.items():
                group.create_task(_watch(service, name, newsletter.poll.total_seconds()))


async def _watch(service: Service, name: str, seconds: float) -> None:
    """Make a pass again and again; what goes wrong in one is logged and tried again by the next."""
    while True:
        try:
            report = await service.sync(name)
        except Exception:  # noqa: BLE001 - one bad pass must not end the watch; it is logged whole
            _LOG.exception("the pass over %s failed; it is tried again in %g seconds", name, seconds)
        else:
            for problem in report.problems:
                _LOG.warning("%s: %s", name, problem)
        await asyncio.sleep(seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing that was looked at, and what to do when it is not well."""

    good: bool
    text: str


async def diagnose(config: Config) -> list[Line]:
    """Look at configuration, token, permissions, sources and state."""
    lines = [Line(good=True, text="the configuration can be read")]
    git = shutil.which("git")
    lines.append(Line(good=git is not None, text=f"git is {git}" if git else "there is no git on this machine: install it"))
    for name, newsletter in config.newsletters.items():
        try:
            snapshot = await open_source(newsletter.source, config.cache_dir).snapshot()
        except SourceError as error:
            lines.append(Line(good=False, text=f"{name}: {error}"))
        else:
            count = len(snapshot.files)
            lines.append(
                Line(good=count > 0, text=f"{name}: {count} files match `paths`" + ("" if count else ": correct the patterns"))
            )
    try:
        async with open_ledger(config.state, read_only=True):
            lines.append(Line(good=True, text=f"the state {config.state} can be used"))
    except UserError as error:
        lines.append(Line(good=False, text=str(error)))
    try:
        token = config.discord.token().get_secret_value()
        async with log_in(token, api_url=config.discord.api_url) as outlet:
            lines.append(Line(good=True, text=f"Discord takes the token: the bot is {outlet.client.user}"))
            lines += await _channels(config, outlet)
    except UserError as error:
        lines.append(Line(good=False, text=str(error)))
    return lines


async def _channels(config: Config, outlet: DiscordOutlet) -> list[Line]:
    lines: list[Line] = []
    for name, newsletter in config.newsletters.items():
        try:
            facts = await outlet.describe(ChannelId(newsletter.announce.channel))
        except UserError as error:
            lines.append(Line(good=False, text=f"{name}: {error}"))
            continue
        if facts.missing:
            lines.append(
                Line(good=False, text=f"{name}: the bot lacks {', '.join(facts.missing)} in #{facts.name}: grant it there")
            )
        else:
            kind = "an announcement channel" if facts.announcement else "a text channel (nothing to publish)"
            lines.append(Line(good=True, text=f"{name}: the bot may post in #{facts.name}, {kind}"))
    return lines
