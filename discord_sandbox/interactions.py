"""Interactions: what a person did, what came of it, and how the bot is told (docs, *Receiving and Responding*)."""

import asyncio
import secrets
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Final

from discord_sandbox.api_errors import Json
from discord_sandbox.clock import Clock
from discord_sandbox.objects.guilds import FEATURES, channel_object, member_object, user_object
from discord_sandbox.objects.messages import message_object
from discord_sandbox.people.scenes import Scene
from discord_sandbox.rules.files import FILE_BYTES
from discord_sandbox.world import Channel, Guild, Message, MessageFlag, User, World

FIRST_ANSWER: Final = timedelta(seconds=3)
"""Time for the first answer, after which the token is dead."""
_GRACE: Final = 0.1
"""Seconds by which two clocks may differ over those three."""


class InteractionType(IntEnum):
    """What a person did."""

    COMMAND = 2
    COMPONENT = 3
    AUTOCOMPLETE = 4
    MODAL_SUBMIT = 5


class Callback(IntEnum):
    """How a bot may answer at first."""

    MESSAGE = 4
    DEFER_MESSAGE = 5
    DEFER_UPDATE = 6
    UPDATE = 7
    AUTOCOMPLETE = 8
    MODAL = 9


@dataclass(slots=True, kw_only=True)
class Interaction:
    """One thing that a person did, and what came of it.

    ``about`` is the ``data`` that the bot was sent, ``source`` the message that was pressed, ``opener`` what the bot answered with
    the modal that is submitted. ``callback`` is None until the bot has answered. ``answered`` is set once the person has something to look at: a message, choices, a dialog, a deferral that was
    followed up, or the notice that the application did not respond. ``first_answer_after`` is the time in seconds, by the
    computer's clock, from the event to the callback that was taken.
    """

    id: int
    token: str
    type: InteractionType
    guild: Guild | None
    channel: Channel
    user: User
    owners: dict[str, str]
    only_private: bool
    created_at: datetime
    clock: Clock
    about: Json
    source: Message | None = None
    opener: "Interaction | None" = None
    callback: Callback | None = None
    original_id: int | None = None
    said: list[int] = field(default_factory=list[int])
    follow_ups: int = 0
    begun: float = field(default_factory=time.monotonic)
    first_answer_after: float | None = None
    choices: list[Json] = field(default_factory=list[Json])
    modal: Json | None = None
    modal_submitted: bool = False
    acknowledged: asyncio.Event = field(default_factory=asyncio.Event)
    answered: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def deferred(self) -> bool:
        """Tell whether the bot first asked for time."""
        return self.callback in {Callback.DEFER_MESSAGE, Callback.DEFER_UPDATE}

    async def settled(self, *, acknowledged: bool = False) -> None:
        """Wait until the person has something to look at, or (``acknowledged``) until the bot's callback has been taken.

        With a clock that runs, three seconds without a callback are enough.
        """
        event = self.acknowledged if acknowledged else self.answered
        try:
            async with asyncio.timeout(FIRST_ANSWER.total_seconds() + _GRACE):
                await event.wait()
        except TimeoutError:
            if not self.failed:
                await event.wait()

    @property
    def failed(self) -> bool:
        """Tell whether the person reads "The application did not respond": no answer came within three seconds."""
        return self.callback is None and self.clock() - self.created_at > FIRST_ANSWER

    @property
    def messages(self) -> dict[int, Message]:
        """Return the answers by id as they stand now, ephemeral ones too, those deleted left out."""
        found = {number: self.channel.find(number) for number in self.said}
        return {number: message for number, message in found.items() if message}

    @property
    def responses(self) -> list[Message]:
        """Return the messages that the person sees, first answer first; one still "thinking" is none."""
        return [message for message in self.messages.values() if not message.flags & MessageFlag.LOADING]


def interaction_object(world: World, scene: Scene, interaction: Interaction) -> Json:
    """Return an interaction as the bot is told of it: with a member in a guild, with a user in direct messages."""
    guild, user = scene.guild, scene.user
    body: Json = {
        "id": str(interaction.id),
        "application_id": str(world.bot.id),
        "type": int(interaction.type),
        "token": interaction.token,
        "version": 1,
        "data": interaction.about,
        "channel_id": str(scene.channel.id),
        "channel": channel_object(world, scene.channel) | {"permissions": str(scene.permissions)},
        "app_permissions": str(scene.app_permissions),
        "locale": user.locale,
        "entitlements": [],
        "authorizing_integration_owners": interaction.owners,
        "context": int(scene.context),
        "attachment_size_limit": FILE_BYTES,
    }
    if guild is None:
        body["user"] = user_object(user)
    else:
        body |= {
            "guild_id": str(guild.id),
            "guild": {"id": str(guild.id), "locale": guild.locale, "features": FEATURES},
            "guild_locale": guild.locale,
            "member": member_object(guild.members[user.id]) | {"permissions": str(scene.permissions)},
        }
    return body | {"message": message_object(world, interaction.source)} if interaction.source else body


@dataclass(frozen=True, slots=True, kw_only=True)
class Interactions:
    """Keeps the interactions, by their tokens."""

    kept: dict[str, Interaction] = field(default_factory=dict[str, Interaction])

    def begin(
        self,
        world: World,
        kind: InteractionType,
        scene: Scene,
        about: Json,
        *,
        owners: dict[str, str],
        source: Message | None,
        opener: Interaction | None,
    ) -> Interaction:
        """Start an interaction, by leave of ``owners``; telling the bot of it is the caller's."""
        interaction = Interaction(
            id=world.new_id(),
            token=secrets.token_urlsafe(48),
            type=kind,
            guild=scene.guild,
            channel=scene.channel,
            user=scene.user,
            owners=owners,
            only_private=scene.only_private,
            created_at=world.clock(),
            clock=world.clock,
            about=about,
            source=source,
            opener=opener,
        )
        self.kept[interaction.token] = interaction
        return interaction


class NotOfferedError(Exception):
    """A person asked for something that Discord would not offer: an unknown command, a missing option, a missing permission."""


class NoAnswerError(TimeoutError):
    """The bot did not answer; with ``interaction.failed`` the person reads "The application did not respond"."""

    def __init__(self, interaction: Interaction) -> None:
        """Keep the interaction."""
        super().__init__("The application did not respond" if interaction.failed else "No answer has come yet")
        self.interaction = interaction
