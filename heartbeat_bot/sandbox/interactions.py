"""Interactions: what a person did, the routes by which the bot answers, its answers (docs, *Receiving and Responding*)."""

import asyncio
import secrets
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any, Final

from heartbeat_bot.sandbox.api_errors import Json, refusal
from heartbeat_bot.sandbox.call import Call, Reply, Route, as_json_object
from heartbeat_bot.sandbox.message_rules import INTERACTION_MENTIONS, ping, read_body, read_mentions, refuse_empty
from heartbeat_bot.sandbox.messages import remove, store, update
from heartbeat_bot.sandbox.objects import message_object, user_object
from heartbeat_bot.sandbox.permissions import channel_permissions
from heartbeat_bot.sandbox.validation import Form, Problems
from heartbeat_bot.sandbox.world import Channel, Guild, Message, MessageFlag, MessageType, User, World

FIRST_ANSWER: Final = timedelta(seconds=3)
"""Time for the first answer, after which the token is dead."""
TOKEN_LIFE: Final = timedelta(minutes=15)


class InteractionType(IntEnum):
    """What a person did."""

    COMMAND = 2
    COMPONENT = 3
    AUTOCOMPLETE = 4
    MODAL_SUBMIT = 5


class Callback(IntEnum):
    """How a bot may answer at first."""

    MESSAGE = 4
    DEFER_MESSAGE = 5
    DEFER_UPDATE = 6
    UPDATE = 7
    AUTOCOMPLETE = 8
    MODAL = 9


_ALLOWED: Final = {
    InteractionType.COMMAND: {Callback.MESSAGE, Callback.DEFER_MESSAGE, Callback.MODAL},
    InteractionType.COMPONENT: set(Callback) - {Callback.AUTOCOMPLETE},
    InteractionType.AUTOCOMPLETE: {Callback.AUTOCOMPLETE},
    InteractionType.MODAL_SUBMIT: set(Callback) - {Callback.AUTOCOMPLETE, Callback.MODAL},
}


@dataclass(slots=True, kw_only=True)
class Interaction:
    """One thing that a person did, and what came of it.

    ``messages`` holds the answers by id, ephemeral ones too; ``callback`` is None until the bot has answered. ``answered`` is set
    once the person has something to look at: a message, choices, a dialog, or a deferral that was followed up.
    """

    id: int
    token: str
    type: InteractionType
    guild: Guild
    channel: Channel
    user: User
    created_at: datetime
    about: Json
    source: Message | None = None
    callback: Callback | None = None
    original_id: int | None = None
    messages: dict[int, Message] = field(default_factory=dict[int, Message])
    choices: list[Json] = field(default_factory=list[Json])
    modal: Json | None = None
    answered: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def deferred(self) -> bool:
        """Tell whether the bot first asked for time."""
        return self.callback in {Callback.DEFER_MESSAGE, Callback.DEFER_UPDATE}

    @property
    def responses(self) -> list[Message]:
        """Return the messages that the person sees, first answer first; one still "thinking" is none."""
        return [message for message in self.messages.values() if not message.flags & MessageFlag.LOADING]


