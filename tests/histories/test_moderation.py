"""What moderators decide, through whole passes: pauses, holds, schedules, copies, taking back."""

import re
from pathlib import Path

import pytest
from histories import DAY, HOUR, MINUTE, START, issue
from watching import NEWS, TODAY, Newsletter, newsletter

from heartbeat_bot.ids import ChannelId, GuildId
from heartbeat_bot.policy.decisions import Code, Reason
from heartbeat_bot.rendering.post import PostKey
from heartbeat_bot.store.deliveries import Delivery

SPRING = "posts/2026-03-03-spring.md"
ELSEWHERE = ChannelId(3)
HOME = ChannelId(100000000000000001)


async def copy(it: Newsletter, *keys: str, channel: ChannelId = ELSEWHERE, path: str = NEWS) -> Delivery:
    return await it.watcher.store.deliveries.repost(
        await it.id(path), guild=GuildId(1), channel=channel, sections=[PostKey(key) for key in keys] or None, now=it.now
    )


def shown(it: Newsletter, channel: ChannelId = ELSEWHERE) -> list[str]:
    """Return what the messages of a channel say; where jumps lead differs in each copy."""
    board = it.watcher.board
    bodies = [body for number, body in sorted(board.messages.items()) if board.channels[number] == channel]
    texts = [[body["content"], *(embed.get("description", "") for embed in body["embeds"])] for body in bodies]
    return [re.sub(r"https://discord.com/channels/[\d/]+", "", "|".join(text)) for text in texts]


def anchors(text: str) -> list[str]:
    return [line[3:].lower().replace(" ", "-") for line in text.splitlines() if line.startswith("## ")]


# -- pause, hold, schedule, skip -------------------------------------------------------------------------------------------


async def test_a_paused_newsletter_is_read_and_nothing_of_it_is_sent_edited_or_deleted(tmp_path: Path) -> None:
    async with newsletter(tmp_path, announce=", on_remove: retract") as it:
        await copy(it)
        await it.watcher.store.retract(await it.id(NEWS), now=it.now)
        await it.watcher.store.pause("weekly", now=it.now)
        assert await it.commit({SPRING: issue("spring", START)}) == 0
        assert (await it.states())[SPRING] == "announce"
        before = it.channel
        report = await it.watcher.sync(it.last, it.now)
        assert report.done == ["a moderator paused it at 2026-03-02 11:20 UTC: nothing is sent, edited or deleted"]
        dry = await it.watcher.service.sync("weekly", dry_run=True)
        assert (dry.done, it.channel) == (report.done, before)
        await it.watcher.store.resume("weekly")
        assert await it.look() > 0
        assert await it.posted() == ["News of today", "News of spring"]
        assert len(it.watcher.board.messages) == 4
        assert await it.look() == 0


async def test_what_came_in_a_long_pause_does_not_flood_the_channel_afterwards(tmp_path: Path) -> None:
    async with newsletter(tmp_path) as it:
        await it.watcher.store.pause("weekly", now=it.now)
        for number in range(4):
            await it.commit({f"posts/{number}.md": issue(str(number), START)}, after=DAY)
        await it.watcher.store.resume("weekly")
        assert await it.look() == 0
        assert set((await it.states()).values()) == {"baseline", "announced", "waiting"}


async def test_an_issue_on_hold_waits_through_every_edit_until_it_is_approved(tmp_path: Path) -> None:
    async with newsletter(tmp_path) as it:
        await it.commit({SPRING: issue("spring", START)}, rest=False)
        await it.watcher.store.hold(await it.id(SPRING), now=it.now)
        it.problems.clear()
        assert await it.look(after=DAY) == 0
        assert await it.commit({SPRING: issue("spring", START) + "\nMore.\n"}) == 0
        assert ((await it.states())[SPRING], it.problems) == ("waiting", [])
        await it.watcher.store.approve(await it.id(SPRING), now=it.now)
        assert await it.look() > 0


async def test_a_scheduled_issue_is_announced_by_the_first_pass_after_its_instant(tmp_path: Path) -> None:
    async with newsletter(tmp_path, announce=", max_new_per_pass: 1") as it:
        await it.commit({SPRING: issue("spring", START), "posts/summer.md": issue("summer", START)})
        assert (await it.states())[SPRING] == "waiting"
        await it.watcher.store.schedule(await it.id(SPRING), it.now + DAY)
        assert await it.look(after=DAY - MINUTE) == 0
        record = (await it.watcher.records())[SPRING]
        assert (record.state.value, record.until) == ("held", it.now + MINUTE)
        assert await it.look(after=MINUTE) > 0
        assert await it.posted() == ["News of today", "News of spring"]


async def test_a_skipped_issue_is_not_announced_and_keeps_saying_why(tmp_path: Path) -> None:
    async with newsletter(tmp_path) as it:
        await it.commit({SPRING: issue("spring", START)}, rest=False)
        await it.watcher.store.skip(await it.id(SPRING), now=it.now)
        assert await it.look(after=DAY) == 0
        assert await it.commit({SPRING: None, "posts/renamed.md": issue("spring", START)}) == 0
        assert (await it.watcher.records())["posts/renamed.md"].reason == Reason(Code.SKIPPED)


