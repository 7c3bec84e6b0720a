"""The words of slash commands: taken from the language files, by the name of a command and of its options."""

from collections.abc import Callable, Coroutine, Mapping
from enum import Enum
from typing import Any, Final, TypeVar

import discord
from discord import app_commands

from heartbeat_bot.discord.completions import FOR_MEMBERS, FOR_MODERATORS
from heartbeat_bot.languages import ENGLISH, language, own_texts

Callback = Callable[..., Coroutine[Any, Any, None]]
"""A cog's method that answers an interaction."""

_Function = TypeVar("_Function", bound=Callback | app_commands.ContextMenu)
_KEY: Final = "key"


class Audience(Enum):
    """Who is offered a command, and where."""

    MEMBERS = "members"
    """Everybody: in servers, in direct messages, and wherever a person has installed the bot for themselves."""
    SERVER = "server"
    """Everybody in a server."""
    MODERATORS = "moderators"
    """In servers, those who may manage messages, unless a server's owner says otherwise; the bot checks again itself."""


_MODERATOR: Final = discord.Permissions(manage_messages=True)


def text(key: str) -> app_commands.locale_str:
    """Return the English text of a key, to be translated when the commands are sent to Discord."""
    return app_commands.locale_str(language(ENGLISH).texts[key], **{_KEY: key})


def command(name: str, audience: Audience) -> Callable[[Callback], app_commands.Command[Any, ..., None]]:
    """Make a slash command of a cog's method, with the words of the language files, and offer it to an audience.

    Its options and their choices are those under ``commands.<name>.options``: one that is no argument of the method is an error at
    load. Options that :mod:`completions` knows by their names are completed.
    """
    make = app_commands.command(name=text(f"commands.{name}.name"), description=text(f"commands.{name}.description"))

    def decorate(function: Callback) -> app_commands.Command[Any, ..., None]:
        options = _options(name)
        place = f"commands.{name}.options"
        function = app_commands.rename(**{option: text(f"{place}.{option}.name") for option in options})(function)
        function = app_commands.describe(**{option: text(f"{place}.{option}.description") for option in options})(function)
        choices = {
            option: [app_commands.Choice(name=text(f"{place}.{option}.choices.{value}"), value=value) for value in values]
            for option, values in options.items()
            if values
        }
        function = app_commands.choices(**choices)(function) if choices else function
        known = FOR_MODERATORS if audience is Audience.MODERATORS else FOR_MEMBERS
        completions = {option: known[option] for option in options if option in known}
        function = app_commands.autocomplete(**completions)(function) if completions else function
        return make(offered(audience)(function))

    return decorate


def offered(audience: Audience) -> Callable[[_Function], _Function]:
    """Offer a command to an audience."""

    def decorate(function: _Function) -> _Function:
        if audience is Audience.MEMBERS:
            function = app_commands.allowed_installs(guilds=True, users=True)(function)
            return app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)(function)
        function = app_commands.allowed_installs(guilds=True, users=False)(app_commands.guild_only()(function))
        return app_commands.default_permissions(_MODERATOR)(function) if audience is Audience.MODERATORS else function

    return decorate


def _options(name: str) -> dict[str, list[str]]:
    """Return a command's options, each with the values that may be chosen, from the English file."""
    place = f"commands.{name}.options."
    options: dict[str, list[str]] = {}
    for key in own_texts(ENGLISH):
        if key.startswith(place):
            option, *rest = key.removeprefix(place).split(".")
            options.setdefault(option, []).extend(rest[1:] if rest[0] == "choices" else ())
    return options


class Translator(app_commands.Translator):
    """Gives Discord each text in every language that there is a file of."""

    async def translate(
        self,
        string: app_commands.locale_str,
        locale: discord.Locale,
        context: app_commands.TranslationContextTypes,  # noqa: ARG002
    ) -> str | None:
        """Return a text in the language of a locale, None where Discord is to show the English one."""
        key = string.extras.get(_KEY)
        code = language(locale.value).code
        found: Mapping[str, str] = {} if code == ENGLISH else own_texts(code)
        return found.get(str(key))
