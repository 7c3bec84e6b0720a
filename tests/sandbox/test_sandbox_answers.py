"""Answers to interactions: in time or too late, with files, beyond the limits of everything else."""

import asyncio
import io
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from sandbox_clients import Api, Running, discord

from discord_sandbox import interactions
from discord_sandbox.clock import ManualClock
from discord_sandbox.interactions import Interaction, NoAnswerError
from discord_sandbox.objects.messages import message_object
from discord_sandbox.ratelimits import Quota, RateLimits
from discord_sandbox.server import Sandbox
from discord_sandbox.world import Channel, Guild, Message, User


async def begin(api: Api, channel: Channel, user: User) -> tuple[Interaction, str, str]:
    """Call a command that nobody answers, and return where it is answered and followed up."""
    sandbox = api.sandbox
    path = f"/applications/{sandbox.world.bot.id}/commands"
    assert (await api.call("PUT", path, [{"name": "go", "description": "d"}])).status == 200
    with pytest.raises(NoAnswerError) as unanswered:
        await sandbox.invoke("go", user=user, channel=channel, timeout=0)
    found = unanswered.value.interaction
    return found, f"/interactions/{found.id}/{found.token}/callback", f"/webhooks/{sandbox.world.bot.id}/{found.token}"


async def download(sandbox: Sandbox, session: aiohttp.ClientSession, message: Message) -> list[bytes]:
    urls = [attachment["url"] for attachment in message_object(sandbox.world, message)["attachments"]]
    found: list[bytes] = []
    for url in urls:
        async with session.get(url) as response:
            assert response.status == 200
            found.append(await response.read())
    return found


async def test_the_time_of_the_first_answer_is_told(
    running: Running, sandbox: Sandbox, client: discord.Client, guild: Guild, channel: Channel, ann: User
) -> None:
    assert guild
    tree = discord.app_commands.CommandTree(client)

    @tree.command(description="Thinks")
    async def slow(interaction: discord.Interaction) -> None:
        await asyncio.sleep(0.05)
        await interaction.response.defer()
        await asyncio.sleep(0.1)
        await interaction.edit_original_response(content="x")

    async with running(client):
        await tree.sync()
        done = await sandbox.invoke("slow", user=ann, channel=channel)
        assert done.first_answer_after is not None
        assert 0.05 <= done.first_answer_after < 3
        assert (done.failed, done.deferred) == (False, True)


async def test_an_answer_after_three_seconds_is_refused_and_the_person_is_told(
    running: Running, sandbox: Sandbox, client: discord.Client, channel: Channel, ann: User, clock: ManualClock
) -> None:
    tree = discord.app_commands.CommandTree(client)
    refused: list[int] = []

    @tree.command(description="Is late")
    async def late(interaction: discord.Interaction, seconds: float) -> None:
        clock.advance(seconds)
        try:
            await interaction.response.send_message("x")
        except discord.NotFound as error:
            refused.append(error.code)

    async with running(client):
        await tree.sync()
        in_time = await sandbox.invoke("late", {"seconds": 3.0}, user=ann, channel=channel)
        assert (in_time.failed, len(in_time.responses), refused) == (False, 1, [])
        with pytest.raises(NoAnswerError, match="did not respond") as error:
            await sandbox.invoke("late", {"seconds": 3.1}, user=ann, channel=channel)
        failed = error.value.interaction
        assert (failed.failed, failed.first_answer_after, failed.responses) == (True, None, [])
        await asyncio.sleep(0)
    assert refused == [10062]


async def test_a_person_waits_no_longer_than_discord_does_for_the_first_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(interactions, "FIRST_ANSWER", timedelta(seconds=0.2))
    async with Sandbox(limits=RateLimits.generous()) as sandbox, aiohttp.ClientSession() as session:
        guild = sandbox.create_guild()
        place, person = sandbox.create_channel(guild, "x"), sandbox.create_user(guild, "y")
        path = f"/applications/{sandbox.world.bot.id}/commands"
        await Api(sandbox, session).call("PUT", path, [{"name": "go", "description": "d"}])
        async with asyncio.timeout(5):
            with pytest.raises(NoAnswerError, match="did not respond"):
                await sandbox.invoke("go", user=person, channel=place, timeout=60)


async def test_an_answer_that_has_not_come_yet_has_not_failed(api: Api, channel: Channel, ann: User, clock: ManualClock) -> None:
    interaction, answer, _ = await begin(api, channel, ann)
    assert not interaction.failed
    clock.advance(3)
    assert not interaction.failed
    clock.advance(0.1)
    assert interaction.failed
    assert (await api.call("POST", answer, {"type": 4, "data": {"content": "x"}})).code == 10062


