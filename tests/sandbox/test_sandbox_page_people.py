import asyncio
import io
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from sandbox_clients import Running, discord

from discord_sandbox.page import acts
from discord_sandbox.permissions import Permission
from discord_sandbox.server import Sandbox
from discord_sandbox.world import Channel, Guild, User

JSON = {"Content-Type": "application/json"}


class Browser:
    """The page as one person has it open."""

    def __init__(self, session: aiohttp.ClientSession, sandbox: Sandbox, user: User, channel: Channel) -> None:
        self.session = session
        self.sandbox = sandbox
        self.here = {"as": str(user.id), "channel": str(channel.id)}
        self.key = {"key": sandbox.key}

    async def post(self, name: str, *, headers: dict[str, str] | None = None, data: Any = None, **body: Any) -> tuple[int, Any]:
        url = f"{self.sandbox.page_url}/live/{name}"
        given = JSON | {"Origin": self.sandbox.page_url} | (headers or {})
        content = json.dumps({**self.here, **body}) if data is None else data
        async with self.session.post(url, params=self.key, data=content, headers=given) as response:
            return response.status, await response.json()

    async def act(self, name: str, **body: Any) -> Any:
        status, answer = await self.post(name, **body)
        assert (status, answer.get("error")) == (200, None)
        return answer

    async def refusal(self, name: str, **body: Any) -> str:
        status, answer = await self.post(name, **body)
        assert 400 <= status < 500
        return answer["error"]

    async def get(self, name: str, **words: str) -> Any:
        async with self.session.get(f"{self.sandbox.page_url}/live/{name}", params={**self.here, **self.key, **words}) as response:
            return await response.json()

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[Callable[[str], Coroutine[Any, Any, Any]]]:
        """Gives a function that waits for the next change of a kind, and passes over others."""
        url = f"{self.sandbox.page_url}/live/events"
        async with self.session.get(url, params=self.here | self.key) as stream:
            await stream.content.readline()

            async def following(kind: str) -> Any:
                async with asyncio.timeout(5):
                    while True:
                        line = await stream.content.readline()
                        if line.startswith(b"data: ") and (change := json.loads(line[6:]))["kind"] == kind:
                            return change

            yield following


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as running:
        yield running


@pytest.fixture
def moderator(sandbox: Sandbox, guild: Guild) -> User:
    return sandbox.create_user(guild, "mo", roles=[sandbox.create_role(guild, "Moderators", permissions=Permission.MANAGE_GUILD)])


@pytest.fixture
def page(session: aiohttp.ClientSession, sandbox: Sandbox, ann: User, channel: Channel) -> Browser:
    return Browser(session, sandbox, ann, channel)


@pytest.fixture
def other(session: aiohttp.ClientSession, sandbox: Sandbox, moderator: User, channel: Channel) -> Browser:
    return Browser(session, sandbox, moderator, channel)


class Names(discord.app_commands.Translator):
    async def translate(
        self, string: discord.app_commands.locale_str, locale: discord.Locale, context: discord.app_commands.TranslationContextTypes
    ) -> str | None:
        assert context
        return {"events": "termine", "month": "monat"}.get(string.message) if locale is discord.Locale.german else None


class Choices(discord.ui.View):
    @discord.ui.select(
        custom_id="topics",
        max_values=2,
        options=[discord.SelectOption(label=name.title(), value=name) for name in ("news", "code", "fun")],
    )
    async def topics(self, interaction: discord.Interaction, select: discord.ui.Select["Choices"]) -> None:
        await interaction.response.edit_message(content=f"chosen: {', '.join(select.values)}")

    @discord.ui.select(cls=discord.ui.UserSelect, custom_id="who")
    async def who(self, interaction: discord.Interaction, select: discord.ui.UserSelect["Choices"]) -> None:
        await interaction.response.send_message(f"for {select.values[0].mention}", ephemeral=True)

    @discord.ui.button(label="Approve", emoji="✅", custom_id="approve", style=discord.ButtonStyle.success)
    async def approve(self, interaction: discord.Interaction, button: discord.ui.Button["Choices"]) -> None:
        button.disabled = True
        await interaction.response.edit_message(content="approved", view=self)

    @discord.ui.button(label="Broken", custom_id="broken")
    async def broken(self, _: discord.Interaction, __: discord.ui.Button["Choices"]) -> None:
        pass


