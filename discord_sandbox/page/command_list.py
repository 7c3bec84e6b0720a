"""The bot's commands as the page lists them to be typed: subcommands laid flat, all texts in a person's language."""

from collections.abc import Iterator
from typing import Final

from discord_sandbox.api_errors import Json
from discord_sandbox.rules.commands import SUB_COMMANDS, OptionType

_SIBLINGS: Final = {"en-GB": "en-US", "en-US": "en-GB", "es-419": "es-ES", "es-ES": "es-419"}
"""Languages that stand in for each other where a name is given in one of them only (docs, *Localization*)."""


def entries(command: Json, locale: str) -> list[Json]:
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


def _paths(path: list[Json]) -> Iterator[list[Json]]:
    inner = [option for option in path[-1].get("options", ()) if option["type"] in SUB_COMMANDS]
    if not inner or (len(path) > 1 and path[-1]["type"] == OptionType.SUB_COMMAND):
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
