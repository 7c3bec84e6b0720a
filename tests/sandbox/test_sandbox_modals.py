"""Modals: what the bot may open, what a person may submit, what the bot is told."""

from typing import Any

import pytest
from sandbox_clients import Answer, Api, Running, discord

from discord_sandbox.interactions import Interaction, NotOfferedError
from discord_sandbox.server import Sandbox
from discord_sandbox.world import Channel, Guild, User

INPUT: dict[str, Any] = {"type": 4, "custom_id": "in", "style": 1}


def row(**fields: Any) -> dict[str, Any]:
    return {"type": 1, "components": [{**INPUT, "label": "l", **fields}]}


def label(component: Any = INPUT, **fields: Any) -> dict[str, Any]:
    return {"type": 18, "label": "l", "component": component, **fields}


async def begin(api: Api, channel: Channel, user: User) -> Interaction:
    """Call a command that nobody answers."""
    sandbox = api.sandbox
    await api.call("PUT", f"/applications/{sandbox.world.bot.id}/commands", [{"name": "ask", "description": "d"}])
    with pytest.raises(TimeoutError):
        await sandbox.invoke("ask", user=user, channel=channel, timeout=0)
    return list(sandbox.interactions.kept.values())[-1]


async def open_modal(api: Api, interaction: Interaction, *components: Any, **fields: Any) -> Answer:
    data = {"custom_id": "m", "title": "t", "components": list(components), **fields}
    path = f"/interactions/{interaction.id}/{interaction.token}/callback"
    return await api.call("POST", path, {"type": 9, "data": data})


async def submitted(sandbox: Sandbox, interaction: Interaction, **values: Any) -> dict[str, Any]:
    with pytest.raises(TimeoutError):
        await sandbox.submit(interaction, values, timeout=0)
    return list(sandbox.interactions.kept.values())[-1].about


async def test_a_modal_of_discord_py_is_opened_submitted_and_answered(
    running: Running, sandbox: Sandbox, client: discord.Client, guild: Guild, channel: Channel, ann: User
) -> None:
    class Draft(discord.ui.Modal, title="A draft"):
        slug: discord.ui.TextInput["Draft"] = discord.ui.TextInput(label="Slug", min_length=3, max_length=10)
        note = discord.ui.Label(
            text="Note", component=discord.ui.TextInput(style=discord.TextStyle.long, required=False, default="none")
        )
        size = discord.ui.Label(
            text="Size",
            component=discord.ui.Select(options=[discord.SelectOption(label=word, value=word) for word in ("big", "small")]),
        )
        where = discord.ui.Label(text="Where", component=discord.ui.ChannelSelect(required=False))

        async def on_submit(self, interaction: discord.Interaction) -> None:
            note, size, where = self.note.component, self.size.component, self.where.component
            assert isinstance(note, discord.ui.TextInput)
            assert isinstance(size, discord.ui.Select)
            assert isinstance(where, discord.ui.ChannelSelect)
            places = [place.name for place in where.values]
            await interaction.response.send_message(f"{self.slug.value} {note.value} {size.values} {places}", ephemeral=True)

    tree = discord.app_commands.CommandTree(client)

    @tree.command(description="Asks")
    async def draft(interaction: discord.Interaction) -> None:
        await interaction.response.send_modal(Draft())

    async with running(client):
        await tree.sync()
        opened = await sandbox.invoke("draft", user=ann, channel=channel)
        assert opened.modal is not None
        assert (opened.modal["title"], opened.responses) == ("A draft", [])
        slug, note, size, where = [
            (part.get("component") or part["components"][0])["custom_id"] for part in opened.modal["components"]
        ]
        for values, sentence in (
            ({}, "is required"),
            ({slug: "ab"}, "3 to 10 characters, not 2"),
            ({slug: "a" * 11}, "not 11"),
            ({slug: "a\nbc"}, "one line"),
            ({slug: "may"}, f"{size}.* is required"),
            ({slug: "may", size: ["huge"]}, "no options"),
            ({slug: "may", size: ["big"], where: ["7"]}, "no channel here"),
            ({slug: "may", "other": "x"}, "no fields"),
        ):
            with pytest.raises(NotOfferedError, match=sentence):
                await sandbox.submit(opened, values)
        done = await sandbox.submit(opened, {slug: "may", size: ["big"], where: [channel]})
        assert done.responses[0].content == "may none ['big'] ['general']"
        assert done.responses[0].only_for == ann.id
        with pytest.raises(NotOfferedError, match="No modal is open"):
            await sandbox.submit(opened, {slug: "may", note: "", size: ["big"]})
    assert guild.channels[channel.id].messages == {}


