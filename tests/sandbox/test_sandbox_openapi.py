import io
import json
import re
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from sandbox_clients import Api, Running, discord

from discord_sandbox.faults import Respond, TooMany
from discord_sandbox.permissions import Permission
from discord_sandbox.rest.door import Exchange
from discord_sandbox.server import Sandbox
from discord_sandbox.world import Channel, Guild, User

DESCRIPTION = Path(__file__).resolve().parents[2].parent / "shared" / "discord-api" / "openapi.json"

pytestmark = pytest.mark.skipif(
    not DESCRIPTION.exists(),
    reason=f"Discord's OpenAPI description is not there ({DESCRIPTION}): bodies are not checked against it",
)


@cache
def description() -> dict[str, Any]:
    found = json.loads(DESCRIPTION.read_text())
    # The description gives the errors within a form the integer codes of whole answers; the documentation (Reference, Error
    # Messages) and the API give them names such as BASE_TYPE_REQUIRED.
    inner = {
        "type": "object",
        "required": ["code", "message"],
        "properties": {"code": {"type": "string"}, "message": {"type": "string"}},
    }
    found["components"]["schemas"]["InnerErrors"]["properties"]["_errors"]["items"] = inner
    return found


@cache
def operations() -> list[tuple[re.Pattern[str], str]]:
    """Every path of the description as an expression, those with the fewest parameters first."""
    paths = sorted(description()["paths"], key=lambda path: path.count("{"))
    return [(re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path))), path) for path in paths]


def schema_of(exchange: Exchange) -> Any:
    """The schema of an exchange's answer, None when the description gives it no JSON."""
    path = next(path for pattern, path in operations() if pattern.fullmatch(exchange.path))
    responses = description()["paths"][path][exchange.method.lower()]["responses"]
    status = str(exchange.status)
    response = responses.get(status) or responses.get(f"{status[0]}XX")
    assert response is not None, f"{exchange.method} {path} does not answer {status}"
    if "$ref" in response:
        response = description()["components"]["responses"][response["$ref"].rsplit("/", 1)[1]]
    content = response.get("content")
    return content["application/json"]["schema"] if content else None


def check(exchange: Exchange) -> None:
    schema = schema_of(exchange)
    if schema is None:
        assert exchange.answer is None
        return
    # Components that refer to each other by pointer stay reachable beside the schema.
    document = {"components": description()["components"], **schema}
    problems = list(jsonschema.Draft202012Validator(document).iter_errors(exchange.answer))
    found = [f"{problem.json_path}: {problem.message[:300]}" for problem in problems]
    assert not found, f"{exchange.method} {exchange.path} {exchange.status}: {found}"


def check_all(sandbox: Sandbox) -> set[str]:
    for exchange in sandbox.log:
        check(exchange)
    return {f"{exchange.method} {exchange.status}" for exchange in sandbox.log}


async def test_plain_answers_are_as_described(
    api: Api, sandbox: Sandbox, guild: Guild, channel: Channel, forum: Channel, news: Channel
) -> None:
    me, one = sandbox.world.bot.id, f"/channels/{channel.id}"
    for path in (
        "/users/@me",
        "/users/@me/guilds",
        f"/users/{me}",
        "/applications/@me",
        "/oauth2/applications/@me",
        "/gateway",
        "/gateway/bot",
        f"/guilds/{guild.id}",
        f"/guilds/{guild.id}/channels",
        f"/guilds/{guild.id}/roles",
        f"/guilds/{guild.id}/members/{me}",
        f"/guilds/{guild.id}/threads/active",
        one,
        f"/channels/{forum.id}",
        f"/channels/{news.id}",
        f"{one}/messages",
        f"{one}/messages/7",
        "/channels/7",
    ):
        await api.call("GET", path)
    everything = {
        "title": "t",
        "url": "https://example.org/",
        "description": "d",
        "color": 5,
        "timestamp": "2026-08-01T00:00:00Z",
        "author": {"name": "a", "url": "https://example.org/", "icon_url": "https://example.org/i.png"},
        "footer": {"text": "f"},
        "image": {"url": "https://example.org/i.png", "description": "alt"},
        "fields": [{"name": "n", "value": "v"}],
    }
    sent = await api.send(channel, content="x", embeds=[everything], nonce="n")
    await api.edit(channel, sent.body["id"], content="x" * 2001, embeds=[{"title": "t" * 257}])
    await api.send(channel, content="reply", message_reference={"message_id": sent.body["id"]})
    await api.call("POST", f"{one}/messages/{sent.body['id']}/threads", {"name": "t"})
    await api.call("GET", f"{one}/messages")
    await api.call("GET", "/users/@me", headers={"Authorization": "Bot ?"})
    sandbox.faults.add("GET", "/users/@me", TooMany(retry_after=1))
    sandbox.faults.add("GET", "/users/@me", Respond(status=403, code=50001, message="Missing Access"))
    await api.call("GET", "/users/@me")
    await api.call("GET", "/users/@me")
    assert check_all(sandbox) >= {"GET 200", "GET 401", "GET 404", "GET 429", "POST 200", "POST 201", "PATCH 400"}


