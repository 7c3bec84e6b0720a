"""What Discord lets a person do with the app, and what it tells the app of it: commands, options, buttons, selects.

Everything here is checked before the app hears of it, as Discord's own clients do; what is refused raises NotOfferedError.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from discord_sandbox.api_errors import Json
from discord_sandbox.interactions import NotOfferedError
from discord_sandbox.people.resolving import Resolved
from discord_sandbox.people.scenes import GUILD_INSTALL, Scene, offers_here
from discord_sandbox.permissions import Permission
from discord_sandbox.rules.commands import CHAT_INPUT, MESSAGE, SUB_COMMANDS, USER, OptionType
from discord_sandbox.rules.components import CHANNELS, ENTITY_SELECTS, ROLES, USERS, Component, walk
from discord_sandbox.world import Channel, Message, Role, User, World

Choice = str | User | Role | Channel
"""What is chosen in a select: an option's value, or one of Discord's things, as such or by its id."""

_OPTION_KINDS: Final = {
    OptionType.USER: frozenset({USERS}),
    OptionType.CHANNEL: frozenset({CHANNELS}),
    OptionType.ROLE: frozenset({ROLES}),
    OptionType.MENTIONABLE: frozenset({USERS, ROLES}),
}
_TYPES: Final[Mapping[int, tuple[type, ...]]] = {
    OptionType.STRING: (str,),
    OptionType.INTEGER: (int,),
    OptionType.BOOLEAN: (bool,),
    OptionType.NUMBER: (int, float),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """What the app is told of a deed, and by leave of which installations."""

    data: Json
    owners: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offers:
    """Checks what people ask for against what there is."""

    world: World

    def shown(self, scene: Scene) -> list[Json]:
        """Return the commands that a person is shown in a place, the guild's own before the global ones."""
        if not scene.permissions & Permission.USE_APPLICATION_COMMANDS:
            return []
        return [command for command in self._kept(scene) if offers_here(scene, command) and _is_permitted(scene, command)]

    def _kept(self, scene: Scene) -> list[Json]:
        return self.world.commands.shown_in(scene.guild.id if scene.guild else None)

    def _find(self, scene: Scene, name: str, kind: int) -> Json:
        label = f"/{name}" if kind == CHAT_INPUT else repr(name)
        named = [command for command in self._kept(scene) if command["name"] == name and command["type"] == kind]
        if not named:
            raise NotOfferedError(f"The bot has no command {label}.")
        if not scene.permissions & Permission.USE_APPLICATION_COMMANDS:
            raise NotOfferedError(f"{scene.user.name} may not use commands in #{scene.channel.name}.")
        here = [command for command in named if offers_here(scene, command)]
        if not here:
            place = scene.context.name.lower().replace("_", " ")
            raise NotOfferedError(f"{label} is not offered in this place: its contexts or installations do not cover a {place}.")
        if not _is_permitted(scene, here[0]):
            raise NotOfferedError(f"{label} is not shown to {scene.user.name}.")
        return here[0]

    def command(self, scene: Scene, command: str, values: Mapping[str, object], *, typed_in: str | None = None) -> Offered:
        """Return a chat command, "group sub" with its subcommands; ``typed_in`` is the option that is still being typed."""
        name, *path = command.removeprefix("/").split()
        found = self._find(scene, name, CHAT_INPUT)
        resolved = Resolved(world=self.world, scene=scene)
        data: Json = _head(found) | {"options": list[Json]()}
        leaf, schema = data, found
        for step in path:
            schema = next((option for option in schema.get("options", ()) if option["name"] == step), None)
            if schema is None or schema["type"] not in SUB_COMMANDS:
                raise NotOfferedError(f"/{name} has no subcommand {step}.")
            inner: Json = {"name": step, "type": schema["type"], "options": []}
            leaf["options"].append(inner)
            leaf = inner
        leaf["options"] += _options(schema, values, resolved, typed_in)
        return Offered(data=data | {"resolved": resolved.data}, owners=_owners(scene, found))

    def on_message(self, scene: Scene, command: str, message: Message) -> Offered:
        """Return a command of a message's menu."""
        found = self._find(scene, command, MESSAGE)
        current = scene.channel.messages.get(message.id)
        if current is None:
            raise NotOfferedError(f"There is no message {message.id} in #{scene.channel.name} to use {command!r} on.")
        resolved = Resolved(world=self.world, scene=scene)
        resolved.message(current)
        return _on_target(found, message.id, resolved, scene)

    def on_user(self, scene: Scene, command: str, user: User) -> Offered:
        """Return a command of a user's menu."""
        found = self._find(scene, command, USER)
        resolved = Resolved(world=self.world, scene=scene)
        resolved.user(user)
        return _on_target(found, user.id, resolved, scene)

    def component(self, scene: Scene, source: Message, custom_id: str, values: Sequence[Choice] | None) -> Offered:
        """Return a button that is pressed, or a select in which ``values`` are chosen, of a message as it stands now."""
        component = next((part for part in walk(source.components) if part.get("custom_id") == custom_id), None)
        if component is None:
            raise NotOfferedError(f"Message {source.id} has no component {custom_id!r}.")
        if component.get("disabled"):
            raise NotOfferedError(f"{custom_id!r} is disabled.")
        data: Json = {"custom_id": custom_id, "component_type": component["type"], "id": component["id"]}
        if component["type"] == Component.BUTTON:
            if values is not None:
                raise NotOfferedError(f"{custom_id!r} is a button: nothing can be chosen in it.")
        else:
            resolved = Resolved(world=self.world, scene=scene)
            data["values"] = chosen(component, values or (), resolved)
            if component["type"] in ENTITY_SELECTS:
                # With a string select there is nothing beside the values; discord.py would take these for the values.
                data["resolved"] = resolved.data
        leave = source.interaction["authorizing_integration_owners"] if source.interaction else scene.owners
        return Offered(data=data, owners=leave)


