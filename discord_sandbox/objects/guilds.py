"""Guilds and what is in them as the JSON objects of Discord's API v10; shapes as in Discord's published OpenAPI description."""

from datetime import datetime
from typing import Final

from discord_sandbox.api_errors import Json
from discord_sandbox.permissions import channel_permissions
from discord_sandbox.world import Channel, ChannelType, Guild, Intent, Member, Overwrite, Role, ScheduledEvent, Thread, User, World

FEATURES: Final = ["COMMUNITY", "NEWS"]
_NO_PICTURES: Final = ("icon", "home_header", "splash", "discovery_splash", "banner")
_NO_CHANNELS: Final = ("afk", "system", "widget", "rules", "safety_alerts", "public_updates")
_NONE_OF_A_GUILD: Final = ("description", "application_id", "max_presences", "vanity_url_code", "incidents_data")
_PRIVILEGED: Final = {Intent.GUILD_PRESENCES: 1 << 13, Intent.GUILD_MEMBERS: 1 << 15, Intent.MESSAGE_CONTENT: 1 << 19}
"""The flags of an application that has been given these intents in a few guilds."""


def stamp(moment: datetime) -> str:
    """Write an instant as Discord does."""
    return moment.isoformat(timespec="microseconds")


def user_object(user: User) -> Json:
    """Return a user."""
    body: Json = {
        "id": str(user.id),
        "username": user.name,
        "global_name": user.display_name,
        "discriminator": "0000" if user.bot else "0",
        "avatar": None,
        "public_flags": 0,
        "flags": 0,
        "primary_guild": None,
    }
    return body | {"bot": True} if user.bot else body


def own_user_object(user: User) -> Json:
    """Return the bot's own user, with what only it may see."""
    return user_object(user) | {"mfa_enabled": True, "locale": "en-US", "verified": True, "email": None}


