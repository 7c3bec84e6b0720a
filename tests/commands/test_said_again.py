"""What one person typed, or a repository says, is said by the bot to others without a link, an invite, a mention or a mark in it."""

import re
from typing import Any

import pytest
from test_moderating import JUNE, by_mo
from town import Town

from heartbeat_bot.interactions.lines import typed
from heartbeat_bot.moderators.auditing import SUPPRESS_EMBEDS
from heartbeat_bot.rendering.dialect import GAP, inert

HOSTILE = [
    "discord.gg/free-nitro",
    "https://evil.example/x",
    "HTTPS://EVIL.example",
    "www.evil.example",
    "<https://evil.example>",
    "steam://run/1",
    "discord://-/channels/1",
    "mailto:a@evil.example",
    "a@evil.example",
    "<a@evil.example>",
    "[paypal.com](https://evil.example)",
    "[x](<https://evil.example>)",
    "</approve:1>",
    "<t:1:R>",
    "<#1>",
    "<@1>",
    "<@&1>",
    "@everyone",
    "@here",
    "<id:guide>",
    "<:e:1>",
    "<a:e:1>",
    ":wave:",
    "discord.com/invite/x",
    "https:\u200b//evil.example",
    "htt\u200bps://evil.example",
    "discord\u2060.gg/x",
    "ｈｔｔｐｓ：／／evil.example",
    "\u202egg.drocsid",
    "**bold** ~~x~~ ||s|| `code` # h",
]
_LIVE = re.compile(
    r"[a-z][a-z0-9+.-]*://\S|mailto:\S+@\w|\w\.(?:gg|com|example)|\w@\w|(?<!\\)<[@#:/a-z]|@(?:everyone|here)|(?<!\\)[*~|`\[]|(?<!\\):\w+:|\]\(",
    re.IGNORECASE,
)
"""What Discord's clients make something of; characters without width keep it apart."""


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_that_is_said_again_is_live(text: str) -> None:
    for said in (typed(text), inert(text), typed(f"a {text} b"), inert(f"({text})")):
        assert _LIVE.search(said) is None, said


@pytest.mark.parametrize("text", ["Łódź", "release 3.5", "e.g. mills", "it's 10:30", "C++ and C#", "2026-08-01", "日本"])
def test_what_is_harmless_is_said_as_it_is(text: str) -> None:
    assert typed(text) == text


TYPED = [
    ("search", "query"),
    ("search", "newsletter"),
    ("issue", "issue"),
    ("events", "query"),
    ("events", "newsletter"),
    ("hiring", "query"),
    ("hiring", "newsletter"),
    ("latest", "newsletter"),
    ("subscribe", "newsletter"),
    ("unsubscribe", "newsletter"),
]
"""Where members type freely: commands and their options."""


async def test_what_is_typed_and_shared_is_quoted_in_every_answer(town: Town) -> None:
    async with town.running():
        for command, option in TYPED:
            options: dict[str, Any] = {} if command.endswith("subscribe") else {"share": True}
            if option == "newsletter" and command == "search":
                options["query"] = "sail"
            plain = town.shown(await town.call(command, **options | {option: "zzz"}))
            before, _, after = plain.partition("zzz")  # the bot's own words, which may hold marks
            for text in ("discord.gg/free-nitro", "[paypal.com](https://evil.example)", "<@1> @everyone"):
                said = town.shown(await town.call(command, **options | {option: text}))
                quoted = said.removeprefix(before).removesuffix(after)
                assert _LIVE.search(quoted) is None, (command, option, said)


async def test_what_a_repository_and_names_say_is_dead_in_the_moderators_channel(town: Town) -> None:
    town.moderation = town.moderation[:-1] + ", approval: true}"
    town.mo.name = "discord.gg/mo **x**"
    async with town.running():
        town.write("june `x` discord.gg", JUNE.replace("June's Heat", "'Win at https://evil.example discord.gg/x <@1>'"))
        await town.sync()
        await by_mo(town, "hold", issue="win")
        for message in town.sandbox.messages(town.office):
            said = message["content"] + "".join(embed.get("title", "") for embed in message["embeds"][:1])
            assert "discord.gg" not in said
            assert "https://evil" not in said
            assert GAP in said
            if message["content"]:
                assert message["flags"] & SUPPRESS_EMBEDS
