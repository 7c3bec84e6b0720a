"""What a message may be: the limits on content, embeds, files, mentions, and how edits change it (docs, *Message resource*)."""

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from discord_sandbox.api_errors import plain_refusal, refusal
from discord_sandbox.permissions import Permission
from discord_sandbox.rules.components import component_texts, read_components
from discord_sandbox.rules.embeds import embed_texts, read_embeds
from discord_sandbox.rules.files import ReceivedFile, check_references, read_attachments
from discord_sandbox.rules.form import Form
from discord_sandbox.world import Guild, Message, MessageFlag, World

CONTENT: Final = 2000
NONCE: Final = 25
TEXT_BYTES: Final = 10_170
"""UTF-8 bytes of text, and twelve for each text display, from which on the API fails (discord-api-docs issue 8554)."""
TEXT_DISPLAY_BYTES: Final = 12

_EDIT_FLAGS: Final = MessageFlag.SUPPRESS_EMBEDS | MessageFlag.IS_COMPONENTS_V2
_CREATE_FLAGS: Final = _EDIT_FLAGS | MessageFlag.SUPPRESS_NOTIFICATIONS | MessageFlag.IS_VOICE_MESSAGE | MessageFlag.EPHEMERAL
_CODE: Final = re.compile(r"```.*?```|(`+)(?!`).*?(?<!`)\1(?!`)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mentions:
    """A request's ``allowed_mentions``."""

    everyone: bool
    all_users: bool
    all_roles: bool
    users: frozenset[int] = frozenset()
    roles: frozenset[int] = frozenset()


BOT_MENTIONS: Final = Mentions(everyone=True, all_users=True, all_roles=True)
"""What a bot's message may ping when the request says nothing."""
INTERACTION_MENTIONS: Final = Mentions(everyone=False, all_users=True, all_roles=False)
"""Likewise for interactions and webhooks."""


def read_mentions(form: Form, default: Mentions) -> Mentions:
    """Read ``allowed_mentions``; ``parse`` and ids of the same kind exclude each other."""
    inner = form.child("allowed_mentions")
    if inner is None:
        return default
    parse: set[str] = set()
    for index, value in enumerate(inner.values("parse", most=3) or ()):
        if value in {"users", "roles", "everyone"}:
            parse.add(str(value))
        elif value is not None:
            inner.fault(("parse", str(index)), "BASE_TYPE_CHOICES", "Value must be one of ('roles', 'users', 'everyone').")
    users = inner.snowflakes("users", most=100) or []
    roles = inner.snowflakes("roles", most=100) or []
    inner.boolean("replied_user")
    for kind, ids in (("users", users), ("roles", roles)):
        if kind in parse and ids:
            message = f'parse:["{kind}"] and {kind}: [ids...] are mutually exclusive.'
            inner.fault((), "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", message)
    return Mentions(
        everyone="everyone" in parse,
        all_users="users" in parse,
        all_roles="roles" in parse,
        users=frozenset(users),
        roles=frozenset(roles),
    )


def write(
    world: World,
    guild: Guild | None,
    form: Form,
    files: list[ReceivedFile],
    message: Message,
    bits: int,
    *,
    editing: bool,
    answering: bool,
) -> None:
    """Make of ``message`` what a create or edit request says; raise the refusal of a request that Discord would not take.

    Only ``bits`` allow files, embeds and the mention of everyone; ``answering`` an interaction takes no permission for the first two.
    """
    mentions = read_mentions(form, INTERACTION_MENTIONS if answering else BOT_MENTIONS)
    if files and not answering and not bits & Permission.ATTACH_FILES:
        raise refusal(50013)
    _read_body(world, form, files, message, editing=editing)
    if not answering and not bits & Permission.EMBED_LINKS and form.has("embeds"):
        message.embeds = []
    if not (message.content or message.embeds or message.components or message.attachments):
        raise refusal(50006)
    ping(world, guild, message, mentions, bits)


def _read_body(world: World, form: Form, files: list[ReceivedFile], message: Message, *, editing: bool) -> None:
    """Read a request into ``message``; raise 50035 with every fault of the form, and 500 beyond the hidden ceiling in bytes."""
    _read_flags(form, message, editing=editing)
    modern = bool(message.flags & MessageFlag.IS_COMPONENTS_V2)
    if form.has("content"):
        message.content = form.text("content", most=CONTENT) or ""
    if form.has("embeds"):
        message.embeds = read_embeds(form)
    if form.has("components"):
        message.components = read_components(form, modern=modern)
    _refuse_unsupported(form)
    if modern:
        _refuse_legacy(form, message)
    if form.has("attachments") or files:
        message.attachments = read_attachments(world, form, files, message.attachments)
    if not editing or form.has("embeds") or form.has("components"):
        check_references(form, message.embeds, message.components, message.attachments)
    form.raise_any()
    _check_ceiling(message)


def read_nonce(form: Form) -> str | int | None:
    """Read the nonce: an int64, or a text of at most 25 characters."""
    value = form.data.get("nonce")
    if isinstance(value, int) and not isinstance(value, bool):
        return form.integer("nonce", least=-(1 << 63), most=(1 << 63) - 1)
    return form.text("nonce", most=NONCE)


def _read_flags(form: Form, message: Message, *, editing: bool) -> None:
    flags = form.integer("flags", least=0, most=(1 << 31) - 1)
    if flags is None:
        return
    if editing:
        # Components V2 cannot be taken back; everything but the two editable flags stays as it is.
        kept = message.flags & (~_EDIT_FLAGS | MessageFlag.IS_COMPONENTS_V2)
        message.flags = kept | flags & _EDIT_FLAGS
    else:
        message.flags = flags & _CREATE_FLAGS


def _refuse_legacy(form: Form, message: Message) -> None:
    for name, filled in (("content", bool(message.content)), ("embeds", bool(message.embeds))):
        if filled:
            text = f"The '{name}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2"
            form.fault(name, "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2", text)


def _refuse_unsupported(form: Form) -> None:
    for name in ("sticker_ids", "poll", "shared_client_theme"):
        if form.data.get(name):
            form.fault(name, "BASE_TYPE_CHOICES", "The sandbox keeps no stickers, polls or themes.")


def _check_ceiling(message: Message) -> None:
    embeds = [text for embed in message.embeds for text in embed_texts(embed)]
    displays = component_texts(message.components)
    try:
        size = sum(len(text.encode()) for text in (message.content, *embeds, *displays))
    except UnicodeEncodeError:
        # An unpaired surrogate: the API fails on it as on too many bytes (discord-api-docs issue 6561).
        raise plain_refusal(HTTPStatus.INTERNAL_SERVER_ERROR) from None
    if size + TEXT_DISPLAY_BYTES * len(displays) > TEXT_BYTES:
        raise plain_refusal(HTTPStatus.INTERNAL_SERVER_ERROR)


def ping(world: World, guild: Guild | None, message: Message, mentions: Mentions, bits: int) -> None:
    """Work out whom a message pings: what its content mentions, as far as allowed. Code and embeds never ping."""
    text = _CODE.sub(" ", "\n".join([message.content, *component_texts(message.components)]))
    may_all = bool(bits & Permission.MENTION_EVERYONE)
    users = [int(found) for found in re.findall(r"(?<!\\)<@!?(\d+)>", text)]
    roles = [int(found) for found in re.findall(r"(?<!\\)<@&(\d+)>", text)]
    pinged = [number for number in dict.fromkeys(users) if mentions.all_users or number in mentions.users]
    message.mentions = [world.users[number] for number in pinged if number in world.users]
    message.mention_roles = [
        number
        for number in dict.fromkeys(roles)
        if (mentions.all_roles or number in mentions.roles)
        and guild
        and number in guild.roles
        and number != guild.id
        and (may_all or guild.roles[number].mentionable)
    ]
    everyone = re.search(r"(?<!\\)@(?:everyone|here)\b", text)
    message.mention_everyone = bool(everyone) and mentions.everyone and may_all


def read_reply(form: Form) -> int | None:
    """Read which message this one replies to (``message_reference``), None for none."""
    inner = form.child("message_reference")
    if inner is None:
        return None
    if not inner.has("message_id"):
        inner.require("message_id")
    return inner.snowflake("message_id")
