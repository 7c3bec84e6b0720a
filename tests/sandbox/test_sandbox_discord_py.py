import asyncio
import io

import pytest
from sandbox_clients import Running, discord, new_client

from discord_sandbox.faults import Respond, TooMany
from discord_sandbox.server import Sandbox
from discord_sandbox.world import Channel, Guild, User


def text_channel(client: discord.Client, channel: Channel) -> discord.TextChannel:
    found = client.get_channel(channel.id)
    assert isinstance(found, discord.TextChannel)
    return found


async def test_a_client_logs_in_and_sees_its_guild(
    running: Running, client: discord.Client, guild: Guild, news: Channel, forum: Channel
) -> None:
    async with running(client):
        seen = client.get_guild(guild.id)
        assert seen is not None
        assert (seen.name, client.application_id) == ("Testers", client.user and client.user.id)
        assert text_channel(client, news).is_news()
        assert isinstance(client.get_channel(forum.id), discord.ForumChannel)
        assert text_channel(client, news).permissions_for(seen.me).send_messages


async def test_a_wrong_token_is_refused_at_login(running: Running, sandbox: Sandbox, client: discord.Client) -> None:
    assert running
    async with client:
        with pytest.raises(discord.LoginFailure):
            await client.login(sandbox.token + "?")


async def test_a_privileged_intent_must_have_been_given(running: Running, sandbox: Sandbox) -> None:
    assert running
    intents = discord.Intents.default()
    intents.message_content = True
    async with discord.Client(intents=intents) as client:
        with pytest.raises(discord.PrivilegedIntentsRequired):
            await client.start(sandbox.token)


async def test_members_are_asked_for_over_the_gateway(running: Running, client: discord.Client, guild: Guild, ann: User) -> None:
    async with running(client):
        seen = client.get_guild(guild.id)
        assert seen is not None
        assert [member.id for member in await seen.query_members("an")] == [ann.id]
        assert [member.name for member in await seen.query_members(user_ids=[ann.id])] == ["ann"]


async def test_messages_are_sent_edited_published_read_and_deleted(
    running: Running, sandbox: Sandbox, client: discord.Client, news: Channel
) -> None:
    async with running(client):
        channel = text_channel(client, news)
        embed = discord.Embed(title="t", url="https://example.org/", description="d").set_image(url="attachment://a.png")
        message = await channel.send("**hello**", embed=embed, nonce="n1", file=discord.File(io.BytesIO(b"png"), "a.png"))
        again = await channel.send("other", nonce="n1")
        assert again.id == message.id
        await message.edit(content="changed", allowed_mentions=discord.AllowedMentions.none())
        await message.publish()
        fetched = await channel.fetch_message(message.id)
        assert (fetched.content, fetched.flags.crossposted) == ("changed", True)
        assert [found.id async for found in channel.history(limit=5)] == [message.id]
        image = fetched.embeds[0].image.url
        assert image is not None
        assert await client.http.get_from_cdn(image) == b"png"
        await message.delete()
        assert sandbox.messages(news) == []


async def test_errors_come_with_their_codes(running: Running, client: discord.Client, channel: Channel) -> None:
    async with running(client):
        with pytest.raises(discord.HTTPException) as refused:
            await text_channel(client, channel).send("x" * 2001)
        assert (refused.value.status, refused.value.code) == (400, 50035)
        assert "In content: Must be 2000 or fewer in length." in str(refused.value)
        with pytest.raises(discord.NotFound) as missing:
            await text_channel(client, channel).fetch_message(7)
        assert missing.value.code == 10008


async def test_threads_and_forum_posts(
    running: Running, sandbox: Sandbox, client: discord.Client, news: Channel, forum: Channel
) -> None:
    async with running(client):
        message = await text_channel(client, news).send("cover")
        thread = await message.create_thread(name="Discussion")
        await thread.send("inside")
        assert thread.id == message.id
        assert [found["content"] for found in sandbox.messages(thread.id)] == ["", "inside"]
        place = client.get_channel(forum.id)
        assert isinstance(place, discord.ForumChannel)
        post = await place.create_thread(name="May", content="first", applied_tags=[place.available_tags[0]])
        assert post.message.id == post.thread.id
        assert [tag.name for tag in post.thread.applied_tags] == ["monthly"]
        assert (await post.thread.edit(archived=True)).archived


async def test_events_reach_the_client(
    running: Running, sandbox: Sandbox, client: discord.Client, channel: Channel, ann: User
) -> None:
    seen: asyncio.Queue[discord.Message] = asyncio.Queue()

    async def on_message(message: discord.Message) -> None:
        seen.put_nowait(message)

    client.event(on_message)
    async with running(client):
        assert client.user is not None
        sandbox.post_as(ann, channel, "secret")
        sandbox.post_as(ann, channel, f"<@{client.user.id}> hello")
        hidden, shown = await seen.get(), await seen.get()
        assert (hidden.author.name, hidden.content) == ("ann", "")
        assert shown.content.endswith("hello")


