"""A moderator approves what was seen: nothing else is sent, posted once more, or shown to members."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from test_moderating import JUNE, by_mo, posted, states
from test_notices import notices, press, text
from test_reposting import TITLES, confirm
from town import Town, components

from discord_sandbox.faults import Respond
from discord_sandbox.interactions import Interaction
from discord_sandbox.world import Message, User
from heartbeat_bot.interactions.components import Press, button, row
from heartbeat_bot.interactions.components import press as press_of
from heartbeat_bot.policy.decisions import State

SPAM = JUNE.replace("It is *warm*.", "Win at [our casino](https://evil.example).")
CASINO = ("[Harvest](https://example.org/harvest)", "[Casino](https://evil.example/casino)")
UNTITLED = "It is *warm* here.\n\n## News\n\nThe mill pond is low.\n"
SAILS = "---\ntitle: Sails\ndate: 2026-07-31\n---\n\nSee.\n\n## New\n\n![A sail](sail.png)\n"
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c626001000000ffff03000006000557bfabd4"
    "0000000049454e44ae426082"
)


@pytest.fixture
def town(town: Town) -> Town:
    town.moderation = town.moderation[:-1] + ", approval: true}"
    return town


def edits_too(town: Town, more: str = "") -> Town:
    town.moderation = f"{town.moderation[:-1]}, approve_edits: true{more}}}"
    return town


def channel(town: Town) -> str:
    return str(town.sandbox.messages(town.news))


def custom_id(town: Town, message: Message, label: str) -> str:
    return next(part["custom_id"] for part in components(town, message) if label in {part.get("label"), part.get("placeholder")})


async def forge(
    town: Town, message: Message, does: str | Press, *, by: User | None = None, values: Sequence[str] | None = None
) -> Interaction:
    """Press a button that a message had once, or never had."""
    (line,) = row(button("x", press_of("x")))
    (part,) = line["components"]
    forged = part | {"custom_id": does if isinstance(does, str) else does.custom_id(), "id": 2}
    message = town.office.messages.get(message.id, message)  # as it is now
    kept = message.components
    message.components = [{"type": 1, "id": 1, "components": [forged]}]
    try:
        return await town.sandbox.press(message, forged["custom_id"], user=by or town.mo, values=values)
    finally:
        message.components = kept


async def test_a_text_that_was_swapped_after_its_approval_is_not_posted_and_asks_again(town: Town) -> None:
    town.announce = "hold: 1h, max_age: null"
    async with town.running():
        town.write("june", JUNE)
        await town.sync()
        town.clock.advance(3600)
        await town.sync()
        town.write("june", JUNE + "\nMore.\n")
        await town.sync()
        await by_mo(town, "approve", issue="june")
        assert (await states(town))["june"] is State.HELD
        town.write("june", SPAM)
        await town.sync()
        town.clock.advance(7200)
        await town.sync()
        assert posted(town) == []
        (notice,) = notices(town)
        assert "Its text changed after a moderator had approved it" in text(notice)
        assert "casino" in text(notice)
        await press(town, notice, "Approve")
        assert "casino" in channel(town)


async def test_a_press_on_a_notice_whose_file_was_swapped_a_moment_ago_shows_the_new_text_and_asks_again(town: Town) -> None:
    async with town.running():
        town.write("june", JUNE)
        await town.sync()
        (notice,) = notices(town)
        town.write("june", SPAM)
        answer = await press(town, notice, "Approve")
        assert posted(town) == []
        assert "it has changed" in town.shown(answer)
        assert "casino" in town.shown(answer)
        assert "casino" in text(notices(town)[0])
        await town.press(answer, "Approve")
        assert "casino" in channel(town)


async def test_a_button_of_a_text_that_is_no_more_approves_no_other(town: Town) -> None:
    async with town.running():
        town.write("june", JUNE)
        await town.sync()
        (notice,) = notices(town)
        old = {label: custom_id(town, notice, label) for label in ("Approve", "Schedule…")}
        town.write("june", SPAM)
        await town.sync()
        answer = await forge(town, notice, old["Approve"])
        assert "it has changed" in town.shown(answer)
        assert "casino" in town.shown(answer)
        asked = await forge(town, notice, old["Schedule…"])
        answer = await town.sandbox.submit(asked, {"time": "in 2 hours"})
        assert "it has changed" in town.shown(answer)
        town.clock.advance(9000)
        await town.sync()
        assert posted(town) == []


@pytest.mark.parametrize("restarts", [False, True])
async def test_a_schedule_is_of_the_text_that_was_scheduled(town: Town, restarts: bool) -> None:  # noqa: FBT001 - a case
    async with town.running():
        town.write("june", JUNE)
        await town.sync()
        await by_mo(town, "schedule", issue="june", time="in 3 hours")
        if not restarts:
            town.write("june", SPAM)
            town.clock.advance(3 * 3600)
            await town.sync()
    if restarts:
        town.write("june", SPAM)
        town.clock.advance(3 * 3600)
    async with town.running():
        await town.sync()
        assert posted(town) == []
        assert "casino" in text(notices(town)[0])


async def test_approving_all_is_of_the_texts_that_were_listed(town: Town) -> None:
    async with town.running():
        for number in range(5):
            town.write(f"may-{number}", JUNE.replace("June", f"May {number}").replace("2026-06", "2026-05"))
        await town.sync()
        (notice,) = notices(town)
        old = custom_id(town, notice, "Approve all")
        for number in range(5):
            town.write(f"may-{number}", SPAM.replace("June", f"May {number}").replace("2026-06", "2026-05"))
        await press(town, notice, "Approve all")
        assert posted(town) == []
        assert "not the texts any more" in town.shown(await forge(town, notice, old))
        assert posted(town) == []
        await press(town, notices(town)[0], "Approve all")
        assert len(posted(town)) == 20


async def test_one_chosen_from_many_is_approved_as_it_was_when_it_was_listed(town: Town) -> None:
    async with town.running():
        for number in range(5):
            town.write(f"may-{number}", JUNE.replace("June", f"May {number}").replace("2026-06", "2026-05"))
        await town.sync()
        (notice,) = notices(town)
        option = next(part["options"] for part in components(town, notice) if part.get("placeholder") == "Approve one…")[0]
        name = f"may-{option['label'].split()[1][0]}"
        town.write(name, SPAM.replace("June", option["label"].removesuffix("'s Heat")).replace("2026-06", "2026-05"))
        await press(town, notice, "Approve one…", values=[option["value"]])
        assert posted(town) == []


async def test_the_same_bytes_keep_their_approval_under_another_name_and_when_they_come_back(town: Town) -> None:
    town.announce = "hold: 1h, max_age: null"
    async with town.running():
        june = JUNE.replace("title:", "slug: june\ntitle:")
        town.write("june", june)
        await town.sync()
        await by_mo(town, "approve", issue="june")
        town.remove("june")
        town.write("renamed", june)
        await town.sync()
        town.remove("renamed")
        await town.sync()
        town.write("renamed", june)
        await town.sync()
        town.clock.advance(4000)
        await town.sync()
        assert posted(town) == TITLES


async def test_a_rename_that_readers_would_see_after_the_approval_waits_and_the_old_name_is_posted_when_it_is_back(
    town: Town,
) -> None:
    town.announce = "hold: 1h, max_age: null"
    async with town.running():
        town.write("weekly-news", UNTITLED)
        await town.sync()
        await by_mo(town, "approve", issue="weekly")
        town.remove("weekly-news")
        town.write("win-at-our-casino-today", UNTITLED)
        await town.sync()
        town.clock.advance(7300)
        await town.sync()
        assert posted(town) == []
        await town.sync()
        assert "title, date or address changed" in text(notices(town)[0])
        town.remove("win-at-our-casino-today")
        town.write("weekly-news", UNTITLED)
        await town.sync()
        town.clock.advance(7300)
        await town.sync()
        await town.sync()
        assert posted(town) == ["Weekly news", "## News"]


async def test_a_rename_changes_no_address_after_the_approval(town: Town) -> None:
    town.announce = "hold: 1h, max_age: null"
    async with town.running():
        town.write("june", JUNE)
        await town.sync()
        await by_mo(town, "approve", issue="june")
        town.remove("june")
        town.write("casino-evil-example", JUNE)
        await town.sync()
        town.clock.advance(7300)
        await town.sync()
        assert posted(town) == []


async def test_a_button_of_another_name_approves_nothing_and_the_notice_shows_the_new_name(town: Town) -> None:
    async with town.running():
        town.write("weekly-news", UNTITLED)
        await town.sync()
        (notice,) = notices(town)
        old = custom_id(town, notice, "Approve")
        town.remove("weekly-news")
        town.write("win-at-our-casino-today", UNTITLED)
        await town.sync()
        assert "casino" in text(notices(town)[0])
        assert "it has changed" in town.shown(await forge(town, notice, old))
        assert posted(town) == []


async def test_a_rename_of_a_posted_issue_is_an_edit_that_waits_when_edits_are_under_approval(town: Town) -> None:
    edits_too(town)
    async with town.running():
        town.write("weekly-news", UNTITLED)
        await town.sync()
        await by_mo(town, "approve", issue="weekly")
        assert posted(town) == ["Weekly news", "## News"]
        town.remove("weekly-news")
        town.write("win-at-our-casino-today", UNTITLED)
        await town.sync()
        await town.sync()
        assert "casino" not in channel(town)
        assert "casino" not in town.shown(await town.call("latest"))
        await press(town, notices(town)[-1], "Approve")
        assert "casino" in channel(town)


async def test_a_picture_that_is_put_back_before_posting_asks_no_more(town: Town) -> None:
    town.newsletter = "    images: {attach: true}\n"
    town.announce = "hold: 1h, max_age: null"
    picture = town.folder / "sail.png"
    picture.write_bytes(PIXEL)
    async with town.running():
        town.write("sails", SAILS)
        await town.sync()
        await by_mo(town, "approve", issue="sails")
        picture.write_bytes(PIXEL + b"another")
        town.clock.advance(4000)
        await town.sync()
        picture.write_bytes(PIXEL)
        await town.sync()
        await town.sync()
        assert len(posted(town)) == 2


async def test_a_picture_that_was_swapped_behind_an_approved_text_is_not_posted(town: Town) -> None:
    town.newsletter = "    images: {attach: true}\n"
    town.announce = "hold: 1h, max_age: null"
    picture = town.folder / "sail.png"
    picture.write_bytes(PIXEL)
    async with town.running():
        town.write("sails", "---\ntitle: Sails\ndate: 2026-07-31\n---\n\nSee.\n\n## New\n\n![A sail](sail.png)\n")
        await town.sync()
        await by_mo(town, "approve", issue="sails")
        picture.write_bytes(PIXEL + b"another")
        town.clock.advance(4000)
        await town.sync()
        await town.sync()
        assert posted(town) == []
        assert (await states(town))["sails"] is State.WAITING
        (notice,) = notices(town)
        assert "pictures changed" in text(notice)
        picture.write_bytes(PIXEL + b"a third")
        answer = await press(town, notice, "Approve")
        assert posted(town) == []
        assert "changed" in town.shown(answer)
        await town.sync()
        await press(town, notices(town)[0], "Approve")
        assert len(posted(town)) == 2


async def test_an_issue_that_changes_while_it_is_being_posted_is_finished_when_its_new_text_is_approved(town: Town) -> None:
    async with town.running():
        town.write("june", JUNE)
        await town.sync()
        path = f"/channels/{town.news.id}/messages"
        town.sandbox.faults.add("POST", path, Respond(status=403, code=50013, message="Missing Permissions"), nth=3)
        await by_mo(town, "approve", issue="june")
        before = channel(town)
        assert len(posted(town)) == 2
    town.write("june", SPAM)
    async with town.running():
        await town.sync()
        assert channel(town) == before
        notice = notices(town)[-1]
        assert "changed before all of it was posted" in text(notice)
        await press(town, notice, "Approve")
        assert posted(town) == TITLES
        assert "casino" in channel(town)
        assert await town.sync() == ["mill: nothing to do"]


async def test_an_issue_that_changes_back_while_it_is_being_posted_is_finished(town: Town) -> None:
    async with town.running():
        town.write("june", JUNE)
        await town.sync()
        path = f"/channels/{town.news.id}/messages"
        town.sandbox.faults.add("POST", path, Respond(status=403, code=50013, message="Missing Permissions"), nth=3)
        await by_mo(town, "approve", issue="june")
        town.write("june", SPAM)
        await town.sync()
        assert len(posted(town)) == 2
        town.write("june", JUNE)
        town.clock.advance(60)  # what Discord refused is left alone for a minute
        await town.sync()
        assert posted(town) == TITLES
        assert await town.sync() == ["mill: nothing to do"]


async def test_edits_of_posted_issues_follow_the_file_unless_they_are_under_approval(town: Town) -> None:
    async with town.running():
        town.write("june", JUNE)
        await town.sync()
        await by_mo(town, "approve", issue="june")
        town.write("june", JUNE.replace("warm", "hot"))
        await town.sync()
        assert "hot" in channel(town)
        assert "hot" in town.shown(await town.call("issue", issue="june"))


async def test_an_edit_under_approval_waits_with_a_notice_and_is_shown_when_it_is_approved(town: Town) -> None:
    edits_too(town)
    async with town.running():
        town.write("june", JUNE)
        await town.sync()
        await by_mo(town, "approve", issue="june")
        before = channel(town)
        town.write("june", SPAM)
        await town.sync()
    async with town.running():
        await town.sync()
        assert channel(town) == before
        assert "casino" not in town.shown(await town.call("issue", issue="june"))
        assert "warm" in town.shown(await town.call("issue", issue="june"))
        assert "Nothing was found" in town.shown(await town.call("search", query="casino"))
        notice = notices(town)[-1]
        assert [part["label"] for part in components(town, notice)] == ["Approve", "Skip", "Preview"]
        assert "casino" in text(notice)
        await press(town, notice, "Approve")
        assert "casino" in channel(town)
        assert "casino" in town.shown(await town.call("issue", issue="june"))
        assert components(town, notices(town)[-1]) == []
        assert await town.sync() == ["mill: nothing to do"]


async def test_an_edit_that_a_moderator_skips_is_not_shown_and_the_next_one_asks_again(town: Town) -> None:
    edits_too(town)
    async with town.running():
        town.write("june", JUNE)
        await town.sync()
        await by_mo(town, "approve", issue="june")
        before = channel(town)
        town.write("june", SPAM)
        await town.sync()
        old = custom_id(town, notices(town)[-1], "Approve")
        await press(town, notices(town)[-1], "Skip")
        await town.sync()
        assert (channel(town), (await states(town))["june"]) == (before, State.ANNOUNCED)
        assert components(town, notices(town)[-1]) == []
        town.write("june", SPAM + "\nAnd more.\n")
        await town.sync()
        assert channel(town) == before
        assert "it has changed" in town.shown(await forge(town, notices(town)[-1], old))
        town.write("june", JUNE)
        await town.sync()
        assert components(town, notices(town)[-1]) == []
        assert channel(town) == before


async def test_a_picture_of_a_posted_issue_that_was_swapped_waits_when_edits_are_under_approval(town: Town) -> None:
    edits_too(town)
    town.newsletter = "    images: {attach: true}\n"
    picture = town.folder / "sail.png"
    picture.write_bytes(PIXEL)
    async with town.running():
        town.write("sails", "---\ntitle: Sails\ndate: 2026-07-31\n---\n\nSee.\n\n## New\n\n![A sail](sail.png)\n")
        await town.sync()
        await by_mo(town, "approve", issue="sails")
        picture.write_bytes(PIXEL + b"another")
        await town.sync()
        await town.sync()
        shown = [attachment.content for message in town.news.messages.values() for attachment in message.attachments]
        assert shown == [PIXEL]
        answer = await town.call("issue", issue="sails")
        await town.press(answer, "Next ▶")
        assert town.files(answer) == {}
        await press(town, notices(town)[-1], "Approve")
        shown = [attachment.content for message in town.news.messages.values() for attachment in message.attachments]
        assert shown == [PIXEL + b"another"]
        answer = await town.call("issue", issue="sails")
        await town.press(answer, "Next ▶")
        assert town.files(answer) == {"sail.png": PIXEL + b"another"}


async def test_what_is_taken_back_goes_also_while_an_edit_waits(town: Town) -> None:
    edits_too(town)
    async with town.running():
        town.write("june", JUNE)
        await town.sync()
        await by_mo(town, "approve", issue="june")
        town.write("june", SPAM)
        await town.sync()
        await confirm(town, await by_mo(town, "retract", issue="june", section="Events"), "Take it back")
        assert posted(town) == ["June's Heat", "## News", "## Tutorials"]
        assert "casino" not in channel(town)
        await confirm(town, await by_mo(town, "retract", issue="june"), "Take it back")
        assert posted(town) == []


async def test_a_picture_that_was_not_there_when_the_notice_was_shown_is_not_approved(town: Town) -> None:
    town.newsletter = "    images: {attach: true}\n"
    async with town.running():
        town.write("sails", SAILS)
        await town.sync()
        (notice,) = notices(town)
        (town.folder / "sail.png").write_bytes(PIXEL)
        assert "it has changed" in town.shown(await press(town, notice, "Approve"))
        assert posted(town) == []
        await town.sync()
        await press(town, notices(town)[0], "Approve")
        assert len(posted(town)) == 2


@pytest.mark.parametrize("button", ["Approve all", "Approve one…"])
async def test_many_are_approved_with_the_pictures_that_they_had_when_they_were_listed(town: Town, button: str) -> None:
    town.newsletter = "    images: {attach: true}\n"
    picture = town.folder / "sail.png"
    picture.write_bytes(PIXEL)
    async with town.running():
        for number in range(5):
            town.write(f"may-{number}", SAILS.replace("Sails", f"May {number}"))
        await town.sync()
        (notice,) = notices(town)
        options = next(part["options"] for part in components(town, notice) if part.get("placeholder") == "Approve one…")
        picture.write_bytes(PIXEL + b"another")
        values = [options[0]["value"]] if button == "Approve one…" else None
        await press(town, notice, button, values=values)
        assert posted(town) == []
        await town.sync()
        await press(town, notices(town)[0], "Approve all")
        assert len(posted(town)) == 10


@pytest.mark.parametrize("approval", [False, True])
async def test_a_late_edit_of_a_section_that_is_left_out_waits_when_edits_are_under_approval(
    town: Town,
    approval: bool,  # noqa: FBT001 - a case
) -> None:
    edits_too(town)
    if not approval:
        town.moderation = town.moderation.replace(", approval: true", "")
    town.newsletter = "    sections: {skip: ['Events']}\n"
    town.announce = "hold: 0s, max_age: null, edit_window: 1h"
    async with town.running():
        town.write("june", JUNE)
        await town.sync()
        if approval:
            await by_mo(town, "approve", issue="june")
        assert posted(town) == ["June's Heat", "## News", "## Tutorials"]
        town.clock.advance(7200)
        town.write("june", JUNE.replace(*CASINO))
        await town.sync()
        assert "asino" not in town.shown(await town.call("events", when="all"))


async def test_no_change_is_small_where_sections_are_left_out(town: Town) -> None:
    edits_too(town, ", small_changes: allow")
    town.newsletter = "    sections: {skip: ['Events']}\n"
    async with town.running():
        town.write("june", JUNE)
        await town.sync()
        await by_mo(town, "approve", issue="june")
        town.write("june", JUNE.replace(*CASINO))
        await town.sync()
        assert "asino" not in town.shown(await town.call("events", when="all"))
        assert "Approve" in [part.get("label") for part in components(town, notices(town)[-1])]


@pytest.mark.parametrize("decision", ["hold", "skip", "schedule"])
@pytest.mark.parametrize("approval", [False, True])
@pytest.mark.parametrize("moment", ["noted", "looked"])
async def test_what_is_held_skipped_or_scheduled_while_a_pass_is_under_way_is_not_posted(
    town: Town,
    monkeypatch: pytest.MonkeyPatch,
    decision: str,
    approval: bool,  # noqa: FBT001 - a case
    moment: str,
) -> None:
    if not approval:
        town.moderation = town.moderation.replace(", approval: true", "")
    town.announce = "hold: 1h, max_age: null"
    async with town.running():
        town.write("june", JUNE)
        await town.sync()
        if approval:
            await by_mo(town, "approve", issue="june")
        town.clock.advance(4000)
        store = town.opened.store
        issue = next(one.id for one in (await store.records("mill")).values() if one.path == "june.md")
        place, name = (store, "decided") if moment == "noted" else (town.opened.service.auditing.discord, "history")
        goes_on = getattr(place, name)

        async def decided(*args: Any, **more: Any) -> Any:
            if decision == "schedule":
                await store.schedule(issue, town.clock() + timedelta(days=1))
            else:
                await getattr(store, decision)(issue, now=town.clock())
            return await goes_on(*args, **more)

        with monkeypatch.context() as meanwhile:
            meanwhile.setattr(place, name, decided)
            await town.sync()
        assert posted(town) == []
        await town.sync()
        assert posted(town) == []


@pytest.mark.parametrize("edits", [False, True])
@pytest.mark.parametrize("options", [{}, {"how": "again"}, {"section": "News"}, {"section": "News", "how": "again"}], ids=str)
@pytest.mark.parametrize("issue", ["june", "april"])
async def test_a_repost_posts_what_was_asked_about_and_no_other_text(
    town: Town,
    options: dict[str, str],
    issue: str,
    edits: bool,  # noqa: FBT001 - a case
) -> None:
    if edits:
        edits_too(town)
    async with town.running():
        town.write("june", JUNE)
        await town.sync()
        await by_mo(town, "approve", issue="june")
        asked = await by_mo(town, "repost", issue=issue, channel=town.talk, **options)
        content = (town.folder / f"{issue}.md").read_text()
        town.write(issue, content.replace("## News\n", "## News\n\nWin at the casino.\n"))
        if "section" in options:  # until the next pass, the section could not be looked up at all
            await town.sync()
        answer = await confirm(town, asked)
        assert "has changed since you were asked" in answer
        assert "casino" not in str(town.sandbox.messages(town.talk))
        asked = await by_mo(town, "repost", issue=issue, channel=town.talk, **options)
        await confirm(town, asked)
        assert "casino" in str(town.sandbox.messages(town.talk))


async def test_a_copy_follows_no_edit_that_waits(town: Town) -> None:
    edits_too(town)
    async with town.running():
        town.write("june", JUNE)
        await town.sync()
        await by_mo(town, "approve", issue="june")
        for issue in ("june", "april"):
            await confirm(town, await by_mo(town, "repost", issue=issue, channel=town.talk))
        before = str(town.sandbox.messages(town.talk))
        for issue in ("june", "april"):
            content = (town.folder / f"{issue}.md").read_text()
            town.write(issue, content.replace("## News\n", "## News\n\nWin at the casino.\n"))
        await town.sync()
        await town.sync()
        assert str(town.sandbox.messages(town.talk)) == before
        await press(town, notices(town)[-1], "Approve")
        assert "casino" in str(town.sandbox.messages(town.talk))


async def test_without_approval_what_made_an_issue_wait_makes_its_swapped_text_wait_too(town: Town) -> None:
    town.moderation = town.moderation.replace(", approval: true", "")
    town.announce = "hold: 1h, max_age: 14d"
    async with town.running():
        town.write("june", JUNE.replace("2026-06-06", "2026-01-06"))
        await town.sync()
        assert (await states(town))["june"] is State.TOO_OLD
        await by_mo(town, "approve", issue="june")
        town.write("june", SPAM.replace("2026-06-06", "2026-01-06"))
        await town.sync()
        town.clock.advance(7200)
        await town.sync()
        assert posted(town) == []
        assert (await states(town))["june"] is State.WAITING
        assert "Its text changed" in text(notices(town)[0])


async def test_an_approval_that_nothing_had_asked_for_does_not_stop_a_corrected_typo(town: Town) -> None:
    town.moderation = town.moderation.replace(", approval: true", "")
    town.announce = "hold: 1h, max_age: null"
    async with town.running():
        town.write("june", JUNE)
        await town.sync()
        await by_mo(town, "approve", issue="june")
        town.write("june", JUNE.replace("warm", "hot"))
        await town.sync()
        town.clock.advance(3600)
        await town.sync()
        assert posted(town) == TITLES
        assert "hot" in channel(town)


@pytest.mark.parametrize(
    ("change", "asks"),
    [
        (("pond is low", "pond is slow"), False),
        (("pond is low", "pond is dry and gone"), True),
        (("https://example.org/harvest", "https://example.org/harvests"), True),
        (("September 9", "September 8"), True),
        (("@everyone", "@everybody"), True),
        (("## Tutorials", "## Tutorial"), True),
        (("title:", "draft: false\ntitle:"), False),
    ],
    ids=str,
)
async def test_a_corrected_typo_is_let_through_where_the_configuration_says_so(
    town: Town,
    change: tuple[str, str],
    asks: bool,  # noqa: FBT001 - a case
) -> None:
    edits_too(town, ", small_changes: allow")
    town.announce = "hold: 1h, max_age: null"
    async with town.running():
        town.write("june", JUNE)
        await town.sync()
        await by_mo(town, "approve", issue="june")
        town.write("june", JUNE.replace(*change))
        await town.sync()
        town.clock.advance(4000)
        await town.sync()
        assert (posted(town) == []) is asks
        if asks:
            return
        before = channel(town)
        town.write("june", JUNE.replace(*change).replace("How to patch", "How to patchh"))
        await town.sync()
        assert ("patchh" in channel(town)) is (change[0] == "title:")
        assert (channel(town) == before) is (change[0] != "title:")


async def test_an_edit_stays_asked_about_though_another_destination_does_not_ask(town: Town) -> None:
    hall = town.sandbox.create_channel(town.guild, "hall")
    town.moderation = town.moderation.replace("approval: true", "approve_edits: true")
    town.newsletter = f"    destinations: [{{channel: {hall.id}, hold: 1d}}]\n"
    async with town.running():
        town.write("june", JUNE)
        await town.sync()
        assert posted(town)
        assert town.sandbox.messages(hall) == []
        (june,) = [one for one in (await town.opened.store.records("mill")).values() if one.path == "june.md"]
        town.write("june", SPAM)
        asked: list[bool] = []
        for _ in range(4):
            await town.sync()
            asked.append((await town.opened.store.issue(june.id)).asks is not None)
        assert asked == [True] * 4
        assert "casino" not in channel(town)
