"""The routes of guilds, users, the application, and the way to the gateway."""

from typing import Final

from discord_sandbox.api_errors import refusal
from discord_sandbox.objects.guilds import (
    application_object,
    channel_object,
    guild_object,
    own_user_object,
    role_object,
    user_object,
)
from discord_sandbox.permissions import guild_permissions
from discord_sandbox.rest.call import Call, Routes

routes: Final = Routes()


@routes("GET", "/users/@me")
def me(call: Call) -> object:
    """Get Current User."""
    return own_user_object(call.world.bot)


@routes("GET", "/users/@me/guilds")
def my_guilds(call: Call) -> object:
    """Get Current User Guilds."""
    world = call.world
    now, mine = world.clock(), [guild for guild in world.guilds.values() if world.has_bot(guild)]
    return [
        {name: value for name, value in guild_object(guild).items() if name in {"id", "name", "icon", "banner", "features"}}
        | {
            "owner": guild.owner_id == world.bot.id,
            "permissions": str(guild_permissions(guild, guild.members[world.bot.id], now)),
        }
        for guild in mine
    ]


@routes("GET", "/users/{user_id}")
def user(call: Call) -> object:
    """Get User."""
    found = call.world.users.get(call.id("user_id"))
    if found is None:
        raise refusal(10013)
    return user_object(found)


@routes("POST", "/users/@me/channels")
def open_direct(call: Call) -> object:
    """Create DM: opens the direct messages with a user, or returns those that are open."""
    form = call.form()
    number = form.snowflake("recipient_id")
    if not form.has("recipient_id"):
        form.require("recipient_id")
    form.raise_any()
    found = call.world.users.get(number or 0)
    if found is None:
        raise refusal(10013)
    if found.bot:
        raise refusal(50007)
    return channel_object(call.world, call.world.direct_channel(found))


@routes("GET", "/applications/@me", "/oauth2/applications/@me")
def application(call: Call) -> object:
    """Get Current Application, by either of its addresses."""
    return application_object(call.world)


@routes("GET", "/gateway", open_to_all=True)
def gateway(call: Call) -> object:
    """Get Gateway."""
    return {"url": call.world.gateway_url}


@routes("GET", "/gateway/bot")
def gateway_for_bots(call: Call) -> object:
    """Get Gateway Bot."""
    limit = {"total": 1000, "remaining": 1000, "reset_after": 0, "max_concurrency": 1}
    return {"url": call.world.gateway_url, "shards": 1, "session_start_limit": limit}


@routes("GET", "/guilds/{guild_id}")
def read(call: Call) -> object:
    """Get Guild."""
    body = guild_object(call.guild)
    if call.asks("with_counts"):
        body |= {"approximate_member_count": len(call.guild.members), "approximate_presence_count": 1}
    return body


@routes("GET", "/guilds/{guild_id}/channels")
def channels(call: Call) -> object:
    """Get Guild Channels: all, without the threads."""
    return [channel_object(call.world, channel) for channel in call.guild.channels.values() if not channel.thread]


@routes("GET", "/guilds/{guild_id}/roles")
def roles(call: Call) -> object:
    """Get Guild Roles."""
    return [role_object(role) for role in call.guild.roles.values()]


@routes("GET", "/guilds/{guild_id}/roles/{role_id}")
def role(call: Call) -> object:
    """Get Guild Role."""
    found = call.guild.roles.get(call.id("role_id"))
    if found is None:
        raise refusal(10011)
    return role_object(found)