def _is_permitted(scene: Scene, command: Json) -> bool:
    needed = command["default_member_permissions"]
    if needed is None or GUILD_INSTALL not in scene.owners or scene.guild is None:
        return True
    # "0" is for administrators alone (docs, Application Command Permissions).
    return bool(scene.permissions & Permission.ADMINISTRATOR) or (needed != "0" and not int(needed) & ~scene.permissions)


def _head(command: Json) -> Json:
    data: Json = {"id": command["id"], "name": command["name"], "type": command["type"]}
    return data | {"guild_id": command["guild_id"]} if "guild_id" in command else data


def _owners(scene: Scene, command: Json) -> dict[str, str]:
    return scene.narrowed(command.get("integration_types") or [int(GUILD_INSTALL)])


def _on_target(command: Json, number: int, resolved: Resolved, scene: Scene) -> Offered:
    data = _head(command) | {"target_id": str(number), "resolved": resolved.data}
    return Offered(data=data, owners=_owners(scene, command))


def _options(schema: Json, values: Mapping[str, object], resolved: Resolved, typed_in: str | None) -> list[Json]:
    options: dict[str, Json] = {option["name"]: option for option in schema.get("options", ())}
    if any(option["type"] in SUB_COMMANDS for option in options.values()):
        raise NotOfferedError(f"/{schema['name']} needs one of its subcommands: {', '.join(options)}.")
    unknown = set(values) - set(options)
    missing = {name for name, option in options.items() if option.get("required") and name not in values}
    if unknown or (missing and typed_in is None):
        raise NotOfferedError(f"/{schema['name']}: unknown options {sorted(unknown)}, missing options {sorted(missing)}.")
    if typed_in is not None and not options[typed_in].get("autocomplete"):
        raise NotOfferedError(f"Nothing is offered for {typed_in} while one types.")
    filled: list[Json] = []
    for name, value in values.items():
        option = options[name]
        given = value if name == typed_in else _option_value(option, value, resolved)
        filled.append({"name": name, "type": option["type"], "value": given, **({"focused": True} if name == typed_in else {})})
    return filled


def _option_value(option: Json, value: object, resolved: Resolved) -> object:
    name, kind = option["name"], option["type"]
    if kind in _OPTION_KINDS:
        key = resolved.thing(value, _OPTION_KINDS[kind])
        _check_channel(option, key, resolved)
        return key
    types = _TYPES.get(kind)
    if types and (not isinstance(value, types) or isinstance(value, bool) != (kind == OptionType.BOOLEAN)):
        raise NotOfferedError(f"{value!r} is not of the type of {name}.")
    if "choices" in option and all(choice["value"] != value for choice in option["choices"]):
        raise NotOfferedError(f"{value!r} is none of the choices of {name}.")
    size: Any = len(value) if isinstance(value, str) else value
    least, most = ("min_length", "max_length") if isinstance(value, str) else ("min_value", "max_value")
    if (least in option and size < option[least]) or (most in option and size > option[most]):
        raise NotOfferedError(f"{value!r} is out of the bounds of {name}.")
    return value


def _check_channel(part: Json, key: str, resolved: Resolved) -> None:
    """Refuse a channel of a kind that an option or select does not take."""
    wanted = part.get("channel_types")
    if wanted and resolved.data["channels"][key]["type"] not in wanted:
        raise NotOfferedError(f"Channel {key} is of a kind that cannot be chosen here.")


def chosen(select: Json, values: Sequence[Choice], resolved: Resolved) -> list[str]:
    """Return the values chosen in a select as Discord writes them; refuse too many, too few, and what is not on offer."""
    least, most = select.get("min_values", 1), select.get("max_values", 1)
    if not least <= len(values) <= most:
        raise NotOfferedError(f"{select['custom_id']!r} takes {least} to {most} values, not {len(values)}.")
    kinds = ENTITY_SELECTS.get(select["type"])
    if kinds is None:
        offered = {option["value"] for option in select["options"]}
        keys = [str(value) for value in values]
        if set(keys) - offered:
            raise NotOfferedError(f"{sorted(set(keys) - offered)} are no options of {select['custom_id']!r}.")
    else:
        keys = [resolved.thing(value, kinds) for value in values]
        for key in keys:
            _check_channel(select, key, resolved)
    if len(set(keys)) < len(keys):
        raise NotOfferedError(f"A value is chosen twice in {select['custom_id']!r}.")
    return keys
