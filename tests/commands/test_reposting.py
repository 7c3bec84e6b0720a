import asyncio
from collections.abc import AsyncIterator

import pytest
from test_moderating import JUNE, by_mo, posted, states
from town import Town

from discord_sandbox.interactions import Interaction
from heartbeat_bot.policy.decisions import State


@pytest.fixture
async def out(town: Town) -> AsyncIterator[Town]:
    """A town where June's issue has been posted."""
    async with town.running():
        town.write("june", JUNE)
        await town.sync()
        assert len(posted(town)) == 4
        yield town


async def confirm(town: Town, asked: Interaction, label: str = "Do it") -> str:
    await town.press(asked, label)
    return town.shown(asked)


def ids(town: Town) -> list[int]:
    return list(town.news.messages)


TITLES = ["June's Heat", "## News", "## Events", "## Tutorials"]


async def test_replacing_says_first_what_it_does_then_deletes_and_posts_anew(out: Town) -> None:
    before = ids(out)
    asked = await by_mo(out, "repost", issue="june")
    text = out.shown(asked)
    assert "4 messages are deleted" in text
    assert "4 messages are sent" in text
    assert ids(out) == before
    assert "4 sent" in await confirm(out, asked)
    assert posted(out) == TITLES
    assert not set(ids(out)) & set(before)
    assert out.sandbox.messages(out.news)[0]["content"] == f"<@&{out.pinged.id}>"
    assert [message["mention_roles"] for message in out.sandbox.messages(out.news)] == [[]] * 4
    await out.sync()
    assert posted(out) == TITLES


async def test_a_double_click_does_it_once(out: Town) -> None:
    asked = await by_mo(out, "repost", issue="june", how="again")
    (message,) = asked.responses
    custom_id = next(part["custom_id"] for part in message.components[0]["components"] if part["label"] == "Do it")
    async with asyncio.TaskGroup() as tasks:
        clicks = [tasks.create_task(out.sandbox.press(message, custom_id, user=out.mo)) for _ in range(2)]
    assert len(posted(out)) == 8
    assert "4 sent" in "".join(out.shown(asked) for _ in clicks) or "done already" in out.shown(asked)
    assert len([action for action in await out.opened.store.actions.latest(10) if action.verb == "repost"]) == 1


async def test_cancelling_does_nothing(out: Town) -> None:
    before = ids(out)
    asked = await by_mo(out, "repost", issue="june")
    assert await confirm(out, asked, "Cancel") == "Nothing was done."
    assert (ids(out), len(posted(out))) == (before, 4)


async def test_a_copy_beside_it_is_kept_in_step_too(out: Town) -> None:
    asked = await by_mo(out, "repost", issue="june", how="again")
    assert "deleted" not in out.shown(asked)
    await confirm(out, asked)
    assert posted(out) == TITLES * 2
    out.write("june", JUNE.replace("pond is low", "pond is dry"))
    await out.sync()
    dry = [message for message in out.sandbox.messages(out.news) if "pond is dry" in str(message["embeds"])]
    assert len(dry) == 2


async def test_another_channel_gets_a_copy_that_goes_when_the_issue_is_taken_back(out: Town) -> None:
    asked = await by_mo(out, "repost", issue="june", channel=out.talk)
    await confirm(out, asked)
    assert len(out.talk.messages) == 4
    asked = await by_mo(out, "retract", issue="june")
    assert "8 messages are deleted" in out.shown(asked)
    await confirm(out, asked, "Take it back")
    assert (posted(out), len(out.talk.messages)) == ([], 0)
    await out.sync()
    assert posted(out) == []
    assert (await states(out))["june"] is State.RETRACTED
    assert [choice["name"] for choice in await out.choices("issue", "issue", "june")] == []
    await by_mo(out, "approve", issue="june")
    assert posted(out) == TITLES


