"""Buttons and selects: who can press what, and what the bot is told."""

from typing import Any

import pytest
from sandbox_clients import Answer, Api, Running, discord

from discord_sandbox.interactions import NoAnswerError, NotOfferedError
from discord_sandbox.permissions import Permission
from discord_sandbox.server import Sandbox
from discord_sandbox.world import Channel, ChannelType, Guild, Message, User


def row(*components: Any) -> dict[str, Any]:
    return {"type": 1, "components": list(components)}


def button(custom_id: str, **fields: Any) -> dict[str, Any]:
    return {"type": 2, "style": 1, "label": custom_id, "custom_id": custom_id, **fields}


def select(custom_id: str, **fields: Any) -> dict[str, Any]:
    options = [{"label": value, "value": value} for value in ("a", "b", "c")]
    return {"type": 3, "custom_id": custom_id, "options": options, **fields}


async def post(api: Api, channel: Channel, *components: Any, **fields: Any) -> Message:
    answer = await api.send(channel, content="x", components=list(components), **fields)
    assert answer.status == 200, answer.body
    return channel.messages[int(answer.body["id"])]


async def refused(sandbox: Sandbox, message: Message, custom_id: str, sentence: str, user: User, **values: Any) -> None:
    with pytest.raises(NotOfferedError, match=sentence):
        await sandbox.press(message, custom_id, user=user, **values)


async def taken(sandbox: Sandbox, message: Message, custom_id: str, user: User, **values: Any) -> dict[str, Any]:
    """Press where no bot answers, and return what one would have been told."""
    with pytest.raises(TimeoutError):
        await sandbox.press(message, custom_id, user=user, timeout=0, **values)
    return list(sandbox.interactions.kept.values())[-1].about


async def test_only_what_is_in_a_message_and_enabled_can_be_pressed(
    api: Api, sandbox: Sandbox, channel: Channel, ann: User
) -> None:
    message = await post(api, channel, row(button("yes"), button("no", disabled=True), button("x", id=77)))
    await refused(sandbox, message, "other", "no component 'other'", ann)
    await refused(sandbox, message, "no", "disabled", ann)
    await refused(sandbox, message, "yes", "a button", ann, values=["a"])
    assert await taken(sandbox, message, "yes", ann) == {"custom_id": "yes", "component_type": 2, "id": 2}
    assert (await taken(sandbox, message, "x", ann))["id"] == 77


async def test_what_can_be_pressed_follows_the_latest_edit(api: Api, sandbox: Sandbox, channel: Channel, ann: User) -> None:
    message = await post(api, channel, row(button("yes")))
    await api.edit(channel, str(message.id), components=[row(button("yes", disabled=True), button("again"))])
    await refused(sandbox, message, "yes", "disabled", ann)
    assert await taken(sandbox, message, "again", ann)
    await api.edit(channel, str(message.id), components=[])
    await refused(sandbox, message, "again", "no component", ann)
    await api.call("DELETE", f"/channels/{channel.id}/messages/{message.id}")
    await refused(sandbox, message, "again", "sees no message", ann)


async def test_one_presses_only_where_one_can_look(api: Api, sandbox: Sandbox, channel: Channel, ann: User) -> None:
    message = await post(api, channel, row(button("yes")))
    sandbox.overwrite(channel, ann, deny=Permission.VIEW_CHANNEL)
    await refused(sandbox, message, "yes", "does not see", ann)
    sandbox.own_role(sandbox.world.guilds[channel.guild_id or 0]).permissions |= Permission.MANAGE_CHANNELS
    assert (await api.call("DELETE", f"/channels/{channel.id}")).status == 200
    await refused(sandbox, message, "yes", "channel of message .* is gone", ann)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (["a", "d"], "no options"),
        (["a"], "2 to 3 values, not 1"),
        (None, "2 to 3 values, not 0"),
        (["a", "b", "c", "a"], "not 4"),
        (["a", "a"], "twice"),
    ],
)
async def test_a_select_takes_its_own_options_in_its_own_number(
    api: Api, sandbox: Sandbox, channel: Channel, ann: User, values: Any, sentence: str
) -> None:
    message = await post(api, channel, row(select("s", min_values=2, max_values=3)))
    await refused(sandbox, message, "s", sentence, ann, values=values)
    told = await taken(sandbox, message, "s", ann, values=["c", "a"])
    assert told == {"custom_id": "s", "component_type": 3, "id": 2, "values": ["c", "a"]}


