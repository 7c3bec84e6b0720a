"""The routes of members and of the roles that they have."""

from typing import Final

from discord_sandbox.api_errors import refusal
from discord_sandbox.objects.guilds import member_object
from discord_sandbox.permissions import Permission, guild_permissions
from discord_sandbox.rest.call import Call, Routes
from discord_sandbox.world import Intent, Member, Role

routes: Final = Routes()
_ROLE: Final = "/guilds/{guild_id}/members/{user_id}/roles/{role_id}"


@routes("GET", "/guilds/{guild_id}/members/{user_id}")
def read(call: Call) -> object:
    """Get Guild Member."""
    return member_object(_member(call))


@routes("PUT", _ROLE)
def give_role(call: Call) -> object:
    """Add Guild Member Role; one that the member has already is no fault."""
    member, role = _reach(call)
    if role.id not in member.roles:
        member.roles.append(role.id)
        _tell(call, member)


@routes("DELETE", _ROLE)
def take_role(call: Call) -> object:
    """Remove Guild Member Role; one that the member does not have is no fault."""
    member, role = _reach(call)
    if role.id in member.roles:
        member.roles.remove(role.id)
        _tell(call, member)


def _member(call: Call) -> Member:
    member = call.guild.members.get(call.id("user_id"))
    if member is None:
        raise refusal(10007)
    return member


def _reach(call: Call) -> tuple[Member, Role]:
    """Return whom and what a request is about; raise 50013 without MANAGE_ROLES, and for roles not below the bot's highest."""
    guild, member = call.guild, _member(call)
    role = guild.roles.get(call.id("role_id"))
    if role is None:
        raise refusal(10011)
    if role.id == guild.id:
        raise refusal(50028)
    own = guild.members[call.world.bot.id]
    highest = max((guild.roles[number].position for number in own.roles), default=0)
    may = guild_permissions(guild, own, call.world.clock()) & Permission.MANAGE_ROLES
    if not may or role.managed or role.position >= highest:
        raise refusal(50013)
    return member, role


def _tell(call: Call, member: Member) -> None:
    body = member_object(member) | {"guild_id": str(call.guild.id)}
    call.world.tell("GUILD_MEMBER_UPDATE", body, Intent.GUILD_MEMBERS)
