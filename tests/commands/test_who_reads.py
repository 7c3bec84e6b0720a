"""What members see: what was announced, was let through, or was there on the first run; and only where they may read it."""

from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import Any

import pytest
from test_approval import PIXEL, SPAM, edits_too
from test_moderating import JUNE, by_mo, posted, states, town_with_approval
from test_reposting import confirm
from town import Town, components
from two_servers import ABBEY_PUBLIC, Abbey, found, told

from discord_sandbox.interactions import Interaction, NotOfferedError
from discord_sandbox.objects.messages import message_object
from discord_sandbox.world import Channel, User
from heartbeat_bot.app.operation import diagnose
from heartbeat_bot.interactions.components import button, press, row
from heartbeat_bot.policy.decisions import State

__all__ = ["town_with_approval"]
CANARYFEST = JUNE.replace("Harvest", "Canaryfest").replace("September 9", "September 10")
COMMANDS: dict[str, dict[str, object]] = {
    "latest": {},
    "events": {"when": "all"},
    "events past": {"when": "past"},
    "hiring": {},
    "help": {},
    "subscribe": {},
    "unsubscribe": {},
}


def everything(town: Town, interaction: Interaction) -> str:
    """Return all that an answer holds: texts, buttons, menus, files."""
    return "".join(
        str(message_object(town.sandbox.world, message)) + str([(one.filename, one.content) for one in message.attachments])
        for message in interaction.responses
    )


async def answers(town: Town, word: str, number: int, *, by: User, channel: Channel) -> AsyncIterator[tuple[str, str]]:
    """Yield every answer that a person gets who looks for a word, by what was asked."""

    async def call(command: str, **options: object) -> str:
        said = everything(town, await town.call(command.partition(" ")[0], by=by, channel=channel, **options))
        return said.replace(f"“{word}”", "")  # what was typed may be said again

    for command, options in COMMANDS.items():
        with suppress(NotOfferedError):  # not everything is offered everywhere
            yield command, await call(command, **options)
    yield "events query", await call("events", when="all", query=word)
    yield "hiring query", await call("hiring", query=word)
    for place in ("all", "titles"):
        yield f"search {place}", (await call("search", query=word, **{"in": place})).replace(f"Search: {word}", "")
    for typed in (word, str(number), "tale"):
        yield f"issue {typed}", await call("issue", issue=typed)
    for typed in (word, "tale", ""):
        choices = await town.sandbox.autocomplete("issue", "issue", typed, user=by, channel=channel)
        yield f"completion {typed}", str(choices)
    for does in _presses(number):
        asked = await town.call("help", by=by, channel=channel)
        (message,) = asked.responses
        (line,) = row(button("x", does))
        message.components = [{"type": 1, "id": 1, "components": [{**line["components"][0], "id": 2}]}]
        pressed = await town.sandbox.press(message, does.custom_id(), user=by)
        yield f"press {does.verb}", everything(town, asked) + everything(town, pressed)


def _presses(number: int) -> Iterator[Any]:
    for page in (0, 1, 2):
        yield press("read", number, page)
    yield press("events", 0, "all", "", "", "")
    yield press("hiring", 0, "", "")
    yield press("ics", 0, "all", "", "", "")
    yield press("search", 0, "all", "", "tale")


# -- states ----------------------------------------------------------------------------------------------------------------


async def _held(town: Town) -> None:
    await by_mo(town, "hold", issue="tale")


async def _skipped(town: Town) -> None:
    await by_mo(town, "skip", issue="tale")


async def _approved(town: Town) -> None:
    await by_mo(town, "approve", issue="tale")


async def _retracted(town: Town) -> None:
    await _approved(town)
    await town.press(await by_mo(town, "retract", issue="tale"), "Take it back")


async def _nothing(town: Town) -> None:
    del town


