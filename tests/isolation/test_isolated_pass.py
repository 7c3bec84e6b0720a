"""A text that takes too much is the error of its file: the others are posted, and the bot says what it is."""

from pathlib import Path

import pytest

from heartbeat_bot.config import Config, parse_config
from heartbeat_bot.isolation.worker import Worker
from heartbeat_bot.operation import sync_once
from heartbeat_bot.sandbox.clock import ManualClock
from heartbeat_bot.sandbox.server import Sandbox
from heartbeat_bot.sandbox.world import Channel

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
