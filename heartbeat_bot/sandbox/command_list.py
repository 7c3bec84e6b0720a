"""What the page offers to type: commands with their subcommands laid flat, in a person's language; and what was typed, checked."""

from collections.abc import Iterator
from typing import Any, Final

from heartbeat_bot.sandbox.api_errors import Json
from heartbeat_bot.sandbox.commands import CHAT_INPUT, SUB_COMMAND, SUB_COMMAND_GROUP
from heartbeat_bot.sandbox.interactions import NotOfferedError
from heartbeat_bot.sandbox.validation import as_snowflake
from heartbeat_bot.sandbox.world import Guild

_STRING, _INTEGER, _BOOLEAN, _USER, _CHANNEL, _ROLE, _MENTIONABLE, _NUMBER = range(3, 11)
_LONGEST: Final = 6000
_SIBLINGS: Final = {"en-GB": "en-US", "en-US": "en-GB", "es-419": "es-ES", "es-ES": "es-419"}
"""Languages that stand in for each other where a name is given in one of them only (docs, *Localization*)."""


def offers(command: Json, locale: str) -> list[Json]:
    """Return a command as the page lists it, each subcommand as one of its own; ``command`` is the path that calls it."""
    return [
        {
            "kind": command["type"],
            "command": " ".join(part["name"] for part in path),
            "name": " ".join(_localized(part, "name", locale) for part in path),
            "description": _localized(path[-1], "description", locale),
            "options": [_option(option, locale) for option in path[-1].get("options", ())],
        }
        for path in _paths([command])
    ]


def leaf(command: Json, words: str) -> Json | None:
    """Return the command or subcommand that ``words`` call, with its options."""
    paths = _paths([command]) if command["type"] == CHAT_INPUT else ()
    return next((path[-1] for path in paths if " ".join(part["name"] for part in path) == words), None)


def _paths(path: list[Json]) -> Iterator[list[Json]]:
    inner = [option for option in path[-1].get("options", ()) if option["type"] in {SUB_COMMAND, SUB_COMMAND_GROUP}]
    if not inner or (len(path) > 1 and path[-1]["type"] == SUB_COMMAND):
        yield path
        return
    for option in inner:
        yield from _paths([*path, option])


def _localized(part: Json, name: str, locale: str) -> str:
    texts: Json = part.get(f"{name}_localizations") or {}
    return str(texts.get(locale) or texts.get(_SIBLINGS.get(locale, "")) or part.get(name) or "")


def _option(option: Json, locale: str) -> Json:
    return {
        "name": option["name"],
        "label": _localized(option, "name", locale),
        "description": _localized(option, "description", locale),
        "type": option["type"],
        "required": bool(option.get("required")),
        "autocomplete": bool(option.get("autocomplete")),
        "channel_types": option.get("channel_types"),
        "choices": [
            {"name": _localized(choice, "name", locale), "value": choice["value"]} for choice in option.get("choices") or ()
        ],
    }


def read_values(command: Json, given: Json, guild: Guild) -> dict[str, object]:
    """Return what was given for a command's options, as strictly as Discord's own client; raise NotOfferedError otherwise."""
    options: dict[str, Json] = {option["name"]: option for option in command.get("options", ())}
    missing = [name for name, option in options.items() if option.get("required") and name not in given]
    if missing:
        raise NotOfferedError(f"This is needed: {', '.join(missing)}.")
    unknown = [name for name in given if name not in options]
    if unknown:
        raise NotOfferedError(f"There is no option {', '.join(unknown)}.")
    return {name: read_value(options[name], value, guild) for name, value in given.items()}


def read_value(option: Json, value: Any, guild: Guild) -> object:
    """Return one option's value: a user, role or channel for its id, anything else as it is."""
    name, kind = option["name"], option["type"]
    match kind:
        case _ if kind in {_USER, _CHANNEL, _ROLE, _MENTIONABLE}:
            return _entity(name, kind, as_snowflake(value) or 0, guild)
        case _ if kind == _STRING and isinstance(value, str):
            _within(name, len(value), option.get("min_length") or 0, option.get("max_length") or _LONGEST, " characters")
        case _ if kind == _BOOLEAN and isinstance(value, bool):
            pass
        case _ if _is_number(kind, value):
            _within(name, value, option.get("min_value"), option.get("max_value"), "")
        case _:
            what = {_STRING: "a text", _INTEGER: "a whole number", _NUMBER: "a number", _BOOLEAN: "true or false"}
            raise NotOfferedError(f"{name} must be {what.get(kind, 'left out: files cannot be given here')}.")
    return value


def _is_number(kind: int, value: Any) -> bool:
    if isinstance(value, bool):
        return False
    return (kind == _INTEGER and isinstance(value, int)) or (kind == _NUMBER and isinstance(value, (int, float)))


def _within(name: str, value: float, least: float | None, most: float | None, of_what: str) -> None:
    if least is not None and value < least:
        raise NotOfferedError(f"{name} must be at least {least:,}{of_what}.")
    if most is not None and value > most:
        raise NotOfferedError(f"{name} must be at most {most:,}{of_what}.")


def _entity(name: str, kind: int, number: int, guild: Guild) -> object:
    if kind in {_USER, _MENTIONABLE} and number in guild.members:
        return guild.members[number].user
    if kind in {_ROLE, _MENTIONABLE} and number in guild.roles:
        return guild.roles[number]
    if kind == _CHANNEL and number in guild.channels:
        return guild.channels[number]
    raise NotOfferedError(f"{name} names nothing that is here.")
