"""The routes of members and of the roles that they have."""

from dataclasses import dataclass

from discord_sandbox.api_errors import refusal
from discord_sandbox.call import Call, Reply, Route
from discord_sandbox.objects import member_object
from discord_sandbox.permissions import Permission, guild_permissions
from discord_sandbox.validation import Form, Problems
from discord_sandbox.world import Guild, Intent, Member, Role, WorldEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberRoutes:
    """Answers the routes of members."""

    def routes(self) -> list[Route]:
        """Return the table."""
        many = "/guilds/{guild_id}/members"
        role = f"{many}/{{user_id}}/roles/{{role_id}}"
        return [
            Route(method="GET", template=many, handler=self.members),
            Route(method="GET", template=f"{many}/{{user_id}}", handler=self.member),
            Route(method="PUT", template=role, handler=self.give),
            Route(method="DELETE", template=role, handler=self.take),
        ]

    def members(self, call: Call) -> Reply:
        """List Guild Members, for applications with the privileged intent."""
        guild = call.world.guild(call.id("guild_id"))
        if not call.world.privileged_intents & Intent.GUILD_MEMBERS:
            raise refusal(50001)
        problems = Problems()
        query = Form(dict(call.query), problems)
        limit = query.integer("limit", least=1, most=1000) or 1
        after = query.snowflake("after") or 0
        problems.raise_any()
        found = sorted((member for member in guild.members.values() if member.user.id > after), key=lambda m: m.user.id)
        return Reply(body=[member_object(member) for member in found[:limit]])

    def member(self, call: Call) -> Reply:
        """Get Guild Member."""
        member = call.world.guild(call.id("guild_id")).members.get(call.id("user_id"))
        if member is None:
            raise refusal(10007)
        return Reply(body=member_object(member))

    def give(self, call: Call) -> Reply:
        """Add Guild Member Role; one that the member has already is no fault."""
        guild, member, role = self._reach(call)
        if role.id not in member.roles:
            member.roles.append(role.id)
            self._tell(call, guild, member)
        return Reply(status=204)

    def take(self, call: Call) -> Reply:
        """Remove Guild Member Role; one that the member does not have is no fault."""
        guild, member, role = self._reach(call)
        if role.id in member.roles:
            member.roles.remove(role.id)
            self._tell(call, guild, member)
        return Reply(status=204)

    def _reach(self, call: Call) -> tuple[Guild, Member, Role]:
        """Return whom and what a request is about; raise 50013 without MANAGE_ROLES, and for roles not below the bot's highest."""
        world = call.world
        guild = world.guild(call.id("guild_id"))
        member, role = guild.members.get(call.id("user_id")), guild.roles.get(call.id("role_id"))
        if member is None:
            raise refusal(10007)
        if role is None:
            raise refusal(10011)
        if role.id == guild.id:
            raise refusal(50028)
        own = guild.members[world.bot.id]
        highest = max((guild.roles[number].position for number in own.roles), default=0)
        may = guild_permissions(guild, own, world.clock()) & Permission.MANAGE_ROLES
        if not may or role.managed or role.position >= highest:
            raise refusal(50013)
        return guild, member, role

    def _tell(self, call: Call, guild: Guild, member: Member) -> None:
        body = member_object(member) | {"guild_id": str(guild.id)}
        call.world.emit(WorldEvent(name="GUILD_MEMBER_UPDATE", body=body, intent=Intent.GUILD_MEMBERS))
