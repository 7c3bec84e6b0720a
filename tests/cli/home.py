"""A content repo, a configuration and a sandbox's channel, for the real command to run on."""

import json
import os
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from forked import Process, start

from discord_sandbox.gateway.sessions import Session
from discord_sandbox.interactions import Interaction
from discord_sandbox.objects.messages import message_object
from discord_sandbox.server import Sandbox
from discord_sandbox.world import ChannelType, User

ISSUE = """---
title: First Light
date: 2026-03-02
---

Hello, everyone.

## News

The lamp is *lit*.

## Events

- [Open evening](https://example.org/evening) on March 9th
- @everyone is wellcome

## Jobs

Nobody is hiring.
"""


def git(repo: Path, *words: str) -> None:
    identity = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org", "-c", "commit.gpgsign=false"]
    environment = os.environ | {"GIT_COMMITTER_DATE": "2026-03-02T08:00:00Z", "GIT_CONFIG_GLOBAL": os.devnull}
    subprocess.run(["git", "-C", str(repo), *identity, *words], check=True, env=environment, capture_output=True)


class Home:
    """A content repo, a configuration and a sandbox's channel, with the command to run on them."""

    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        self.guild = guild = sandbox.create_guild()
        self.sandbox = sandbox
        self.state = folder / "heartbeat.db"
        self.archive = folder / "heartbeat-archive.db"
        self.channel = sandbox.create_channel(guild, "news", ChannelType.ANNOUNCEMENT)
        self.ann = sandbox.create_user(guild, "ann")
        self.repo = folder / "repo"
        (self.repo / "issues").mkdir(parents=True)
        git(self.repo, "init", "--quiet", "--initial-branch=main")
        self.write("old", ISSUE.replace("First Light", "An older one"))
        self.config = folder / "config.yaml"
        self.config.write_text(
            f"discord: {{token_env: HB_TOKEN, api_url: '{sandbox.url}', gateway_url: '{sandbox.gateway_url}'}}\n"
            "newsletters:\n"
            "  lamp:\n"
            f"    source: {{git: '{self.repo.as_uri()}', branch: main, paths: ['issues/*.md']}}\n"
            f"    announce: {{channel: {self.channel.id}, hold: 10m}}\n"
        )

    def write(self, name: str, text: str) -> None:
        (self.repo / "issues" / f"{name}.md").write_text(text)
        git(self.repo, "add", "--all")
        git(self.repo, "commit", "--quiet", "--message=change")

    @property
    def environment(self) -> dict[str, str]:
        """What the command finds its token and its configuration by."""
        return os.environ | {"HB_TOKEN": self.sandbox.token, "HEARTBEAT_CONFIG": str(self.config)}

    async def start(self, *words: str) -> Process:
        return await start(*words, env=self.environment)

    async def run(self, *words: str, code: int = 0, err: bool = False) -> str:
        """Run to the end; return what was said on stdout, or (``err``) on stderr."""
        process = await self.start(*words)
        out, complaints = await process.communicate()
        assert process.returncode == code, (out.decode(), complaints.decode())
        return (complaints if err else out).decode()

    async def sync(self, *words: str, at: str = "") -> list[str]:
        """Make a pass, the first one a while before the others; return the requests that changed something."""
        at = at or ("2026-03-02T09:00:00Z" if self.state.exists() else "2026-03-02T08:40:00Z")
        self.sandbox.log.clear()
        await self.run("sync", "--as-of", at, *words)
        return [entry.method for entry in self.sandbox.log if entry.method != "GET"]

    def texts(self) -> list[str]:
        return [json.dumps(message, ensure_ascii=False) for message in self.sandbox.messages(self.channel)]

    def sessions(self) -> list[Session]:
        """Return the sessions that the bot listens to at the gateway."""
        return [connection.session for connection in self.sandbox.gateway.connections if connection.session]

    def rows(self, query: str) -> list[tuple[object, ...]]:
        """Ask the state, which the bot may be writing to."""
        with closing(sqlite3.connect(f"file:{self.state}?mode=ro", uri=True)) as connection:
            return connection.execute(query).fetchall()

    def titles(self) -> list[str]:
        """Return the titles of the issues that the bot knows; none when there is no state yet."""
        try:
            return [str(title) for (title,) in self.rows("SELECT title FROM issues ORDER BY id")]
        except sqlite3.OperationalError:
            return []

    def number(self, title: str) -> int:
        return next(int(str(number)) for number, name in self.rows("SELECT id, title FROM issues") if name == title)

    async def call(self, command: str, *, by: User | None = None, **options: object) -> Interaction:
        return await self.sandbox.invoke(command, options, user=by or self.ann, channel=self.channel)

    def answer(self, interaction: Interaction) -> str:
        """Return what a person was answered, as Discord would show it."""
        return json.dumps([message_object(self.sandbox.world, message) for message in interaction.responses])
