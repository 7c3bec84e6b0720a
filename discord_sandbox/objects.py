"""The sandbox's things as the JSON objects of Discord's API v10; shapes as in Discord's published OpenAPI description."""

import hashlib
import hmac
from datetime import datetime
from typing import Any
from urllib.parse import quote

from discord_sandbox.api_errors import Json
from discord_sandbox.permissions import channel_permissions
from discord_sandbox.validation import as_list, as_object
from discord_sandbox.world import (
    Channel,
    ChannelType,
    Guild,
    Intent,
    Member,
    Message,
    MessageFlag,
    Overwrite,
    Role,
    ScheduledEvent,
    StoredFile,
    User,
    World,
)

_LINK_LIFE = 24 * 60 * 60
"""Seconds for which the address of an uploaded file is good."""


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
        return body | _thread_part(world, channel)
    body |= {
        "position": channel.position,
        "permission_overwrites": [_overwrite_object(overwrite) for overwrite in channel.overwrites.values()],
        "nsfw": False,
        "topic": channel.topic,
    }
    if channel.type is ChannelType.FORUM:
        body |= {
            "available_tags": [
                {"id": str(tag.id), "name": tag.name, "moderated": tag.moderated, "emoji_id": None, "emoji_name": None}
                for tag in channel.tags
            ],
            "default_reaction_emoji": None,
            "default_sort_order": None,
            "default_forum_layout": 0,
        }
    return body


def _thread_part(world: World, channel: Channel) -> Json:
    thread = channel.thread
    assert thread is not None
    body: Json = {
        "owner_id": str(thread.owner_id),
        "thread_metadata": {
            "archived": thread.is_archived(world.clock()),
            "archive_timestamp": stamp(thread.archive_changed_at),
            "auto_archive_duration": thread.auto_archive,
            "locked": thread.locked,
            "create_timestamp": stamp(thread.created_at),
        },
        "message_count": thread.sent,
        "total_message_sent": thread.sent,
        "member_count": 1,
        "member": {
            "id": str(channel.id),
            "user_id": str(world.bot.id),
            "join_timestamp": stamp(thread.created_at),
            "flags": 1,
        },
    }
    return body | {"applied_tags": [str(tag) for tag in thread.tags]} if thread.tags else body


def guild_object(guild: Guild) -> Json:
    """Return a guild as the REST API gives it."""
    return {
        "id": str(guild.id),
        "name": guild.name,
        "icon": None,
        "description": None,
        "home_header": None,
        "splash": None,
        "discovery_splash": None,
        "features": ["COMMUNITY", "NEWS"],
        "banner": None,
        "owner_id": str(guild.owner_id),
        "application_id": None,
        "region": "us-west",
        "afk_channel_id": None,
        "afk_timeout": 300,
        "system_channel_id": None,
        "system_channel_flags": 0,
        "widget_enabled": False,
        "widget_channel_id": None,
        "verification_level": 0,
        "roles": [role_object(role) for role in guild.roles.values()],
        "default_message_notifications": 1,
        "mfa_level": 0,
        "explicit_content_filter": 0,
        "max_presences": None,
        "max_members": 500000,
        "max_stage_video_channel_users": 50,
        "max_video_channel_users": 25,
        "vanity_url_code": None,
        "premium_tier": 0,
        "premium_subscription_count": 0,
        "preferred_locale": guild.locale,
        "rules_channel_id": None,
        "safety_alerts_channel_id": None,
        "public_updates_channel_id": None,
        "premium_progress_bar_enabled": False,
        "nsfw": False,
        "nsfw_level": 0,
        "emojis": [],
        "stickers": [],
        "incidents_data": None,
    }


