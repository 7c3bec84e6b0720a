# ruff: noqa: A002 - ids and types are called so in every object of Discord's
"""What a person or a test does in the sandbox: make servers and channels, speak, call commands, press buttons, look."""

import asyncio
import mimetypes
from collections.abc import Iterable, Mapping
from typing import Any

from heartbeat_bot.sandbox.api_errors import Json
from heartbeat_bot.sandbox.commands import CHAT_INPUT, SUB_COMMAND, SUB_COMMAND_GROUP, Commands
from heartbeat_bot.sandbox.interactions import Interaction, Interactions, InteractionType, NotOfferedError
from heartbeat_bot.sandbox.message_rules import BOT_MENTIONS, ping
from heartbeat_bot.sandbox.messages import store
from heartbeat_bot.sandbox.objects import (
    channel_object,
    guild_create_object,
    member_object,
    message_object,
    role_object,
    user_object,
)
from heartbeat_bot.sandbox.permissions import CORE, EVERYONE, Permission, channel_permissions
from heartbeat_bot.sandbox.threads import announce
from heartbeat_bot.sandbox.world import (
    Attachment,
    Channel,
    ChannelType,
    Event,
    Guild,
    Intent,
    Member,
    Message,
    Overwrite,
    Role,
    Tag,
    User,
    World,
)

_USER, _CHANNEL, _ROLE, _MENTIONABLE = 6, 7, 8, 9
_RESOLVED = {_USER, _CHANNEL, _ROLE, _MENTIONABLE}


