"""Messages and their files as the JSON objects of Discord's API v10."""

import hashlib
import hmac
from typing import Any, Final
from urllib.parse import quote

from discord_sandbox.api_errors import Json
from discord_sandbox.objects.guilds import channel_object, stamp, user_object
from discord_sandbox.rules.files import attachment_names
from discord_sandbox.rules.form import as_list, as_object
from discord_sandbox.world import Intent, Message, MessageFlag, StoredFile, World

_LINK_LIFE: Final = 24 * 60 * 60
"""Seconds for which the address of an uploaded file is good."""


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
