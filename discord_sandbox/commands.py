"""The routes of application commands, and the rules of what a command may be (docs, *Application Commands*)."""

import unicodedata
from dataclasses import dataclass, field
from typing import Any, Final

from discord_sandbox.api_errors import Json, refusal
from discord_sandbox.call import Call, Limiter, Reply, Route, as_json_object
from discord_sandbox.validation import Form, Problems, as_list
from discord_sandbox.world import World

CHAT_INPUT, USER, MESSAGE = 1, 2, 3
SUB_COMMAND, SUB_COMMAND_GROUP = 1, 2
_STRING, _INTEGER, _NUMBER, _CHANNEL = 3, 4, 10, 7
_MOST: Final = {CHAT_INPUT: 100, USER: 15, MESSAGE: 15}
_OPTION_TYPES: Final = range(1, 12)
_TOTAL: Final = 8000
LOCALES: Final = frozenset(
    [
        "bg",
        "cs",
        "da",
        "de",
        "el",
        "en-GB",
        "en-US",
        "es-419",
        "es-ES",
        "fi",
        "fr",
        "hi",
        "hr",
        "hu",
        "id",
        "it",
        "ja",
        "ko",
        "lt",
        "nl",
        "no",
        "pl",
        "pt-BR",
        "ro",
        "ru",
        "sv-SE",
        "th",
        "tr",
        "uk",
        "vi",
        "zh-CN",
        "zh-TW",
    ]
)
"""The languages of Discord's clients (docs, *Reference*, Locales)."""


def is_command_name(name: str) -> bool:
    """Tell whether a chat command or option may be named so: 1 to 32 lower-case letters, digits, ``-``, ``_`` or ``'``."""
    return 1 <= len(name) <= 32 and name == name.lower() and all(_fits(character) for character in name)  # noqa: PLR2004


def _fits(character: str) -> bool:
    script = "\u0900" <= character <= "\u097f" or "\u0e00" <= character <= "\u0e7f"
    return character in "-_'" or script or unicodedata.category(character)[0] in "LN"


def read_command(form: Form) -> Json:
    """Read a command; every field that the request leaves out gets Discord's default."""
    kind = form.choice("type", _MOST) or CHAT_INPUT
    body: Json = {"type": kind, "name": _name(form, chat=kind == CHAT_INPUT), "description": ""}
    if kind == CHAT_INPUT:
        body["description"] = form.text("description", least=1, most=100, required=True) or ""
        body["options"] = _options(form, depth=0)
    elif form.data.get("description"):
        form.fault("description", "APPLICATION_COMMAND_INVALID_DESCRIPTION", "Context menu commands cannot have description")
    body["name_localizations"] = _name_localizations(form, chat=kind == CHAT_INPUT)
    body["description_localizations"] = _localizations(form, "description_localizations", most=100) if kind == CHAT_INPUT else None
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
        form.problems.add(form.path, "APPLICATION_COMMAND_TOO_LARGE", f"Command exceeds maximum size ({_TOTAL})")
    return body