class Control:
    """The hands of people in the sandbox. Ids are made up unless given."""

    def __init__(self, world: World, commands: Commands, interactions: Interactions) -> None:
        """Act on ``world``."""
        self.world = world
        self.commands = commands
        self.interactions = interactions

    # Making things

    def create_guild(
        self,
        name: str = "Sandbox",
        *,
        id: int | None = None,
        bot_permissions: int = CORE,
        everyone: int = EVERYONE,
    ) -> Guild:
        """Make a guild with the bot in it: ``everyone`` may do so much, the bot's own role ``bot_permissions`` more."""
        world = self.world
        guild = Guild(id=id or world.new_id(), name=name, owner_id=world.owner.id)
        guild.roles[guild.id] = Role(id=guild.id, name="@everyone", permissions=everyone, position=0)
        own = Role(id=world.new_id(), name=world.bot.name, permissions=bot_permissions, position=1, managed=True)
        guild.roles[own.id] = own
        now = world.clock()
        guild.members[world.owner.id] = Member(user=world.owner, joined_at=now)
        guild.members[world.bot.id] = Member(user=world.bot, joined_at=now, roles=[own.id])
        world.guilds[guild.id] = guild
        world.emit(Event(name="GUILD_CREATE", body=guild_create_object(world, guild), intent=Intent.GUILDS))
        return guild

    def create_channel(
        self,
        guild: Guild,
        name: str,
        type: ChannelType = ChannelType.TEXT,
        *,
        id: int | None = None,
        topic: str | None = None,
        tags: Iterable[str] = (),
        require_tag: bool = False,
    ) -> Channel:
        """Make a channel; ``tags`` and ``require_tag`` are for forums."""
        channel = Channel(
            id=id or self.world.new_id(),
            guild_id=guild.id,
            type=type,
            name=name,
            topic=topic,
            position=len(guild.channels),
            tags=[Tag(id=self.world.new_id(), name=tag) for tag in tags],
            require_tag=require_tag,
        )
        guild.channels[channel.id] = channel
        body = channel_object(self.world, channel)
        self.world.emit(Event(name="CHANNEL_CREATE", body=body, intent=Intent.GUILDS, channel=channel))
        return channel

    def create_role(
        self,
        guild: Guild,
        name: str,
        *,
        id: int | None = None,
        permissions: int = 0,
        mentionable: bool = False,
    ) -> Role:
        """Make a role."""
        role = Role(
            id=id or self.world.new_id(),
            name=name,
            permissions=permissions,
            position=len(guild.roles),
            mentionable=mentionable,
        )
        guild.roles[role.id] = role
        body = {"guild_id": str(guild.id), "role": role_object(role)}
        self.world.emit(Event(name="GUILD_ROLE_CREATE", body=body, intent=Intent.GUILDS))
        return role

    def create_user(self, guild: Guild, name: str, *, id: int | None = None, roles: Iterable[Role] = ()) -> User:
        """Make a person, and a member of the guild of them."""
        user = User(id=id or self.world.new_id(), name=name, display_name=name.title())
        self.world.users[user.id] = user
        member = Member(user=user, joined_at=self.world.clock(), roles=[role.id for role in roles])
        guild.members[user.id] = member
        body = member_object(member) | {"guild_id": str(guild.id)}
        self.world.emit(Event(name="GUILD_MEMBER_ADD", body=body, intent=Intent.GUILD_MEMBERS))
        return user

    def own_role(self, guild: Guild) -> Role:
        """Return the role that the bot brought with it; set its ``permissions`` to give or take them."""
        return guild.roles[guild.members[self.world.bot.id].roles[0]]

    def overwrite(self, channel: Channel, who: Role | User, *, allow: int = 0, deny: int = 0) -> None:
        """Set what a channel allows and denies a role or user."""
        channel.overwrites[who.id] = Overwrite(id=who.id, of_member=isinstance(who, User), allow=allow, deny=deny)
        announce(self.world, "CHANNEL_UPDATE", channel)

    # Looking

    def messages(self, channel: Channel | int) -> list[Json]:
        """Return the messages of a channel as Discord would show them, oldest first."""
        number = channel if isinstance(channel, int) else channel.id
        _, found = self.world.place(number)
        return [message_object(self.world, message) for message in found.messages.values()]

    # Doing

    def post_as(self, user: User, channel: Channel, content: str, files: Mapping[str, bytes] | None = None) -> Message:
        """Post a message of a person's."""
        world = self.world
        guild = world.guilds[channel.guild_id]
        attachments = [
            Attachment(
                id=world.new_id(),
                filename=name,
                content=data,
                content_type=mimetypes.guess_type(name)[0] or "application/octet-stream",
            )
            for name, data in (files or {}).items()
        ]
        message = Message(
            id=world.new_id(),
            channel_id=channel.id,
            author=user,
            created_at=world.clock(),
            content=content,
            attachments=attachments,
        )
        ping(world, guild, message, BOT_MENTIONS, channel_permissions(guild, channel, guild.members[user.id], world.clock()))
        store(world, channel, message)
        return message

    async def invoke(
        self,
        command: str,
        options: Mapping[str, object] | None = None,
        *,
        user: User,
        channel: Channel,
        timeout: float = 10,  # noqa: ASYNC109 - the seconds are of the whole act, not of one wait
    ) -> Interaction:
        """Call a slash command ("status", or "group sub" with its subcommands) as a person would.

        Returns when the bot has answered: :attr:`Interaction.responses` holds the messages. Users, channels and roles may stand as
        option values. Raises NotOfferedError when Discord would not let the person, TimeoutError when no answer comes.
        """
        data, _ = self._command_data(command, options or {}, user, channel)
        interaction = self._begin(InteractionType.COMMAND, user, channel, data)
        async with asyncio.timeout(timeout):
            await interaction.answered.wait()
        return interaction

    async def autocomplete(
        self,
        command: str,
        option: str,
        typed: str,
        *,
        user: User,
        channel: Channel,
        timeout: float = 10,  # noqa: ASYNC109 - as above
    ) -> list[Json]:
        """Return the choices that the bot offers for what a person has typed into an option."""
        data, leaf = self._command_data(command, {option: typed}, user, channel, partial=True)
        if not leaf["options"]:
            raise NotOfferedError(f"/{command} has no option {option!r}.")
        leaf["options"][0]["focused"] = True
        interaction = self._begin(InteractionType.AUTOCOMPLETE, user, channel, data)
        async with asyncio.timeout(timeout):
            await interaction.answered.wait()
        return interaction.choices

    async def press(
        self,
        message: Message,
        custom_id: str,
        *,
        user: User,
        values: list[str] | None = None,
        timeout: float = 10,  # noqa: ASYNC109 - as above
    ) -> Interaction:
        """Press a button, or choose ``values`` in a select, of a message."""
        _, channel = self.world.place(message.channel_id)
        data: Json = {"custom_id": custom_id, "component_type": 2 if values is None else 3, "id": 1}
        if values is not None:
            data["values"] = values
        interaction = self._begin(InteractionType.COMPONENT, user, channel, data, source=message)
        async with asyncio.timeout(timeout):
            await interaction.answered.wait()
        return interaction

    def _begin(self, kind: InteractionType, user: User, channel: Channel, data: Json, source: Message | None = None) -> Interaction:
        world = self.world
        guild = world.guilds[channel.guild_id]
        interaction = self.interactions.begin(world, kind, guild, channel, user, data)
        interaction.source = source
        now = world.clock()
        member = guild.members[user.id]
        person = channel_permissions(guild, channel, member, now)
        body: Json = {
            "id": str(interaction.id),
            "application_id": str(world.bot.id),
            "type": int(kind),
            "token": interaction.token,
            "version": 1,
            "data": data,
            "guild_id": str(guild.id),
            "guild": {"id": str(guild.id), "locale": "en-US", "features": ["COMMUNITY", "NEWS"]},
            "channel_id": str(channel.id),
            "channel": channel_object(world, channel) | {"permissions": str(person)},
            "member": member_object(member) | {"permissions": str(person)},
            "app_permissions": str(channel_permissions(guild, channel, guild.members[world.bot.id], now)),
            "locale": "en-US",
            "guild_locale": "en-US",
            "entitlements": [],
            "authorizing_integration_owners": {"0": str(guild.id)},
            "context": 0,
            "attachment_size_limit": 10 * 1024 * 1024,
        }
        if source is not None:
            body["message"] = message_object(world, source)
        world.emit(Event(name="INTERACTION_CREATE", body=body))
        return interaction

    def _command_data(
        self, command: str, values: Mapping[str, object], user: User, channel: Channel, *, partial: bool = False
    ) -> tuple[Json, Json]:
        guild = self.world.guilds[channel.guild_id]
        name, *path = command.removeprefix("/").split()
        found = next(
            (kept for kept in self.commands.shown_in(guild.id) if kept["name"] == name and kept["type"] == CHAT_INPUT), None
        )
        if found is None:
            raise NotOfferedError(f"The bot has no command /{name}.")
        bits = channel_permissions(guild, channel, guild.members[user.id], self.world.clock())
        if not bits & Permission.USE_APPLICATION_COMMANDS:
            raise NotOfferedError(f"{user.name} may not use commands in #{channel.name}.")
        needed = found["default_member_permissions"]
        if needed is not None and not bits & Permission.ADMINISTRATOR and (needed == "0" or int(needed) & ~bits):
            raise NotOfferedError(f"/{name} is not shown to {user.name}.")
        data: Json = {"id": found["id"], "name": name, "type": CHAT_INPUT, "options": [], "resolved": {}}
        if "guild_id" in found:
            data["guild_id"] = found["guild_id"]
        leaf, schema = data, found
        for step in path:
            schema = next((option for option in schema.get("options", ()) if option["name"] == step), None)
            if schema is None or schema["type"] not in {SUB_COMMAND, SUB_COMMAND_GROUP}:
                raise NotOfferedError(f"/{name} has no subcommand {step}.")
            inner: Json = {"name": step, "type": schema["type"], "options": []}
            leaf["options"].append(inner)
            leaf = inner
        self._fill(schema, leaf, values, data["resolved"], guild, partial=partial)
        return data, leaf

    def _fill(self, schema: Json, leaf: Json, values: Mapping[str, object], resolved: Json, guild: Guild, *, partial: bool) -> None:
        options: dict[str, Json] = {option["name"]: option for option in schema.get("options", ())}
        if any(option["type"] in {SUB_COMMAND, SUB_COMMAND_GROUP} for option in options.values()):
            raise NotOfferedError(f"/{schema['name']} needs one of its subcommands: {', '.join(options)}.")
        unknown = set(values) - set(options)
        missing = {name for name, option in options.items() if option.get("required") and name not in values}
        if unknown or (missing and not partial):
            raise NotOfferedError(f"/{schema['name']}: unknown options {sorted(unknown)}, missing options {sorted(missing)}.")
        for name, value in values.items():
            option = options[name]
            given: Any = value
            if option["type"] in _RESOLVED:
                given = self._resolve(value, resolved, guild)
            elif "choices" in option and not partial and all(choice["value"] != value for choice in option["choices"]):
                raise NotOfferedError(f"{value!r} is none of the choices of {name}.")
            leaf["options"].append({"name": name, "type": option["type"], "value": given})

    def _resolve(self, value: object, resolved: Json, guild: Guild) -> str:
        match value:
            case User():
                key = str(value.id)
                resolved.setdefault("users", {})[key] = user_object(value)
                member = guild.members[value.id]
                partial = member_object(member, with_user=False) | {"permissions": "0"}
                resolved.setdefault("members", {})[key] = partial
            case Role():
                key = str(value.id)
                resolved.setdefault("roles", {})[key] = role_object(value)
            case Channel():
                key = str(value.id)
                own = guild.members[self.world.bot.id]
                bits = str(channel_permissions(guild, value, own, self.world.clock()))
                body = channel_object(self.world, value) | {"permissions": bits, "app_permissions": bits}
                resolved.setdefault("channels", {})[key] = body
            case _:
                raise NotOfferedError(f"{value!r} is no user, role or channel.")
        return key
