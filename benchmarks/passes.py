"""What running costs: a pass over known issues, posting against Discord's own pace, the idle process, the start of `preview`."""

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from discord_sandbox.ratelimits import RateLimits
from discord_sandbox.server import Sandbox
from discord_sandbox.world import Channel, ChannelType
from heartbeat_bot.app.operation import no_progress
from heartbeat_bot.clock import system_clock
from heartbeat_bot.config import Config, parse_config
from heartbeat_bot.discord.rest import log_in
from heartbeat_bot.isolation.worker import Worker
from heartbeat_bot.sources.open_source import open_source
from heartbeat_bot.store.opening import open_store
from heartbeat_bot.sync.reconciler import Reconciler

TOKEN = "HEARTBEAT_BENCH_TOKEN"
SIZES = (1, 100, 1_000, 10_000)
SECTIONS = 12
HEARTBEAT = Path(sys.executable).with_name("heartbeat-bot")


def git(repo: Path, *words: str) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    identity = ["-c", "user.name=Bench", "-c", "user.email=bench@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(repo), *identity, *words], check=True, env=environment, capture_output=True)


def issue(number: int) -> str:
    """A short issue whose words are its own."""
    body = "\n\n".join(f"## Part {part}\n\nThe {part}th word of edition {number} is {number * 7919 + part}." for part in range(4))
    return f"---\ntitle: Edition {number}\ndate: 2020-01-01\n---\n\nHello from number {number}.\n\n{body}\n"


def repository(folder: Path, count: int) -> Path:
    repo = folder / "repo"
    (repo / "issues").mkdir(parents=True)
    for number in range(count):
        (repo / "issues" / f"{number:05}.md").write_text(issue(number))
    git(repo, "init", "--quiet", "--initial-branch=main")
    git(repo, "add", "--all")
    git(repo, "commit", "--quiet", "--message=all")
    return repo


def configuration(folder: Path, repo: Path, sandbox: Sandbox, channel: Channel) -> Config:
    os.environ[TOKEN] = sandbox.token
    text = (
        f"discord: {{token_env: {TOKEN}, api_url: '{sandbox.url}', gateway_url: '{sandbox.gateway_url}'}}\n"
        "newsletters:\n  bench:\n"
        f"    source: {{git: '{repo.as_uri()}', branch: main, paths: ['issues/*.md']}}\n"
        f"    announce: {{channel: {channel.id}, hold: 0s, max_age: null}}\n"
    )
    (folder / "config.yaml").write_text(text)
    return parse_config(text.encode(), name="bench", folder=folder)


@asynccontextmanager
async def serving(config: Config) -> AsyncGenerator[Reconciler]:
    async with (
        open_store(config.state) as store,
        log_in(config.discord.token().get_secret_value(), api_url=config.discord.api_url) as outlet,
    ):
        sources = {name: open_source(newsletter.source, config.state.cache) for name, newsletter in config.newsletters.items()}
        with Worker() as runner:
            yield Reconciler(
                config=config,
                store=store,
                outlet=outlet,
                sources=sources,
                runner=runner,
                clock=system_clock,
                progress=no_progress,
            )


async def passes(count: int) -> None:
    with tempfile.TemporaryDirectory(prefix="heartbeat-bench-") as place:
        folder = Path(place)
        repo = await asyncio.to_thread(repository, folder, count)
        async with Sandbox(limits=RateLimits.generous()) as sandbox:
            config = configuration(folder, repo, sandbox, sandbox.create_channel(sandbox.create_guild(), "news", ChannelType.TEXT))
            async with serving(config) as service:
                start = time.perf_counter()
                await service.sync("bench")
                first = time.perf_counter() - start
                unchanged: list[float] = []
                listing: list[float] = []
                source = open_source(config.newsletters["bench"].source, config.state.cache)
                await source.snapshot()
                for _ in range(7):
                    start = time.perf_counter()
                    await source.snapshot()
                    middle = time.perf_counter()
                    await service.sync("bench")
                    listing.append(middle - start)
                    unchanged.append(time.perf_counter() - middle)
    whole, fetch = statistics.median(unchanged), statistics.median(listing)
    own = statistics.median(one - other for one, other in zip(unchanged, listing, strict=True))
    print(f"| {count:,} | {first * 1000:,.0f} | {whole * 1000:.1f} | {fetch * 1000:.1f} | {own * 1000:.1f} |", flush=True)


async def posting() -> None:
    with tempfile.TemporaryDirectory(prefix="heartbeat-bench-") as place:
        folder = Path(place)
        repo = await asyncio.to_thread(repository, folder, 1)
        async with Sandbox() as sandbox:  # Discord's own pace: five messages per five seconds and channel
            channel = sandbox.create_channel(sandbox.create_guild(), "news", ChannelType.TEXT)
            config = configuration(folder, repo, sandbox, channel)
            async with serving(config) as service:
                await service.sync("bench")
                body = "\n\n".join(f"## Part {part}\n\nText {part}." for part in range(SECTIONS))
                today = datetime.now(UTC).date()
                (repo / "issues" / "new.md").write_text(f"---\ntitle: New\ndate: {today}\n---\n{body}\n")
                await asyncio.to_thread(git, repo, "add", "--all")
                await asyncio.to_thread(git, repo, "commit", "--quiet", "--message=new")
                start = time.perf_counter()
                report = await service.sync("bench")
                took = time.perf_counter() - start
    messages = SECTIONS + 1
    floor = (messages - 1) // 5 * 5
    print(
        f"{messages} messages and an edit ({report.requests} requests): {took:.2f} s; floor {floor} s; ratio {took / floor:.3f}",
        flush=True,
    )


async def idle() -> None:
    with tempfile.TemporaryDirectory(prefix="heartbeat-bench-") as place:
        folder = Path(place)
        repo = await asyncio.to_thread(repository, folder, 100)
        async with Sandbox(limits=RateLimits.generous()) as sandbox:
            channel = sandbox.create_channel(sandbox.create_guild(), "news", ChannelType.TEXT)
            configuration(folder, repo, sandbox, channel)
            command = [str(HEARTBEAT), "run", "--config", str(folder / "config.yaml")]
            bot = await asyncio.create_subprocess_exec(*command)
            try:
                await asyncio.sleep(15)  # connected, its first pass done, and at rest
                told = Path(f"/proc/{bot.pid}/smaps_rollup").read_text()  # noqa: ASYNC240
            finally:
                bot.terminate()
                await bot.wait()
    sizes = {line.split(":")[0]: int(line.split()[1]) for line in told.splitlines()[1:]}
    own = sizes["Private_Clean"] + sizes["Private_Dirty"]
    print(
        f"`run`, idle, 100 issues known: {sizes['Rss'] / 1024:.0f} MiB resident, of which {own / 1024:.0f} MiB its own", flush=True
    )


def starts() -> None:
    with tempfile.TemporaryDirectory(prefix="heartbeat-bench-") as place:
        file = Path(place) / "issue.md"
        file.write_text(issue(1))
        for what, command in (
            ("python -c pass", [sys.executable, "-c", "pass"]),
            ("heartbeat-bot --version", [str(HEARTBEAT), "--version"]),
            ("heartbeat-bot preview of one file", [str(HEARTBEAT), "preview", str(file)]),
        ):
            times: list[float] = []
            for _ in range(7):
                start = time.perf_counter()
                subprocess.run(command, check=True, capture_output=True, cwd=place)
                times.append(time.perf_counter() - start)
            print(f"{what}: {statistics.median(times):.2f} s", flush=True)


def main() -> None:
    print(
        "| known issues | first pass, ms | unchanged pass, ms | of which git, ms | the bot's own, ms |\n|--:|--:|--:|--:|--:|",
        flush=True,
    )
    for count in SIZES:
        asyncio.run(passes(count))
    print()
    asyncio.run(posting())
    asyncio.run(idle())
    starts()


if __name__ == "__main__":
    main()
