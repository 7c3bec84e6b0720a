"""What a command may be (docs, *Application Commands*)."""

import unicodedata
from enum import IntEnum
from typing import Any, Final

from discord_sandbox.api_errors import Json
from discord_sandbox.rules.form import Form

CHAT_INPUT, USER, MESSAGE = 1, 2, 3
MOST: Final = {CHAT_INPUT: 100, USER: 15, MESSAGE: 15}
"""Commands of each kind that an application may have in one place."""
_TOTAL: Final = 8000
_LOCALES: Final = """
bg cs da de el en-GB en-US es-419 es-ES fi fr hi hr hu id it ja ko lt nl no pl pt-BR ro ru sv-SE th tr uk vi zh-CN zh-TW
"""
LOCALES: Final = frozenset(_LOCALES.split())
"""The languages of Discord's clients (docs, *Reference*, Locales)."""


class OptionType(IntEnum):
    """Kinds of options."""

    SUB_COMMAND = 1
    SUB_COMMAND_GROUP = 2
    STRING = 3
    INTEGER = 4
    BOOLEAN = 5
    USER = 6
    CHANNEL = 7
    ROLE = 8
    MENTIONABLE = 9
    NUMBER = 10
    ATTACHMENT = 11


SUB_COMMANDS: Final = frozenset({OptionType.SUB_COMMAND, OptionType.SUB_COMMAND_GROUP})


def is_command_name(name: str) -> bool:
    """Tell whether a chat command or option may be named so: 1 to 32 lower-case letters, digits, ``-``, ``_`` or ``'``."""
    return 1 <= len(name) <= 32 and name == name.lower() and all(_fits(character) for character in name)  # noqa: PLR2004


def _fits(character: str) -> bool:
    script = "\u0900" <= character <= "\u097f" or "\u0e00" <= character <= "\u0e7f"
    return character in "-_'" or script or unicodedata.category(character)[0] in "LN"


def read_command(form: Form) -> Json:
    """Read a command; every field that the request leaves out gets Discord's default."""
    kind = form.choice("type", MOST) or CHAT_INPUT
    body: Json = {"type": kind, **_named(form, chat=kind == CHAT_INPUT)}
    if kind == CHAT_INPUT:
        body |= {**_described(form), "options": _options(form, depth=0)}
    else:
        body |= {"description": "", "description_localizations": None}
        if form.data.get("description"):
            form.fault("description", "APPLICATION_COMMAND_INVALID_DESCRIPTION", "Context menu commands cannot have description")
    bits = form.integer("default_member_permissions", least=0)
    body["default_member_permissions"] = None if bits is None else str(bits)
    body["nsfw"] = bool(form.boolean("nsfw"))
    for name, known in (("contexts", (0, 1, 2)), ("integration_types", (0, 1))):
        values = form.values(name, least=1, most=len(known))
        if values is not None and any(value not in known for value in values):
            form.fault(name, "BASE_TYPE_CHOICES", f"Value must be one of {known}.")
        body[name] = values
    body["integration_types"] = body["integration_types"] or [0]
    if _length(body) > _TOTAL:
        form.fault((), "APPLICATION_COMMAND_TOO_LARGE", f"Command exceeds maximum size ({_TOTAL})")
    return body


def _named(form: Form, *, chat: bool) -> Json:
    """Read a name, and the names by locale, which keep the rules of the name itself."""
    name = form.text("name", least=1, most=32, required=True) or ""
    names = _localizations(form, "name_localizations", most=32)
    named = {("name",): name} | {("name_localizations", locale): text for locale, text in (names or {}).items()}
    for place, given in named.items():
        if chat and given and not is_command_name(given):
            form.fault(place, "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
    return {"name": name, "name_localizations": names}


def _described(form: Form) -> Json:
    return {
        "description": form.text("description", least=1, most=100, required=True) or "",
        "description_localizations": _localizations(form, "description_localizations", most=100),
    }


def _localizations(form: Form, name: str, *, most: int) -> Json | None:
    """Read texts by locale, each of 1 to ``most`` characters; None when there are none."""
    inner = form.child(name)
    if inner is None:
        return None
    for locale in inner.data:
        if locale not in LOCALES:
            inner.fault(locale, "BASE_TYPE_CHOICES", f"Value must be one of {{{', '.join(sorted(LOCALES))}}}.")
    return {locale: inner.text(locale, least=1, most=most, required=True) for locale in inner.data} or None


def _options(form: Form, *, depth: int) -> list[Json]:
    options: list[Json] = []
    for child in form.children("options", most=25) or ():
        kind = child.choice("type", list(OptionType), required=True)
        option: Json = {"type": kind, **_named(child, chat=True), **_described(child)}
        if kind in SUB_COMMANDS:
            if depth > 1 or (kind == OptionType.SUB_COMMAND_GROUP and depth):
                child.fault("type", "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", "Sub-command nesting is too deep")
            else:
                option["options"] = _options(child, depth=depth + (1 if kind == OptionType.SUB_COMMAND_GROUP else 2))
        else:
            option |= _value_option(child, kind)
        options.append(option)
    _check_order(form, options)
    return options


def _value_option(child: Form, kind: int | None) -> Json:
    option: Json = {"required": bool(child.boolean("required"))}
    choices = child.children("choices", most=25)
    if choices is not None:
        option["choices"] = [_choice(choice, kind) for choice in choices]
    if child.boolean("autocomplete"):
        option["autocomplete"] = True
        if choices:
            child.fault("autocomplete", "APPLICATION_COMMAND_OPTIONS_CHOICES_AUTOCOMPLETE", "Choices exclude autocomplete")
    if kind == OptionType.STRING:
        option |= {
            name: child.integer(name, least=least, most=6000)
            for name, least in (("min_length", 0), ("max_length", 1))
            if child.has(name)
        }
    if kind in {OptionType.INTEGER, OptionType.NUMBER}:
        option |= {name: child.data[name] for name in ("min_value", "max_value") if child.data.get(name) is not None}
    if kind == OptionType.CHANNEL and child.has("channel_types"):
        option["channel_types"] = child.values("channel_types", most=20)
    return {name: value for name, value in option.items() if value is not None}


def _choice(form: Form, kind: int | None) -> Json:
    name = form.text("name", least=1, most=100, required=True) or ""
    value = form.text("value", most=100, required=True) if kind == OptionType.STRING else form.data.get("value")
    return {"name": name, "name_localizations": _localizations(form, "name_localizations", most=100), "value": value}


def _check_order(form: Form, options: list[Json]) -> None:
    names = [option["name"] for option in options]
    for index, option in enumerate(options):
        place = ("options", str(index))
        if option["name"] in names[:index]:
            form.fault((*place, "name"), "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS", "Option name already exists")
        if option.get("required") and any(not before.get("required") for before in options[:index]):
            message = "Required options must be placed before non-required options"
            form.fault(place, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", message)
        if (option["type"] in SUB_COMMANDS) != (options[0]["type"] in SUB_COMMANDS):
            message = "Sub-command and sub-command group option types are mutually exclusive to all other types"
            form.fault((*place, "type"), "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", message)


def _length(part: Json) -> int:
    """Count a command's characters: names, descriptions and values, the longest localisation counted."""
    total = 0
    for name in ("name", "description"):
        texts: dict[str, Any] = part.get(f"{name}_localizations") or {}
        total += max(len(part.get(name) or ""), *(len(str(text)) for text in texts.values()), 0)
    if isinstance(part.get("value"), str):
        total += len(part["value"])
    inside: list[Json] = [*(part.get("options") or ()), *(part.get("choices") or ())]
    return total + sum(_length(inner) for inner in inside)
