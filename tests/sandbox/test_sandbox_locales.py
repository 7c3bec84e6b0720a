"""The languages of people and guilds, and commands in many languages."""

from typing import Any

import pytest
from sandbox_clients import Answer, Api, Running, discord

from discord_sandbox.clock import ManualClock
from discord_sandbox.server import Sandbox
from discord_sandbox.world import User

GERMAN: dict[str, Any] = {
    "name": "status",
    "name_localizations": {"de": "stand", "ja": "状態"},
    "description": "d",
    "description_localizations": {"de": "Wie es steht"},
}
OPTION: dict[str, Any] = {"type": 3, "name": "o", "description": "d"}


async def put(api: Api, **fields: Any) -> Answer:
    return await api.call("PUT", f"/applications/{api.sandbox.world.bot.id}/commands", [GERMAN | fields])


async def test_an_interaction_tells_the_persons_language_and_the_guilds(
    running: Running, sandbox: Sandbox, client: discord.Client
) -> None:
    tree = discord.app_commands.CommandTree(client)
    guild = sandbox.create_guild(locale="fr")
    channel = sandbox.create_channel(guild, "general")
    ann, bob = sandbox.create_user(guild, "ann", locale="de"), sandbox.create_user(guild, "bob")

    @tree.command(description="Says the languages")
    async def languages(interaction: discord.Interaction) -> None:
        await interaction.response.send_message(f"{interaction.locale} {interaction.guild_locale}")

    async def said(user: User) -> str:
        return (await sandbox.invoke("languages", user=user, channel=channel)).responses[0].content

    async with running(client):
        await tree.sync()
        assert [await said(user) for user in (ann, bob)] == ["de fr", "en-US fr"]
        bob.locale = "ja"
        assert await said(bob) == "ja fr"
        seen = client.get_guild(guild.id)
        assert seen is not None
        assert seen.preferred_locale is discord.Locale.french


async def test_a_localized_command_is_called_by_its_own_name(running: Running, sandbox: Sandbox, client: discord.Client) -> None:
    class Translator(discord.app_commands.Translator):
        async def translate(self, string: discord.app_commands.locale_str, locale: discord.Locale, context: Any) -> str | None:
            assert context
            return {"answer": "antwort", "Big": "Groß"}.get(string.message) if locale is discord.Locale.german else None

    tree = discord.app_commands.CommandTree(client)
    guild = sandbox.create_guild()
    channel, ann = sandbox.create_channel(guild, "general"), sandbox.create_user(guild, "ann", locale="de")

    @tree.command(name=discord.app_commands.locale_str("answer"), description="Answers")
    @discord.app_commands.choices(size=[discord.app_commands.Choice(name=discord.app_commands.locale_str("Big"), value="big")])
    async def answer(interaction: discord.Interaction, size: str) -> None:
        await interaction.response.send_message(size)

    async with running(client):
        await tree.set_translator(Translator())
        await tree.sync()
        done = await sandbox.invoke("answer", {"size": "big"}, user=ann, channel=channel)
        assert done.about["name"] == "answer"
        kept = sandbox.commands.shown_in(guild.id)[0]
        assert kept["name_localizations"] == {"de": "antwort"}
        assert kept["options"][0]["choices"][0]["name_localizations"] == {"de": "Groß"}


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"name_localizations": {"xx": "stand"}}, ("name_localizations", "xx")),
        ({"name_localizations": {"en": "stand"}}, ("name_localizations", "en")),
        ({"name_localizations": {"de": "Stand"}}, ("name_localizations", "de")),
        ({"name_localizations": {"de": "zwei worte"}}, ("name_localizations", "de")),
        ({"name_localizations": {"de": "n" * 33}}, ("name_localizations", "de")),
        ({"name_localizations": {"de": ""}}, ("name_localizations", "de")),
        ({"description_localizations": {"de": "d" * 101}}, ("description_localizations", "de")),
        ({"description_localizations": {"de": None}}, ("description_localizations", "de")),
        ({"description_localizations": {"deutsch": "d"}}, ("description_localizations", "deutsch")),
        ({"options": [{**OPTION, "name_localizations": {"de": "Groß"}}]}, ("options", "0", "name_localizations", "de")),
        (
            {"options": [{**OPTION, "description_localizations": {"de": "d" * 101}}]},
            ("options", "0", "description_localizations", "de"),
        ),
        (
            {"options": [{**OPTION, "choices": [{"name": "c", "value": "v", "name_localizations": {"de": "c" * 101}}]}]},
            ("options", "0", "choices", "0", "name_localizations", "de"),
        ),
    ],
)
async def test_localized_texts_keep_the_rules_of_the_texts_they_stand_for(api: Api, fields: Any, place: tuple[str, ...]) -> None:
    assert (await put(api, **fields)).errors_at("0", *place)


async def test_localized_texts_may_go_to_their_limits(api: Api) -> None:
    choice = {"name": "c", "value": "v", "name_localizations": {"pt-BR": "Große Auswahl " + "c" * 86}}
    option = {**OPTION, "name_localizations": {"th": "สวัสดี"}, "description_localizations": {"de": "d" * 100}, "choices": [choice]}
    answer = await put(api, name_localizations={"de": "n" * 32, "hi": "नमस्ते"}, options=[option])
    assert answer.status == 200
    assert answer.body[0]["options"][0]["choices"][0]["name_localizations"] == choice["name_localizations"]
    menu = {"type": 3, "name": "Show Source", "name_localizations": {"de": "Quelle zeigen"}}
    assert (await api.call("POST", f"/applications/{api.sandbox.world.bot.id}/commands", menu)).status == 201


async def test_the_list_of_commands_leaves_out_other_languages_unless_asked(api: Api, clock: ManualClock) -> None:
    assert clock
    await put(api, options=[{**OPTION, "name_localizations": {"de": "wahl"}}])
    path = f"/applications/{api.sandbox.world.bot.id}/commands"
    plain, full = (await api.call("GET", path)).body[0], (await api.call("GET", f"{path}?with_localizations=true")).body[0]
    assert "name_localizations" not in plain
    assert "name_localizations" not in plain["options"][0]
    assert full["name_localizations"] == GERMAN["name_localizations"]
    assert full["options"][0]["name_localizations"] == {"de": "wahl"}
    assert (await api.call("GET", f"{path}/{full['id']}")).body == full
