# ruff: noqa: A002 - types are called so in every object of Discord's
"""What a person or a test does in the sandbox: make servers and channels, speak, call commands, press buttons, look."""

import asyncio
import mimetypes
from collections.abc import Iterable, Mapping, Sequence

from discord_sandbox.api_errors import ApiError, Json
from discord_sandbox.changes import announce, remove, remove_channel, store
from discord_sandbox.interactions import (
    Interaction,
    Interactions,
    InteractionType,
    NoAnswerError,
    NotOfferedError,
    interaction_object,
)
from discord_sandbox.objects.guilds import guild_create_object, member_object, role_object
from discord_sandbox.objects.messages import message_object
from discord_sandbox.people.modals import filled
from discord_sandbox.people.offers import Choice, Offered, Offers
from discord_sandbox.people.resolving import Resolved
from discord_sandbox.people.scenes import Scene, scene_of
from discord_sandbox.permissions import CORE, EVERYONE, Permission, permissions_in
from discord_sandbox.rules.messages import BOT_MENTIONS, ping
from discord_sandbox.world import (
    Channel,
    ChannelType,
    Guild,
    Intent,
    Member,
    Message,
    Overwrite,
    Role,
    StoredFile,
    Tag,
    User,
    World,
)


class Control:
    """The hands of people in the sandbox."""

    def __init__(self, world: World) -> None:
        """Act on ``world``."""
        self.world = world
        self.commands = world.commands
        self.interactions = Interactions()
        self.offers = Offers(world=world)

    # Making things

    def create_guild(
        self,
        name: str = "Sandbox",
        *,
        bot_permissions: int = CORE,
        everyone: int = EVERYONE,
        locale: str = "en-US",
        with_bot: bool = True,
    ) -> Guild:
        """Make a guild with the bot in it: ``everyone`` may do so much, the bot's own role ``bot_permissions`` more.

        In one without the bot (``with_bot`` false) only those use the app who installed it for themselves (:meth:`install_for`).
        """
        world = self.world
        guild = Guild(id=world.new_id(), name=name, owner_id=world.owner.id, locale=locale)
        guild.roles[guild.id] = Role(id=guild.id, name="@everyone", permissions=everyone, position=0)
        now = world.clock()
        guild.members[world.owner.id] = Member(user=world.owner, joined_at=now)
        world.guilds[guild.id] = guild
        if with_bot:
            own = Role(id=world.new_id(), name=world.bot.name, permissions=bot_permissions, position=1, managed=True)
            guild.roles[own.id] = own
            guild.members[world.bot.id] = Member(user=world.bot, joined_at=now, roles=[own.id])
            world.tell("GUILD_CREATE", guild_create_object(world, guild), Intent.GUILDS)
        return guild

    def _tell(self, guild: Guild, name: str, body: Json, intent: Intent = Intent.GUILDS) -> None:
        """Tell of a change in a guild, if the bot is in it."""
        if self.world.has_bot(guild):
            self.world.tell(name, {"guild_id": str(guild.id), **body}, intent)

    def set_away(self, guild: Guild, *, away: bool) -> None:
        """Begin or end an outage of a guild: the gateway says that it is unavailable, and later gives it anew."""
        guild.is_away = away
        if away:
            self.world.tell("GUILD_DELETE", {"id": str(guild.id), "unavailable": True}, Intent.GUILDS)
        else:
            self.world.tell("GUILD_CREATE", guild_create_object(self.world, guild), Intent.GUILDS)

    def create_dm(self, user: User) -> Channel:
        """Open the direct messages of a person with the bot, or return those that are open."""
        return self.world.direct_channel(user)

    def create_private_channel(self, *users: User) -> Channel:
        """Make direct messages between people, without the bot: of two, or a group's; the first is its owner."""
        channel = Channel(
            id=self.world.new_id(),
            guild_id=None,
            type=ChannelType.DIRECT if len(users) == 2 else ChannelType.GROUP_DIRECT,  # noqa: PLR2004 - a pair
            name=", ".join(user.name for user in users),
            recipients=list(users),
        )
        self.world.private[channel.id] = channel
        return channel

    def install_for(self, user: User) -> None:
        """Install the app for a person, who may then use it wherever it is offered to those."""
        self.world.installed_for.add(user.id)

    def join(self, guild: Guild, user: User) -> None:
        """Make a person that there is already a member of another guild."""
        self._add_member(guild, user, ())

    def _add_member(self, guild: Guild, user: User, roles: Iterable[Role]) -> None:
        member = Member(user=user, joined_at=self.world.clock(), roles=[role.id for role in roles])
        guild.members[user.id] = member
        self._tell(guild, "GUILD_MEMBER_ADD", member_object(member), Intent.GUILD_MEMBERS)

    def create_channel(
        self,
        guild: Guild,
        name: str,
        type: ChannelType = ChannelType.TEXT,
        *,
        topic: str | None = None,
        tags: Iterable[str] = (),
        require_tag: bool = False,
    ) -> Channel:
        """Make a channel; ``tags`` and ``require_tag`` are for forums."""
        channel = Channel(
            id=self.world.new_id(),
            guild_id=guild.id,
            type=type,
            name=name,
            topic=topic,
            position=len(guild.channels),
            tags=[Tag(id=self.world.new_id(), name=tag) for tag in tags],
            require_tag=require_tag,
        )
        guild.channels[channel.id] = channel
        announce(self.world, "CHANNEL_CREATE", channel)
        return channel

    def create_role(self, guild: Guild, name: str, *, permissions: int = 0, mentionable: bool = False) -> Role:
        """Make a role, right above @everyone, where Discord puts new ones."""
        for other in guild.roles.values():
            other.position += other.id != guild.id
        role = Role(id=self.world.new_id(), name=name, permissions=permissions, position=1, mentionable=mentionable)
        guild.roles[role.id] = role
        self._tell(guild, "GUILD_ROLE_CREATE", {"role": role_object(role)})
        return role

    def raise_role(self, guild: Guild, role: Role) -> None:
        """Put a role above all others, the bot's own too."""
        role.position = max(other.position for other in guild.roles.values()) + 1
        self._tell(guild, "GUILD_ROLE_UPDATE", {"role": role_object(role)})

    def set_permissions(self, guild: Guild, role: Role, permissions: int) -> None:
        """Set what a role may do in the whole guild."""
        role.permissions = permissions
        self._tell(guild, "GUILD_ROLE_UPDATE", {"role": role_object(role)})

    def create_user(self, guild: Guild, name: str, *, roles: Iterable[Role] = (), locale: str = "en-US") -> User:
        """Make a person whose Discord speaks ``locale``, and a member of the guild of them."""
        user = User(id=self.world.new_id(), name=name, display_name=name.title(), locale=locale)
        self.world.users[user.id] = user
        self._add_member(guild, user, roles)
        return user

    def own_role(self, guild: Guild) -> Role:
        """Return the role that the bot brought with it; which may be given and taken permissions (:meth:`set_permissions`)."""
        return guild.roles[guild.members[self.world.bot.id].roles[0]]

    def overwrite(self, channel: Channel, who: Role | User, *, allow: int = 0, deny: int = 0) -> None:
        """Set what a channel allows and denies a role or user."""
        channel.overwrites[who.id] = Overwrite(id=who.id, of_member=isinstance(who, User), allow=allow, deny=deny)
        announce(self.world, "CHANNEL_UPDATE", channel)

    def delete_channel(self, channel: Channel) -> None:
        """Delete a channel, as somebody who manages the server does."""
        remove_channel(self.world, self.world.guilds[channel.guild_id or 0], channel)

    def delete_message(self, channel: Channel, message: int) -> None:
        """Delete a message, as somebody who manages messages does."""
        remove(self.world, channel, channel.messages[message])

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
        guild, _ = world.place(channel.id)
        message = world.draft(channel, author=user)
        message.content = content
        for name, data in (files or {}).items():
            kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
            message.attachments.append(StoredFile(id=world.new_id(), filename=name, content=data, content_type=kind))
        ping(world, guild, message, BOT_MENTIONS, permissions_in(guild, channel, user, world.clock()))
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
        option values. Raises NotOfferedError when Discord would not let the person, NoAnswerError when no answer comes.
        """
        scene = self._scene(channel, user)
        return await self._act(InteractionType.COMMAND, scene, self.offers.command(scene, command, options or {}), timeout)

    async def invoke_on(
        self,
        command: str,
        target: Message | User,
        *,
        user: User,
        channel: Channel,
        timeout: float = 10,  # noqa: ASYNC109 - as above
    ) -> Interaction:
        """Call a command of the menu of a message or user, by its name; else as :meth:`invoke`."""
        scene = self._scene(channel, user)
        found = (
            self.offers.on_user(scene, command, target)
            if isinstance(target, User)
            else self.offers.on_message(scene, command, target)
        )
        return await self._act(InteractionType.COMMAND, scene, found, timeout)

    async def autocomplete(
        self,
        command: str,
        option: str,
        typed: str,
        *,
        user: User,
        channel: Channel,
        options: Mapping[str, object] | None = None,
        timeout: float = 10,  # noqa: ASYNC109 - as above
    ) -> list[Json]:
        """Return the choices that the bot offers for what a person has typed into an option, ``options`` filled before."""
        scene = self._scene(channel, user)
        found = self.offers.command(scene, command, {**(options or {}), option: typed}, typed_in=option)
        return (await self._act(InteractionType.AUTOCOMPLETE, scene, found, timeout)).choices

    async def press(
        self,
        message: Message,
        custom_id: str,
        *,
        user: User,
        values: Sequence[Choice] | None = None,
        acknowledged: bool = False,
        timeout: float = 10,  # noqa: ASYNC109 - as above
    ) -> Interaction:
        """Press a button, or choose ``values`` in a select, of a message as it stands now; else as :meth:`invoke`.

        With ``acknowledged`` the bot need do no more than say that it has heard, as it may when the message is to stay as it is.
        """
        try:
            _, channel = self.world.place(message.channel_id)
        except ApiError:
            raise NotOfferedError(f"The channel of message {message.id} is gone.") from None
        scene = self._scene(channel, user)
        source = channel.find(message.id)
        if source is None or source.only_for not in {None, user.id}:
            raise NotOfferedError(f"{user.name} sees no message {message.id} in #{channel.name}.")
        found = self.offers.component(scene, source, custom_id, values)
        return await self._act(InteractionType.COMPONENT, scene, found, timeout, source=source, acknowledged=acknowledged)

    async def submit(
        self,
        interaction: Interaction,
        values: Mapping[str, object],
        *,
        acknowledged: bool = False,
        timeout: float = 10,  # noqa: ASYNC109 - as above
    ) -> Interaction:
        """Submit the modal that the bot answered an interaction with; ``values`` are its fields' by custom id.

        A text input takes text, a checkbox a truth value, a radio group a value, all else a list of values. A field left out keeps
        what stands in it. Else as :meth:`press`.
        """
        if interaction.modal is None or interaction.modal_submitted:
            raise NotOfferedError("No modal is open.")
        scene = self._scene(interaction.channel, interaction.user)
        data = filled(interaction.modal, values, Resolved(world=self.world, scene=scene))
        found = Offered(data=data, owners=interaction.owners)
        done = await self._act(InteractionType.MODAL_SUBMIT, scene, found, timeout, opener=interaction, acknowledged=acknowledged)
        interaction.modal_submitted = True
        return done

    def _scene(self, channel: Channel, user: User) -> Scene:
        scene = scene_of(self.world, channel, user)
        if not scene.permissions & Permission.VIEW_CHANNEL:
            raise NotOfferedError(f"{user.name} does not see #{channel.name}.")
        return scene

    async def _act(
        self,
        kind: InteractionType,
        scene: Scene,
        offered: Offered,
        timeout: float,  # noqa: ASYNC109 - as above
        *,
        source: Message | None = None,
        opener: Interaction | None = None,
        acknowledged: bool = False,
    ) -> Interaction:
        if opener and opener.source:
            source = scene.channel.find(opener.source.id) or opener.source
        interaction = self.interactions.begin(
            self.world, kind, scene, offered.data, owners=offered.owners, source=source, opener=opener
        )
        self.world.tell("INTERACTION_CREATE", interaction_object(self.world, scene, interaction))
        try:
            async with asyncio.timeout(timeout):
                await interaction.settled(acknowledged=acknowledged)
        except TimeoutError:
            raise NoAnswerError(interaction) from None
        if interaction.failed:
            raise NoAnswerError(interaction)
        return interaction
