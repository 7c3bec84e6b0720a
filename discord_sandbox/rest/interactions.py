"""The routes by which the bot answers an interaction, within three seconds and after (docs, *Receiving and Responding*)."""

import time
from dataclasses import replace
from datetime import timedelta
from typing import Final

from discord_sandbox.api_errors import Json, refusal
from discord_sandbox.changes import remove, store, update
from discord_sandbox.interactions import Callback, Interaction, InteractionType
from discord_sandbox.objects.guilds import user_object
from discord_sandbox.objects.messages import message_object
from discord_sandbox.people.scenes import GUILD_INSTALL, app_permissions
from discord_sandbox.rest.call import Call, Routes
from discord_sandbox.rules.commands import CHAT_INPUT, USER
from discord_sandbox.rules.form import Form
from discord_sandbox.rules.messages import write
from discord_sandbox.rules.modals import read_modal
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
_CALLBACK: Final = "/interactions/{interaction_id}/{webhook_token}/callback"
_HOOK: Final = "/webhooks/{webhook_id}/{webhook_token}"
_ONE: Final = "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}"

routes: Final = Routes()


@routes("POST", _CALLBACK, quota="webhook", open_to_all=True)
def answer(call: Call) -> object:
    """Create Interaction Response: within three seconds, once."""
    interaction = call.interactions.kept.get(call.parameters["webhook_token"])
    if interaction is None or interaction.id != call.id("interaction_id"):
        raise refusal(10062)
    if interaction.callback is not None:
        raise refusal(40060)
    if interaction.failed:
        interaction.acknowledged.set()
        interaction.answered.set()
        raise refusal(10062)
    form = call.form()
    kind = form.choice("type", list(_ALLOWED[interaction.type]), required=True)
    data = form.child("data") or Form({}, ("data",), form.faults)
    form.raise_any()
    _perform(call, interaction, Callback(kind or 0), data)
    interaction.first_answer_after = time.monotonic() - interaction.begun
    interaction.acknowledged.set()
    return _callback_object(call.world, interaction) if call.asks("with_response") else None


def _perform(call: Call, interaction: Interaction, kind: Callback, data: Form) -> None:
    match kind:
        case Callback.MESSAGE:
            interaction.original_id = _say(call, interaction, data).id
        case Callback.DEFER_MESSAGE:
            waiting = _blank(call.world, interaction)
            waiting.flags = (data.integer("flags") or 0) & MessageFlag.EPHEMERAL | MessageFlag.LOADING
            interaction.original_id = waiting.id
            _keep(call.world, interaction, waiting)
        case Callback.DEFER_UPDATE:
            interaction.original_id = interaction.source.id if interaction.source else None
        case Callback.UPDATE:
            source = interaction.channel.find(interaction.source.id) if interaction.source else None
            if source is None:
                raise refusal(10008)
            interaction.original_id = source.id
            _change(call, interaction, source, data)
        case Callback.AUTOCOMPLETE:
            interaction.choices = [
                {"name": choice.text("name", least=1, most=100, required=True), "value": choice.data.get("value")}
                for choice in data.children("choices", most=25) or ()
            ]
            data.raise_any()
        case Callback.MODAL:
            modal = read_modal(data)
            data.raise_any()
            interaction.modal = modal
    interaction.callback = kind
    if not interaction.deferred:
        interaction.answered.set()


def _callback_object(world: World, interaction: Interaction) -> Json:
    about: Json = {
        "id": str(interaction.id),
        "type": int(interaction.type),
        "channel_id": str(interaction.channel.id),
        **({"guild_id": str(interaction.guild.id)} if interaction.guild else {}),
    }
    message = interaction.channel.find(interaction.original_id or 0)
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


def _blank(world: World, interaction: Interaction) -> Message:
    message = world.draft(interaction.channel, kind=_message_type(interaction))
    message.webhook_id = world.bot.id
    message.interaction = _metadata(world, interaction)
    return message


def _say(call: Call, interaction: Interaction, form: Form) -> Message:
    message = _blank(call.world, interaction)
    message.tts = bool(form.boolean("tts"))
    _write(call, interaction, message, form, editing=False)
    _keep(call.world, interaction, message)
    return message


def _write(call: Call, interaction: Interaction, message: Message, form: Form, *, editing: bool) -> None:
    bits = app_permissions(call.world, interaction.guild, interaction.channel)
    write(call.world, interaction.guild, form, call.files, message, bits, editing=editing, answering=True)


def _keep(world: World, interaction: Interaction, message: Message) -> None:
    if interaction.only_private:
        message.flags |= MessageFlag.EPHEMERAL
    interaction.said.append(message.id)
    if message.flags & MessageFlag.EPHEMERAL:
        message.only_for = interaction.user.id
        interaction.channel.ephemeral[message.id] = message
    else:
        store(world, interaction.channel, message)


def _change(call: Call, interaction: Interaction, message: Message, form: Form) -> Message:
    edited = replace(message)
    _write(call, interaction, edited, form, editing=True)
    edited.flags &= ~MessageFlag.LOADING
    edited.edited_at = None if message.flags & MessageFlag.LOADING else call.world.clock()
    if message.id in interaction.channel.ephemeral:
        interaction.channel.ephemeral[message.id] = edited
    else:
        interaction.channel.messages[message.id] = edited
        update(call.world, interaction.channel, edited)
    return edited


def _live(call: Call) -> Interaction:
    interaction = call.interactions.kept.get(call.parameters["webhook_token"])
    if call.id("webhook_id") != call.world.bot.id:
        raise refusal(10015)
    if interaction is None or call.world.clock() - interaction.created_at > TOKEN_LIFE:
        raise refusal(50027)
    if interaction.callback is None:
        raise refusal(10015)
    return interaction


def _found(call: Call, interaction: Interaction) -> Message:
    original = call.parameters["message_id"] == "@original"
    number = interaction.original_id if original else call.id("message_id")
    own = number in interaction.said or (interaction.source and number == interaction.source.id)
    message = interaction.channel.find(number or 0) if own else None
    if message is None:
        raise refusal(10008)
    return message


@routes("POST", _HOOK, quota="webhook", open_to_all=True)
def follow_up(call: Call) -> object:
    """Create Followup Message; the first after a deferral takes the place of the waiting one."""
    interaction = _live(call)
    form = call.form()
    waiting = interaction.messages.get(interaction.original_id or 0)
    if waiting and waiting.flags & MessageFlag.LOADING:
        message = _change(call, interaction, waiting, form)
    else:
        if GUILD_INSTALL not in interaction.owners and interaction.follow_ups >= FOLLOW_UPS:
            raise refusal(40094)
        message = _say(call, interaction, form)
        interaction.follow_ups += 1
    interaction.answered.set()
    return message_object(call.world, message)


@routes("GET", _ONE, quota="webhook", open_to_all=True)
def read(call: Call) -> object:
    """Get the original response or a follow-up."""
    return message_object(call.world, _found(call, _live(call)))


@routes("PATCH", _ONE, quota="webhook", open_to_all=True)
def edit(call: Call) -> object:
    """Edit the original response or a follow-up."""
    interaction = _live(call)
    form = call.form()
    message = _change(call, interaction, _found(call, interaction), form)
    interaction.answered.set()
    return message_object(call.world, message)


@routes("DELETE", _ONE, quota="webhook", open_to_all=True)
def delete(call: Call) -> object:
    """Delete the original response or a follow-up."""
    interaction = _live(call)
    message = _found(call, interaction)
    if interaction.channel.ephemeral.pop(message.id, None) is None:
        remove(call.world, interaction.channel, message)
    interaction.answered.set()


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
