"""Naming users, roles, channels and messages in what a person chose: their ids, with the things themselves beside them."""

from dataclasses import dataclass, field

from discord_sandbox.api_errors import Json
from discord_sandbox.interactions import NotOfferedError
from discord_sandbox.objects.guilds import channel_object, member_object, role_object, user_object
from discord_sandbox.objects.messages import message_object
from discord_sandbox.people.scenes import Scene, app_permissions
from discord_sandbox.permissions import permissions_in
from discord_sandbox.rules.components import CHANNELS, ROLES, USERS
from discord_sandbox.rules.form import as_snowflake
from discord_sandbox.world import Channel, Message, Role, User, World


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """Collects the ``resolved`` part of an interaction's data."""

    world: World
    scene: Scene
    data: Json = field(default_factory=dict[str, object])

    def thing(self, value: object, kinds: frozenset[str]) -> str:
        """Name a user, role or channel, given as such or by its id, and return the id; refuse what is of none of the ``kinds``."""
        found = self._by_id(value, kinds) if isinstance(value, (str, int)) else value
        match found:
            case User() if USERS in kinds:
                self.user(found)
            case Role() if ROLES in kinds and self.scene.guild and found.id in self.scene.guild.roles:
                self.data.setdefault("roles", {})[str(found.id)] = role_object(found)
            case Channel() if CHANNELS in kinds and self.scene.guild and found.id in self.scene.guild.channels:
                self._channel(found)
            case _:
                raise NotOfferedError(f"{value!r} is no {' or '.join(sorted(kinds))} here.")
        return str(found.id)

    def _by_id(self, value: object, kinds: frozenset[str]) -> User | Role | Channel | None:
        number = as_snowflake(value) or 0
        guild = self.scene.guild
        if USERS in kinds and number in self.world.users:
            return self.world.users[number]
        if guild and ROLES in kinds and number in guild.roles:
            return guild.roles[number]
        return guild.channels.get(number) if guild and CHANNELS in kinds else None

    def user(self, user: User) -> None:
        """Add a user, and the member that the user is in the guild."""
        key, guild = str(user.id), self.scene.guild
        self.data.setdefault("users", {})[key] = user_object(user)
        if guild and user.id in guild.members:
            bits = permissions_in(guild, self.scene.channel, user, self.world.clock())
            member = member_object(guild.members[user.id], with_user=False)
            self.data.setdefault("members", {})[key] = member | {"permissions": str(bits)}

    def _channel(self, channel: Channel) -> None:
        person = permissions_in(self.scene.guild, channel, self.scene.user, self.world.clock())
        own = app_permissions(self.world, self.scene.guild, channel)
        body = channel_object(self.world, channel) | {"permissions": str(person), "app_permissions": str(own)}
        self.data.setdefault("channels", {})[str(channel.id)] = body

    def message(self, message: Message) -> None:
        """Add a message, with all that it says: a command on a message gives the app its content (docs, *Gateway*)."""
        self.data.setdefault("messages", {})[str(message.id)] = message_object(self.world, message)
