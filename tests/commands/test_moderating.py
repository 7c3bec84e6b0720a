import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest
from town import JULY, Town

from discord_sandbox.faults import Respond, TooMany
from discord_sandbox.interactions import Interaction, NotOfferedError
from discord_sandbox.permissions import Permission
from heartbeat_bot.policy.decisions import State

JUNE = JULY.replace("July", "June").replace("2026-07", "2026-06")
HOSTILE = [
    "@everyone",
    "<@&1> **x**",
    "%" * 50,
    '"; DROP TABLE issues; --',
    "x" * 6000,
    "999999999999999999999",
    "\x00",
    "|\\|",
    " ",
]


@pytest.fixture
def town_with_approval(town: Town) -> Town:
    town.moderation = town.moderation[:-1] + ", approval: true}"
    return town


async def by_mo(town: Town, command: str, **options: object) -> Interaction:
    return await town.sandbox.invoke(command, options, user=town.mo, channel=town.office)


async def states(town: Town) -> dict[str, State]:
    records = await town.opened.store.records("mill")
    return {record.slug: record.state for record in records.values()}


def posted(town: Town) -> list[str]:
    return [str(message["embeds"][0].get("title") or message["content"]) for message in town.sandbox.messages(town.news)]


async def test_an_approved_issue_is_posted_at_once_and_a_skipped_one_never(town_with_approval: Town) -> None:
    town = town_with_approval
    async with town.running():
        town.write("june", JUNE)
        town.write("august", JUNE.replace("June", "August"))
        await town.sync()
        assert posted(town) == []
        assert "4 sent" in town.shown(await by_mo(town, "approve", issue="june"))
        assert posted(town)[0] == "June's Heat"
        assert "has been posted already" in town.shown(await by_mo(town, "approve", issue="june"))
        assert "skipped" in town.shown(await by_mo(town, "skip", issue="august"))
        town.clock.advance(3600)
        await town.sync()
        assert len(posted(town)) == 4
        assert await states(town) == {
            "april": State.BASELINE,
            "july": State.BASELINE,
            "june": State.ANNOUNCED,
            "august": State.BASELINE,
        }


async def test_an_issue_on_hold_waits_until_it_is_approved(town: Town) -> None:
    town.announce = "hold: 1h, max_age: null"
    async with town.running():
        town.write("june", JUNE)
        await town.sync()
        assert "put it on hold" in town.shown(await by_mo(town, "hold", issue="june"))
        town.clock.advance(4000)
        await town.sync()
        assert posted(town) == []
        await by_mo(town, "approve", issue="june")
        town.clock.advance(4000)
        await town.sync()
        assert len(posted(town)) == 4


async def test_a_scheduled_issue_is_posted_when_its_time_has_come(town_with_approval: Town) -> None:
    town = town_with_approval
    async with town.running():
        town.write("june", JUNE)
        await town.sync()
        answer = town.shown(await by_mo(town, "schedule", issue="june", time="in 3 hours"))
        assert f"<t:{int((town.clock() + timedelta(hours=3)).timestamp())}" in answer
        town.clock.advance(3 * 3600 - 1)
        await town.sync()
        assert posted(town) == []
        town.clock.advance(1)
        await town.sync()
        assert len(posted(town)) == 4


@pytest.mark.parametrize("time", ["soon", "12/11", "yesterday", "2099-01-01", "x" * 5000, "@everyone", ""])
async def test_what_is_no_time_to_come_schedules_nothing(town_with_approval: Town, time: str) -> None:
    town = town_with_approval
    async with town.running():
        town.write("june", JUNE)
        await town.sync()
        answer = town.shown(await by_mo(town, "schedule", issue="june", time=time))
        assert "no time that I understand" in answer or "over already" in answer
        assert (await states(town))["june"] is State.WAITING


async def test_a_paused_newsletter_posts_nothing_until_it_is_resumed_also_after_a_restart(town: Town) -> None:
    async with town.running():
        assert "paused" in town.shown(await by_mo(town, "pause"))
        assert "paused already" in town.shown(await by_mo(town, "pause"))
    town.write("june", JUNE)
    async with town.running():
        await town.sync()
        assert posted(town) == []
        assert "Paused" in town.shown(await by_mo(town, "status"))
        assert "4 sent" in town.shown(await by_mo(town, "resume"))
        assert len(posted(town)) == 4
        assert "is not paused" in town.shown(await by_mo(town, "resume"))


