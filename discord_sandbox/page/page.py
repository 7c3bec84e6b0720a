"""The live page: the channels as one of their people sees them, kept up to date by server-sent events."""

import asyncio
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from aiohttp import web

from discord_sandbox.api_errors import Json
from discord_sandbox.interactions import Interactions
from discord_sandbox.page.message_html import MessageHtml, shown_name
from discord_sandbox.permissions import Permission, permissions_in
from discord_sandbox.rules.form import as_snowflake
from discord_sandbox.same_origin import new_secret
from discord_sandbox.world import Channel, ChannelType, Message, MessageFlag, User, World, WorldEvent

_STATIC: Final = Path(__file__).parent / "static"
_TYPES: Final = {
    "page.css": "text/css",
    "page.js": "text/javascript",
    "wire.js": "text/javascript",
    "box.js": "text/javascript",
    "answers.js": "text/javascript",
    "index.html": "text/html",
}
_POLICY: Final = (
    # Nothing is loaded but the page's own files and the pictures of messages; no script of a message could ever run. Pictures come
    # from the sandbox or by https: an address of this computer or its neighbours is not asked because a message says so.
    "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; connect-src 'self'; "
    "img-src 'self' https: data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_MOST_VIEWERS: Final = 100
_MOST_CHANGES: Final = 1000
"""Changes that wait for a page which does not read them, before its stream ends; the page then loads everything anew."""
UNKEPT: Final = {"Cache-Control": "no-store"}
"""Headers of what the page is told."""
_MESSAGE_EVENTS: Final = frozenset({"MESSAGE_CREATE", "MESSAGE_UPDATE"})
_CHANNEL_EVENTS: Final = frozenset(
    {
        "GUILD_CREATE",
        "GUILD_MEMBER_ADD",
        "GUILD_MEMBER_UPDATE",
        "GUILD_ROLE_CREATE",
        "CHANNEL_CREATE",
        "CHANNEL_UPDATE",
        "CHANNEL_DELETE",
        "THREAD_CREATE",
        "THREAD_UPDATE",
        "THREAD_DELETE",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Viewer:
    """An open page: seen as ``user``, or (None) as by one who sees everything but what is meant for one person only."""

    user: User | None
    changes: asyncio.Queue[Json | None] = field(default_factory=asyncio.Queue[Json | None])

    def tell(self, change: Json) -> None:
        """Queue a change."""
        if self.changes.qsize() == _MOST_CHANGES:
            self.end()
        elif self.changes.qsize() < _MOST_CHANGES:
            self.changes.put_nowait(change)

    def end(self) -> None:
        """Queue the end of the stream."""
        self.changes.put_nowait(None)


class Page:
    """Serves the page and tells it of every change."""

    def __init__(self, world: World, interactions: Interactions, key: str) -> None:
        """Listen to the world; ``key`` is what the page needs for everything that it asks."""
        self._key = key
        self._tickets: set[str] = set()
        self._world = world
        self.html = MessageHtml(world, interactions)
        self._viewers: list[_Viewer] = []
        world.listeners.append(self._on_event)

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Add the page's addresses."""
        router.add_get("/", self._index)
        router.add_get("/static/{name}", self._static)
        router.add_get("/live/state", self._state)
        router.add_get("/live/events", self._events)

    def close(self) -> None:
        """End all streams."""
        for viewer in self._viewers:
            viewer.end()

    def ticket(self) -> str:
        """Return what the page's address may hold in place of the key, once."""
        ticket = new_secret()
        self._tickets.add(ticket)
        return ticket

    async def _index(self, request: web.Request) -> web.Response:
        if request.url.host == "localhost":
            # Pictures of messages stand at the numeric address; to a page under the other name they would be another site's.
            raise web.HTTPTemporaryRedirect(self._world.base_url + request.path_qs)
        ticket = request.query.get("ticket")
        if ticket is None:
            return self._asset("index.html")
        if ticket not in self._tickets:
            raise web.HTTPForbidden(text="This address has been opened before. Open the one that the terminal shows.")
        self._tickets.remove(ticket)
        raise web.HTTPSeeOther(f"/#key={self._key}")

    async def _static(self, request: web.Request) -> web.Response:
        return self._asset(request.match_info["name"])

    def _asset(self, name: str) -> web.Response:
        if name not in _TYPES:
            raise web.HTTPNotFound
        headers = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-cache"}
        return web.Response(body=(_STATIC / name).read_bytes(), content_type=_TYPES[name], charset="utf-8", headers=headers)

    async def _state(self, request: web.Request) -> web.Response:
        return web.json_response(self.state(self._viewing(request)), headers=UNKEPT)

    def _viewing(self, request: web.Request) -> User | None:
        return self._world.users.get(as_snowflake(request.query.get("as")) or 0)

    def state(self, user: User | None = None) -> Json:
        """Return the channels that ``user`` sees (None: all) with their messages as HTML, and who and what can be named there."""
        guilds = self._world.guilds.values()
        channels = [channel for channel in self._all_channels() if self._sees(user, channel)]
        messages = [message for channel in channels for message in channel.messages.values()]
        messages += self.only_for(user) if user else ()
        return {
            "guilds": [guild.name for guild in guilds],
            "people": self._people(),
            "roles": [
                {"id": str(role.id), "guild": str(guild.id), "name": role.name} for guild in guilds for role in guild.roles.values()
            ],
            "channels": [self._channel(channel, user) for channel in channels],
            "messages": [self._message(message) for message in sorted(messages, key=lambda message: message.id)],
        }

    def _people(self) -> list[Json]:
        people: dict[int, Json] = {}
        for guild in self._world.guilds.values():
            for member in guild.members.values():
                user = member.user
                roles = [guild.roles[role].name for role in member.roles]
                known = people.setdefault(
                    user.id, {"id": str(user.id), "name": shown_name(user), "bot": user.bot, "roles": roles, "guilds": []}
                )
                known["guilds"].append(str(guild.id))
        return list(people.values())

    def _all_channels(self) -> list[Channel]:
        world = self._world
        return [*(channel for guild in world.guilds.values() for channel in guild.channels.values()), *world.private.values()]

    def _sees(self, user: User | None, channel: Channel) -> bool:
        if user is None:
            return True
        guild = self._world.guilds.get(channel.guild_id or 0)
        return bool(permissions_in(guild, channel, user, self._world.clock()) & Permission.VIEW_CHANNEL)

    def only_for(self, user: User) -> list[Message]:
        """Return the ephemeral messages that a person has been given, wherever."""
        hidden = [message for channel in self._all_channels() for message in channel.ephemeral.values()]
        return [message for message in hidden if message.only_for == user.id]

    async def _events(self, request: web.Request) -> web.StreamResponse:
        if len(self._viewers) >= _MOST_VIEWERS:
            raise web.HTTPServiceUnavailable(text="Too many pages are open; close some.")
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", **UNKEPT})
        viewer = _Viewer(user=self._viewing(request))
        self._viewers.append(viewer)
        try:
            await response.prepare(request)
            await response.write(b": welcome\n\n")
            while (change := await viewer.changes.get()) is not None:
                await response.write(f"data: {json.dumps(change)}\n\n".encode())
        except ConnectionError:
            # The person closed the page.
            return response
        finally:
            self._viewers.remove(viewer)
        return response

    def _on_event(self, event: WorldEvent) -> None:
        change = self._change(event) if self._viewers else None
        if change is None:
            return
        for viewer in self._viewers:
            if event.channel is None or change["kind"] == "channels" or self._sees(viewer.user, event.channel):
                viewer.tell(change)

    def tell(self, user: User, change: Json) -> None:
        """Tell a change to the pages of one person."""
        for viewer in self._viewers:
            if viewer.user is not None and viewer.user.id == user.id:
                viewer.tell(change)

    def tell_message(self, user: User, message: Message) -> None:
        """Show one person a message that is new or has changed."""
        self.tell(user, {"kind": "message", **self._message(message)})

    def _change(self, event: WorldEvent) -> Json | None:
        if event.name in _MESSAGE_EVENTS and event.channel is not None:
            message = event.channel.messages.get(int(event.body["id"]))
            return {"kind": "message", **self._message(message)} if message else None
        if event.name == "MESSAGE_DELETE":
            return {"kind": "gone", "ids": [event.body["id"]]}
        if event.name == "MESSAGE_DELETE_BULK":
            return {"kind": "gone", "ids": event.body["ids"]}
        return {"kind": "channels"} if event.name in _CHANNEL_EVENTS else None

    def _channel(self, channel: Channel, user: User | None) -> Json:
        marks = {ChannelType.ANNOUNCEMENT: "📣", ChannelType.FORUM: "💬", ChannelType.CATEGORY: "▾"}
        direct = channel.guild_id is None
        others = [shown_name(other) for other in channel.recipients if other is not user]
        return {
            "id": str(channel.id),
            "guild": None if direct else str(channel.guild_id),
            "parent": str(channel.parent_id) if channel.parent_id else None,
            "thread": channel.thread is not None,
            "type": int(channel.type),
            "mark": "@" if direct else "↳" if channel.thread else marks.get(channel.type, "#"),
            "name": ", ".join(others) if direct else channel.name,
            "topic": channel.topic or "",
        }

    def _message(self, message: Message) -> Json:
        only = bool(message.flags & MessageFlag.EPHEMERAL)
        return {"id": str(message.id), "channel": str(message.channel_id), "only": only, "html": self.html.of(message)}