class Suggestion(discord.ui.Modal, title="Suggest an item"):
    name = discord.ui.TextInput["Suggestion"](label="Title", max_length=20)
    for_whom = discord.ui.Label["Suggestion"](text="For whom", component=discord.ui.UserSelect["Suggestion"](required=False))

    async def on_submit(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message(f"noted: {self.name.value}", ephemeral=True)


def bot_commands(client: discord.Client) -> discord.app_commands.CommandTree:
    tree = discord.app_commands.CommandTree(client)

    @tree.command(description="What is on")
    async def events(interaction: discord.Interaction, month: str | None = None) -> None:
        file = discord.File(io.BytesIO(b"BEGIN:VCALENDAR"), "events.ics")
        await interaction.response.send_message(f"{interaction.locale} {month} <t:60:R>", file=file, view=Choices(timeout=None))

    @tree.command(description="For you alone")
    async def secret(interaction: discord.Interaction) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        await interaction.edit_original_response(content="psst", view=Choices(timeout=None))

    @tree.command(description="Says nothing")
    async def silent(_: discord.Interaction) -> None:
        pass

    @tree.command(description="Asks more")
    async def suggest(interaction: discord.Interaction) -> None:
        await interaction.response.send_modal(Suggestion())

    @tree.command(description="For moderators")
    @discord.app_commands.default_permissions(manage_guild=True)
    async def pause(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("paused", ephemeral=True)

    group = discord.app_commands.Group(name="issue", description="Issues")

    @group.command(name="show", description="Shows one")
    @discord.app_commands.choices(tone=[discord.app_commands.Choice(name="Formal", value="f")])
    async def show(
        interaction: discord.Interaction,
        slug: str,
        copies: discord.app_commands.Range[int, 1, 9],
        who: discord.Member,
        tone: str = "-",
    ) -> None:
        await interaction.response.send_message(f"{slug} {copies} {who.name} {tone}", ephemeral=True)

    @show.autocomplete("slug")
    async def slugs(interaction: discord.Interaction, current: str) -> list[discord.app_commands.Choice[str]]:
        return [discord.app_commands.Choice(name=f"{current} for {interaction.namespace.copies}", value="may-22")]

    tree.add_command(group)

    @tree.context_menu(name="Save it")
    async def save(interaction: discord.Interaction, message: discord.Message) -> None:
        await interaction.response.send_message(f"saved: {message.content}", ephemeral=True)

    return tree


@pytest.fixture
def bot(running: Running, client: discord.Client) -> Callable[[], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def run() -> AsyncIterator[None]:
        async with running(client):
            tree = bot_commands(client)
            await tree.set_translator(Names())
            await tree.sync()
            yield

    return run


Bot = Callable[[], AbstractAsyncContextManager[None]]


async def test_a_person_is_listed_what_is_offered_to_them(bot: Bot, page: Browser, other: Browser) -> None:
    async with bot():
        names = [(entry["kind"], entry["name"]) for entry in await page.get("commands")]
        assert names == [(1, "events"), (1, "secret"), (1, "silent"), (1, "suggest"), (1, "issue show"), (3, "Save it")]
        assert "pause" in [entry["name"] for entry in await other.get("commands")]
        show = next(entry for entry in await page.get("commands") if entry["command"] == "issue show")
        told = [(option["name"], option["type"], option["required"], option["autocomplete"]) for option in show["options"]]
        assert told == [("slug", 3, True, True), ("copies", 4, True, False), ("who", 6, True, False), ("tone", 3, False, False)]
        assert show["options"][3]["choices"] == [{"name": "Formal", "value": "f"}]
        german = (await page.get("commands", language="de"))[0]
        assert (german["command"], german["name"], german["options"][0]["label"]) == ("events", "termine", "monat")


async def test_nothing_is_listed_for_who_is_not_there(bot: Bot, page: Browser) -> None:
    async with bot():
        assert await page.get("commands", **{"as": "1"}) == []
        assert await page.get("commands", channel="1") == []


async def test_a_person_speaks(page: Browser, sandbox: Sandbox, channel: Channel) -> None:
    async with page.watching() as following:
        await page.act("say", content=" hello *all* ")
        change = await following("message")
        assert "hello <em>all</em>" in change["html"]
        assert [message["author"]["username"] for message in sandbox.messages(channel)] == ["ann"]
    assert "2,000" in await page.refusal("say", content="x" * 2001)
    assert "1 to" in await page.refusal("say", content=" ")


async def test_who_may_not_speak_is_told_so(
    page: Browser, sandbox: Sandbox, guild: Guild, channel: Channel, forum: Channel
) -> None:
    assert "holds no messages" in await page.refusal("say", content="x", channel=str(forum.id))
    sandbox.overwrite(channel, guild.roles[guild.id], deny=Permission.SEND_MESSAGES)
    assert await page.refusal("say", content="x") == "Ann may not send messages in #general."


async def test_a_command_is_answered_in_the_channel(
    bot: Bot, page: Browser, sandbox: Sandbox, session: aiohttp.ClientSession
) -> None:
    async with bot(), page.watching() as following:
        await page.act("command", command="events", options={"month": "May"}, language="de")
        sent = await following("act")
        assert (sent["state"], sent["source"]) == ("sent", None)
        assert '<b>Ann</b> used <span class="mention">/events</span>' in sent["html"]
        message = await following("message")
        assert not message["only"]
        for part in ('<b>Ann</b> used <span class="mention">/events</span>', "de May", 'data-moment="60" data-style="R"'):
            assert part in message["html"]
        assert (await following("act"))["state"] == "answered"
        url = message["html"].split('<a href="')[1].split('"')[0].replace("&amp;", "&")
        assert url.startswith(sandbox.page_url)
        async with session.get(url) as response:
            assert await response.read() == b"BEGIN:VCALENDAR"


async def test_an_ephemeral_answer_is_shown_to_one_person_alone(
    bot: Bot, page: Browser, other: Browser, sandbox: Sandbox, channel: Channel
) -> None:
    async with bot(), page.watching() as following, other.watching() as others:
        await page.act("command", command="secret")
        thinking = await following("message")
        assert (thinking["only"], "Heartbeat is thinking" in thinking["html"]) == (True, True)
        answer = await following("message")
        assert (answer["id"], "psst" in answer["html"]) == (thinking["id"], True)
        assert "Only you can see this" in answer["html"]
        await page.act("press", message=answer["id"], custom_id="approve")
        edited = await following("message")
        assert (edited["id"], "approved" in edited["html"], "disabled" in edited["html"]) == (answer["id"], True, True)
        assert [message["id"] for message in (await page.get("state"))["messages"]] == [answer["id"]]
        assert (await other.get("state"))["messages"] == []
        assert "sees no message" in await other.refusal("press", message=answer["id"], custom_id="topics", values=["news"])
        sandbox.post_as(sandbox.world.owner, channel, "for all")
        assert "for all" in (await others("message"))["html"]


async def test_what_is_deleted_for_one_person_goes_from_their_page(running: Running, client: discord.Client, page: Browser) -> None:
    tree = discord.app_commands.CommandTree(client)

    @tree.command(description="Comes and goes")
    async def flash(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("now", ephemeral=True)
        await interaction.delete_original_response()

    async with running(client), page.watching() as following:
        await tree.sync()
        await page.act("command", command="flash")
        shown = await following("message")
        assert (await following("gone"))["ids"] == [shown["id"]]


async def test_a_bot_that_says_nothing_is_reported_after_three_seconds(
    bot: Bot, page: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acts, "FIRST_ANSWER", timedelta(seconds=0.05))
    async with bot(), page.watching() as following:
        await page.act("command", command="silent")
        assert [(await following("act"))["state"] for _ in range(2)] == ["sent", "silent"]


async def test_options_are_completed_while_typing_and_sent(bot: Bot, page: Browser, ann: User) -> None:
    async with bot(), page.watching() as following:
        asked = await page.act("complete", command="issue show", option="slug", typed="ma", options={"copies": 3})
        assert asked["choices"] == [{"name": "ma for 3", "value": "may-22"}]
        options = {"slug": "may-22", "copies": 3, "who": str(ann.id), "tone": "f"}
        await page.act("command", command="issue show", options=options)
        assert "may-22 3 ann f" in (await following("message"))["html"]
        assert "bounds" in await page.refusal("command", command="issue show", options=options | {"copies": 10})
        assert "type" in await page.refusal("command", command="issue show", options=options | {"copies": "3"})
        assert "choices" in await page.refusal("command", command="issue show", options=options | {"tone": "x"})
        assert "user" in await page.refusal("command", command="issue show", options=options | {"who": "5"})
        assert "missing" in await page.refusal("command", command="issue show", options={})
        assert "offered" in await page.refusal("complete", command="issue show", option="copies", typed="", options={})


async def test_selects_take_as_many_as_they_say(bot: Bot, page: Browser, moderator: User) -> None:
    async with bot(), page.watching() as following:
        await page.act("command", command="events")
        message = await following("message")
        assert 'data-select="topics" data-least="1" data-most="2"' in message["html"]
        assert f'value="{moderator.id}"' in message["html"]
        await page.act("press", message=message["id"], custom_id="topics", values=["news", "fun"])
        assert "chosen: news, fun" in (await following("message"))["html"]
        await page.act("press", message=message["id"], custom_id="who", values=[str(moderator.id)])
        assert "for <span class" in (await following("message"))["html"]
        assert "takes 1 to 2" in await page.refusal("press", message=message["id"], custom_id="topics", values=[])
        assert "no options" in await page.refusal("press", message=message["id"], custom_id="topics", values=["x"])
        assert "no component" in await page.refusal("press", message=message["id"], custom_id="other")


async def test_a_button_that_does_nothing_fails_at_its_message(bot: Bot, page: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    async with bot(), page.watching() as following:
        await page.act("command", command="events")
        message = await following("message")
        assert (await following("act"))["state"] == "answered"
        monkeypatch.setattr(acts, "FIRST_ANSWER", timedelta(seconds=0.05))
        await page.act("press", message=message["id"], custom_id="broken")
        told = [await following("act") for _ in range(2)]
        assert [(act["state"], act["source"]) for act in told] == [("sent", message["id"]), ("silent", message["id"])]


async def test_a_message_command_is_called_on_a_message(
    bot: Bot, page: Browser, sandbox: Sandbox, ann: User, channel: Channel
) -> None:
    async with bot(), page.watching() as following:
        number = str(sandbox.post_as(ann, channel, "a link").id)
        assert "a link" in (await following("message"))["html"]
        await page.act("menu", command="Save it", message=number)
        html = (await following("message"))["html"]
        assert ("saved: a link" in html, 'used <span class="mention">Save it' in html) == (True, True)


async def test_a_dialog_is_shown_and_submitted(bot: Bot, page: Browser, other: Browser, ann: User) -> None:
    async with bot(), page.watching() as following:
        await page.act("command", command="suggest")
        opened = await following("dialog")
        assert opened["dialog"]["title"] == "Suggest an item"
        row, label = opened["dialog"]["components"]
        title, whom = row["components"][0]["custom_id"], label["component"]["custom_id"]
        assert {"value": str(ann.id), "label": "@Ann", "default": False} in label["component"]["options"]
        values = {title: "Picnic", whom: [str(ann.id)]}
        assert "No such dialog" in await other.refusal("submit", interaction=opened["id"], values=values)
        assert "characters" in await page.refusal("submit", interaction=opened["id"], values={title: "x" * 21})
        await page.act("submit", interaction=opened["id"], values=values)
        html = (await following("message"))["html"]
        assert ("noted: Picnic" in html, 'used <span class="mention">/suggest' in html) == (True, True)


async def test_direct_messages_are_seen_by_who_is_in_them(page: Browser, other: Browser, sandbox: Sandbox, ann: User) -> None:
    direct = sandbox.create_dm(ann)
    shown = [(place["mark"], place["name"]) for place in (await page.get("state"))["channels"]]
    assert ("@", "Heartbeat") in shown
    assert str(direct.id) not in [place["id"] for place in (await other.get("state"))["channels"]]
    async with page.watching() as following:
        await page.act("say", content="hi, bot", channel=str(direct.id))
        assert (await following("message"))["channel"] == str(direct.id)
    assert "may not send" in await other.refusal("say", content="hi", channel=str(direct.id))


async def test_a_person_sees_the_channels_that_they_may(page: Browser, sandbox: Sandbox, guild: Guild, news: Channel) -> None:
    assert str(news.id) in [place["id"] for place in (await page.get("state"))["channels"]]
    sandbox.overwrite(news, guild.roles[guild.id], deny=Permission.VIEW_CHANNEL)
    state = await page.get("state")
    assert str(news.id) not in [place["id"] for place in state["channels"]]
    assert [(person["name"], person["bot"]) for person in state["people"]] == [
        ("Server owner", False),
        ("Heartbeat", True),
        ("Ann", False),
    ]


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
    ],
)
async def test_an_act_that_is_no_json_is_refused(page: Browser, sandbox: Sandbox, channel: Channel, content_type: str) -> None:
    assert (await page.post("say", content="x", headers={"Content-Type": content_type}))[0] == 415
    assert sandbox.messages(channel) == []


async def test_a_request_without_an_origin_is_refused(page: Browser, session: aiohttp.ClientSession) -> None:
    url = f"{page.sandbox.page_url}/live/say"
    async with session.post(url, params=page.key, json={**page.here, "content": "x"}) as response:
        assert response.status == 403


@pytest.mark.parametrize("data", ["", "{", "[]", '"x"', b"\xff"])
async def test_a_request_that_is_no_object_is_refused(page: Browser, data: str | bytes) -> None:
    assert (await page.post("say", data=data))[0] == 400


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("say", {"as": "1", "content": "x"}),
        ("say", {"as": ["1"], "content": "x"}),
        ("say", {"channel": "1", "content": "x"}),
        ("say", {"content": 5}),
        ("say", {"content": "", "language": ["de"]}),
        ("command", {"command": "nothing"}),
        ("command", {"command": " / "}),
        ("command", {"command": "events", "options": []}),
        ("command", {"command": "events", "options": {"other": 1}}),
        ("command", {"command": "pause"}),
        ("menu", {"command": "Save it", "message": "1"}),
        ("press", {"message": "1", "custom_id": "x"}),
        ("submit", {"interaction": "1", "values": {}}),
    ],
)
async def test_what_is_not_there_cannot_be_done(bot: Bot, page: Browser, name: str, body: dict[str, Any]) -> None:
    async with bot():
        assert await page.refusal(name, **body)


async def test_a_bot_does_not_act_by_the_page(page: Browser, sandbox: Sandbox) -> None:
    assert await page.refusal("say", content="x", **{"as": str(sandbox.world.bot.id)}) == "There is no such person here."