async def test_commands_are_synced_invoked_and_answered(
    running: Running, sandbox: Sandbox, client: discord.Client, guild: Guild, channel: Channel, ann: User
) -> None:
    tree = discord.app_commands.CommandTree(client)
    said_more = asyncio.Event()

    @tree.command(description="Answers at once")
    async def now(interaction: discord.Interaction, who: discord.Member) -> None:
        await interaction.response.send_message(f"hello {who.name} {who.mention}")
        original = await interaction.original_response()
        await original.edit(content=original.content + "!")
        await interaction.followup.send("and more", ephemeral=True)
        said_more.set()

    @tree.command(description="Answers later", guild=guild_of(guild))
    async def later(interaction: discord.Interaction, number: int) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        await interaction.edit_original_response(content=str(number + 1))

    group = discord.app_commands.Group(name="issue", description="Issues")

    @group.command(name="show", description="Shows one")
    async def show(interaction: discord.Interaction, slug: str) -> None:
        await interaction.response.send_message(slug)

    @show.autocomplete("slug")
    async def slugs(interaction: discord.Interaction, current: str) -> list[discord.app_commands.Choice[str]]:
        assert interaction.user.name == "ann"
        return [discord.app_commands.Choice(name=f"{current}-22", value="may-22")]

    tree.add_command(group)
    async with running(client):
        assert {command.name for command in await tree.sync()} == {"now", "issue"}
        assert [command.name for command in await tree.sync(guild=guild_of(guild))] == ["later"]
        first = await sandbox.invoke("now", {"who": ann}, user=ann, channel=channel)
        await said_more.wait()
        assert [message.content for message in first.responses] == [f"hello ann <@{ann.id}>!", "and more"]
        assert [user.name for user in first.responses[0].mentions] == ["ann"]
        assert [message["content"] for message in sandbox.messages(channel)] == [f"hello ann <@{ann.id}>!"]
        second = await sandbox.invoke("later", {"number": 41}, user=ann, channel=channel)
        assert second.deferred
        assert (second.responses[0].content, second.responses[0].flags & 64) == ("42", 64)
        assert (await sandbox.invoke("issue show", {"slug": "x"}, user=ann, channel=channel)).responses[0].content == "x"
        choices = await sandbox.autocomplete("issue show", "slug", "may", user=ann, channel=channel)
        assert choices == [{"name": "may-22", "value": "may-22"}]


def guild_of(guild: Guild) -> discord.Object:
    return discord.Object(guild.id)


async def test_a_button_is_pressed_and_changes_its_message(
    running: Running, sandbox: Sandbox, client: discord.Client, channel: Channel, ann: User
) -> None:
    class Approval(discord.ui.View):
        @discord.ui.button(label="Approve", custom_id="approve")
        async def approve(self, interaction: discord.Interaction, _: discord.ui.Button["Approval"]) -> None:
            await interaction.response.edit_message(content=f"approved by {interaction.user.name}", view=None)

    async with running(client):
        sent = await text_channel(client, channel).send("Publish?", view=Approval(timeout=None))
        message = sandbox.world.place(channel.id)[1].messages[sent.id]
        await sandbox.press(message, "approve", user=ann)
        assert sandbox.messages(channel)[0]["content"] == "approved by ann"
        assert sandbox.messages(channel)[0]["components"] == []


@pytest.mark.parametrize("how", ["drop", "reconnect", "invalid, resumable"])
async def test_a_broken_connection_is_resumed_with_what_was_missed(
    running: Running, sandbox: Sandbox, channel: Channel, ann: User, how: str
) -> None:
    client = new_client()
    seen: asyncio.Queue[int] = asyncio.Queue()
    resumed = asyncio.Event()

    async def on_message(message: discord.Message) -> None:
        seen.put_nowait(message.id)

    async def on_resumed() -> None:
        resumed.set()

    client.event(on_message)
    client.event(on_resumed)
    async with running(client):
        match how:
            case "drop":
                sandbox.gateway.drop()
            case "reconnect":
                sandbox.gateway.request_reconnect()
            case _:
                sandbox.gateway.invalidate_sessions(resumable=True)
        missed = sandbox.post_as(ann, channel, "while you were away")
        await resumed.wait()
        assert await seen.get() == missed.id
        assert len(sandbox.gateway.sessions) == 1


async def test_events_are_omitted_repeated_and_held(
    running: Running, sandbox: Sandbox, client: discord.Client, channel: Channel, ann: User
) -> None:
    seen: asyncio.Queue[int] = asyncio.Queue()

    async def on_message(message: discord.Message) -> None:
        seen.put_nowait(message.id)

    client.event(on_message)
    async with running(client):
        sandbox.gateway.disturb("MESSAGE_CREATE", "omit")
        sandbox.gateway.disturb("MESSAGE_CREATE", "repeat")
        sandbox.gateway.disturb("MESSAGE_CREATE", "hold")
        ids = [sandbox.post_as(ann, channel, str(number)).id for number in range(4)]
        assert [await seen.get() for _ in range(3)] == [ids[1], ids[1], ids[3]]
        sandbox.gateway.release()
        assert await seen.get() == ids[2]


async def test_the_client_waits_as_it_is_told_and_tries_again(
    running: Running, sandbox: Sandbox, client: discord.Client, channel: Channel
) -> None:
    async with running(client):
        sandbox.faults.add("POST", "/channels/*/messages", TooMany(retry_after=0.05))
        await text_channel(client, channel).send("x")
        assert [exchange.status for exchange in sandbox.log if exchange.path.endswith("/messages")] == [429, 200]


async def test_a_500_after_the_work_is_sent_again_and_the_nonce_keeps_it_single(
    running: Running, sandbox: Sandbox, client: discord.Client, channel: Channel
) -> None:
    async with running(client):
        sandbox.faults.add("POST", "/channels/*/messages", Respond(status=500, after_work=True))
        await text_channel(client, channel).send("x", nonce="1")
        assert [exchange.status for exchange in sandbox.log if exchange.path.endswith("/messages")] == [500, 200]
        assert len(sandbox.messages(channel)) == 1