async def test_files_come_with_answers_edits_and_follow_ups_and_can_be_downloaded(
    running: Running, api: Api, sandbox: Sandbox, client: discord.Client, channel: Channel, ann: User
) -> None:
    tree = discord.app_commands.CommandTree(client)

    finished = asyncio.Event()

    @tree.command(description="Shows files")
    async def files(interaction: discord.Interaction, privacy: int) -> None:
        hidden = bool(privacy)
        embed = discord.Embed(title="t").set_image(url="attachment://shown.png")
        pair = [discord.File(io.BytesIO(b"text"), "a.txt"), discord.File(io.BytesIO(b"png"), "shown.png")]
        await interaction.response.send_message("x", embed=embed, files=pair, ephemeral=hidden)
        original = await interaction.original_response()
        more = discord.File(io.BytesIO(b"more"), "ä b.txt", description="alt")
        await interaction.followup.send(file=discord.File(io.BytesIO(b"up"), "up.txt"), ephemeral=hidden)
        await original.edit(attachments=[*original.attachments, more], embed=None)
        finished.set()

    @tree.command(description="Shows a file later")
    async def later(interaction: discord.Interaction) -> None:
        await interaction.response.defer(ephemeral=True)
        await interaction.edit_original_response(attachments=[discord.File(io.BytesIO(b"late"), "late.txt")])

    async with running(client):
        await tree.sync()
        for hidden in (True, False):
            done = await sandbox.invoke("files", {"privacy": int(hidden)}, user=ann, channel=channel)
            await finished.wait()
            finished.clear()
            first, second = done.responses
            assert await download(sandbox, api.session, first) == [b"text", b"more"]
            assert await download(sandbox, api.session, second) == [b"up"]
            assert len(sandbox.messages(channel)) == (0 if hidden else 2)
        deferred = (await sandbox.invoke("later", user=ann, channel=channel)).responses[0]
        assert await download(sandbox, api.session, deferred) == [b"late"]


async def test_a_file_is_gone_with_its_ephemeral_message(
    api: Api, sandbox: Sandbox, channel: Channel, ann: User, clock: ManualClock
) -> None:
    interaction, answer, hook = await begin(api, channel, ann)
    form = aiohttp.FormData()
    form.add_field("payload_json", '{"type": 4, "data": {"flags": 64}}', content_type="application/json")
    form.add_field("files[0]", b"text", filename="a.txt", content_type="text/plain")
    assert (await api.call("POST", answer, data=form)).status == 204
    url = message_object(sandbox.world, interaction.responses[0])["attachments"][0]["url"]

    async def status(address: str) -> int:
        async with api.session.get(address) as response:
            return response.status

    assert await status(url) == 200
    assert await status(url.replace("hm=", "hm=0")) == 404
    assert await status(url.replace("ex=", "ex=x")) == 404
    clock.advance(600)
    assert (await api.call("DELETE", f"{hook}/messages/@original")).status == 204
    assert await status(url) == 404
    assert (await api.call("GET", f"{hook}/messages/@original")).code == 10008


async def test_a_file_over_the_limit_is_refused(api: Api, channel: Channel, ann: User) -> None:
    _, answer, _ = await begin(api, channel, ann)
    form = aiohttp.FormData()
    form.add_field("payload_json", '{"type": 4, "data": {}}', content_type="application/json")
    form.add_field("files[0]", io.BytesIO(bytes(10 * 1024 * 1024 + 1)), filename="a.bin", content_type="application/octet-stream")
    assert (await api.call("POST", answer, data=form)).code == 50045


async def test_answers_do_not_count_towards_the_global_limit(
    api: Api, sandbox: Sandbox, channel: Channel, ann: User, clock: ManualClock
) -> None:
    _, answer, hook = await begin(api, channel, ann)
    clock.advance(1)
    sandbox.limits.everything = Quota(requests=2, seconds=1)
    statuses = [(await api.call("GET", "/users/@me")).status for _ in range(2)]
    body: Any = {"type": 4, "data": {"content": "x"}}
    statuses += [(await api.call("POST", answer, body)).status, (await api.call("POST", hook, {"content": "y"})).status]
    assert [*statuses, (await api.call("GET", "/users/@me")).status] == [200, 200, 204, 200, 429]


async def test_answers_use_up_nothing_of_the_global_limit(
    api: Api, sandbox: Sandbox, channel: Channel, ann: User, clock: ManualClock
) -> None:
    _, answer, hook = await begin(api, channel, ann)
    clock.advance(1)
    sandbox.limits.everything = Quota(requests=3, seconds=1)
    await api.call("POST", answer, {"type": 4, "data": {"content": "x"}})
    for _ in range(4):
        assert (await api.call("POST", hook, {"content": "y"})).status == 200
    assert (await api.call("GET", "/users/@me")).status == 200