async def test_a_pause_is_answered_while_a_look_hangs(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("heartbeat_bot.features.moderation.pausing._PATIENCE", 0.05)
    async with town.running():
        async with town.opened.service.passes.alone("mill"):
            assert "finishes at most the issue that it is posting" in town.shown(await by_mo(town, "pause"))
        town.write("june", JUNE)
        await town.sync()
        assert posted(town) == []


async def test_status_says_what_is_not_whole_in_the_channel_and_not_that_it_was_posted(town: Town) -> None:
    async with town.running():
        town.write("june", JUNE)
        town.sandbox.faults.add("POST", "/channels/*/messages", TooMany(retry_after=1200), times=None)
        await town.sync()
        told = town.shown(await by_mo(town, "status"))
        assert "June's Heat is not whole in the channel yet" in told, told
        assert "Last posted" not in told


async def test_status_asks_discord_once_about_a_channel_that_two_newsletters_share(town: Town) -> None:
    town.more = (
        f"  abbey:\n    source: {{directory: '{town.folder}', paths: ['abbey/*.md']}}\n"
        f"    announce: {{channel: {town.news.id}, hold: 0s}}\n"
    )
    async with town.running():
        everyone = town.guild.roles[town.guild.id]
        town.sandbox.overwrite(town.news, everyone, deny=int(Permission.ATTACH_FILES))
        before = len(town.sandbox.log)
        said = town.shown(await by_mo(town, "status"))
        assert said.count("Attach Files") == 2, said
        asked = [entry.path for entry in town.sandbox.log[before:] if entry.method == "GET"]
        assert asked.count(f"/channels/{town.news.id}") == 1, asked


@pytest.mark.parametrize("how", ["reverted", "deleted"])
async def test_a_failure_that_was_overtaken_is_forgotten(town: Town, how: str) -> None:
    async with town.running():
        town.write("june", JUNE)
        await town.sync()
        town.write("june", JUNE.replace("warm", "hot"))
        town.sandbox.faults.add("PATCH", "/channels/*/messages/*", Respond(status=400, code=50035), times=None)
        await town.sync()
        assert "⚠️ June's Heat" in town.shown(await by_mo(town, "status"))
        if how == "reverted":
            town.write("june", JUNE)
        else:
            town.remove("june")
        await town.sync()
        assert "⚠️" not in town.shown(await by_mo(town, "status"))


async def test_status_says_what_waits_and_why_and_which_permission_is_missing(town_with_approval: Town) -> None:
    town = town_with_approval
    async with town.running():
        town.write("june", JUNE)
        await town.sync()
        town.sandbox.overwrite(town.news, town.sandbox.own_role(town.guild), deny=int(Permission.EMBED_LINKS))
        answer = town.shown(await by_mo(town, "status"))
        assert "June's Heat" in answer
        assert "waits for a moderator's approval" in answer
        assert "Embed Links" in answer
        assert "Last look <t:" in answer


async def test_sync_looks_at_the_source_now(town: Town) -> None:
    async with town.running():
        assert "nothing to do" in town.shown(await by_mo(town, "sync"))
        town.write("june", JUNE)
        assert "4 sent" in town.shown(await by_mo(town, "sync", newsletter="mill"))


async def test_a_preview_shows_findings_and_every_post_of_an_issue_that_waits(town_with_approval: Town) -> None:
    town = town_with_approval
    async with town.running():
        town.write("june", JUNE.replace("2026-06-06", "2026-12-24"))
        await town.sync()
        answer = await by_mo(town, "preview", issue="june")
        assert town.is_private(answer)
        assert "pings nobody" in town.shown(answer)
        read: list[str] = []
        for _ in range(4):
            await town.press(answer, "Next ▶")
            read.append(town.shown(answer))
        assert "The mill pond is low" in "\n".join(read)
        assert "How to patch a sail" in read[-1]
        await town.press(answer, "Choose a section", values=["1"])
        assert "It is *warm*" in town.shown(answer)


async def test_typed_text_that_fits_several_issues_asks_which_and_does_nothing(town_with_approval: Town) -> None:
    town = town_with_approval
    town.write("june-2024", JUNE.replace("2026-06", "2024-06"))
    async with town.running():
        town.write("june", JUNE)
        await town.sync()
        before = await states(town)
        numbers = {record.slug: record.id for record in (await town.opened.store.records("mill")).values()}
        for command in COMMANDS:
            more = {"time": "in 3 hours"} if command == "schedule" else {}
            answer = await by_mo(town, command, issue="June's", **more)
            said = town.shown(answer)
            assert "fits several issues" in said
            assert f"`{numbers['june']}` June's Heat · Sat 6 Jun 2026" in said
            assert f"`{numbers['june-2024']}` June's Heat · Thu 6 Jun 2024" in said
            assert "Nothing was done" in said
            assert town.labels(answer) == []
        assert await states(town) == before
        assert posted(town) == []
        assert "4 sent" in town.shown(await by_mo(town, "approve", issue=f"#{numbers['june']}"))


async def test_a_whole_title_is_no_guess_and_a_number_is_no_text(town_with_approval: Town) -> None:
    town = town_with_approval
    async with town.running():
        town.write("june", JUNE.replace("June's Heat", "1 June"))
        town.write("extra", JUNE.replace("June's Heat", "1 June, extra"))
        await town.sync()
        for text in ["-1", "+1", "1.", "01", "#999"]:
            assert "There is no issue" in town.shown(await by_mo(town, "skip", issue=text))
        assert (await states(town))["june"] is State.WAITING
        await by_mo(town, "skip", issue="1 JUNE")
        assert ((await states(town))["june"], (await states(town))["extra"]) == (State.BASELINE, State.WAITING)


COMMANDS = ["approve", "hold", "skip", "preview", "repost", "retract", "schedule"]


@pytest.fixture
async def waiting(town_with_approval: Town) -> Town:
    town_with_approval.write("june", JUNE)
    return town_with_approval


async def test_whatever_is_typed_changes_nothing_and_is_answered(waiting: Town) -> None:
    async with waiting.running():
        before = await states(waiting)
        for command in COMMANDS:
            more = {"time": "in 3 hours"} if command == "schedule" else {}
            for text in HOSTILE:
                assert "There is no issue" in waiting.shown(await by_mo(waiting, command, issue=text, **more))
        for command in ["pause", "resume", "sync"]:
            assert "no newsletter" in waiting.shown(await by_mo(waiting, command, newsletter="@everyone"))
        assert await states(waiting) == before


async def test_members_are_not_offered_what_moderators_do(mill: Town) -> None:
    for command in COMMANDS:
        with pytest.raises(NotOfferedError):
            await mill.call(command, issue="april")


async def test_who_may_manage_messages_but_is_no_moderator_is_refused(town: Town) -> None:
    """Discord offers commands by permissions; who decides is in the configuration."""
    town.moderation = f"{{channel: {town.office.id}}}"
    async with town.running():
        for command in COMMANDS:
            more = {"time": "in 3 hours"} if command == "schedule" else {}
            assert "This is for moderators" in town.shown(await by_mo(town, command, issue="april", **more))
        for command in ["status", "sync", "pause", "resume"]:
            assert "This is for moderators" in town.shown(await by_mo(town, command))
        assert await town.choices("approve", "issue", "", by=town.mo) == []


async def test_moderators_of_another_server_decide_nothing(mill: Town) -> None:
    other = mill.sandbox.create_guild("Elsewhere")
    place = mill.sandbox.create_channel(other, "here")
    owner = mill.sandbox.world.owner
    answer = await mill.call("pause", by=owner, channel=place)
    assert "This is for moderators" in mill.shown(answer)
    assert (await mill.opened.store.newsletter("mill")).paused_at is None


async def test_every_decision_is_written_down_and_told_in_the_moderators_channel(waiting: Town) -> None:
    async with waiting.running():
        await by_mo(waiting, "hold", issue="april")
        waiting.write("august", JUNE.replace("June", "August"))
        await waiting.sync()
        await by_mo(waiting, "approve", issue="august")
        actions = await waiting.opened.store.actions.latest(10)
        assert next((action.name, action.verb, action.who) for action in actions) == ("Mo", "approve", waiting.mo.id)
        assert "4 sent" in str(actions[0].outcome)
        assert all(action.done_at for action in actions)
        assert {(action.guild, action.channel) for action in actions} == {(waiting.guild.id, waiting.office.id)}
        told = [message["content"] for message in waiting.sandbox.messages(waiting.office)]
        assert any(f"**Mo** (`{waiting.mo.id}`) used `/approve` **August's Heat** (#" in text for text in told)


async def test_the_moderators_are_offered_what_fits_the_command(waiting: Town) -> None:
    async with waiting.running():
        waiting.write("august", JUNE.replace("June", "August"))
        await waiting.sync()
        for command, titles in {"hold": {"August's Heat"}, "repost": {"April's Wind", "July's Heat", "June's Heat"}}.items():
            offered = await waiting.choices(command, "issue", "", by=waiting.mo)
            assert {choice["name"].split(" · ")[0] for choice in offered} == titles
        assert [choice["name"] for choice in await waiting.choices("preview", "issue", "aug 2025", by=waiting.mo)] == []
        assert len(await waiting.choices("preview", "issue", "aug", by=waiting.mo)) == 1


async def test_an_archive_that_fails_makes_no_failure_of_what_was_posted(town_with_approval: Town) -> None:
    town = town_with_approval
    async with town.running():
        town.write("june", JUNE)
        await town.sync()
        archive = town.state.with_name("heartbeat-archive.db")
        with closing(sqlite3.connect(archive)) as other:
            other.execute("DROP TABLE entries")
        answer = town.shown(await by_mo(town, "approve", issue="june"))
        assert "4 sent" in answer
        (action, *_) = await town.opened.store.actions.latest(1)
        assert "4 sent" in str(action.outcome)
