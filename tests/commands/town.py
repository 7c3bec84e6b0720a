"""A server in the sandbox with a newsletter, its people, and the whole bot connected to the gateway."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from one_worker import WORKER

from discord_sandbox.clock import ManualClock
from discord_sandbox.interactions import Interaction
from discord_sandbox.objects.messages import message_object
from discord_sandbox.permissions import Permission
from discord_sandbox.server import Sandbox
from discord_sandbox.world import Channel, ChannelType, Guild, Message, MessageFlag, User
from heartbeat_bot.app.operation import Opened, open_bot
from heartbeat_bot.config import Config, parse_config
from heartbeat_bot.discord.gateway import Sleep, connect
from heartbeat_bot.discord.pace import Pace
from heartbeat_bot.isolation.worker import Runner
from heartbeat_bot.rendering import limits
from heartbeat_bot.rendering.nodes import count_nodes
from heartbeat_bot.rendering.post import texts

APRIL = """---
title: April's Wind
date: 2026-04-06
---

The wind turned.

## News

The mill has new sails. They were sewn in Łódź by a café of tailors.

## Events

- [Kite day](https://example.org/kites) - April 18, 2026 - Porto
- [Sail makers' talk](https://example.org/talk) - August 12, 2026 - Online

## Jobs

- [Miller](https://example.org/jobs/miller) at Windhouse, Porto
"""

JULY = """---
title: July's Heat
date: 2026-07-06
---

It is *warm*.

## News

The mill pond is low. Ask @everyone for water.

## Events

- [Pond party](https://example.org/pond) - August 3-5, 2026 - Lisbon
- [Harvest](https://example.org/harvest) - September 9, 2026 - Évora

## Tutorials

How to patch a sail.
"""


class Town:
    """What a test does with the bot: people who call commands, files that change, and passes."""

    def __init__(self, folder: Path, sandbox: Sandbox, clock: ManualClock) -> None:
        self.sandbox = sandbox
        self.clock = clock
        self.guild: Guild = sandbox.create_guild("Millers")
        self.news: Channel = sandbox.create_channel(self.guild, "news", ChannelType.ANNOUNCEMENT)
        self.talk: Channel = sandbox.create_channel(self.guild, "talk")
        self.office: Channel = sandbox.create_channel(self.guild, "office")
        self.pinged = sandbox.create_role(self.guild, "readers")
        self.moderators = sandbox.create_role(self.guild, "moderators", permissions=int(Permission.MANAGE_MESSAGES))
        self.ann: User = sandbox.create_user(self.guild, "ann")
        self.mo: User = sandbox.create_user(self.guild, "mo", roles=[self.moderators])
        self.folder = folder / "content"
        self.folder.mkdir()
        self.state = folder / "heartbeat.db"
        self.moderation = f"{{channel: {self.office.id}, roles: [{self.moderators.id}]}}"
        self.ping = f"ping_role: {self.pinged.id}"
        self.announce = "hold: 0s, max_age: null"
        self.newsletter = ""
        """More of the newsletter's settings, indented by four."""
        self.more = ""
        """More newsletters of the configuration, indented by two."""
        self.burst = 10_000.0
        """Questions that one person may ask at once: a test asks more than people do."""
        self.sleep: Sleep = asyncio.sleep
        """Waits between two connections to the gateway."""
        self.runner: Runner = WORKER
        """Reads the texts."""
        self.opened: Opened

    def write(self, name: str, text: str) -> None:
        (self.folder / f"{name}.md").write_text(text)

    def remove(self, name: str) -> None:
        (self.folder / f"{name}.md").unlink()

    def database(self) -> dict[str, bytes]:
        """Return the database as it lies on the disk, as a kill would leave it."""
        return {path.name: path.read_bytes() for path in self.state.parent.glob("heartbeat.db*") if path.suffix != ".lock"}

    def restore(self, files: dict[str, bytes]) -> None:
        """Put a database back over the one that is there."""
        for path in self.state.parent.glob("heartbeat.db*"):
            path.unlink()
        for name, content in files.items():
            (self.state.parent / name).write_bytes(content)

    def number(self, title: str) -> int:
        """Return the store's number of an issue that members see."""
        return next(listed.issue for listed in self.opened.archive.issues() if listed.title == title)

    def config(self) -> Config:
        text = (
            f"discord: {{token_env: HB_TOKEN, api_url: '{self.sandbox.url}', gateway_url: '{self.sandbox.gateway_url}'}}\n"
            f"state: sqlite:///{self.state}\n"
            f"moderation: {self.moderation}\n"
            "newsletters:\n"
            "  mill:\n"
            f"    source: {{directory: '{self.folder}', paths: ['*.md']}}\n"
            "    site_url: https://example.org/\n"
            "    issue_url: https://example.org/issues/{slug}\n"
            f"    announce: {{channel: {self.news.id}, {self.ping}, {self.announce}}}\n"
            f"{self.newsletter}{self.more}"
        )
        return parse_config(text.encode(), name="config.yaml", folder=self.state.parent)

    @asynccontextmanager
    async def running(self, *, read: bool = True) -> AsyncIterator["Town"]:
        """Run the bot until the block ends; it knows what is there (unless told not to ``read``), but nothing has been posted."""
        config = self.config()
        async with open_bot(config, clock=self.clock, runner=self.runner) as self.opened, asyncio.TaskGroup() as tasks:
            await self.opened.bot.register()
            connected = asyncio.Event()

            async def on_connect() -> None:
                connected.set()

            self.opened.bot.add_listener(on_connect)
            self.opened.bot.pace = Pace(burst=self.burst)
            tasks.create_task(connect(config, self.opened.bot, sleep=self.sleep))
            async with asyncio.timeout(10):
                await connected.wait()
            if read:
                await self.sync()
            yield self
            await self.opened.bot.close()

    async def sync(self, newsletter: str = "mill") -> list[str]:
        """Make a pass, and bring the archive in step; return what the pass said."""
        report = await self.opened.service.passes.make(newsletter)
        return report.lines()

    async def call(self, command: str, *, by: User | None = None, channel: Channel | None = None, **options: object) -> Interaction:
        return await self.sandbox.invoke(command, options, user=by or self.ann, channel=channel or self.talk)

    async def call_on(self, command: str, message: int, *, by: User | None = None, channel: Channel | None = None) -> Interaction:
        place = channel or self.news
        return await self.sandbox.invoke_on(command, place.messages[message], user=by or self.ann, channel=place)

    async def choices(self, command: str, option: str, typed: str, *, by: User | None = None) -> list[dict[str, Any]]:
        return await self.sandbox.autocomplete(command, option, typed, user=by or self.ann, channel=self.talk)

    async def press(
        self, interaction: Interaction, label: str, *, by: User | None = None, values: list[str] | None = None
    ) -> Interaction:
        """Press the button, or choose from the menu, of the answer that is labelled so."""
        (message,) = interaction.responses
        found = [
            component for component in components(self, message) if label in {component.get("label"), component.get("placeholder")}
        ]
        assert found, f"there is no {label!r} among {[c.get('label') or c.get('placeholder') for c in components(self, message)]}"
        return await self.sandbox.press(message, found[0]["custom_id"], user=by or interaction.user, values=values)

    def shown(self, interaction: Interaction) -> str:
        """Return all that a person reads in an answer, as one text; it must be within what Discord allows and ping nobody.

        What the sandbox does not refuse by itself is looked at here.
        """
        (message,) = interaction.responses
        body = message_object(self.sandbox.world, message)
        assert (body["mentions"], body["mention_roles"], body["mention_everyone"]) == ([], [], False)
        assert sum(len(text.encode()) for text in texts(body)) <= limits.MESSAGE_BYTES
        assert all(count_nodes(text) < limits.NODES for text in texts(body))
        parts = [body["content"]]
        for embed in body["embeds"]:
            parts += [embed.get("title", ""), embed.get("description", ""), embed.get("footer", {}).get("text", "")]
        return "\n".join(part for part in parts if part)

    def labels(self, interaction: Interaction) -> list[str]:
        """Return what stands on the buttons and menus of an answer."""
        (message,) = interaction.responses
        return [component.get("label") or component.get("placeholder") for component in components(self, message)]

    def link(self, interaction: Interaction, label: str) -> str:
        """Return where a button of an answer leads."""
        (message,) = interaction.responses
        return next(component["url"] for component in components(self, message) if component.get("label") == label)

    def options(self, interaction: Interaction, placeholder: str) -> list[dict[str, Any]]:
        """Return the lines of a menu of an answer."""
        (message,) = interaction.responses
        return next(part["options"] for part in components(self, message) if part.get("placeholder") == placeholder)

    def files(self, interaction: Interaction) -> dict[str, bytes]:
        """Return the files of an answer."""
        (message,) = interaction.responses
        return {attachment.filename: attachment.content for attachment in message.attachments}

    def is_private(self, interaction: Interaction) -> bool:
        (message,) = interaction.responses
        return bool(message.flags & MessageFlag.EPHEMERAL)


def components(town: Town, message: Message) -> list[dict[str, Any]]:
    rows = message_object(town.sandbox.world, message)["components"]
    return [component for row in rows for component in row["components"]]
