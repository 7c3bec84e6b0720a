"""/help, made from the command tree: whatever the bot can do stands there, in the reader's language."""

from collections.abc import Iterator
from typing import Any

from discord import app_commands

from heartbeat_bot.discord.client import Bot
from heartbeat_bot.interactions.actor import Actor
from heartbeat_bot.interactions.answers import Answer
from heartbeat_bot.languages import Language
from heartbeat_bot.rendering.dialect import escape, inert
from heartbeat_bot.rendering.post import Embed


async def help_for(bot: Bot, actor: Actor) -> Answer:
    """Return what a person can do here: commands as links that start them, those of moderators for moderators only."""
    words = actor.words
    every = [command for command in bot.tree.get_commands() if isinstance(command, app_commands.Command)]
    menus = [command for command in bot.tree.get_commands() if isinstance(command, app_commands.ContextMenu)]
    members = [command for command in every if command.default_permissions is None]
    names = ", ".join(inert(name) for name in await bot.service.readers.names(actor))
    parts = [words.say("help.intro", newsletters=names) if names else words.say("errors.only_in_servers")]
    parts.append("\n".join([*_lines(bot, actor, members), *(_menu_line(menu, words) for menu in menus)]))
    if await bot.service.authority.may(actor):
        moderators = [command for command in every if command.default_permissions is not None]
        parts.append("\n".join([f"**{words.say('help.moderators')}**", *_lines(bot, actor, moderators)]))
    return Answer(embeds=(Embed(title=words.say("help.title"), description="\n\n".join(part for part in parts if part)).body(),))


def _lines(bot: Bot, actor: Actor, commands: list[app_commands.Command[Any, ..., Any]]) -> Iterator[str]:
    for command in sorted(commands, key=lambda command: command.name):
        if command.guild_only and bot.get_guild(actor.guild or 0) is None:  # they come with the bot itself, not with a person's
            continue
        number = bot.numbers.get(command.name)
        name = f"</{command.name}:{number}>" if number else f"`/{command.name}`"
        yield f"- {name} — {escape(actor.words.say(f'commands.{command.name}.description'))}"


def _menu_line(menu: app_commands.ContextMenu, words: Language) -> str:
    """Describe a command of a message's menu; its ``extras`` say by which name the language files know it."""
    name = menu.extras["name"]
    return f"- **{escape(words.say(f'commands.{name}.name'))}** — {escape(words.say(f'help.menus.{name}'))}"