async def test_components_are_as_described(api: Api, sandbox: Sandbox, channel: Channel) -> None:
    text = {"type": 10, "content": "t"}
    button = {"type": 2, "style": 1, "label": "l", "custom_id": "b"}
    media = {"media": {"url": "https://example.org/i.png"}, "description": "alt"}
    components = [
        text,
        {"type": 1, "components": [button, {"type": 2, "style": 5, "label": "l", "url": "https://example.org/"}]},
        {"type": 1, "components": [{"type": 3, "custom_id": "s", "options": [{"label": "l", "value": "v"}]}]},
        {"type": 9, "components": [text], "accessory": {"type": 11, **media}},
        {"type": 12, "items": [media]},
        {"type": 14},
        {"type": 17, "accent_color": 5, "components": [text]},
    ]
    answer = await api.send(channel, flags=1 << 15, components=components)
    assert answer.status == 200
    assert check_all(sandbox) == {"POST 200"}


async def test_all_answers_of_a_discord_py_run_are_as_described(
    running: Running,
    sandbox: Sandbox,
    client: discord.Client,
    channel: Channel,
    news: Channel,
    forum: Channel,
    ann: User,
) -> None:
    tree = discord.app_commands.CommandTree(client)

    @tree.command(description="Answers")
    @discord.app_commands.choices(kind=[discord.app_commands.Choice(name="Big", value="big")])
    async def answer(interaction: discord.Interaction, kind: str, count: int = 1) -> None:
        await interaction.response.defer()
        await interaction.followup.send(f"{kind} {count}", embed=discord.Embed(title="t"))
        await interaction.followup.send("secret", ephemeral=True)
        await interaction.edit_original_response(content="changed")

    async with running(client):
        place = client.get_channel(news.id)
        assert isinstance(place, discord.TextChannel)
        message = await place.send("x", embed=discord.Embed(title="t"), file=discord.File(io.BytesIO(b"png"), "a.png"))
        await message.edit(content="y")
        await message.publish()
        await message.create_thread(name="t")
        posts = client.get_channel(forum.id)
        assert isinstance(posts, discord.ForumChannel)
        post = await posts.create_thread(name="p", content="first", applied_tags=[posts.available_tags[1]])
        await post.thread.edit(archived=True)
        await tree.sync()
        await tree.fetch_commands()
        await sandbox.invoke("answer", {"kind": "big"}, user=ann, channel=channel)
        await place.send("done")
        [found async for found in place.history()]
        await message.delete()
    assert check_all(sandbox) >= {"PUT 200", "PATCH 200", "POST 201", "DELETE 204"}


async def test_the_bodies_that_discord_py_sends_are_as_described(
    running: Running, sandbox: Sandbox, client: discord.Client, channel: Channel
) -> None:
    async with running(client):
        place = client.get_channel(channel.id)
        assert isinstance(place, discord.TextChannel)
        await place.send("x", embed=discord.Embed(title="t"), nonce="1", allowed_mentions=discord.AllowedMentions.none())
    body = next(exchange.body for exchange in sandbox.log if exchange.method == "POST")
    schema = {"components": description()["components"], "$ref": "#/components/schemas/MessageCreateRequest"}
    jsonschema.Draft202012Validator(schema).validate(body)


async def test_answers_in_direct_messages_private_channels_and_menus_are_as_described(
    running: Running, sandbox: Sandbox, client: discord.Client, api: Api, channel: Channel, ann: User
) -> None:
    tree = discord.app_commands.CommandTree(client)
    everywhere = discord.app_commands.allowed_installs(guilds=True, users=True)

    @tree.command(description="Answers", name=discord.app_commands.locale_str("answer"))
    @everywhere
    async def answer(interaction: discord.Interaction, text: str) -> None:
        await interaction.response.send_message(text)
        original = await interaction.original_response()
        await original.edit(content="changed")
        await interaction.followup.send("more", ephemeral=True)
        await original.delete()

    @tree.context_menu(name="On message")
    @everywhere
    async def on_message(interaction: discord.Interaction, message: discord.Message) -> None:
        await interaction.response.send_message(message.content)

    @tree.context_menu(name="On user")
    @everywhere
    async def on_user(interaction: discord.Interaction, user: discord.User) -> None:
        await interaction.response.send_message(user.name)

    sandbox.install_for(ann)
    outside = sandbox.create_channel(sandbox.create_guild("Elsewhere", with_bot=False), "lobby")
    sandbox.join(sandbox.world.guilds[outside.guild_id or 0], ann)
    async with running(client):
        await tree.sync()
        person = await client.fetch_user(ann.id)
        sent = await person.send("hello")
        await client.fetch_channel(sent.channel.id)
        for place in (channel, outside, sandbox.create_dm(ann), sandbox.create_private_channel(ann, sandbox.world.owner)):
            await sandbox.invoke("answer", {"text": "x"}, user=ann, channel=place)
            await sandbox.invoke_on("On message", sandbox.post_as(ann, place, "x"), user=ann, channel=place)
            await sandbox.invoke_on("On user", ann, user=ann, channel=place)
        commands = f"/applications/{sandbox.world.bot.id}/commands"
        assert (await api.call("GET", commands)).status == 200
        assert (await api.call("GET", commands, params={"with_localizations": "true"})).status == 200
    assert check_all(sandbox) >= {"PUT 200", "PATCH 200", "POST 200", "DELETE 204"}