def guild_create_object(world: World, guild: Guild) -> Json:
    """Return a guild as the GUILD_CREATE event gives it: with the channels and threads that the bot can see, and itself."""
    own = guild.members[world.bot.id]
    now = world.clock()
    channels = [channel for channel in guild.channels.values() if not channel.thread]
    threads = [thread for thread in world.threads_of(guild) if channel_permissions(guild, thread, own, now)]
    return guild_object(guild) | {
        "joined_at": stamp(own.joined_at),
        "large": False,
        "unavailable": False,
        "member_count": len(guild.members),
        "members": [member_object(own)],
        "channels": [channel_object(world, channel) for channel in channels],
        "threads": [channel_object(world, thread) for thread in threads],
        "voice_states": [],
        "presences": [],
        "stage_instances": [],
        "guild_scheduled_events": [
            scheduled_event_object(event, now) for event in guild.scheduled_events.values() if event.is_open(now)
        ],
        "soundboard_sounds": [],
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


def signature(world: World, path: str, expires: str) -> str:
    """Return what proves that the sandbox gave out the address ``path`` until ``expires`` (seconds in hexadecimal)."""
    return hmac.new(world.signing_key, f"{path} {expires}".encode(), hashlib.sha256).hexdigest()


def attachment_url(world: World, message: Message, attachment: StoredFile) -> str:
    """Return the signed address of an uploaded file, good for a day, as those of Discord's CDN."""
    path = f"/attachments/{message.channel_id}/{attachment.id}/{quote(attachment.filename)}"
    expires = f"{int(world.clock().timestamp()) + _LINK_LIFE:x}"
    issued = f"{int(world.clock().timestamp()):x}"
    return f"{world.base_url}{path}?ex={expires}&is={issued}&hm={signature(world, path, expires)}"


def attachment_object(world: World, message: Message, attachment: StoredFile) -> Json:
    """Return an uploaded file of a message."""
    url = attachment_url(world, message, attachment)
    body: Json = {
        "id": str(attachment.id),
        "filename": attachment.filename,
        "size": len(attachment.content),
        "url": url,
        "proxy_url": url,
        "content_type": attachment.content_type,
    }
    return body | {"description": attachment.description} if attachment.description else body


def attachment_names(value: Any) -> set[str]:
    """Return the names that ``attachment://`` addresses use anywhere in embeds or components."""
    if isinstance(value, str):
        return {value.removeprefix("attachment://")} if value.startswith("attachment://") else set()
    inner = as_list(value) or list((as_object(value) or {}).values())
    return {name for element in inner for name in attachment_names(element)}


def resolve_attachments(value: Any, urls: dict[str, str]) -> Any:
    """Return embeds or components with ``attachment://`` addresses replaced by those of the uploaded files."""
    if isinstance(value, str):
        return urls.get(value.removeprefix("attachment://"), value) if value.startswith("attachment://") else value
    elements = as_list(value)
    if elements is not None:
        return [resolve_attachments(element, urls) for element in elements]
    members = as_object(value)
    return value if members is None else {name: resolve_attachments(member, urls) for name, member in members.items()}


def _embed_object(embed: Json) -> Json:
    body: Json = {"type": "rich", **embed}
    for part in ("image", "thumbnail"):
        if part in body:
            body[part] = body[part] | {"proxy_url": body[part]["url"], "width": 0, "height": 0, "flags": 0}
    for part in ("author", "footer"):
        if body.get(part, {}).get("icon_url"):
            body[part] = body[part] | {"proxy_icon_url": body[part]["icon_url"]}
    return body


def message_object(world: World, message: Message, *, with_nonce: bool = False) -> Json:
    """Return a message. ``with_nonce`` only in the answer to its creation and the MESSAGE_CREATE event."""
    guild, channel = world.place(message.channel_id)
    urls = {attachment.filename: attachment_url(world, message, attachment) for attachment in message.attachments}
    inside = attachment_names(message.embeds) | attachment_names(message.components)
    embeds = [] if message.flags & MessageFlag.SUPPRESS_EMBEDS else message.embeds
    body: Json = {
        "id": str(message.id),
        "channel_id": str(message.channel_id),
        "type": int(message.type),
        "author": user_object(message.author),
        "content": message.content,
        "timestamp": stamp(message.created_at),
        "edited_timestamp": stamp(message.edited_at) if message.edited_at else None,
        "tts": message.tts,
        "mention_everyone": message.mention_everyone,
        "mentions": [user_object(user) for user in message.mentions],
        "mention_roles": [str(role) for role in message.mention_roles],
        "attachments": [
            attachment_object(world, message, attachment) for attachment in message.attachments if attachment.filename not in inside
        ],
        "embeds": [_embed_object(resolve_attachments(embed, urls)) for embed in embeds],
        "components": resolve_attachments(message.components, urls),
        "pinned": False,
        "flags": int(message.flags),
    }
    if with_nonce and message.nonce is not None:
        body["nonce"] = message.nonce
    if message.reference:
        body["message_reference"] = message.reference
    if message.webhook_id:
        body |= {"webhook_id": str(message.webhook_id), "application_id": str(message.webhook_id)}
    if message.interaction:
        body["interaction_metadata"] = message.interaction
    thread = guild.channels.get(message.id) if guild else None
    if thread is not None and thread.parent_id == channel.id and message.flags & MessageFlag.HAS_THREAD:
        body["thread"] = channel_object(world, thread)
    return body


def hide_content(body: Json) -> Json:
    """Return a message as one sees it without the MESSAGE_CONTENT intent."""
    return body | {"content": "", "embeds": [], "attachments": [], "components": []}


def may_read(world: World, message: Message) -> bool:
    """Tell whether the bot may see what a message says: its own, one to it or that mentions it, or with the privileged intent."""
    own = message.author.id == world.bot.id or world.place(message.channel_id)[0] is None
    return own or bool(world.privileged_intents & Intent.MESSAGE_CONTENT) or any(u.id == world.bot.id for u in message.mentions)


def application_object(world: World) -> Json:
    """Return the bot's application."""
    limited = sum(
        flag
        for intent, flag in ((Intent.GUILD_PRESENCES, 1 << 13), (Intent.GUILD_MEMBERS, 1 << 15), (Intent.MESSAGE_CONTENT, 1 << 19))
        if world.privileged_intents & intent
    )
    return {
        "id": str(world.bot.id),
        "name": world.bot.name,
        "icon": None,
        "description": "",
        "type": None,
        "bot": user_object(world.bot),
        "bot_public": False,
        "bot_require_code_grant": False,
        "verify_key": "0" * 64,
        "flags": limited,
        "flags_new": str(limited),
        "redirect_uris": [],
        "interactions_endpoint_url": None,
        "role_connections_verification_url": None,
        "owner": user_object(world.owner),
        "approximate_guild_count": sum(world.has_bot(guild) for guild in world.guilds.values()),
        "approximate_user_install_count": len(world.installed_for),
        "approximate_user_authorization_count": 0,
        "explicit_content_filter": 0,
        "team": None,
        "eligible_oauth2_scopes": [],
        "tags": [],
    }
