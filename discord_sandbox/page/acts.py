"""What people do on the live page: speak, call commands, press, choose, fill in dialogs; and what only they are shown of it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final

from aiohttp import web

from discord_sandbox.api_errors import ApiError, Json
from discord_sandbox.control import Control
from discord_sandbox.interactions import FIRST_ANSWER, Callback, Interaction, InteractionType, NotOfferedError
from discord_sandbox.page.command_list import entries
from discord_sandbox.page.message_html import entity_options, shown_name, used
from discord_sandbox.page.page import UNKEPT, Page
from discord_sandbox.people.scenes import Scene, scene_of
from discord_sandbox.permissions import Permission
from discord_sandbox.rest.call import Call, Route
from discord_sandbox.rules.commands import LOCALES
from discord_sandbox.rules.components import Component
from discord_sandbox.rules.form import as_list, as_object, as_snowflake, parse_object
from discord_sandbox.world import Channel, ChannelType, Guild, Message, User, WorldEvent

_LONGEST: Final = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Something that a person does in a place, by a request with the fields of ``body``."""

    scene: Scene
    body: Json

    @property
    def user(self) -> User:
        """Return who does it."""
        return self.scene.user

    @property
    def channel(self) -> Channel:
        """Return where it is done."""
        return self.scene.channel

    def text(self, name: str) -> str:
        """Return a field that is a text; raise NotOfferedError for anything else, and for an empty ``command``."""
        value = self.body.get(name)
        if not isinstance(value, str) or (name == "command" and not value.strip(" /")):
            raise NotOfferedError(f"{name!r} must be a text.")
        return value

    def values(self, name: str) -> Json:
        """Return a field that is an object, empty when it is missing; raise NotOfferedError for anything else."""
        value = as_object(self.body.get(name, {}))
        if value is None:
            raise NotOfferedError(f"{name!r} must be an object.")
        return value


