"""A message as the page shows it: HTML with every text of it escaped, its buttons and selects ready to be pressed."""

from collections.abc import Iterable
from datetime import UTC, datetime
from html import escape
from typing import Final

from discord_sandbox.api_errors import Json
from discord_sandbox.interactions import Interaction, Interactions, InteractionType
from discord_sandbox.objects.messages import message_object
from discord_sandbox.page.markdown import link, render
from discord_sandbox.rules.commands import CHAT_INPUT, SUB_COMMANDS
from discord_sandbox.rules.components import CHANNELS, ENTITY_SELECTS, ROLES, USERS, Component
from discord_sandbox.rules.files import picture_type
from discord_sandbox.rules.form import as_object
from discord_sandbox.world import Guild, Message, MessageFlag, User, World

_LINK_STYLE: Final = 5
_KIBIBYTE: Final = 1024


def shown_name(user: User) -> str:
    """Return the name under which a user's messages stand."""
    return user.display_name or user.name


def command_line(about: Json) -> str:
    """Return what a person called, as Discord names it above the answer: ``/group sub`` or a message command's name."""
    words = [str(about["name"])]
    inner = about
    while (options := inner.get("options")) and options[0]["type"] in SUB_COMMANDS:
        inner = options[0]
        words.append(str(inner["name"]))
    return ("/" if about["type"] == CHAT_INPUT else "") + " ".join(words)


def used(interaction: Interaction) -> str:
    """Return the line above an answer that says who called what, be it by a dialog; nothing for an answer to a button."""
    while interaction.opener:
        interaction = interaction.opener
    if interaction.type is not InteractionType.COMMAND:
        return ""
    name, line = escape(shown_name(interaction.user)), escape(command_line(interaction.about))
    return f'<div class="used"><b>{name}</b> used <span class="mention">{line}</span></div>'


def entity_options(guild: Guild | None, select: Json) -> list[Json]:
    """Return what a select of users, roles, both or channels offers in a guild, as the options of a string select."""
    kinds = ENTITY_SELECTS[select["type"]] if select.get("type") in ENTITY_SELECTS else frozenset[str]()
    types = select.get("channel_types")
    found: list[tuple[int, str]] = []
    if guild and USERS in kinds:
        found += [(member.user.id, f"@{shown_name(member.user)}") for member in guild.members.values()]
    if guild and ROLES in kinds:
        found += [(role.id, f"@{role.name.removeprefix('@')}") for role in guild.roles.values()]
    if guild and CHANNELS in kinds:
        found += [(channel.id, f"#{channel.name}") for channel in guild.channels.values() if not types or channel.type in types]
    chosen = {str(value.get("id")) for value in select.get("default_values") or ()}
    return [{"value": str(number), "label": label, "default": str(number) in chosen} for number, label in found]


class MessageHtml:
    """Writes messages as HTML."""

    def __init__(self, world: World, interactions: Interactions) -> None:
        """Take names from ``world``, and who called what from ``interactions``."""
        self._world = world
        self._interactions = interactions

    def of(self, message: Message) -> str:
        """Return a message."""
        body = message_object(self._world, message)
        badge = '<span class="badge">APP</span>' if message.author.bot else ""
        edited = "<em>(edited)</em>" if message.edited_at else ""
        published = '<span class="published">published</span>' if message.flags & MessageFlag.CROSSPOSTED else ""
        return "".join(
            [
                self._used(message),
                f"<header><b>{escape(shown_name(message.author))}</b>{badge}{_time(message.created_at)}{edited}{published}</header>",
                _thinking(message),
                f'<div class="content">{render(message.content, self._name)}</div>' if message.content else "",
                *(_attachment(attachment) for attachment in body["attachments"]),
                *(self._embed(embed) for embed in body["embeds"]),
                *(self._component(component, message) for component in body["components"]),
                _ONLY_YOU if message.flags & MessageFlag.EPHEMERAL else "",
            ]
        )

    def text(self, text: str) -> str:
        """Return a text of Discord's Markdown that stands in no message."""
        return render(text, self._name)

    def _used(self, message: Message) -> str:
        number = str((message.interaction or {}).get("id"))
        found = next((kept for kept in self._interactions.kept.values() if str(kept.id) == number), None)
        # A first answer is told of before it is noted as the original.
        return used(found) if found and found.original_id in {None, message.id} else ""

    def _name(self, kind: str, number: int) -> str:
        if kind == "@":
            user = self._world.users.get(number)
            return f"@{shown_name(user)}" if user else "@unknown-user"
        for guild in self._world.guilds.values():
            if kind == "@&" and number in guild.roles:
                return f"@{guild.roles[number].name.removeprefix('@')}"
            if kind == "#" and number in guild.channels:
                return f"#{guild.channels[number].name}"
        return "@unknown-role" if kind == "@&" else "#unknown"

    def _embed(self, embed: Json) -> str:
        parts = [f'<article class="embed"{_color(embed.get("color"))}>']
        if "author" in embed:
            author = escape(embed["author"]["name"])
            parts.append(f'<div class="author">{link(embed["author"].get("url", ""), author)}</div>')
        if "title" in embed:
            title = render(embed["title"], self._name, blocks=False)
            parts.append(f'<div class="title">{link(embed.get("url", ""), title)}</div>')
        if "description" in embed:
            parts.append(f'<div class="description">{render(embed["description"], self._name)}</div>')
        for field in embed.get("fields", ()):
            name, value = render(field["name"], self._name, blocks=False), render(field["value"], self._name)
            parts.append(f'<div class="field"><b>{name}</b>{value}</div>')
        images = [embed[part] for part in ("image", "thumbnail") if part in embed]
        parts += [_image(image["url"], image.get("description", "")) for image in images]
        text, moment = escape(embed.get("footer", {}).get("text", "")), embed.get("timestamp", "")
        footer = " • ".join(part for part in (text, _time(datetime.fromisoformat(moment)) if moment else "") if part)
        return "".join([*parts, f"<footer>{footer}</footer>" if footer else "", "</article>"])

    def _component(self, component: Json, message: Message) -> str:  # noqa: PLR0911 - one per kind
        inner = "".join(self._component(child, message) for child in component.get("components", ()))
        match component["type"]:
            case Component.TEXT_DISPLAY:
                return f'<div class="content">{render(component["content"], self._name)}</div>'
            case Component.MEDIA_GALLERY:
                return "".join(_image(item["media"]["url"], item.get("description") or "") for item in component["items"])
            case Component.THUMBNAIL:
                return _image(component["media"]["url"], component.get("description") or "")
            case Component.FILE:
                return _file(component["file"]["url"], component["name"])
            case Component.SEPARATOR:
                return "<hr>"
            case Component.BUTTON:
                return _button(component)
            case Component.STRING_SELECT:
                return _select(component, component.get("options", ()))
            case kind if kind in ENTITY_SELECTS:
                guild, _ = self._world.place(message.channel_id)
                return _select(component, entity_options(guild, component))
            case Component.CONTAINER:
                return f'<article class="embed"{_color(component.get("accent_color"))}>{inner}</article>'
            case _:
                accessory = as_object(component.get("accessory"))
                return f'<div class="row">{inner}{self._component(accessory, message) if accessory else ""}</div>'