@dataclass(frozen=True, slots=True, kw_only=True)
class Interactions:
    """Keeps the interactions and answers their routes."""

    kept: dict[str, Interaction] = field(default_factory=dict[str, Interaction])

    def routes(self) -> list[Route]:
        """Return the table."""
        hook = "/webhooks/{webhook_id}/{webhook_token}"
        one = f"{hook}/messages/{{message_id}}"
        callback = "/interactions/{interaction_id}/{webhook_token}/callback"
        return [
            Route(method="POST", template=callback, handler=self.answer, quota="webhook", open_to_all=True),
            Route(method="POST", template=hook, handler=self.follow_up, quota="webhook", open_to_all=True),
            Route(method="GET", template=one, handler=self.read, quota="webhook", open_to_all=True),
            Route(method="PATCH", template=one, handler=self.edit, quota="webhook", open_to_all=True),
            Route(method="DELETE", template=one, handler=self.delete, quota="webhook", open_to_all=True),
        ]

    def begin(self, world: World, kind: InteractionType, guild: Guild, channel: Channel, user: User, about: Json) -> Interaction:
        """Start an interaction; telling the bot of it is the caller's."""
        interaction = Interaction(
            id=world.new_id(),
            token=secrets.token_urlsafe(48),
            type=kind,
            guild=guild,
            channel=channel,
            user=user,
            created_at=world.clock(),
            about=about,
        )
        self.kept[interaction.token] = interaction
        return interaction

    def answer(self, call: Call) -> Reply:
        """Create Interaction Response: within three seconds, once."""
        interaction = self.kept.get(call.parameters["webhook_token"])
        now = call.world.clock()
        if interaction is None or interaction.id != call.id("interaction_id"):
            raise refusal(10062)
        if interaction.callback is not None:
            raise refusal(40060)
        if now - interaction.created_at > FIRST_ANSWER:
            raise refusal(10062)
        form = Form(as_json_object(call.json), Problems())
        kind = form.choice("type", list(_ALLOWED[interaction.type]))
        if kind is None and form.data.get("type") is None:
            form.fault("type", "BASE_TYPE_REQUIRED", "This field is required")
        data = form.child("data") or Form({}, form.problems, ("data",))
        form.problems.raise_any()
        self._perform(call, interaction, Callback(kind or 0), data)
        if call.query.get("with_response", "").lower() not in {"1", "true"}:
            return Reply(status=204)
        return Reply(body=self._callback_object(call.world, interaction))

    def _perform(self, call: Call, interaction: Interaction, kind: Callback, data: Form) -> None:
        match kind:
            case Callback.MESSAGE:
                interaction.original_id = self._say(call, interaction, data).id
                interaction.answered.set()
            case Callback.DEFER_MESSAGE:
                flags = (data.integer("flags") or 0) & MessageFlag.EPHEMERAL
                waiting = self._blank(call.world, interaction)
                waiting.flags = flags | MessageFlag.LOADING
                interaction.original_id = waiting.id
                self._keep(call.world, interaction, waiting)
            case Callback.DEFER_UPDATE:
                interaction.original_id = interaction.source.id if interaction.source else None
            case Callback.UPDATE:
                if interaction.source is None:
                    raise refusal(10008)
                interaction.original_id = interaction.source.id
                self._change(call, interaction, interaction.source, data)
                interaction.answered.set()
            case Callback.AUTOCOMPLETE:
                interaction.choices = [
                    {"name": choice.text("name", least=1, most=100, required=True), "value": choice.data.get("value")}
                    for choice in data.children("choices", most=25) or ()
                ]
                data.problems.raise_any()
                interaction.answered.set()
            case Callback.MODAL:
                data.text("custom_id", least=1, most=100, required=True)
                data.text("title", least=1, most=45, required=True)
                data.children("components", least=1, most=5)
                data.problems.raise_any()
                interaction.modal = data.data
                interaction.answered.set()
        interaction.callback = kind

    def _callback_object(self, world: World, interaction: Interaction) -> Json:
        about: Json = {
            "id": str(interaction.id),
            "type": int(interaction.type),
            "channel_id": str(interaction.channel.id),
            "guild_id": str(interaction.guild.id),
        }
        number = interaction.original_id or 0
        message = interaction.messages.get(number) or interaction.channel.messages.get(number)
        body: Json = {"interaction": about}
        if message is not None:
            about |= {
                "response_message_id": str(message.id),
                "response_message_loading": bool(message.flags & MessageFlag.LOADING),
                "response_message_ephemeral": bool(message.flags & MessageFlag.EPHEMERAL),
            }
        kind = interaction.callback
        if message is not None and (kind is Callback.MESSAGE or kind is Callback.UPDATE):
            body["resource"] = {"type": int(kind), "message": message_object(world, message)}
        return body

    def _blank(self, world: World, interaction: Interaction) -> Message:
        about: Json = {
            "id": str(interaction.id),
            "type": int(interaction.type),
            "user": user_object(interaction.user),
            "authorizing_integration_owners": {"0": str(interaction.guild.id)},
        }
        if interaction.type is InteractionType.COMPONENT and interaction.source:
            about["interacted_message_id"] = str(interaction.source.id)
        return Message(
            id=world.new_id(),
            channel_id=interaction.channel.id,
            author=world.bot,
            created_at=world.clock(),
            type=MessageType.CHAT_INPUT_COMMAND if interaction.type is InteractionType.COMMAND else MessageType.DEFAULT,
            webhook_id=world.bot.id,
            interaction=about,
        )

    def _bits(self, world: World, interaction: Interaction) -> int:
        own = interaction.guild.members[world.bot.id]
        return channel_permissions(interaction.guild, interaction.channel, own, world.clock())

    def _say(self, call: Call, interaction: Interaction, form: Form) -> Message:
        message = self._blank(call.world, interaction)
        message.tts = bool(form.boolean("tts"))
        mentions = read_mentions(form, INTERACTION_MENTIONS)
        read_body(call.world, form, call.files, message, editing=False)
        refuse_empty(message)
        ping(call.world, interaction.guild, message, mentions, self._bits(call.world, interaction))
        self._keep(call.world, interaction, message)
        return message

    def _keep(self, world: World, interaction: Interaction, message: Message) -> None:
        interaction.messages[message.id] = message
        if not message.flags & MessageFlag.EPHEMERAL:
            store(world, interaction.channel, message)

    def _change(self, call: Call, interaction: Interaction, message: Message, form: Form) -> Message:
        edited = replace(message)
        mentions = read_mentions(form, INTERACTION_MENTIONS)
        read_body(call.world, form, call.files, edited, editing=True)
        edited.flags &= ~MessageFlag.LOADING
        refuse_empty(edited)
        ping(call.world, interaction.guild, edited, mentions, self._bits(call.world, interaction))
        edited.edited_at = None if message.flags & MessageFlag.LOADING else call.world.clock()
        if message.id in interaction.messages:
            interaction.messages[message.id] = edited
        if message.id in interaction.channel.messages:
            interaction.channel.messages[message.id] = edited
            update(call.world, interaction.channel, edited)
        return edited

    def _live(self, call: Call) -> Interaction:
        interaction = self.kept.get(call.parameters["webhook_token"])
        if call.id("webhook_id") != call.world.bot.id:
            raise refusal(10015)
        if interaction is None or call.world.clock() - interaction.created_at > TOKEN_LIFE:
            raise refusal(50027)
        if interaction.callback is None:
            raise refusal(10015)
        return interaction

    def _found(self, call: Call, interaction: Interaction) -> Message:
        named: Any = call.parameters["message_id"]
        number = interaction.original_id if named == "@original" else call.id("message_id")
        message = interaction.messages.get(number or 0)
        if message is None and interaction.source and number == interaction.source.id:
            message = interaction.channel.messages.get(interaction.source.id)
        if message is None:
            raise refusal(10008)
        return message

    def follow_up(self, call: Call) -> Reply:
        """Create Followup Message; the first after a deferral takes the place of the waiting one."""
        interaction = self._live(call)
        form = Form(as_json_object(call.json), Problems())
        waiting = interaction.messages.get(interaction.original_id or 0)
        if waiting and waiting.flags & MessageFlag.LOADING:
            message = self._change(call, interaction, waiting, form)
        else:
            message = self._say(call, interaction, form)
        interaction.answered.set()
        return Reply(body=message_object(call.world, message))

    def read(self, call: Call) -> Reply:
        """Get the original response or a follow-up."""
        return Reply(body=message_object(call.world, self._found(call, self._live(call))))

    def edit(self, call: Call) -> Reply:
        """Edit the original response or a follow-up."""
        interaction = self._live(call)
        form = Form(as_json_object(call.json), Problems())
        message = self._change(call, interaction, self._found(call, interaction), form)
        interaction.answered.set()
        return Reply(body=message_object(call.world, message))

    def delete(self, call: Call) -> Reply:
        """Delete the original response or a follow-up."""
        interaction = self._live(call)
        message = self._found(call, interaction)
        interaction.messages.pop(message.id, None)
        if message.id in interaction.channel.messages:
            remove(call.world, interaction.channel, message)
        interaction.answered.set()
        return Reply(status=204)


class NotOfferedError(Exception):
    """A person asked for something that Discord would not offer: an unknown command, a missing option, a missing permission."""