CASES: dict[str, tuple[str, Any, dict[bool, tuple[State, bool]]]] = {
    # what its file says · what moderators do · by approval: its state, and whether members see it
    "there on the first run": (told("Tale", "canary"), None, {False: (State.BASELINE, True), True: (State.BASELINE, True)}),
    "new": (told("Tale", "canary"), _nothing, {False: (State.ANNOUNCED, True), True: (State.WAITING, False)}),
    "approved": (told("Tale", "canary"), _approved, {False: (State.ANNOUNCED, True), True: (State.ANNOUNCED, True)}),
    "back-dated": (told("Tale", "canary", "2026-06-20"), _nothing, {False: (State.TOO_OLD, True), True: (State.TOO_OLD, False)}),
    "skipped": (told("Tale", "canary", "2026-06-20"), _skipped, {False: (State.BASELINE, False), True: (State.BASELINE, False)}),
    "held": (told("Tale", "canary", "2026-06-20"), _held, {False: (State.WAITING, False), True: (State.WAITING, False)}),
    "retracted": (told("Tale", "canary"), _retracted, {False: (State.RETRACTED, False), True: (State.RETRACTED, False)}),
    "draft": (told("Tale", "canary", more="draft: true\n"), _nothing, {False: (State.DRAFT, False), True: (State.DRAFT, False)}),
    "future": (told("Tale", "canary", "2030-01-01"), _nothing, {False: (State.FUTURE, False), True: (State.FUTURE, False)}),
    "broken": ("---\ntitle: [\n---\ncanary tale\n", _nothing, {False: (State.BROKEN, False), True: (State.BROKEN, False)}),
}


@pytest.mark.parametrize("approval", [False, True], ids=["without approval", "with approval"])
@pytest.mark.parametrize("case", CASES)
async def test_members_see_of_an_issue_what_its_state_allows_in_every_answer(
    town: Town,
    case: str,
    approval: bool,  # noqa: FBT001 - a case
) -> None:
    text, act, expected = CASES[case]
    state, seen = expected[approval]
    if approval:
        town.moderation = town.moderation[:-1] + ", approval: true}"
    town.announce = "hold: 0s, max_age: 30d"
    if act is None:
        town.write("tale", text)
    async with town.running():
        if act is not None:
            town.write("tale", text)
            await town.sync()
            await act(town)
            await town.sync()
        (record,) = [one for one in (await town.opened.store.records("mill")).values() if one.path == "tale.md"]
        assert record.state is state
        answered = [
            (what, "canary" in text) async for what, text in answers(town, "canary", record.id, by=town.ann, channel=town.talk)
        ]
        if seen:
            shown = {what for what, there in answered if there}
            if case == "back-dated":
                shown |= {"hiring query", "press hiring"}  # its positions are too old to be relied on
            assert {"events query", "hiring query", "search all", "search titles", "issue canary", "completion canary"} <= shown
            assert {"press read", "press events", "press hiring", "press search"} <= shown
        else:
            assert [what for what, there in answered if there] == []
        offered = await town.sandbox.autocomplete("server-event", "event", "canary", user=town.mo, channel=town.office)
        assert bool(offered) is (seen and any("Feast" in choice["name"] for choice in offered))


async def test_the_texts_of_a_message_that_members_do_not_see_any_more_are_not_told_by_its_menu(town: Town) -> None:
    town.moderation = town.moderation[:-1] + ", approval: true}"
    async with town.running():
        town.write("tale", told("Tale", "canary"))
        await town.sync()
        notice = next(message for message in town.office.messages.values() if message.embeds)
        answer = everything(town, await town.call_on("What issue is this?", notice.id, by=town.mo, channel=town.office))
        assert "canary" not in answer
        await by_mo(town, "approve", issue="tale")
        (first, *_) = town.news.messages
        assert "canary" in everything(town, await town.call_on("What issue is this?", first))


@pytest.mark.parametrize("issue", ["july", "tale"])
async def test_with_approval_members_read_the_text_that_was_let_through_and_no_later_one(town: Town, issue: str) -> None:
    town.moderation = town.moderation[:-1] + ", approval: true}"
    town.announce = "hold: 0s, max_age: null, edit_window: 1h"
    async with town.running():
        town.write("tale", told("Tale", "firstword"))
        await town.sync()
        await by_mo(town, "approve", issue="tale")
        number = next(one.id for one in (await town.opened.store.records("mill")).values() if one.path == f"{issue}.md")
    town.clock.advance(7200)
    town.write(issue, told("Other", "canary"))
    async with town.running():
        await town.sync()
        answered = [(what, text) async for what, text in answers(town, "canary", number, by=town.ann, channel=town.talk)]
        assert [what for what, text in answered if "canary" in text] == []
        if issue == "tale":
            assert "firstword" in everything(town, await town.call("issue", issue=str(number)))
    # The archive comes from the sources: when it is lost, so is what stands in no source any more.
    for file in town.state.parent.glob("heartbeat-archive*"):
        file.unlink()
    async with town.running():
        answered = [(what, text) async for what, text in answers(town, "canary", number, by=town.ann, channel=town.talk)]
        assert [what for what, text in answered if "canary" in text] == []


