"""The routes by which the bot answers an interaction, within three seconds and after (docs, *Receiving and Responding*)."""

import secrets
import time
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Final

from discord_sandbox.api_errors import Json, refusal
from discord_sandbox.call import Call, Reply, Route, as_json_object
from discord_sandbox.commands import CHAT_INPUT, USER
from discord_sandbox.interactions import Callback, Interaction, InteractionType
from discord_sandbox.message_rules import INTERACTION_MENTIONS, ping, read_body, read_mentions, refuse_empty
from discord_sandbox.messages import remove, store, update
from discord_sandbox.modal_rules import read_modal
from discord_sandbox.objects import message_object, user_object
from discord_sandbox.scenes import GUILD_INSTALL, Scene, app_permissions
from discord_sandbox.validation import Form, Problems
from discord_sandbox.world import Message, MessageFlag, MessageType, World

TOKEN_LIFE: Final = timedelta(minutes=15)
FOLLOW_UPS: Final = 5
"""Follow-ups of an app that is where it is used for the person alone (code 40094)."""

_ALLOWED: Final = {
    InteractionType.COMMAND: {Callback.MESSAGE, Callback.DEFER_MESSAGE, Callback.MODAL},
    InteractionType.COMPONENT: set(Callback) - {Callback.AUTOCOMPLETE},
    InteractionType.AUTOCOMPLETE: {Callback.AUTOCOMPLETE},
    InteractionType.MODAL_SUBMIT: set(Callback) - {Callback.AUTOCOMPLETE, Callback.MODAL},
}


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

    def begin(
        self,
        world: World,
        kind: InteractionType,
        scene: Scene,
        about: Json,
        *,
        owners: dict[str, str] | None = None,
        source: Message | None = None,
        opener: Interaction | None = None,
    ) -> Interaction:
        """Start an interaction, by leave of ``owners`` (None: all that the place has); telling the bot of it is the caller's."""
        interaction = Interaction(
            id=world.new_id(),
            token=secrets.token_urlsafe(48),
            type=kind,
            guild=scene.guild,
            channel=scene.channel,
            user=scene.user,
            context=scene.context,
            owners=scene.owners if owners is None else owners,
            only_private=scene.only_private,
            created_at=world.clock(),
            clock=world.clock,
            about=about,
            source=source,
            opener=opener,
        )
        self.kept[interaction.token] = interaction
        return interaction

    def answer(self, call: Call) -> Reply:
        """Create Interaction Response: within three seconds, once."""
        interaction = self.kept.get(call.parameters["webhook_token"])
        if interaction is None or interaction.id != call.id("interaction_id"):
            raise refusal(10062)
        if interaction.callback is not None:
            raise refusal(40060)
        if interaction.failed:
            interaction.acknowledged.set()
            interaction.answered.set()
            raise refusal(10062)
        form = Form(as_json_object(call.json), Problems())
        kind = form.choice("type", list(_ALLOWED[interaction.type]))
        if kind is None and form.data.get("type") is None:
            form.fault("type", "BASE_TYPE_REQUIRED", "This field is required")
        data = form.child("data") or Form({}, form.problems, ("data",))
        form.problems.raise_any()
        self._perform(call, interaction, Callback(kind or 0), data)
        interaction.first_answer_after = time.monotonic() - interaction.begun
        interaction.acknowledged.set()
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
                waiting.flags = self._secrecy(interaction, flags | MessageFlag.LOADING)
                interaction.original_id = waiting.id
                self._keep(call.world, interaction, waiting)
            case Callback.DEFER_UPDATE:
                interaction.original_id = interaction.source.id if interaction.source else None
            case Callback.UPDATE:
                source = self._message(interaction, interaction.source.id) if interaction.source else None
                if source is None:
                    raise refusal(10008)
                interaction.original_id = source.id
                self._change(call, interaction, source, data)
                interaction.answered.set()
            case Callback.AUTOCOMPLETE:
                interaction.choices = [
                    {"name": choice.text("name", least=1, most=100, required=True), "value": choice.data.get("value")}
                    for choice in data.children("choices", most=25) or ()
                ]
                data.problems.raise_any()
                interaction.answered.set()
            case Callback.MODAL:
                modal = read_modal(data)
                data.problems.raise_any()
                interaction.modal = modal
                interaction.answered.set()
        interaction.callback = kind

    def _callback_object(self, world: World, interaction: Interaction) -> Json:
        about: Json = {
            "id": str(interaction.id),
            "type": int(interaction.type),
            "channel_id": str(interaction.channel.id),
            **({"guild_id": str(interaction.guild.id)} if interaction.guild else {}),
        }
        message = self._message(interaction, interaction.original_id or 0)
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
        return Message(
            id=world.new_id(),
            channel_id=interaction.channel.id,
            author=world.bot,
            created_at=world.clock(),
            type=_message_type(interaction),
            webhook_id=world.bot.id,
            interaction=_metadata(world, interaction),
        )

    def _secrecy(self, interaction: Interaction, flags: int) -> int:
        """Return a new message's flags, with what the place makes of them."""
        return flags | MessageFlag.EPHEMERAL if interaction.only_private else flags

    def _bits(self, world: World, interaction: Interaction) -> int:
        return app_permissions(world, interaction.guild, interaction.channel)

    def _message(self, interaction: Interaction, number: int) -> Message | None:
        """Return a message of the channel as it stands now, be it ephemeral."""
        return interaction.channel.messages.get(number) or interaction.channel.ephemeral.get(number)

    def _say(self, call: Call, interaction: Interaction, form: Form) -> Message:
        message = self._blank(call.world, interaction)
        message.tts = bool(form.boolean("tts"))
        mentions = read_mentions(form, INTERACTION_MENTIONS)
        read_body(call.world, form, call.files, message, editing=False)
        message.flags = self._secrecy(interaction, message.flags)
        refuse_empty(message)
        ping(call.world, interaction.guild, message, mentions, self._bits(call.world, interaction))
        self._keep(call.world, interaction, message)
        return message

    def _keep(self, world: World, interaction: Interaction, message: Message) -> None:
        interaction.said.append(message.id)
        if message.flags & MessageFlag.EPHEMERAL:
            message.only_for = interaction.user.id
            interaction.channel.ephemeral[message.id] = message
        else:
            store(world, interaction.channel, message)

    def _change(self, call: Call, interaction: Interaction, message: Message, form: Form) -> Message:
        edited = replace(message)
        mentions = read_mentions(form, INTERACTION_MENTIONS)
        read_body(call.world, form, call.files, edited, editing=True)
        edited.flags &= ~MessageFlag.LOADING
        refuse_empty(edited)
        ping(call.world, interaction.guild, edited, mentions, self._bits(call.world, interaction))
        edited.edited_at = None if message.flags & MessageFlag.LOADING else call.world.clock()
        if message.id in interaction.channel.ephemeral:
            interaction.channel.ephemeral[message.id] = edited
        else:
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
        own = number in interaction.said or (interaction.source and number == interaction.source.id)
        message = self._message(interaction, number or 0) if own else None
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
            if GUILD_INSTALL not in interaction.owners and interaction.follow_ups >= FOLLOW_UPS:
                raise refusal(40094)
            message = self._say(call, interaction, form)
            interaction.follow_ups += 1
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
        if interaction.channel.ephemeral.pop(message.id, None) is None:
            remove(call.world, interaction.channel, message)
        interaction.answered.set()
        return Reply(status=204)


def _metadata(world: World, interaction: Interaction) -> Json:
    about: Json = {
        "id": str(interaction.id),
        "type": int(interaction.type),
        "user": user_object(interaction.user),
        "authorizing_integration_owners": interaction.owners,
    }
    if "target_id" in interaction.about:
        number = interaction.about["target_id"]
        of_user = interaction.about["type"] == USER
        about |= {"target_user": user_object(world.users[int(number)])} if of_user else {"target_message_id": number}
    if interaction.type is InteractionType.COMPONENT and interaction.source:
        about["interacted_message_id"] = str(interaction.source.id)
    if interaction.opener:
        about["triggering_interaction_metadata"] = _metadata(world, interaction.opener)
    return about


def _message_type(interaction: Interaction) -> MessageType:
    if interaction.type is not InteractionType.COMMAND:
        return MessageType.DEFAULT
    chat = interaction.about["type"] == CHAT_INPUT
    return MessageType.CHAT_INPUT_COMMAND if chat else MessageType.CONTEXT_MENU_COMMAND
