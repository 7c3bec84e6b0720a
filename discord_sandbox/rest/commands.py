"""The routes of application commands, global ones and those of a guild (docs, *Application Commands*)."""

from typing import Final

from discord_sandbox.api_errors import Json, refusal
from discord_sandbox.rest.call import Call, Created, Routes
from discord_sandbox.rules.commands import MOST, read_command
from discord_sandbox.rules.form import Form, as_list
from discord_sandbox.world import World

routes: Final = Routes()
_MANY: Final = ("/applications/{application_id}/commands", "/applications/{application_id}/guilds/{guild_id}/commands")
_ONE: Final = tuple(f"{many}/{{command_id}}" for many in _MANY)


@routes("GET", *_MANY)
def read_all(call: Call) -> object:
    """Get Global or Guild Application Commands; texts by locale only ``with_localizations``."""
    found = list(_scope(call)[1].values())
    if not call.asks("with_localizations"):
        found = [_without_localizations(command) for command in found]
    return found


@routes("POST", *_MANY)
def upsert(call: Call) -> object:
    """Create a command, or overwrite the one with its name and type."""
    guild_id, kept = _scope(call)
    form = call.form()
    command = read_command(form)
    form.raise_any()
    known = _same(kept, command)
    if known is None:
        if sum(other["type"] == command["type"] for other in kept.values()) >= MOST[command["type"]]:
            raise refusal(30032)
        _count_creates(call, guild_id, 1)
    number = known or call.world.new_id()
    kept[number] = _finished(call.world, guild_id, number, command)
    return Created(body=kept[number]) if known is None else kept[number]


@routes("PUT", *_MANY)
def overwrite(call: Call) -> object:
    """Replace all commands by those of the request; a command that keeps name and type keeps its id."""
    guild_id, kept = _scope(call)
    form = Form({"commands": as_list(call.json) or []})
    if as_list(call.json) is None:
        form.fault((), "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
    commands = [
        read_command(Form(child.data, (str(index),), form.faults))
        for index, child in enumerate(form.children("commands", most=130) or ())
    ]
    for index, command in enumerate(commands):
        if any(_is_same(command, before) for before in commands[:index]):
            form.fault((str(index), "name"), "APPLICATION_COMMANDS_DUPLICATE_NAME", "Application command names must be unique")
    form.raise_any()
    for kind, most in MOST.items():
        if sum(command["type"] == kind for command in commands) > most:
            raise refusal(30032)
    numbers = [_same(kept, command) for command in commands]
    _count_creates(call, guild_id, numbers.count(None))
    fresh = {number or call.world.new_id(): command for number, command in zip(numbers, commands, strict=True)}
    kept.clear()
    kept.update({number: _finished(call.world, guild_id, number, command) for number, command in fresh.items()})
    return list(kept.values())


@routes("GET", *_ONE)
def read(call: Call) -> object:
    """Get a command."""
    _, kept, number = _one(call)
    return kept[number]


@routes("PATCH", *_ONE)
def edit(call: Call) -> object:
    """Edit a command; what the request leaves out stays."""
    guild_id, kept, number = _one(call)
    form = Form(kept[number] | call.form().data)
    command = read_command(form)
    form.raise_any()
    kept[number] = _finished(call.world, guild_id, number, command)
    return kept[number]


@routes("DELETE", *_ONE)
def delete(call: Call) -> object:
    """Delete a command."""
    _, kept, number = _one(call)
    del kept[number]


def _scope(call: Call) -> tuple[int | None, dict[int, Json]]:
    if call.id("application_id") != call.world.bot.id:
        raise refusal(20001)
    guild_id = call.id("guild_id") if "guild_id" in call.parameters else None
    if guild_id is not None:
        guild = call.world.guilds.get(guild_id)
        if guild is None or not call.world.has_bot(guild):
            raise refusal(50001)
    return guild_id, call.world.commands.kept.setdefault(guild_id, {})


def _one(call: Call) -> tuple[int | None, dict[int, Json], int]:
    guild_id, kept = _scope(call)
    number = call.id("command_id")
    if number not in kept:
        raise refusal(10063)
    return guild_id, kept, number


def _finished(world: World, guild_id: int | None, number: int, command: Json) -> Json:
    body = {"id": str(number), "application_id": str(world.bot.id), "version": str(world.new_id()), **command}
    if guild_id is None:
        return body
    del body["contexts"], body["integration_types"]
    return body | {"guild_id": str(guild_id)}


def _count_creates(call: Call, guild_id: int | None, number: int) -> None:
    quota = call.limiter.limits.command_creates
    call.limiter.take("command creates", str(guild_id), quota, call.now, code=30034, weight=number)


def _without_localizations(part: Json) -> Json:
    left = {name: value for name, value in part.items() if not name.endswith("_localizations")}
    for name in ("options", "choices"):
        if name in left:
            left[name] = [_without_localizations(inner) for inner in left[name]]
    return left


def _is_same(command: Json, other: Json) -> bool:
    return (command["name"], command["type"]) == (other["name"], other["type"])


def _same(kept: dict[int, Json], command: Json) -> int | None:
    return next((number for number, other in kept.items() if _is_same(command, other)), None)
