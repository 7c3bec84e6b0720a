"""The live page: the channels as a person would see them, kept up to date by server-sent events; and the uploaded files."""

import asyncio
import json
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Final

from aiohttp import web

from heartbeat_bot.sandbox.api_errors import Json
from heartbeat_bot.sandbox.component_rules import Component
from heartbeat_bot.sandbox.markdown import link, render
from heartbeat_bot.sandbox.objects import message_object, signature
from heartbeat_bot.sandbox.validation import as_object
from heartbeat_bot.sandbox.world import Channel, ChannelType, Event, Message, MessageFlag, World

_STATIC: Final = Path(__file__).parent / "static"
_TYPES: Final = {"page.css": "text/css", "page.js": "text/javascript", "index.html": "text/html"}
_SECURITY: Final = {
    # Nothing is loaded but the page's own files and the pictures of messages; no script of a message could ever run.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "connect-src 'self'; img-src * data:; media-src *; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_MESSAGE_EVENTS: Final = frozenset({"MESSAGE_CREATE", "MESSAGE_UPDATE"})
_CHANNEL_EVENTS: Final = frozenset(
    {"GUILD_CREATE", "CHANNEL_CREATE", "CHANNEL_UPDATE", "CHANNEL_DELETE", "THREAD_CREATE", "THREAD_UPDATE", "THREAD_DELETE"}
)


class Page:
    """Serves the page and tells it of every change."""

    def __init__(self, world: World) -> None:
        """Listen to the world."""
        self._world = world
        self._viewers: list[asyncio.Queue[Json | None]] = []
        world.listeners.append(self._on_event)

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Add the page's addresses."""
        router.add_get("/", self._index)
        router.add_get("/static/{name}", self._static)
        router.add_get("/live/state", self._state)
        router.add_get("/live/events", self._events)
        router.add_get("/attachments/{channel}/{attachment}/{filename}", self._file)

    def close(self) -> None:
        """End all streams."""
        for viewer in self._viewers:
            viewer.put_nowait(None)

    async def _index(self, _: web.Request) -> web.Response:
        return self._asset("index.html")

    async def _static(self, request: web.Request) -> web.Response:
        return self._asset(request.match_info["name"])

    def _asset(self, name: str) -> web.Response:
        if name not in _TYPES:
            raise web.HTTPNotFound
        headers = {**_SECURITY, "Cache-Control": "no-cache"}
        return web.Response(body=(_STATIC / name).read_bytes(), content_type=_TYPES[name], charset="utf-8", headers=headers)

    async def _state(self, _: web.Request) -> web.Response:
        return web.json_response(self.state(), headers=_SECURITY)

    def state(self) -> Json:
        """Return all channels with their messages as HTML."""
        channels = [channel for guild in self._world.guilds.values() for channel in guild.channels.values()]
        return {
            "guilds": [guild.name for guild in self._world.guilds.values()],
            "channels": [self._channel(channel) for channel in channels],
            "messages": [self._message(message) for channel in channels for message in channel.messages.values()],
        }

    async def _events(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        viewer: asyncio.Queue[Json | None] = asyncio.Queue()
        self._viewers.append(viewer)
        try:
            await response.prepare(request)
            await response.write(b": welcome\n\n")
            while (change := await viewer.get()) is not None:
                await response.write(f"data: {json.dumps(change)}\n\n".encode())
        except ConnectionError:
            # The person closed the page.
            return response
        finally:
            self._viewers.remove(viewer)
        return response

    def _on_event(self, event: Event) -> None:
        change = self._change(event) if self._viewers else None
        if change is not None:
            for viewer in self._viewers:
                viewer.put_nowait(change)

    def _change(self, event: Event) -> Json | None:
        if event.name in _MESSAGE_EVENTS and event.channel is not None:
            message = event.channel.messages.get(int(event.body["id"]))
            return {"kind": "message", **self._message(message)} if message else None
        if event.name == "MESSAGE_DELETE":
            return {"kind": "gone", "ids": [event.body["id"]]}
        if event.name == "MESSAGE_DELETE_BULK":
            return {"kind": "gone", "ids": event.body["ids"]}
        return {"kind": "channels"} if event.name in _CHANNEL_EVENTS else None

    def _channel(self, channel: Channel) -> Json:
        marks = {ChannelType.ANNOUNCEMENT: "📣", ChannelType.FORUM: "💬", ChannelType.CATEGORY: "▾"}
        return {
            "id": str(channel.id),
            "parent": str(channel.parent_id) if channel.parent_id else None,
            "thread": channel.thread is not None,
            "mark": "↳" if channel.thread else marks.get(channel.type, "#"),
            "name": channel.name,
            "topic": channel.topic or "",
        }

    def _message(self, message: Message) -> Json:
        return {"id": str(message.id), "channel": str(message.channel_id), "html": self.html(message)}

    def _name(self, kind: str, number: int) -> str:
        if kind == "@":
            user = self._world.users.get(number)
            return f"@{user.display_name or user.name}" if user else "@unknown-user"
        for guild in self._world.guilds.values():
            if kind == "@&" and number in guild.roles:
                return f"@{guild.roles[number].name}"
            if kind == "#" and number in guild.channels:
                return f"#{guild.channels[number].name}"
        return "@unknown-role" if kind == "@&" else "#unknown"

    def html(self, message: Message) -> str:
        """Return a message as HTML, every text of it escaped."""
        body = message_object(self._world, message)
        author = message.author.display_name or message.author.name
        badge = '<span class="badge">APP</span>' if message.author.bot else ""
        marks = ("<em>(edited)</em>" if message.edited_at else "") + (
            '<span class="published">published</span>' if message.flags & MessageFlag.CROSSPOSTED else ""
        )
        parts = [
            f"<header><b>{escape(author)}</b>{badge}{_time(message.created_at)}{marks}</header>",
            f'<div class="content">{render(message.content, self._name)}</div>' if message.content else "",
            *(self._attachment(attachment) for attachment in body["attachments"]),
            *(self._embed(embed) for embed in body["embeds"]),
            *(self._component(component) for component in body["components"]),
        ]
        return "".join(parts)

    def _attachment(self, attachment: Json) -> str:
        if str(attachment["content_type"]).startswith("image/") or _is_image(attachment["filename"]):
            return _image(attachment["url"], attachment.get("description", ""))
        return f"<p>{link(attachment['url'], '📎 ' + escape(attachment['filename']))}</p>"

    def _embed(self, embed: Json) -> str:
        color = f' style="--color:#{embed["color"]:06x}"' if embed.get("color") else ""
        parts = [f'<article class="embed"{color}>']
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
        footer = " • ".join(text for text in (embed.get("footer", {}).get("text", ""), _date(embed.get("timestamp", ""))) if text)
        return "".join([*parts, f"<footer>{escape(footer)}</footer>" if footer else "", "</article>"])

    def _component(self, component: Json) -> str:  # noqa: PLR0911 - one per kind
        inner = "".join(self._component(child) for child in component.get("components", ()))
        match component["type"]:
            case Component.TEXT_DISPLAY:
                return f'<div class="content">{render(component["content"], self._name)}</div>'
            case Component.MEDIA_GALLERY:
                return "".join(_image(item["media"]["url"], item.get("description") or "") for item in component["items"])
            case Component.THUMBNAIL:
                return _image(component["media"]["url"], component.get("description") or "")
            case Component.FILE:
                return f"<p>{link(component['file']['url'], '📎 ' + escape(component['name']))}</p>"
            case Component.SEPARATOR:
                return "<hr>"
            case Component.BUTTON:
                label = f'<span class="button">{escape(component.get("label") or "")}</span>'
                return link(component.get("url") or "", label)
            case Component.CONTAINER:
                return f'<article class="embed">{inner}</article>'
            case _:
                accessory = as_object(component.get("accessory"))
                return f'<div class="row">{inner}{self._component(accessory) if accessory else ""}</div>'

    async def _file(self, request: web.Request) -> web.Response:
        """Serve an uploaded file to who has its signed address, until the address expires."""
        expires, given = request.query.get("ex", ""), request.query.get("hm", "")
        path = request.rel_url.raw_path
        try:
            alive = self._world.clock().timestamp() < int(expires, 16)
            number, attachment_id = int(request.match_info["channel"]), int(request.match_info["attachment"])
        except ValueError:
            raise web.HTTPNotFound from None
        if not alive or given != signature(self._world, path, expires):
            raise web.HTTPNotFound
        for guild in self._world.guilds.values():
            channel = guild.channels.get(number)
            for message in channel.messages.values() if channel else ():
                for attachment in message.attachments:
                    if attachment.id == attachment_id:
                        headers = {"Content-Type": attachment.content_type, "Content-Security-Policy": "sandbox"}
                        return web.Response(body=attachment.content, headers=headers)
        raise web.HTTPNotFound


def _is_image(filename: str) -> bool:
    return Path(filename).suffix.lower() in {".png", ".jpg", ".jpeg", ".gif", ".webp"}


def _image(url: str, alt: str) -> str:
    if not url.startswith(("http://", "https://")):
        return ""
    return f'<img src="{escape(url)}" alt="{escape(alt)}" title="{escape(alt)}" loading="lazy">'


def _time(moment: datetime) -> str:
    return f'<time datetime="{moment.isoformat()}">{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC</time>'


def _date(stamp: str) -> str:
    return datetime.fromisoformat(stamp).astimezone(UTC).strftime("%Y-%m-%d") if stamp else ""
