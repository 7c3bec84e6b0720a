"""What a message may be: the limits on content, embeds, files, mentions, and how edits change it (docs, *Message resource*)."""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from discord_sandbox.api_errors import Json, refusal, server_fault
from discord_sandbox.call import ReceivedFile
from discord_sandbox.component_rules import component_texts, read_components
from discord_sandbox.objects import attachment_names
from discord_sandbox.permissions import Permission
from discord_sandbox.validation import Form, as_snowflake
from discord_sandbox.world import Guild, Message, MessageFlag, StoredFile, User, World

CONTENT: Final = 2000
EMBEDS: Final = 10
EMBED_TOTAL: Final = 6000
URL: Final = 2048
ATTACHMENTS: Final = 10
FILE_BYTES: Final = 10 * 1024 * 1024
REQUEST_BYTES: Final = 25 * 1024 * 1024
NONCE: Final = 25
TEXT_BYTES: Final = 10_170
"""UTF-8 bytes of text, and twelve for each text display, from which on the API fails (discord-api-docs issue 8554)."""
TEXT_DISPLAY_BYTES: Final = 12

_IMAGE_SCHEMES: Final = ("http", "https", "attachment")
_LINK_SCHEMES: Final = ("http", "https")
_IMAGE_SUFFIXES: Final = frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif"})
_CREATE_FLAGS: Final = (
    MessageFlag.SUPPRESS_EMBEDS
    | MessageFlag.SUPPRESS_NOTIFICATIONS
    | MessageFlag.IS_VOICE_MESSAGE
    | MessageFlag.IS_COMPONENTS_V2
    | MessageFlag.EPHEMERAL
)
_EDIT_FLAGS: Final = MessageFlag.SUPPRESS_EMBEDS | MessageFlag.IS_COMPONENTS_V2
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
            path = (*inner.path, "parse", str(index))
            form.problems.add(path, "BASE_TYPE_CHOICES", "Value must be one of ('roles', 'users', 'everyone').")
    users = inner.snowflakes("users", most=100) or []
    roles = inner.snowflakes("roles", most=100) or []
    inner.boolean("replied_user")
    for kind, ids in (("users", users), ("roles", roles)):
        if kind in parse and ids:
            message = f'parse:["{kind}"] and {kind}: [ids...] are mutually exclusive.'
            form.problems.add(inner.path, "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", message)
    return Mentions(
        everyone="everyone" in parse,
        all_users="users" in parse,
        all_roles="roles" in parse,
        users=frozenset(users),
        roles=frozenset(roles),
    )


def read_embed(form: Form) -> Json:
    """Read an embed; what bots cannot set is ignored."""
    embed: Json = {
        "title": form.text("title", most=256),
        "description": form.text("description", most=4096),
        "url": form.url("url", schemes=_LINK_SCHEMES, most=URL),
        "timestamp": form.instant("timestamp"),
        "color": form.integer("color", least=0, most=0xFFFFFF),
    }
    for part in ("image", "thumbnail"):
        image = form.child(part)
        if image:
            url = image.url("url", schemes=_IMAGE_SCHEMES, most=URL, required=True)
            embed[part] = _filled({"url": url, "description": image.text("description", most=4096)})
    author = form.child("author")
    if author:
        embed["author"] = _filled(
            {
                "name": author.text("name", most=256, required=True),
                "url": author.url("url", schemes=_LINK_SCHEMES, most=URL),
                "icon_url": author.url("icon_url", schemes=_IMAGE_SCHEMES, most=URL),
            }
        )
    footer = form.child("footer")
    if footer:
        text = footer.text("text", most=2048, required=True)
        embed["footer"] = _filled({"text": text, "icon_url": footer.url("icon_url", schemes=_IMAGE_SCHEMES, most=URL)})
    embed["fields"] = [
        {
            "name": field.text("name", most=256, required=True) or "",
            "value": field.text("value", most=1024, required=True) or "",
            "inline": bool(field.boolean("inline")),
        }
        for field in form.children("fields", most=25) or ()
    ]
    return _filled(embed)


def _filled(part: Json) -> Json:
    return {name: value for name, value in part.items() if value not in (None, "", [], {})}


def embed_texts(embed: Json) -> list[str]:
    """Return the texts of an embed that count towards the 6000."""
    texts = [embed.get("title"), embed.get("description"), embed.get("author", {}).get("name"), embed.get("footer", {}).get("text")]
    for field in embed.get("fields", ()):
        texts += [field["name"], field["value"]]
    return [text for text in texts if text]


def read_embeds(form: Form) -> list[Json]:
    """Read the embeds; one without anything in it vanishes."""
    embeds = [read_embed(child) for child in form.children("embeds", most=EMBEDS) or ()]
    total = sum(len(text) for embed in embeds for text in embed_texts(embed))
    if total > EMBED_TOTAL:
        form.fault("embeds", "MAX_EMBED_SIZE_EXCEEDED", f"Embed size exceeds maximum size of {EMBED_TOTAL}")
    return [embed for embed in embeds if embed]