class People:
    """Answers the page's requests, and tells each person's page what came of them.

    A request is answered as soon as the bot has been told. What the bot then does is heard by standing beside the routes of
    interactions: ephemeral messages go to that person's pages alone, as do dialogs and the news that no answer came in time.
    """

    def __init__(self, control: Control, page: Page) -> None:
        """Act by ``control``, and tell ``page``."""
        self._control = control
        self._page = page
        self._told: dict[int, dict[int, Message]] = {}
        self._waiting: dict[int, asyncio.TimerHandle] = {}
        control.world.listeners.append(self._on_event)

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Add the addresses."""
        router.add_get("/live/commands", self._list)
        router.add_post("/live/say", self._door(self._say))
        router.add_post("/live/command", self._door(self._command))
        router.add_post("/live/complete", self._door(self._complete))
        router.add_post("/live/menu", self._door(self._menu))
        router.add_post("/live/press", self._door(self._press))
        router.add_post("/live/submit", self._door(self._submit))

    def close(self) -> None:
        """Wait for no answer any longer."""
        for handle in self._waiting.values():
            handle.cancel()
        self._waiting.clear()

    # What the bot does

    def overheard(self, route: Route) -> Route:
        """Return a route of interactions, after which the page is told what has come of one."""

        def handle(call: Call) -> object:
            answer = route.handler(call)
            interaction = self._control.interactions.kept.get(call.parameters["webhook_token"])
            if interaction is not None:
                self._tell(interaction)
            return answer

        return replace(route, handler=handle)

    def _on_event(self, event: WorldEvent) -> None:
        interaction = self._control.interactions.kept.get(event.body["token"]) if event.name == "INTERACTION_CREATE" else None
        if interaction is None or interaction.type is InteractionType.AUTOCOMPLETE:
            return
        self._tell_state(interaction, "sent")
        loop = asyncio.get_running_loop()
        self._waiting[interaction.id] = loop.call_later(FIRST_ANSWER.total_seconds(), self._give_up, interaction)

    def _give_up(self, interaction: Interaction) -> None:
        del self._waiting[interaction.id]
        self._tell_state(interaction, "silent")

    def _tell(self, interaction: Interaction) -> None:
        waiting = self._waiting.pop(interaction.id, None) if interaction.callback else None
        self._tell_messages(interaction.user)
        if waiting is None:
            return
        waiting.cancel()
        self._tell_state(interaction, "answered")
        if interaction.callback is Callback.MODAL and interaction.modal:
            dialog = self._dialog(interaction.guild, interaction.modal)
            about = {"kind": "dialog", "id": str(interaction.id), "channel": str(interaction.channel.id)}
            self._page.tell(interaction.user, about | {"dialog": dialog})

    def _tell_state(self, interaction: Interaction, state: str) -> None:
        change = {
            "kind": "act",
            "id": str(interaction.id),
            "channel": str(interaction.channel.id),
            "source": str(interaction.source.id) if interaction.source else None,
            "state": state,
            "html": used(interaction),
        }
        self._page.tell(interaction.user, change)

    def _tell_messages(self, user: User) -> None:
        """Tell of every ephemeral message of a person's that is new, has changed or has gone: an answer may change an older one."""
        told = self._told.setdefault(user.id, {})
        held = {message.id: message for message in self._page.only_for(user)}
        for number, message in held.items():
            if told.get(number) != message:
                told[number] = replace(message)
                self._page.tell_message(user, message)
        gone = [number for number in told if number not in held]
        for number in gone:
            del told[number]
        if gone:
            self._page.tell(user, {"kind": "gone", "ids": [str(number) for number in gone]})

    def _dialog(self, guild: Guild | None, part: Json) -> Json:
        """Return a modal, or a part of one: texts as HTML, and what there is to choose in selects of users, roles and channels."""
        body = dict(part)
        if "components" in part:
            body["components"] = [self._dialog(guild, inner) for inner in part["components"]]
        if "component" in part:
            body["component"] = self._dialog(guild, part["component"])
        if part.get("type") == Component.TEXT_DISPLAY:
            body["html"] = self._page.html.text(part["content"])
        entities = entity_options(guild, part)
        return body | {"options": entities} if entities else body

    # What people do

    def _door(self, act: Callable[[Act], Awaitable[Json]]) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handle(request: web.Request) -> web.Response:
            try:
                done = self._act(await _read(request))
                # The language is the page's choice; the bot is told of it with what is done.
                locale = done.body.get("language")
                if isinstance(locale, str) and locale in LOCALES:
                    done.user.locale = locale
                return web.json_response(await act(done), headers=UNKEPT)
            except NotOfferedError as error:
                status, sentence = 400, str(error)
            except ApiError as error:
                status, sentence = error.status, str(error.body["message"])
            except web.HTTPClientError as error:
                status, sentence = error.status, str(error.text)
            return web.json_response({"error": sentence}, status=status, headers=UNKEPT)

        return handle

    def _act(self, body: Mapping[str, Any]) -> Act:
        """Return who does something where; raise NotOfferedError for people and channels that are not there."""
        world = self._control.world
        user = world.users.get(as_snowflake(body.get("as")) or 0)
        if user is None or user.bot:
            raise NotOfferedError("There is no such person here.")
        _, channel = world.place(as_snowflake(body.get("channel")) or 0)
        return Act(scene=scene_of(world, channel, user), body=dict(body))

    async def _say(self, act: Act) -> Json:
        content, scene, channel = act.text("content").strip(), act.scene, act.channel
        sending = Permission.SEND_MESSAGES_IN_THREADS if channel.thread else Permission.SEND_MESSAGES
        if channel.type in {ChannelType.FORUM, ChannelType.CATEGORY}:
            raise NotOfferedError(f"#{channel.name} holds no messages of its own.")
        if not scene.permissions & sending:
            raise NotOfferedError(f"{shown_name(act.user)} may not send messages in #{channel.name}.")
        if not 1 <= len(content) <= _LONGEST:
            raise NotOfferedError(f"A message has 1 to {_LONGEST:,} characters; this one has {len(content):,}.")
        return {"id": str(self._control.post_as(act.user, channel, content).id)}

    async def _list(self, request: web.Request) -> web.Response:
        """List the commands that a person is offered in a channel, named in that person's language."""
        try:
            scene = self._act(request.query).scene
        except (NotOfferedError, ApiError):
            return web.json_response([], headers=UNKEPT)
        shown: dict[tuple[str, int], Json] = {}
        for command in self._control.offers.shown(scene):
            shown.setdefault((command["name"], command["type"]), command)
        locale = request.query.get("language") or scene.user.locale
        return web.json_response([entry for command in shown.values() for entry in entries(command, locale)], headers=UNKEPT)

    async def _command(self, act: Act) -> Json:
        words, options = act.text("command"), act.values("options")
        return await _begin(self._control.invoke(words, options, user=act.user, channel=act.channel, timeout=0))

    async def _menu(self, act: Act) -> Json:
        message = self._control.world.message(act.channel, as_snowflake(act.body.get("message")) or 0)
        words = act.text("command")
        return await _begin(self._control.invoke_on(words, message, user=act.user, channel=act.channel, timeout=0))

    async def _complete(self, act: Act) -> Json:
        """Ask the bot what fits an option; other options go along as far as they are filled in."""
        asked = self._control.autocomplete(
            act.text("command"),
            act.text("option"),
            act.text("typed"),
            user=act.user,
            channel=act.channel,
            options=act.values("options"),
            timeout=FIRST_ANSWER.total_seconds(),
        )
        try:
            return {"choices": await asked}
        except TimeoutError:
            raise NotOfferedError("Loading options failed.") from None

    async def _press(self, act: Act) -> Json:
        number = as_snowflake(act.body.get("message")) or 0
        message = act.channel.ephemeral.get(number) or self._control.world.message(act.channel, number)
        given = as_list(act.body.get("values"))
        values = None if given is None else [str(value) for value in given]
        return await _begin(self._control.press(message, act.text("custom_id"), user=act.user, values=values, timeout=0))

    async def _submit(self, act: Act) -> Json:
        number = as_snowflake(act.body.get("interaction"))
        kept = self._control.interactions.kept.values()
        opener = next((one for one in kept if one.id == number and one.user.id == act.user.id), None)
        if opener is None:
            raise NotOfferedError("No such dialog is open.")
        return await _begin(self._control.submit(opener, act.values("values"), timeout=0))


async def _begin(act: Awaitable[Interaction]) -> Json:
    """Tell the bot of an act that waits for nothing; what comes of it the page hears by its stream."""
    with suppress(TimeoutError):
        await act
    return {}


async def _read(request: web.Request) -> Json:
    """Return what is asked; the page alone may ask for acts. That an origin is the page's own has been seen at the door."""
    if "Origin" not in request.headers:
        raise web.HTTPForbidden(text="Only the page itself may act for people.")
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType(text="Send JSON.")
    body = parse_object(await request.read())
    if body is None:
        raise web.HTTPBadRequest(text="The request is no JSON object.")
    return body