async def test_without_approval_members_read_the_newest_text_of_what_was_announced(town: Town) -> None:
    town.announce = "hold: 0s, max_age: null, edit_window: 1h"
    async with town.running():
        town.write("tale", told("Tale", "firstword"))
        await town.sync()
        town.clock.advance(7200)
        town.write("tale", told("Tale", "canary"))
        await town.sync()
        assert "canary" in everything(town, await town.call("search", query="canary"))


# -- servers ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def abbey(town: Town) -> Abbey:
    return found(town)


async def test_a_newsletter_for_its_servers_is_read_there_and_nowhere_else(town: Town, abbey: Abbey) -> None:
    third = town.sandbox.create_guild("Third")
    stranger = town.sandbox.create_user(third, "stranger")
    town.sandbox.install_for(abbey.monk)
    without = town.sandbox.create_guild("Without the bot", with_bot=False)
    town.sandbox.join(without, abbey.monk)
    async with town.running() as it:
        await it.sync("abbey")
        number = next(iter(await it.opened.store.records("abbey")))
        inside = [
            (what, ABBEY_PUBLIC in text)
            async for what, text in answers(it, ABBEY_PUBLIC, number, by=abbey.monk, channel=abbey.hall)
        ]
        assert {"latest", "events query", "search all", f"issue {number}", "press read", "press ics"} <= {
            w for w, there in inside if there
        }
        outside = [
            (it.ann, it.talk),
            (stranger, town.sandbox.create_channel(third, "square")),
            (abbey.monk, town.sandbox.create_dm(abbey.monk)),
            (abbey.monk, town.sandbox.create_channel(without, "cave")),
        ]
        for by, channel in outside:
            seen = [what async for what, text in answers(it, ABBEY_PUBLIC, number, by=by, channel=channel) if ABBEY_PUBLIC in text]
            assert seen == [], (by.name, channel.name)
            named = it.shown(await it.call("latest", by=by, channel=channel, newsletter="abbey"))
            assert "only in the servers that it is posted to" in named
            assert await it.sandbox.autocomplete("latest", "newsletter", "abb", user=by, channel=channel) == []
            assert "abbey" not in it.shown(await it.call("help", by=by, channel=channel))
            assert "abbey" not in it.shown(await it.call("latest", by=by, channel=channel, newsletter="pub"))
        # The mill's newsletter is for everyone.
        assert "July's Heat" in it.shown(await it.call("latest", by=abbey.monk, channel=abbey.hall, newsletter="mill"))


async def test_old_buttons_and_the_menu_of_a_message_ask_who_reads_too(town: Town, abbey: Abbey) -> None:
    async with town.running() as it:
        await it.sync("abbey")
        shared = await it.call("latest", by=abbey.monk, channel=abbey.hall, share=True)
        (message,) = shared.responses
        parts = [part for part in components(it, message) if part.get("custom_id")]
        answer = await it.call("latest")
        (own,) = answer.responses
        for part in parts:
            own.components = [{"type": 1, "id": 1, "components": [part | {"type": 2, "style": 2, "label": "x", "disabled": False}]}]
            pressed = await it.sandbox.press(own, part["custom_id"], user=it.ann)
            assert ABBEY_PUBLIC not in everything(it, pressed) + everything(it, answer)


async def test_where_nothing_may_be_read_that_is_said_kindly(town: Town) -> None:
    town.newsletter = "    readers: servers\n"
    async with town.running() as it:
        alone = it.sandbox.create_dm(it.ann)
        for command, options in {
            "latest": {},
            "issue": {"issue": "july"},
            "search": {"query": "pond"},
            "events": {},
            "hiring": {},
        }.items():
            said = it.shown(await it.call(command, channel=alone, **options))
            assert "may be read only in the servers" in said, command
            assert "pond" not in said.casefold()
        assert "mill" not in it.shown(await it.call("help", channel=alone))
        assert "July's Heat" in it.shown(await it.call("latest"))


async def test_doctor_says_when_others_may_read_a_newsletter_in_their_servers(town: Town) -> None:
    assert "everyone may read it" not in " ".join(line.text for line in await diagnose(town.config()))
    found(town)
    lines = [line.text for line in await diagnose(town.config()) if "everyone may read it" in line.text]
    assert [line.partition(":")[0] for line in lines] == ["mill"]