async def test_a_modal_its_answers_and_their_files_are_as_described(
    running: Running, sandbox: Sandbox, client: discord.Client, channel: Channel, ann: User
) -> None:
    class Draft(discord.ui.Modal, title="A draft"):
        slug: discord.ui.TextInput["Draft"] = discord.ui.TextInput(label="Slug", custom_id="slug")
        size = discord.ui.Label(
            text="Size", component=discord.ui.Select(custom_id="size", options=[discord.SelectOption(label="big", value="big")])
        )

        async def on_submit(self, interaction: discord.Interaction) -> None:
            file = discord.File(io.BytesIO(b"text"), "a.txt")
            await interaction.response.send_message(self.slug.value, file=file, ephemeral=True)

    class Menu(discord.ui.View):
        @discord.ui.button(label="Draft", custom_id="draft")
        async def draft(self, interaction: discord.Interaction, _: discord.ui.Button["Menu"]) -> None:
            await interaction.response.send_modal(Draft())

        @discord.ui.select(cls=discord.ui.ChannelSelect, custom_id="where", channel_types=[discord.ChannelType.text])
        async def where(self, interaction: discord.Interaction, select: discord.ui.ChannelSelect["Menu"]) -> None:
            await interaction.response.edit_message(content=select.values[0].name)

    tree = discord.app_commands.CommandTree(client)

    @tree.command(description="Opens a modal")
    async def draft(interaction: discord.Interaction) -> None:
        await interaction.response.send_modal(Draft())

    async with running(client):
        await tree.sync()
        place = client.get_channel(channel.id)
        assert isinstance(place, discord.TextChannel)
        sent = await place.send("x", view=Menu(timeout=None))
        message = channel.messages[sent.id]
        opened = [await sandbox.invoke("draft", user=ann, channel=channel), await sandbox.press(message, "draft", user=ann)]
        for interaction in opened:
            done = await sandbox.submit(interaction, {"slug": "may", "size": "big"})
            assert done.responses[0].content == "may"
        await sandbox.press(message, "where", user=ann, values=[channel])
        assert channel.messages[sent.id].content == "general"
    assert check_all(sandbox) >= {"POST 200"}
    bodies = [exchange.body for exchange in sandbox.log if exchange.path.endswith("/callback") and exchange.body["type"] == 9]
    schema = {"components": description()["components"], "$ref": "#/components/schemas/ModalInteractionCallbackRequest"}
    for body in bodies:
        jsonschema.Draft202012Validator(schema).validate(body)
    assert len(bodies) == 2


async def test_answers_about_events_and_roles_are_as_described(
    running: Running, api: Api, sandbox: Sandbox, client: discord.Client, guild: Guild, ann: User
) -> None:
    sandbox.own_role(guild).permissions |= Permission.CREATE_EVENTS | Permission.MANAGE_ROLES
    role = sandbox.create_role(guild, "readers")
    start = sandbox.world.clock() + timedelta(days=1)
    async with running(client):
        seen = client.get_guild(guild.id)
        assert seen is not None
        event = await seen.create_scheduled_event(
            name="Call",
            start_time=start,
            end_time=start + timedelta(hours=1),
            entity_type=discord.EntityType.external,
            privacy_level=discord.PrivacyLevel.guild_only,
            location="there",
        )
        await seen.fetch_scheduled_events()
        await (await seen.fetch_scheduled_event(event.id)).edit(description="d")
        await (await seen.fetch_member(ann.id)).add_roles(discord.Object(role.id))
        path = f"/guilds/{guild.id}/scheduled-events"
        rule = {"start": "2026-09-01T12:00:00Z", "frequency": 2, "interval": 1, "by_weekday": [1]}
        created = next(exchange.body for exchange in sandbox.log if exchange.path == path and exchange.method == "POST")
        weekly = await api.call("POST", path, created | {"recurrence_rule": rule})
        await api.call("GET", f"{path}/{weekly.body['id']}", params={"with_user_count": "true"})
        await api.call("POST", path, created | {"name": ""})
        await api.call("GET", f"/guilds/{guild.id}/roles/{role.id}")
        await event.delete()
    assert check_all(sandbox) >= {"POST 200", "POST 400", "PATCH 200", "PUT 204", "DELETE 204"}