async def test_a_modal_opened_by_a_button_may_change_the_buttons_message(
    running: Running, sandbox: Sandbox, client: discord.Client, channel: Channel, ann: User
) -> None:
    class Rename(discord.ui.Modal, title="Rename"):
        name: discord.ui.TextInput["Rename"] = discord.ui.TextInput(label="Name", custom_id="name")

        async def on_submit(self, interaction: discord.Interaction) -> None:
            await interaction.response.edit_message(content=self.name.value)

    class Menu(discord.ui.View):
        @discord.ui.button(label="Rename", custom_id="rename")
        async def rename(self, interaction: discord.Interaction, _: discord.ui.Button["Menu"]) -> None:
            await interaction.response.send_modal(Rename())

    async with running(client):
        place = client.get_channel(channel.id)
        assert isinstance(place, discord.TextChannel)
        sent = await place.send("old", view=Menu(timeout=None))
        opened = await sandbox.press(channel.messages[sent.id], "rename", user=ann)
        await sent.edit(content="changed meanwhile")
        done = await sandbox.submit(opened, {"name": "new"})
        assert channel.messages[sent.id].content == "new"
        assert done.source is not None
        assert (done.source.id, done.source.content) == (sent.id, "changed meanwhile")


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"title": "t" * 46}, ("title",)),
        ({"title": ""}, ("title",)),
        ({"custom_id": "c" * 101}, ("custom_id",)),
        ({"components": []}, ("components",)),
        ({"components": [row(custom_id=str(number)) for number in range(6)]}, ("components",)),
        ({"components": [{"type": 2, "style": 1, "label": "b", "custom_id": "b"}]}, ("components", "0", "type")),
        ({"components": [row(label="l" * 46)]}, ("components", "0", "components", "0", "label")),
        ({"components": [row(label=None)]}, ("components", "0", "components", "0", "label")),
        ({"components": [row(style=3)]}, ("components", "0", "components", "0", "style")),
        ({"components": [row(), row()]}, ("components", "1", "components", "0", "custom_id")),
        ({"components": [row(min_length=5, max_length=4)]}, ("components", "0", "components", "0", "min_length")),
        ({"components": [row(max_length=4001)]}, ("components", "0", "components", "0", "max_length")),
        ({"components": [row(placeholder="p" * 101)]}, ("components", "0", "components", "0", "placeholder")),
        ({"components": [label(description="d" * 101)]}, ("components", "0", "description")),
        ({"components": [label(None)]}, ("components", "0", "component")),
        ({"components": [label({"type": 5, "custom_id": "s", "disabled": True})]}, ("components", "0", "component", "disabled")),
        (
            {"components": [label({"type": 21, "custom_id": "r", "options": [{"label": "a", "value": "a"}]})]},
            ("components", "0", "component", "options"),
        ),
    ],
)
async def test_a_modal_keeps_its_limits(api: Api, channel: Channel, ann: User, fields: Any, place: tuple[str, ...]) -> None:
    refused = await open_modal(api, await begin(api, channel, ann), *fields.pop("components", [row()]), **fields)
    assert refused.errors_at("data", *place)


async def test_the_bot_is_told_every_field_in_its_place(api: Api, sandbox: Sandbox, channel: Channel, ann: User) -> None:
    options = [{"label": value, "value": value} for value in ("a", "b", "c")]
    interaction = await begin(api, channel, ann)
    opened = await open_modal(
        api,
        interaction,
        row(id=50),
        {"type": 10, "content": "t"},
        label({"type": 22, "custom_id": "boxes", "options": options, "max_values": 2}),
        label({"type": 21, "custom_id": "radio", "options": options, "required": False}),
        label({"type": 23, "custom_id": "box"}),
    )
    assert opened.status == 204
    for values, sentence in (({"in": "x", "boxes": ["a", "b", "c"]}, "1 to 2"), ({"in": "x", "boxes": []}, "required")):
        with pytest.raises(NotOfferedError, match=sentence):
            await sandbox.submit(interaction, values)
    told = await submitted(sandbox, interaction, **{"in": "x", "boxes": ["a", "c"], "box": True})
    assert told == {
        "custom_id": "m",
        "components": [
            {"type": 1, "id": 1, "components": [{"type": 4, "id": 50, "custom_id": "in", "value": "x"}]},
            {"type": 10, "id": 2},
            {"type": 18, "id": 3, "component": {"type": 22, "id": 4, "custom_id": "boxes", "values": ["a", "c"]}},
            {"type": 18, "id": 5, "component": {"type": 21, "id": 6, "custom_id": "radio", "value": None}},
            {"type": 18, "id": 7, "component": {"type": 23, "id": 8, "custom_id": "box", "value": True}},
        ],
        "resolved": {},
    }
    told = await submitted(sandbox, interaction, **{"in": "x", "boxes": ["a"], "radio": "b"})
    assert told["components"][3]["component"]["value"] == "b"


async def test_a_modal_is_not_answered_with_a_modal(api: Api, sandbox: Sandbox, channel: Channel, ann: User) -> None:
    interaction = await begin(api, channel, ann)
    await open_modal(api, interaction, row())
    await submitted(sandbox, interaction, **{"in": "x"})
    again = list(sandbox.interactions.kept.values())[-1]
    assert (await open_modal(api, again, row())).errors_at("type")
    path = f"/interactions/{again.id}/{again.token}/callback"
    assert (await api.call("POST", path, {"type": 7, "data": {"content": "x"}})).code == 10008
    assert (await api.call("POST", path, {"type": 4, "data": {"content": "x"}})).status == 204
    metadata = again.responses[0].interaction
    assert metadata is not None
    assert metadata["triggering_interaction_metadata"]["id"] == str(interaction.id)