_ONLY_YOU: Final = (
    '<footer class="only">Only you can see this · <button type="button" class="dismiss">Dismiss message</button></footer>'
)


def _thinking(message: Message) -> str:
    name = escape(shown_name(message.author))
    return f'<div class="thinking">{name} is thinking …</div>' if message.flags & MessageFlag.LOADING else ""


def _color(color: int | None) -> str:
    return f' style="--color:#{color:06x}"' if color else ""


def _attachment(attachment: Json) -> str:
    if picture_type(attachment["filename"]):
        return _image(attachment["url"], attachment.get("description", ""))
    return _file(attachment["url"], attachment["filename"], attachment["size"])


def _file(url: str, filename: str, size: int | None = None) -> str:
    if not url.startswith(("http://", "https://")):
        return ""
    name = escape(filename)
    told = "" if size is None else f' <small class="size">{_size(size)}</small>'
    return f'<p class="file">📎 <a href="{escape(url)}" download="{name}">{name}</a>{told}</p>'


def _size(size: int) -> str:
    return (
        f"{size} B"
        if size < _KIBIBYTE
        else f"{size / _KIBIBYTE:.1f} KB"
        if size < _KIBIBYTE**2
        else f"{size / _KIBIBYTE**2:.1f} MB"
    )


def _image(url: str, alt: str) -> str:
    if not url.startswith(("http://", "https://")):
        return ""
    return f'<img src="{escape(url)}" alt="{escape(alt)}" title="{escape(alt)}" loading="lazy">'


def _time(moment: datetime) -> str:
    """Return an instant; the page shows it in the viewer's own zone."""
    return f'<time datetime="{moment.isoformat()}">{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC</time>'


def _emoji(emoji: Json | None) -> str:
    """Return an emoji's character; of one that a server made, which has a picture, its name."""
    if not emoji:
        return ""
    name = str(emoji.get("name") or "")
    return escape(f":{name}: " if emoji.get("id") else f"{name} ")


def _button(button: Json) -> str:
    style = int(button.get("style") or 2)
    text = f"{_emoji(as_object(button.get('emoji')))}{escape(button.get('label') or '')}"
    if style == _LINK_STYLE:
        return link(button.get("url") or "", f'<span class="button">{text} ↗</span>')
    off = " disabled" if button.get("disabled") else ""
    custom_id = escape(button.get("custom_id") or "")
    return f'<button type="button" class="button style-{style}" data-press="{custom_id}"{off}>{text}</button>'


def _select(select: Json, options: Iterable[Json]) -> str:
    """Return a list that opens below its summary: buttons where one is chosen, ticks and a button where several may be."""
    least, most = select.get("min_values", 1), select.get("max_values", 1)
    several = most > 1 or least == 0
    chosen = [option["label"] for option in options if option.get("default")]
    title = escape(", ".join(chosen) or select.get("placeholder") or "Make a selection")
    about = f'data-select="{escape(select["custom_id"])}" data-least="{least}" data-most="{most}"'
    if select.get("disabled"):
        return f'<div class="select" aria-disabled="true"><span class="summary">{title}</span></div>'
    rows = "".join(_tick(option) if several else _choice(option) for option in options)
    done = '<button type="button" class="button style-1 done">Done</button>' if several else ""
    return f'<details class="select" {about}><summary>{title}</summary><div class="choices">{rows}{done}</div></details>'


def _tick(option: Json) -> str:
    ticked = " checked" if option.get("default") else ""
    return f'<label><input type="checkbox" value="{escape(option["value"])}"{ticked}>{_label(option)}</label>'


def _choice(option: Json) -> str:
    now = ' aria-current="true"' if option.get("default") else ""
    return f'<button type="button" value="{escape(option["value"])}"{now}>{_label(option)}</button>'


def _label(option: Json) -> str:
    about = f"<small>{escape(option['description'])}</small>" if option.get("description") else ""
    return f"<span>{_emoji(as_object(option.get('emoji')))}{escape(option['label'])}{about}</span>"
