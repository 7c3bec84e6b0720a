"""The whole bot against a sandbox of its own, on a sample content repo in a temporary folder."""

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.resources import as_file, files
from pathlib import Path

from discord_sandbox.permissions import CORE, Permission
from discord_sandbox.ratelimits import RateLimits
from discord_sandbox.server import Sandbox
from discord_sandbox.world import ChannelType
from heartbeat_bot.app.operation import run_bot
from heartbeat_bot.config import Config, parse_config
from heartbeat_bot.store.opening import open_store

_TOKEN_VARIABLE = "HEARTBEAT_DEMO_TOKEN"  # noqa: S105 - a name, not a token
_NEWEST = "2026-11-02-november-26-pulse.md"
_FOLDER = Path("content/newsletter")
_POLL = timedelta(seconds=2)
_MOST_LOOKS = 240
"""How often the demonstration looks whether the first pass is done, before it gives up: for two minutes."""
_CONFIG = """\
discord: {{token_env: {token}, api_url: "{api}", gateway_url: "{gateway}"}}
state: sqlite:///heartbeat.db
newsletters:
  pulse:
    source: {{git: "{repo}", branch: main, paths: ["content/newsletter/*"]}}
    poll: 10s
    site_url: https://example.org/
    issue_url: https://example.org/newsletter/{{slug}}
    images: {{attach: true}}
    announce: {{channel: {channel}, hold: 0s, max_age: null, ping_role: {readers}}}
moderation: {{channel: {office}, roles: [{moderators}]}}
"""

Ready = Callable[[str, Callable[[], str], Sequence[str]], None]
"""Is told the page's address with its key, what makes an address that opens the page once, and what to try."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """A demonstration on ``port`` (0 for a free one); ``issue`` is posted instead of the sample's newest issue."""

    port: int = 0
    issue: Path | None = None

    async def run(self, ready: Ready) -> None:
        """Run until cancelled; the temporary folder goes away with it."""
        with tempfile.TemporaryDirectory(prefix="heartbeat-demo-", ignore_cleanup_errors=True) as folder:
            home = Path(folder)
            repo = home / "content-repo"
            name = await asyncio.to_thread(self._lay_out, repo)
            async with Sandbox(port=self.port, limits=RateLimits.generous()) as sandbox:
                os.environ[_TOKEN_VARIABLE] = sandbox.token
                config = self._config(home, repo, sandbox, _populate(sandbox))
                async with asyncio.TaskGroup() as group:
                    bot = group.create_task(run_bot(config, clock=_clock))
                    group.create_task(self._publish(repo, name, bot, config))
                    ready(sandbox.page_link, sandbox.page_ticket, _hints(repo, name))

    def _config(self, home: Path, repo: Path, sandbox: Sandbox, server: Mapping[str, int]) -> Config:
        text = _CONFIG.format(token=_TOKEN_VARIABLE, api=sandbox.url, gateway=sandbox.gateway_url, repo=repo, **server)
        config = parse_config(text.encode(), name="demo", folder=home)
        quick = {name: newsletter.model_copy(update={"poll": _POLL}) for name, newsletter in config.newsletters.items()}
        return config.model_copy(update={"newsletters": quick})

    def _lay_out(self, repo: Path) -> str:
        """Make the repository with all issues but the newest, which is committed once the bot knows the others."""
        with as_file(files("heartbeat_bot.sample")) as sample:
            for part in ("content", "static"):
                shutil.copytree(sample / part, repo / part)
        newest = repo / _FOLDER / _NEWEST
        if self.issue:
            newest.unlink()
            name = self.issue.name
            (repo / f"../{name}").write_bytes(self.issue.read_bytes())
        else:
            name = _NEWEST
            newest.rename(repo.parent / name)
        _git(repo, "init", "--quiet", "--initial-branch=main")
        _git(repo, "add", "--all")
        _git(repo, "commit", "--quiet", "--message=The issues so far")
        return name

    async def _publish(self, repo: Path, name: str, bot: asyncio.Task[None], config: Config) -> None:
        """Commit the newest issue after the first pass, which takes what is there for known."""
        for _ in range(_MOST_LOOKS):
            await asyncio.sleep(_POLL.total_seconds() / 4)
            if bot.done():
                return
            async with open_store(config.state, read_only=True) as store:
                if all([(await store.newsletter(newsletter)).baseline_at for newsletter in config.newsletters]):
                    await asyncio.to_thread(self._commit_newest, repo, name)
                    return

    def _commit_newest(self, repo: Path, name: str) -> None:
        (repo.parent / name).rename(repo / _FOLDER / name)
        _git(repo, "add", "--all")
        _git(repo, "commit", "--quiet", "--message=A new issue")


def _clock() -> datetime:
    return max(datetime.now(UTC), datetime(2026, 11, 3, tzinfo=UTC))


def _git(repo: Path, *words: str) -> None:
    identity = [
        "-c",
        "user.name=Hedgerow",
        "-c",
        "user.email=pulse@example.org",
        "-c",
        "commit.gpgsign=false",
        "-c",
        "core.hooksPath=",
    ]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    subprocess.run(["git", "-C", str(repo), *identity, *words], check=True, env=environment)  # noqa: S603, S607 - our own words


def _populate(sandbox: Sandbox) -> dict[str, int]:
    """Make a server with its channels and people; return the ids that the configuration names."""
    may = CORE | Permission.MANAGE_ROLES | Permission.CREATE_EVENTS | Permission.MANAGE_EVENTS
    guild = sandbox.create_guild("Hedgerow", bot_permissions=may)
    channel = sandbox.create_channel(guild, "announcements", ChannelType.ANNOUNCEMENT)
    sandbox.create_channel(guild, "general", topic="Talk, and try the bot's commands: type /")
    readers = sandbox.create_role(guild, "Readers")
    moderators = sandbox.create_role(guild, "Moderator", permissions=Permission.MANAGE_GUILD | Permission.MANAGE_MESSAGES)
    office = sandbox.create_channel(guild, "moderators", topic="What waits for a moderator, and what they did")
    for person in (sandbox.create_user(guild, "robin"), sandbox.create_user(guild, "mo", roles=[moderators])):
        sandbox.create_dm(person)
    return {"channel": channel.id, "office": office.id, "readers": readers.id, "moderators": moderators.id}


def _hints(repo: Path, name: str) -> list[str]:
    lines = [f"The content repo is {repo}.", "Change something there and commit it; the message that says it changes, no other:"]
    if name == _NEWEST:
        lines.append(f"  cd {repo} && sed -i 's/hooping/hooting/' {_FOLDER / name} && git commit -am 'Mend a typo'")
    lines.append(
        "Type / in the box below the messages to see the bot's commands; choose there who you are: Robin, or Mo, who moderates."
    )
    lines.append("Ctrl-C ends the demonstration.")
    return lines
