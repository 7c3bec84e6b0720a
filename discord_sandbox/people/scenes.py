"""Where a person uses the app, and by whose leave: contexts and installations (docs, *Receiving and Responding*, *Application*)."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from discord_sandbox.api_errors import Json
from discord_sandbox.permissions import Permission, channel_permissions, permissions_in
from discord_sandbox.world import Channel, Guild, Member, User, World

GUILD_INSTALL: Final = "0"
USER_INSTALL: Final = "1"


class Context(IntEnum):
    """The kinds of places in which an app is used."""

    GUILD = 0
    BOT_DM = 1
    PRIVATE_CHANNEL = 2


_ELSEWHERE: Final = Permission.ATTACH_FILES | Permission.EMBED_LINKS | Permission.MENTION_EVERYONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A person in a channel; ``guild`` is None in direct messages.

    ``owners`` are the installations that cover the place, as Discord tells them: kind of installation to the id of the guild or
    person that it belongs to, ``"0"`` for a guild's in direct messages with the bot.
    """

    guild: Guild | None
    channel: Channel
    user: User
    context: Context
    owners: dict[str, str]
    permissions: int
    app_permissions: int

    @property
    def only_private(self) -> bool:
        """Tell whether all answers are ephemeral: the app is in the guild for the person alone, without USE_EXTERNAL_APPS."""
        external = self.guild is not None and GUILD_INSTALL not in self.owners
        return external and not self.permissions & Permission.USE_EXTERNAL_APPS

    def narrowed(self, installs: list[int]) -> dict[str, str]:
        """Return the owners whose kinds of installation are among those that a command is made for."""
        return {kind: owner for kind, owner in self.owners.items() if int(kind) in installs}


def scene_of(world: World, channel: Channel, user: User) -> Scene:
    """Return where ``user`` is in ``channel``."""
    guild, _ = world.place(channel.id)
    owners: dict[str, str] = {}
    if guild is not None:
        context = Context.GUILD
        if world.has_bot(guild):
            owners[GUILD_INSTALL] = str(guild.id)
    elif world.bot in channel.recipients:
        context = Context.BOT_DM
        if world.shares_guild(user):
            owners[GUILD_INSTALL] = "0"
    else:
        context = Context.PRIVATE_CHANNEL
    if user.id in world.installed_for:
        owners[USER_INSTALL] = str(user.id)
    return Scene(
        guild=guild,
        channel=channel,
        user=user,
        context=context,
        owners=owners,
        permissions=permissions_in(guild, channel, user, world.clock()),
        app_permissions=app_permissions(world, guild, channel),
    )


def app_permissions(world: World, guild: Guild | None, channel: Channel) -> int:
    """Return what the app may do in a channel; in a guild without the bot, what @everyone may (docs: a DM's are fixed)."""
    now = world.clock()
    if guild is None:
        return _ELSEWHERE | (Permission.USE_EXTERNAL_EMOJIS if world.bot in channel.recipients else 0)
    return channel_permissions(guild, channel, guild.members.get(world.bot.id) or Member(user=world.bot, joined_at=now), now)


def offers_here(scene: Scene, command: Json) -> bool:
    """Tell whether a command is shown in a place at all: its contexts and installations fit, whoever the person is."""
    if "guild_id" in command:
        return scene.guild is not None and command["guild_id"] == str(scene.guild.id) and GUILD_INSTALL in scene.owners
    contexts = command["contexts"]
    return (contexts is None or scene.context in contexts) and bool(scene.narrowed(command["integration_types"]))