def _name(form: Form, *, chat: bool) -> str:
    name = form.text("name", least=1, most=32, required=True) or ""
    if chat and name and not is_command_name(name):
        form.fault("name", "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
    return name


def _localizations(form: Form, name: str, *, most: int) -> Json | None:
    """Read texts by locale, each of 1 to ``most`` characters; None when there are none."""
    inner = form.child(name)
    if inner is None:
        return None
    for locale in inner.data:
        if locale not in LOCALES:
            inner.fault(locale, "BASE_TYPE_CHOICES", f"Value must be one of {{{', '.join(sorted(LOCALES))}}}.")
    return {locale: inner.text(locale, least=1, most=most, required=True) for locale in inner.data} or None


def _name_localizations(form: Form, *, chat: bool) -> Json | None:
    """Read names by locale, which keep the rules of the name itself."""
    names = _localizations(form, "name_localizations", most=32)
    for locale, name in (names or {}).items():
        if chat and name and not is_command_name(name):
            path = (*form.path, "name_localizations", locale)
            form.problems.add(path, "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
    return names


def _options(form: Form, *, depth: int) -> list[Json]:
    options: list[Json] = []
    for child in form.children("options", most=25) or ():
        kind = child.choice("type", _OPTION_TYPES)
        if kind is None and child.data.get("type") is None:
            child.fault("type", "BASE_TYPE_REQUIRED", "This field is required")
        description = child.text("description", least=1, most=100, required=True) or ""
        option: Json = {
            "type": kind,
            "name": _name(child, chat=True),
            "name_localizations": _name_localizations(child, chat=True),
            "description": description,
            "description_localizations": _localizations(child, "description_localizations", most=100),
        }
        if kind in {SUB_COMMAND, SUB_COMMAND_GROUP}:
            if depth > 1 or (kind == SUB_COMMAND_GROUP and depth):
                child.fault("type", "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", "Sub-command nesting is too deep")
            else:
                option["options"] = _options(child, depth=depth + (1 if kind == SUB_COMMAND_GROUP else 2))
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
    if kind == _STRING:
        option |= {
            name: child.integer(name, least=least, most=6000)
            for name, least in (("min_length", 0), ("max_length", 1))
            if child.has(name)
        }
    if kind in {_INTEGER, _NUMBER}:
        option |= {name: child.data[name] for name in ("min_value", "max_value") if child.data.get(name) is not None}
    if kind == _CHANNEL and child.has("channel_types"):
        option["channel_types"] = child.values("channel_types", most=20)
    return {name: value for name, value in option.items() if value is not None}


def _choice(form: Form, kind: int | None) -> Json:
    name = form.text("name", least=1, most=100, required=True) or ""
    value = form.text("value", most=100, required=True) if kind == _STRING else form.data.get("value")
    return {"name": name, "name_localizations": _localizations(form, "name_localizations", most=100), "value": value}


def _check_order(form: Form, options: list[Json]) -> None:
    names = [option["name"] for option in options]
    for index, option in enumerate(options):
        path = (*form.path, "options", str(index))
        if option["name"] in names[:index]:
            form.problems.add((*path, "name"), "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS", "Option name already exists")
        if option.get("required") and any(not before.get("required") for before in options[:index]):
            message = "Required options must be placed before non-required options"
            form.problems.add(path, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", message)
        mixed = (option["type"] in {SUB_COMMAND, SUB_COMMAND_GROUP}) != (options[0]["type"] in {SUB_COMMAND, SUB_COMMAND_GROUP})
        if mixed:
            message = "Sub-command and sub-command group option types are mutually exclusive to all other types"
            form.problems.add((*path, "type"), "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", message)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Commands:
    """Keeps the commands, global ones under None and those of a guild under its id, and answers their routes."""

    limiter: Limiter
    kept: dict[int | None, dict[int, Json]] = field(default_factory=dict[int | None, dict[int, Json]])

    def routes(self) -> list[Route]:
        """Return the table."""
        routes: list[Route] = []
        for many in ("/applications/{application_id}/commands", "/applications/{application_id}/guilds/{guild_id}/commands"):
            one = f"{many}/{{command_id}}"
            routes += [
                Route(method="GET", template=many, handler=self.all),
                Route(method="POST", template=many, handler=self.upsert),
                Route(method="PUT", template=many, handler=self.overwrite),
                Route(method="GET", template=one, handler=self.read),
                Route(method="PATCH", template=one, handler=self.edit),
                Route(method="DELETE", template=one, handler=self.delete),
            ]
        return routes

    def shown_in(self, guild_id: int | None) -> list[Json]:
        """Return the commands that members of a guild see: its own before the global ones, which are all that there are elsewhere."""
        own = self.kept.get(guild_id, {}) if guild_id else {}
        return [*own.values(), *self.kept.get(None, {}).values()]

    def _scope(self, call: Call) -> tuple[int | None, dict[int, Json]]:
        if call.id("application_id") != call.world.bot.id:
            raise refusal(20001)
        guild_id = call.id("guild_id") if "guild_id" in call.parameters else None
        if guild_id is not None:
            guild = call.world.guilds.get(guild_id)
            if guild is None or not call.world.has_bot(guild):
                raise refusal(50001)
        return guild_id, self.kept.setdefault(guild_id, {})

    def _finished(self, world: World, guild_id: int | None, number: int, command: Json) -> Json:
        body = {"id": str(number), "application_id": str(world.bot.id), "version": str(world.new_id()), **command}
        if guild_id is not None:
            return {name: value for name, value in body.items() if name not in {"contexts", "integration_types"}} | {
                "guild_id": str(guild_id)
            }
        return body

    def _count_creates(self, call: Call, guild_id: int | None, number: int) -> None:
        quota = self.limiter.limits.command_creates
        self.limiter.take("command creates", str(guild_id), quota, call.now, code=30034, weight=number)

    def all(self, call: Call) -> Reply:
        """Get Global or Guild Application Commands; texts by locale only ``with_localizations``."""
        found = list(self._scope(call)[1].values())
        if call.query.get("with_localizations", "").lower() not in {"1", "true"}:
            found = [_without_localizations(command) for command in found]
        return Reply(body=found)

    def upsert(self, call: Call) -> Reply:
        """Create a command, or overwrite the one with its name and type."""
        guild_id, kept = self._scope(call)
        form = Form(as_json_object(call.json), Problems())
        command = read_command(form)
        form.problems.raise_any()
        number = _same(kept, command)
        if number is None:
            if sum(other["type"] == command["type"] for other in kept.values()) >= _MOST[command["type"]]:
                raise refusal(30032)
            self._count_creates(call, guild_id, 1)
        status = 201 if number is None else 200
        number = number or call.world.new_id()
        kept[number] = self._finished(call.world, guild_id, number, command)
        return Reply(body=kept[number], status=status)

    def overwrite(self, call: Call) -> Reply:
        """Replace all commands by those of the request; a command that keeps name and type keeps its id."""
        guild_id, kept = self._scope(call)
        items = as_list(call.json)
        problems = Problems()
        if items is None:
            problems.add((), "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
        forms = Form({"commands": items or []}, problems).children("commands", most=130) or []
        commands = [read_command(Form(form.data, problems, (str(index),))) for index, form in enumerate(forms)]
        for index, command in enumerate(commands):
            if any(_is_same(command, before) for before in commands[:index]):
                problems.add(
                    (str(index), "name"), "APPLICATION_COMMANDS_DUPLICATE_NAME", "Application command names must be unique"
                )
        problems.raise_any()
        for kind, most in _MOST.items():
            if sum(command["type"] == kind for command in commands) > most:
                raise refusal(30032)
        numbers = [_same(kept, command) for command in commands]
        self._count_creates(call, guild_id, numbers.count(None))
        fresh = {number or call.world.new_id(): command for number, command in zip(numbers, commands, strict=True)}
        kept.clear()
        kept.update({number: self._finished(call.world, guild_id, number, command) for number, command in fresh.items()})
        return Reply(body=list(kept.values()))

    def _one(self, call: Call) -> tuple[int | None, dict[int, Json], int]:
        guild_id, kept = self._scope(call)
        number = call.id("command_id")
        if number not in kept:
            raise refusal(10063)
        return guild_id, kept, number

    def read(self, call: Call) -> Reply:
        """Get a command."""
        _, kept, number = self._one(call)
        return Reply(body=kept[number])

    def edit(self, call: Call) -> Reply:
        """Edit a command; what the request leaves out stays."""
        guild_id, kept, number = self._one(call)
        form = Form(kept[number] | as_json_object(call.json), Problems())
        command = read_command(form)
        form.problems.raise_any()
        kept[number] = self._finished(call.world, guild_id, number, command)
        return Reply(body=kept[number])

    def delete(self, call: Call) -> Reply:
        """Delete a command."""
        _, kept, number = self._one(call)
        del kept[number]
        return Reply(status=204)


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