async def test_what_is_taken_back_goes_also_while_the_source_is_away(out: Town) -> None:
    away = out.folder.rename(out.folder.with_name("away"))
    asked = await by_mo(out, "retract", issue="june")
    assert "4 messages are deleted" in out.shown(asked)
    told = await confirm(out, asked, "Take it back")
    assert (posted(out), "4 deleted" in told) == ([], True), told
    away.rename(out.folder)
    await out.sync()
    assert posted(out) == []
    assert (await states(out))["june"] is State.RETRACTED


async def test_one_section_alone_is_posted_once_more_at_the_end(out: Town) -> None:
    (choice,) = await out.sandbox.autocomplete(
        "repost", "section", "tuto", user=out.mo, channel=out.office, options={"issue": "june"}
    )
    asked = await by_mo(out, "repost", issue="june", section=choice["value"], how="again")
    assert "1 message is sent" in out.shown(asked)
    await confirm(out, asked)
    assert posted(out) == [*TITLES, "## Tutorials"]


async def test_one_section_is_replaced_and_the_order_stays(out: Town) -> None:
    asked = await by_mo(out, "repost", issue="june", section="News")
    assert "1 message is deleted" in out.shown(asked)
    assert "move up by edits" in out.shown(asked)
    await confirm(out, asked)
    assert posted(out) == TITLES


async def test_a_section_that_was_taken_back_stays_away_until_it_is_posted_again(out: Town) -> None:
    asked = await by_mo(out, "retract", issue="june", section="Events")
    await confirm(out, asked, "Take it back")
    assert posted(out) == ["June's Heat", "## News", "## Tutorials"]
    out.write("june", JUNE.replace("warm", "hot"))
    await out.sync()
    assert posted(out) == ["June's Heat", "## News", "## Tutorials"]
    answer = await out.call("events", when="all", query="pond")
    assert "June" not in out.shown(answer)
    asked = await by_mo(out, "repost", issue="june", section="Events")
    await confirm(out, asked)
    assert posted(out) == TITLES


async def test_an_issue_from_before_the_bot_can_be_posted(out: Town) -> None:
    asked = await by_mo(out, "repost", issue="april")
    await confirm(out, asked)
    assert posted(out)[4:] == ["April's Wind", "## News", "## Events", "## Jobs"]


async def test_what_cannot_be_done_is_said(out: Town) -> None:
    other = out.sandbox.create_channel(out.sandbox.create_guild("Elsewhere"), "there")
    hidden = out.sandbox.create_channel(out.guild, "hidden")
    out.sandbox.overwrite(hidden, out.sandbox.own_role(out.guild), deny=1 << 11)
    asked = await by_mo(out, "repost", issue="june", channel=hidden)
    assert "Send Messages" in out.shown(asked)
    assert "no section" in out.shown(await by_mo(out, "repost", issue="june", section="@everyone " * 100))
    assert "no section" in out.shown(await by_mo(out, "retract", issue="june", section="%"))
    assert other


async def test_a_confirmation_after_a_restart_still_does_it_once(town: Town) -> None:
    async with town.running():
        town.write("june", JUNE)
        await town.sync()
        asked = await by_mo(town, "repost", issue="june", how="again")
    async with town.running():
        await confirm(town, asked)
        assert len(posted(town)) == 8


async def test_messages_that_a_person_deleted_meanwhile_disturb_nothing(out: Town) -> None:
    asked = await by_mo(out, "repost", issue="june")
    del out.news.messages[ids(out)[1]]
    await confirm(out, asked)
    assert posted(out) == TITLES


async def test_an_issue_that_is_a_draft_again_is_not_posted_once_more(out: Town) -> None:
    out.write("june", JUNE.replace("title:", "draft: true\ntitle:"))
    await out.sync()
    out.write("june", JUNE.replace("title:", "draft: true\ntitle:").replace("warm", "a secret"))
    await out.sync()
    assert "is a draft again" in out.shown(await by_mo(out, "repost", issue="june"))
    assert posted(out) == TITLES
    assert "Nothing was found" in out.shown(await out.call("search", query="secret"))
    assert "June's Heat" in out.shown(await out.call("search", query="warm"))
