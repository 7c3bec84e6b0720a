"""A text that takes too much is the error of its file: the others are posted, and the bot says what it is."""

from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

import pytest

from discord_sandbox.clock import ManualClock
from discord_sandbox.server import Sandbox
from discord_sandbox.world import Channel
from heartbeat_bot.app.operation import no_progress, sync_once
from heartbeat_bot.config import Config, parse_config
from heartbeat_bot.discord.rest import log_in
from heartbeat_bot.isolation.bounds import EndedError
from heartbeat_bot.isolation.worker import Here, Worker
from heartbeat_bot.policy.approval import version_of
from heartbeat_bot.sources.directory import DirectorySource
from heartbeat_bot.store.opening import open_store
from heartbeat_bot.sync.reconciler import Reconciler

P = ParamSpec("P")
R = TypeVar("R")
ENDLESS = "🎉" * 100_000
"""Far more messages than an issue may have: to find that out takes more than these tests allow."""


@pytest.fixture
def channel(sandbox: Sandbox) -> Channel:
    return sandbox.create_channel(sandbox.create_guild(), "news")


@pytest.fixture
def config(tmp_path: Path, sandbox: Sandbox, channel: Channel, monkeypatch: pytest.MonkeyPatch) -> Config:
    monkeypatch.setenv("HB_TOKEN", sandbox.token)
    (tmp_path / "site").mkdir()
    text = (
        f"discord: {{token_env: HB_TOKEN, api_url: '{sandbox.url}'}}\n"
        f"newsletters: {{mill: {{source: {{directory: '{tmp_path / 'site'}', paths: ['*.md']}}, "
        f"announce: {{channel: {channel.id}, hold: 0s, max_age: null}}}}}}\n"
    )
    return parse_config(text.encode(), name="config.yaml", folder=tmp_path)


def write(config: Config, name: str, text: str) -> None:
    path = config.newsletters["mill"].source.directory
    assert path
    (Path(path) / name).write_text(f"---\ntitle: {name}\ndate: 2026-03-02\n---\n\n{text}\n")


async def test_a_text_that_takes_too_much_keeps_no_other_from_being_posted(
    config: Config, sandbox: Sandbox, channel: Channel, clock: ManualClock
) -> None:
    with Worker(seconds=2) as worker:
        await sync_once(config, now=clock(), runner=worker)
        write(config, "endless.md", ENDLESS)
        write(config, "short.md", "Hello.")
        clock.advance(60)
        (report,) = await sync_once(config, now=clock(), runner=worker)
    assert "Hello." in str(sandbox.messages(channel)), report.lines()
    assert "🎉" not in str(sandbox.messages(channel))
    (problem,) = report.problems
    assert "endless.md: reading the text took more than 2 seconds of computing, so it was given up" in problem


class OutOfMemory:
    """A machine that ends whatever reads, until it has memory again."""

    def __init__(self) -> None:
        self.has_memory = False
        self.jobs = 0

    async def run(self, function: Callable[P, R], *arguments: P.args, **named: P.kwargs) -> R:
        self.jobs += 1
        if not self.has_memory:
            raise EndedError("was ended by the system")
        return await Here().run(function, *arguments, **named)


async def test_what_the_machine_had_no_memory_for_is_read_by_a_later_pass(
    config: Config, sandbox: Sandbox, channel: Channel, clock: ManualClock
) -> None:
    machine = OutOfMemory()
    await sync_once(config, now=clock(), runner=machine)
    write(config, "short.md", "Hello.")
    for _ in range(2):
        clock.advance(60)
        (report,) = await sync_once(config, now=clock(), runner=machine)
    assert "was ended by the system" in str(report.problems) or not report.problems
    machine.has_memory = True
    clock.advance(60)
    await sync_once(config, now=clock(), runner=machine)
    assert "Hello." in str(sandbox.messages(channel))


async def test_a_text_that_takes_too_much_is_read_once_by_a_bot_that_runs(
    config: Config, sandbox: Sandbox, channel: Channel, clock: ManualClock
) -> None:
    assert channel
    write(config, "flood.md", "\n\n".join(f"# Section {number}\n\n{'word ' * 700}" for number in range(120)))
    machine = OutOfMemory()
    machine.has_memory = True
    async with open_store(config.state, clock=clock) as store, log_in(sandbox.token, api_url=sandbox.url) as outlet:
        sources = {"mill": DirectorySource(config.newsletters["mill"].source.directory, ["*.md"])}
        passes = Reconciler(
            config=config, store=store, outlet=outlet, sources=sources, runner=machine, clock=clock, progress=no_progress
        )
        await passes.sync("mill")
        (record,) = (await store.records("mill")).values()
        await store.approve(record.id, now=clock(), version=version_of(record.blob, ()))
        jobs = []
        for _ in range(3):
            clock.advance(60)
            before = machine.jobs
            report = await passes.sync("mill")
            assert "would take" in str(report.problems)
            jobs.append(machine.jobs - before)
    assert jobs[1:] == [0, 0]


async def test_a_file_that_took_too_much_is_posted_once_it_is_mended(
    config: Config, sandbox: Sandbox, channel: Channel, clock: ManualClock
) -> None:
    with Worker(seconds=2) as worker:
        await sync_once(config, now=clock(), runner=worker)
        write(config, "endless.md", ENDLESS)
        await sync_once(config, now=clock(), runner=worker)
        write(config, "endless.md", "Short, after all.")
        clock.advance(60)
        (report,) = await sync_once(config, now=clock(), runner=worker)
    assert report.problems == []
    assert "Short, after all." in str(sandbox.messages(channel))