async def test_an_issue_that_was_taken_back_and_approved_is_posted_again(tmp_path: Path) -> None:
    async with newsletter(tmp_path) as it:
        before = shown(it, HOME)
        await it.watcher.store.retract(await it.id(NEWS), now=it.now)
        await it.look(after=DAY)
        assert it.channel == ""
        await it.watcher.store.approve(await it.id(NEWS), now=it.now)
        await it.look()
        assert shown(it, HOME) == before


# -- copies ----------------------------------------------------------------------------------------------------------------


async def test_a_copy_is_posted_by_the_next_pass_follows_every_edit_and_costs_nothing_in_between(tmp_path: Path) -> None:
    async with newsletter(tmp_path) as it:
        await copy(it)
        await copy(it, channel=HOME)
        dry = await it.watcher.service.sync("weekly", dry_run=True)
        assert len(dry.done) == 8
        sent = len(shown(it, HOME))
        assert await it.look() == 2 * (sent + 1)
        assert await it.look() == 0
        assert shown(it, HOME) == 2 * shown(it)
        await it.commit({NEWS: TODAY.replace("## ", "Mended.\n\n## ", 1)})
        assert "Mended." in shown(it)[0]
        assert shown(it, HOME) == 2 * shown(it)
        assert await it.look() == 0


async def test_a_copy_of_a_section_has_that_alone_and_is_gone_when_the_section_is(tmp_path: Path) -> None:
    async with newsletter(tmp_path) as it:
        first, second, _ = anchors(TODAY)
        await copy(it, second)
        assert await it.look() == 1
        assert shown(it) == [shown(it, HOME)[2]]
        await it.commit({NEWS: TODAY.replace(f"## {_title(first)}", "## Another\n\nWords.\n\n## More", 1)})
        assert shown(it) == [shown(it, HOME)[3]]
        await it.commit({NEWS: TODAY.replace(f"## {_title(second)}", "## Other", 1)})
        assert shown(it) == []


def _title(anchor: str) -> str:
    return anchor.replace("-", " ").title()


async def test_a_copy_goes_with_its_announcement_and_alone_when_it_is_dropped(tmp_path: Path) -> None:
    async with newsletter(tmp_path, announce=", on_remove: retract") as it:
        repost = await copy(it, channel=HOME)
        await copy(it)
        await it.look()
        announced = len(shown(it))
        await it.watcher.store.deliveries.end([repost.id], now=it.now)
        assert await it.look() == announced
        assert shown(it, HOME) == shown(it)
        await it.commit({NEWS: None})
        assert it.channel == ""
        await it.commit({NEWS: TODAY})
        assert (len(shown(it, HOME)), shown(it)) == (announced, [])


async def test_a_copy_made_after_the_edit_window_shows_the_text_of_today_and_the_announcement_stays(tmp_path: Path) -> None:
    async with newsletter(tmp_path) as it:
        before = shown(it, HOME)
        assert await it.commit({NEWS: TODAY.replace("## ", "Mended.\n\n## ", 1)}, after=40 * DAY) == 0
        await copy(it)
        await it.look()
        assert "Mended." in shown(it)[0]
        assert shown(it, HOME) == before
        assert await it.look() == 0
        assert await it.commit({NEWS: TODAY.replace("## ", "Mended twice.\n\n## ", 1)}) == 0
        await it.watcher.store.ask(await it.id(NEWS), now=it.now)
        await it.look()
        assert shown(it) == shown(it, HOME)
        assert "twice" in shown(it)[0]


async def test_a_copy_of_an_issue_from_before_the_first_run_announces_nothing(tmp_path: Path) -> None:
    async with newsletter(tmp_path) as it:
        old = min(path for path, state in (await it.states()).items() if state == "baseline" and "news" in path)
        await copy(it, path=old)
        assert await it.look() > 0
        assert await it.posted() == ["News of today"]
        text = it.repo.files[old].decode()
        await it.commit({old: text.replace("## ", "Mended.\n\n## ", 1)})
        assert "Mended." in shown(it)[0]
        await it.commit({old: text.replace("## ", "Mended late.\n\n## ", 1)}, after=40 * DAY)
        assert "late" not in shown(it)[0]


async def test_a_copy_that_could_not_be_finished_is_finished_by_a_later_pass(tmp_path: Path) -> None:
    async with newsletter(tmp_path) as it:
        board = it.watcher.board
        await copy(it)
        board.faults_at = len(board.messages) + 2
        await it.look()
        assert len(shown(it)) == 2
        assert any("fault" in problem for problem in it.problems)
        board.faults_at = None
        assert await it.look(after=HOUR) > 0
        assert shown(it) == shown(it, HOME)
        assert await it.look() == 0


@pytest.mark.parametrize("text", ["---\ntitle: [\n", TODAY.replace("---\n", "---\ndraft: true\n", 1)], ids=["broken", "draft"])
async def test_a_copy_stays_as_it_is_while_its_file_is_a_draft_or_cannot_be_read(tmp_path: Path, text: str) -> None:
    async with newsletter(tmp_path) as it:
        await copy(it)
        await it.look()
        before = shown(it)
        assert await it.commit({NEWS: text}) == 0
        assert shown(it) == before