def role_object(role: Role) -> Json:
    """Return a role."""
    return {
        "id": str(role.id),
        "name": role.name,
        "permissions": str(int(role.permissions)),
        "position": role.position,
        "color": role.color,
        "colors": {"primary_color": role.color, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "managed": role.managed,
        "mentionable": role.mentionable,
        "icon": None,
        "unicode_emoji": None,
        "flags": 0,
    }


def member_object(member: Member, *, with_user: bool = True) -> Json:
    """Return a guild member."""
    body: Json = {
        "avatar": None,
        "banner": None,
        "communication_disabled_until": stamp(member.timed_out_until) if member.timed_out_until else None,
        "flags": 0,
        "joined_at": stamp(member.joined_at),
        "nick": None,
        "pending": False,
        "premium_since": None,
        "roles": [str(role) for role in member.roles],
        "mute": False,
        "deaf": False,
    }
    return body | {"user": user_object(member.user)} if with_user else body


def _overwrite_object(overwrite: Overwrite) -> Json:
    return {
        "id": str(overwrite.id),
        "type": int(overwrite.of_member),
        "allow": str(int(overwrite.allow)),
        "deny": str(int(overwrite.deny)),
    }


def _id(value: int | None) -> str | None:
    return None if value is None else str(value)


def _private_channel_object(world: World, channel: Channel) -> Json:
    body: Json = {
        "id": str(channel.id),
        "type": int(channel.type),
        "flags": 0,
        "last_message_id": _id(channel.last_message_id),
        "recipients": [user_object(user) for user in channel.recipients if user.id != world.bot.id],
    }
    if channel.type is ChannelType.GROUP_DIRECT:
        body |= {"name": channel.name, "icon": None, "owner_id": str(channel.recipients[0].id)}
    return body


def channel_object(world: World, channel: Channel) -> Json:
    """Return a channel, thread or direct messages."""
    if channel.guild_id is None:
        return _private_channel_object(world, channel)
    body: Json = {
        "id": str(channel.id),
        "type": int(channel.type),
        "guild_id": str(channel.guild_id),
        "name": channel.name,
        "flags": 1 << 4 if channel.require_tag else 0,
        "parent_id": _id(channel.parent_id),
        "last_message_id": _id(channel.last_message_id),
        "rate_limit_per_user": 0,
    }
    if channel.thread:
        return body | _thread_part(world, channel.id, channel.thread)
    body |= {
        "position": channel.position,
        "permission_overwrites": [_overwrite_object(overwrite) for overwrite in channel.overwrites.values()],
        "nsfw": False,
        "topic": channel.topic,
    }
    if channel.type is ChannelType.FORUM:
        body |= {
            "available_tags": [
                {"id": str(tag.id), "name": tag.name, "moderated": False, "emoji_id": None, "emoji_name": None}
                for tag in channel.tags
            ],
            "default_reaction_emoji": None,
            "default_sort_order": None,
            "default_forum_layout": 0,
        }
    return body


def _thread_part(world: World, number: int, thread: Thread) -> Json:
    made_at, own = stamp(thread.created_at), str(world.bot.id)
    body: Json = {
        "owner_id": str(thread.owner_id),
        "thread_metadata": {
            "archived": thread.is_archived(world.clock()),
            "archive_timestamp": stamp(thread.archive_changed_at),
            "auto_archive_duration": thread.auto_archive,
            "locked": thread.locked,
            "create_timestamp": made_at,
        },
        "message_count": thread.sent,
        "total_message_sent": thread.sent,
        "member_count": 1,
        "member": {"id": str(number), "user_id": own, "join_timestamp": made_at, "flags": 1},
    }
    return body | {"applied_tags": [str(tag) for tag in thread.tags]} if thread.tags else body


def guild_object(guild: Guild) -> Json:
    """Return a guild as the REST API gives it."""
    return {
        **dict.fromkeys((*_NO_PICTURES, *_NONE_OF_A_GUILD)),
        **{f"{name}_channel_id": None for name in _NO_CHANNELS},
        "id": str(guild.id),
        "name": guild.name,
        "features": FEATURES,
        "owner_id": str(guild.owner_id),
        "region": "us-west",
        "afk_timeout": 300,
        "system_channel_flags": 0,
        "widget_enabled": False,
        "verification_level": 0,
        "roles": [role_object(role) for role in guild.roles.values()],
        "default_message_notifications": 1,
        "mfa_level": 0,
        "explicit_content_filter": 0,
        "max_members": 500000,
        "max_stage_video_channel_users": 50,
        "max_video_channel_users": 25,
        "premium_tier": 0,
        "premium_subscription_count": 0,
        "preferred_locale": guild.locale,
        "premium_progress_bar_enabled": False,
        "nsfw": False,
        "nsfw_level": 0,
        "emojis": [],
        "stickers": [],
    }


def guild_create_object(world: World, guild: Guild) -> Json:
    """Return a guild as the GUILD_CREATE event gives it: with the channels and threads that the bot can see, and itself."""
    own = guild.members[world.bot.id]
    now = world.clock()
    channels = [channel for channel in guild.channels.values() if not channel.thread]
    threads = [thread for thread in world.threads_of(guild) if channel_permissions(guild, thread, own, now)]
    events = [event for event in guild.scheduled_events.values() if event.is_open(now)]
    return guild_object(guild) | {
        "joined_at": stamp(own.joined_at),
        "large": False,
        "unavailable": False,
        "member_count": len(guild.members),
        "members": [member_object(own)],
        "channels": [channel_object(world, channel) for channel in channels],
        "threads": [channel_object(world, thread) for thread in threads],
        "guild_scheduled_events": [scheduled_event_object(event, now) for event in events],
        **{name: [] for name in ("voice_states", "presences", "stage_instances", "soundboard_sounds")},
    }


def scheduled_event_object(event: ScheduledEvent, now: datetime) -> Json:
    """Return a scheduled event as it is at ``now``."""
    return {
        "id": str(event.id),
        "guild_id": str(event.guild_id),
        "channel_id": None,
        "creator_id": str(event.creator.id),
        "creator": user_object(event.creator),
        "name": event.name,
        "description": event.description,
        "scheduled_start_time": stamp(event.start),
        "scheduled_end_time": stamp(event.end),
        "privacy_level": 2,
        "status": int(event.status_at(now)),
        "entity_type": 3,
        "entity_id": None,
        "entity_metadata": {"location": event.location},
        "image": event.image,
        "recurrence_rule": event.recurrence,
        "guild_scheduled_event_exceptions": [],
    }


def application_object(world: World) -> Json:
    """Return the bot's application."""
    limited = sum(flag for intent, flag in _PRIVILEGED.items() if world.privileged_intents & intent)
    return {
        "id": str(world.bot.id),
        "name": world.bot.name,
        "description": "",
        "bot": user_object(world.bot),
        "bot_public": False,
        "bot_require_code_grant": False,
        "verify_key": "0" * 64,
        "flags": limited,
        "flags_new": str(limited),
        "redirect_uris": [],
        "owner": user_object(world.owner),
        "approximate_guild_count": sum(world.has_bot(guild) for guild in world.guilds.values()),
        "approximate_user_install_count": len(world.installed_for),
        "approximate_user_authorization_count": 0,
        "explicit_content_filter": 0,
        "eligible_oauth2_scopes": [],
        "tags": [],
        **dict.fromkeys(("icon", "type", "team", "interactions_endpoint_url", "role_connections_verification_url")),
    }
