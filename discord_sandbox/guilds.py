"""The routes of guilds, users, the application, and the way to the gateway."""

from dataclasses import dataclass

from discord_sandbox.api_errors import refusal
from discord_sandbox.call import Call, Reply, Route, as_json_object
from discord_sandbox.objects import application_object, channel_object, guild_object, own_user_object, role_object, user_object
from discord_sandbox.permissions import channel_permissions, guild_permissions
from discord_sandbox.validation import Form, Problems


@dataclass(frozen=True, slots=True, kw_only=True)
class GuildRoutes:
    """Answers the routes of guilds and users, and those that a client asks before it connects."""

    def routes(self) -> list[Route]:
        """Return the table."""
        guild = "/guilds/{guild_id}"
        return [
            Route(method="GET", template="/users/@me", handler=self.me),
            Route(method="GET", template="/users/@me/guilds", handler=self.my_guilds),
            Route(method="POST", template="/users/@me/channels", handler=self.open_direct),
            Route(method="GET", template="/users/{user_id}", handler=self.user),
            Route(method="GET", template="/applications/@me", handler=self.application),
            Route(method="GET", template="/oauth2/applications/@me", handler=self.application),
            Route(method="GET", template="/gateway", handler=self.gateway, open_to_all=True),
            Route(method="GET", template="/gateway/bot", handler=self.gateway_for_bots),
            Route(method="GET", template=guild, handler=self.read),
            Route(method="GET", template=f"{guild}/channels", handler=self.channels),
            Route(method="GET", template=f"{guild}/roles", handler=self.roles),
            Route(method="GET", template=f"{guild}/roles/{{role_id}}", handler=self.role),
            Route(method="GET", template=f"{guild}/threads/active", handler=self.active_threads),
        ]

    def me(self, call: Call) -> Reply:
        """Get Current User."""
        return Reply(body=own_user_object(call.world.bot))

    def my_guilds(self, call: Call) -> Reply:
        """Get Current User Guilds."""
        world = call.world
        mine = [guild for guild in world.guilds.values() if world.has_bot(guild)]
        return Reply(
            body=[
                {
                    "id": str(guild.id),
                    "name": guild.name,
                    "icon": None,
                    "banner": None,
                    "owner": guild.owner_id == world.bot.id,
                    "permissions": str(guild_permissions(guild, guild.members[world.bot.id], world.clock())),
                    "features": ["COMMUNITY", "NEWS"],
                }
                for guild in mine
            ]
        )

    def user(self, call: Call) -> Reply:
        """Get User."""
        user = call.world.users.get(call.id("user_id"))
        if user is None:
            raise refusal(10013)
        return Reply(body=user_object(user))

    def open_direct(self, call: Call) -> Reply:
        """Create DM: opens the direct messages with a user, or returns those that are open."""
        problems = Problems()
        form = Form(as_json_object(call.json), problems)
        number = form.snowflake("recipient_id")
        if not form.has("recipient_id"):
            form.fault("recipient_id", "BASE_TYPE_REQUIRED", "This field is required")
        problems.raise_any()
        user = call.world.users.get(number or 0)
        if user is None:
            raise refusal(10013)
        if user.bot:
            raise refusal(50007)
        return Reply(body=channel_object(call.world, call.world.direct_channel(user)))

    def application(self, call: Call) -> Reply:
        """Get Current Application, by either of its addresses."""
        return Reply(body=application_object(call.world))

    def _gateway_url(self, call: Call) -> str:
        return f"{call.world.base_url.replace('http', 'ws', 1)}/gateway"

    def gateway(self, call: Call) -> Reply:
        """Get Gateway."""
        return Reply(body={"url": self._gateway_url(call)})

    def gateway_for_bots(self, call: Call) -> Reply:
        """Get Gateway Bot."""
        limit = {"total": 1000, "remaining": 1000, "reset_after": 0, "max_concurrency": 1}
        return Reply(body={"url": self._gateway_url(call), "shards": 1, "session_start_limit": limit})

    def read(self, call: Call) -> Reply:
        """Get Guild."""
        guild = call.world.guild(call.id("guild_id"))
        body = guild_object(guild)
        if call.query.get("with_counts", "").lower() in {"true", "1"}:
            body |= {"approximate_member_count": len(guild.members), "approximate_presence_count": 1}
        return Reply(body=body)

    def channels(self, call: Call) -> Reply:
        """Get Guild Channels: all, without the threads."""
        guild = call.world.guild(call.id("guild_id"))
        return Reply(body=[channel_object(call.world, channel) for channel in guild.channels.values() if not channel.thread])

    def roles(self, call: Call) -> Reply:
        """Get Guild Roles."""
        guild = call.world.guild(call.id("guild_id"))
        return Reply(body=[role_object(role) for role in guild.roles.values()])

    def role(self, call: Call) -> Reply:
        """Get Guild Role."""
        role = call.world.guild(call.id("guild_id")).roles.get(call.id("role_id"))
        if role is None:
            raise refusal(10011)
        return Reply(body=role_object(role))

    def active_threads(self, call: Call) -> Reply:
        """List Active Guild Threads that the bot can see."""
        world = call.world
        guild = world.guild(call.id("guild_id"))
        own = guild.members[world.bot.id]
        threads = [
            channel_object(world, thread)
            for thread in world.threads_of(guild)
            if channel_permissions(guild, thread, own, world.clock())
        ]
        return Reply(body={"threads": threads, "members": [], "has_more": False})