async def test_a_select_of_users_roles_or_channels_resolves_what_is_chosen(
    api: Api, sandbox: Sandbox, guild: Guild, channel: Channel, news: Channel, ann: User
) -> None:
    role = sandbox.create_role(guild, "r")
    kinds = {"users": 5, "roles": 6, "both": 7, "channels": 8}
    rows = [row({"type": kind, "custom_id": name}) for name, kind in kinds.items()]
    rows.append(row({"type": 8, "custom_id": "news", "channel_types": [int(ChannelType.ANNOUNCEMENT)], "min_values": 0}))
    message = await post(api, channel, *rows)
    told = await taken(sandbox, message, "users", ann, values=[ann])
    assert (told["component_type"], told["values"], list(told["resolved"])) == (5, [str(ann.id)], ["users", "members"])
    assert (await taken(sandbox, message, "both", ann, values=[str(role.id)]))["resolved"]["roles"][str(role.id)]["name"] == "r"
    await refused(sandbox, message, "roles", "no role here", ann, values=[ann])
    await refused(sandbox, message, "channels", "no channel here", ann, values=["7"])
    assert (await taken(sandbox, message, "channels", ann, values=[channel]))["values"] == [str(channel.id)]
    await refused(sandbox, message, "news", "of a kind", ann, values=[channel])
    assert (await taken(sandbox, message, "news", ann, values=[news]))["component_type"] == 8
    assert (await taken(sandbox, message, "news", ann))["values"] == []


async def test_a_button_beside_a_text_can_be_pressed(api: Api, sandbox: Sandbox, channel: Channel, ann: User) -> None:
    section = {"type": 9, "components": [{"type": 10, "content": "t"}], "accessory": button("beside")}
    answer = await api.send(channel, flags=1 << 15, components=[{"type": 17, "components": [section]}])
    told = await taken(sandbox, channel.messages[int(answer.body["id"])], "beside", ann)
    assert told == {
        "custom_id": "beside",
        "component_type": 2,
        "id": answer.body["components"][0]["components"][0]["accessory"]["id"],
    }


async def test_an_ephemeral_message_is_pressed_by_who_sees_it_and_changes_in_place(
    running: Running, sandbox: Sandbox, client: discord.Client, guild: Guild, channel: Channel, ann: User
) -> None:
    class Pages(discord.ui.View):
        @discord.ui.button(label="Next", custom_id="next")
        async def forward(self, interaction: discord.Interaction, pressed: discord.ui.Button["Pages"]) -> None:
            pressed.disabled = True
            await interaction.response.edit_message(content="page 2", view=self)

        @discord.ui.button(label="Close", custom_id="close")
        async def close(self, interaction: discord.Interaction, _: discord.ui.Button["Pages"]) -> None:
            await interaction.response.defer()
            await interaction.delete_original_response()

    tree = discord.app_commands.CommandTree(client)

    @tree.command(description="Shows pages")
    async def pages(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("page 1", view=Pages(timeout=None), ephemeral=True)

    async with running(client):
        await tree.sync()
        shown = await sandbox.invoke("pages", user=ann, channel=channel)
        page = shown.responses[0]
        await refused(sandbox, page, "next", "cleo sees no message", sandbox.create_user(guild, "cleo"))
        pressed = await sandbox.press(page, "next", user=ann)
        assert pressed.source is not None
        assert pressed.source.id == page.id
        assert [message.content for message in shown.responses] == ["page 2"]
        assert sandbox.messages(channel) == []
        await refused(sandbox, page, "next", "disabled", ann)
        await sandbox.press(page, "close", user=ann)
        assert shown.responses == []
        await refused(sandbox, page, "close", "sees no message", ann)


async def answer_of(api: Api, sandbox: Sandbox, body: Any) -> Answer:
    interaction = list(sandbox.interactions.kept.values())[-1]
    return await api.call("POST", f"/interactions/{interaction.id}/{interaction.token}/callback", body)


async def test_an_update_of_a_message_deleted_meanwhile_is_refused(api: Api, sandbox: Sandbox, channel: Channel, ann: User) -> None:
    message = await post(api, channel, row(button("yes")))
    await taken(sandbox, message, "yes", ann)
    await api.call("DELETE", f"/channels/{channel.id}/messages/{message.id}")
    assert (await answer_of(api, sandbox, {"type": 7, "data": {"content": "y"}})).code == 10008


async def test_a_press_that_is_only_acknowledged_leaves_the_message_as_it_is(
    running: Running, sandbox: Sandbox, client: discord.Client, channel: Channel, ann: User
) -> None:
    class Menu(discord.ui.View):
        @discord.ui.button(label="Seen", custom_id="seen")
        async def seen(self, interaction: discord.Interaction, _: discord.ui.Button["Menu"]) -> None:
            await interaction.response.defer()

    async with running(client):
        place = client.get_channel(channel.id)
        assert isinstance(place, discord.TextChannel)
        sent = await place.send("x", view=Menu(timeout=None))
        done = await sandbox.press(channel.messages[sent.id], "seen", user=ann, acknowledged=True)
        assert (done.deferred, done.responses, channel.messages[sent.id].edited_at) == (True, [], None)
        with pytest.raises(NoAnswerError, match="has come yet"):
            await sandbox.press(channel.messages[sent.id], "seen", user=ann, timeout=0.1)