async def test_what_took_the_place_of_an_issue_is_not_read_under_its_number(town: Town) -> None:
    async with town.running():
        june = JUNE.replace("title:", "id: june\ntitle:")
        town.write("june", june)
        town.write("next", told("Next", "canary", "2030-01-01", more="id: next\n"))
        await town.sync()
        number = town.number("June's Heat")
        town.write("other", (town.folder / "next.md").read_text())
        town.write("next", june.replace("title:", "draft: true\ntitle:"))
        town.remove("june")
        await town.sync()
        assert "canary" not in everything(town, await town.call("issue", issue=str(number)))
        assert "canary" not in everything(town, await town.call("latest"))


async def test_a_section_that_is_taken_back_while_an_edit_waits_is_not_read(town_with_approval: Town) -> None:
    town = edits_too(town_with_approval)
    async with town.running():
        town.write("june", CANARYFEST)
        await town.sync()
        await by_mo(town, "approve", issue="june")
        town.write("june", SPAM)
        await town.sync()
        assert "Canaryfest](" in everything(town, await town.call("events", when="all"))
        await confirm(town, await by_mo(town, "retract", issue="june", section="Events"), "Take it back")
        await town.sync()
        assert "Canaryfest](" not in everything(town, await town.call("events", when="all"))
        assert "**Canaryfest**" not in everything(town, await town.call("search", query="Canaryfest"))


async def test_a_section_that_is_taken_back_while_its_file_is_a_draft_is_not_read(town: Town) -> None:
    async with town.running():
        town.write("june", CANARYFEST)
        await town.sync()
        town.write("june", CANARYFEST.replace("title:", "draft: true\ntitle:"))
        await town.sync()
        await confirm(town, await by_mo(town, "retract", issue="june", section="Events"), "Take it back")
        assert "Canaryfest](" not in everything(town, await town.call("events", when="all"))


async def test_what_is_taken_back_while_the_source_is_away_is_not_read(town: Town) -> None:
    async with town.running():
        town.write("june", JUNE.replace("warm", "canary"))
        await town.sync()
    town.folder.rename(town.folder.with_name("away"))
    async with town.running():
        await confirm(town, await by_mo(town, "retract", issue="june"), "Take it back")
        assert "canary" not in everything(town, await town.call("issue", issue="june"))
    async with town.running():
        assert "canary" not in everything(town, await town.call("issue", issue="june"))


@pytest.mark.parametrize(
    "heading",
    [
        "Events:",
        "Community\n\n### Upcoming events",
        "1. Events",
        "**Events**",
        "*Great* Events",
        "Events \\:tada:",
        "Events a\u0301",
    ],
)
async def test_events_of_a_section_that_is_taken_back_are_not_told(town: Town, heading: str) -> None:
    async with town.running():
        town.write("june", CANARYFEST.replace("## Events", f"## {heading}"))
        await town.sync()
        assert "Canaryfest" in everything(town, await town.call("events", when="all"))
        record = next(one for one in (await town.opened.store.records("mill")).values() if one.path == "june.md")
        section = (await town.opened.reconciler.renderer.preview(record)).posts[2].key
        await confirm(town, await by_mo(town, "retract", issue="june", section=section), "Take it back")
        assert "Canaryfest" not in everything(town, await town.call("events", when="all"))


@pytest.mark.parametrize("later", [False, True])
async def test_what_went_and_came_back_with_another_text_is_not_read_under_approval(town: Town, *, later: bool) -> None:
    plain, bound = town.moderation, town.moderation[:-1] + ", approval: true}"
    town.announce = "hold: 0s, max_age: null, on_remove: retract"
    town.moderation = plain if later else bound
    async with town.running():
        await by_mo(town, "approve", issue="april")
        assert posted(town)
        old = (town.folder / "april.md").read_text()
        town.remove("april")
        for _ in range(3):
            town.clock.advance(60)
            await town.sync()
        assert posted(town) == []
    town.moderation = bound
    async with town.running():
        town.write("april", old.replace("The wind turned.", "Win at the casino."))
        await town.sync()
        await town.sync()
        assert (await states(town))["april"] is State.BASELINE
        assert "casino" not in everything(town, await town.call("issue", issue="april"))


async def test_an_issue_of_the_first_run_with_pictures_is_read_under_approval(town_with_approval: Town) -> None:
    town = town_with_approval
    town.newsletter = "    images: {attach: true}\n"
    (town.folder / "sail.png").write_bytes(PIXEL)
    town.write("sails", "---\ntitle: Sails\ndate: 2026-07-31\n---\n\nSee.\n\n## New\n\n![A sail](sail.png)\n")
    async with town.running():
        await town.sync()
        assert (await states(town))["sails"] is State.BASELINE
        assert "See." in everything(town, await town.call("issue", issue="sails"))