def read_nonce(form: Form) -> str | int | None:
    """Read the nonce: an int64, or a text of at most 25 characters."""
    value = form.data.get("nonce")
    if isinstance(value, int) and not isinstance(value, bool):
        return form.integer("nonce", least=-(1 << 63), most=(1 << 63) - 1)
    return form.text("nonce", most=NONCE)


def read_attachments(world: World, form: Form, files: list[ReceivedFile], kept: list[StoredFile]) -> list[StoredFile]:
    """Return the files of a message: those of ``kept`` that are listed (all, when nothing is listed), and the new ones.

    Raises 50045 for a file over 10 MiB and 30015 for more than ten files.
    """
    if any(len(file.content) > FILE_BYTES for file in files):
        raise refusal(50045)
    listed = form.children("attachments", most=1000)
    new = {file.key: file for file in files}
    known = {attachment.id: attachment for attachment in kept}
    attachments = list(kept) if listed is None else []
    named: dict[int, tuple[str, str | None]] = {}
    for entry in listed or ():
        number = as_snowflake(entry.data.get("id"))
        filename = entry.text("filename", most=1024)
        description = entry.text("description", most=1024)
        if number in new:
            named[number] = (filename or new[number].filename, description)
        elif number in known:
            old = known[number]
            text = description if entry.has("description") else old.description
            attachments.append(
                StoredFile(id=old.id, filename=old.filename, content=old.content, content_type=old.content_type, description=text)
            )
        else:
            entry.fault("id", "ATTACHMENT_NOT_FOUND", f"No file was sent and none is kept with the id {entry.data.get('id')}.")
    for key, file in new.items():
        filename, description = named.get(key, (file.filename, None))
        attachments.append(
            StoredFile(
                id=world.new_id(),
                filename=filename,
                content=file.content,
                content_type=file.content_type,
                description=description,
            )
        )
    if len(attachments) > ATTACHMENTS:
        raise refusal(30015)
    return attachments


def check_references(form: Form, embeds: list[Json], components: list[Json], attachments: list[StoredFile]) -> None:
    """Refuse ``attachment://`` addresses of files that are not there, and those in embeds that are no image."""
    names = {attachment.filename for attachment in attachments}
    for field, parts in (("embeds", embeds), ("components", components)):
        for index, part in enumerate(parts):
            for name in sorted(attachment_names(part)):
                path = (*form.path, field, str(index))
                if name not in names:
                    code = "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND"
                    form.problems.add(path, code, f'The referenced attachment "{name}" was not found.')
                elif field == "embeds" and PurePosixPath(name).suffix.lower() not in _IMAGE_SUFFIXES:
                    message = f'The attachment "{name}" is no image that an embed can show.'
                    form.problems.add(path, "UNFURLED_MEDIA_ITEM_INVALID_TYPE", message)


def read_body(world: World, form: Form, files: list[ReceivedFile], message: Message, *, editing: bool) -> None:
    """Read what a create or edit request says of a message into ``message``.

    Raises 50035 with every fault of the form, 50006 when nothing would be left, and 500 beyond the hidden ceiling in bytes.
    """
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
    form.problems.raise_any()
    _check_ceiling(message)


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


def refuse_empty(message: Message) -> None:
    """Raise 50006 when a message would show nothing."""
    if not (message.content or message.embeds or message.components or message.attachments):
        raise refusal(50006)


def all_texts(message: Message) -> list[str]:
    """Return every text of a message."""
    embeds = [text for embed in message.embeds for text in embed_texts(embed)]
    return [message.content, *embeds, *component_texts(message.components)]


def _check_ceiling(message: Message) -> None:
    try:
        size = sum(len(text.encode()) for text in all_texts(message))
    except UnicodeEncodeError:
        # An unpaired surrogate: the API fails on it as on too many bytes (discord-api-docs issue 6561).
        raise server_fault() from None
    if size + TEXT_DISPLAY_BYTES * len(component_texts(message.components)) > TEXT_BYTES:
        raise server_fault()


def ping(world: World, guild: Guild | None, message: Message, mentions: Mentions, bits: int) -> None:
    """Work out whom a message pings: what its content mentions, as far as allowed. Code and embeds never ping."""
    text = _CODE.sub(" ", "\n".join([message.content, *component_texts(message.components)]))
    may_all = bool(bits & Permission.MENTION_EVERYONE)
    users = [int(found) for found in re.findall(r"(?<!\\)<@!?(\d+)>", text)]
    roles = [int(found) for found in re.findall(r"(?<!\\)<@&(\d+)>", text)]
    message.mentions = [
        user
        for user in (_user(world, number) for number in dict.fromkeys(users) if mentions.all_users or number in mentions.users)
        if user
    ]
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


def _user(world: World, number: int) -> User | None:
    return world.users.get(number)


def read_reply(form: Form) -> int | None:
    """Read which message this one replies to (``message_reference``), None for none."""
    inner = form.child("message_reference")
    if inner is None:
        return None
    if not inner.has("message_id"):
        inner.fault("message_id", "BASE_TYPE_REQUIRED", "This field is required")
    return inner.snowflake("message_id")
