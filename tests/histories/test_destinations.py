"""Two destinations of one newsletter: each has its own baseline, announcements, rules and failures."""

from pathlib import Path

import pytest
from histories import DAY, HOUR, START, issue
from replaying import configured
from watching import NEWS, TODAY, Newsletter, newsletter

from heartbeat_bot.errors import MissingPermissionsError, OutletError
from heartbeat_bot.isolation.worker import Here
from heartbeat_bot.policy.decisions import State
from heartbeat_bot.sync.reconciler import Reconciler

HOME, SECOND = 100000000000000001, 100000000000000002
SPRING, SUMMER = "posts/2026-03-03-spring.md", "posts/2026-03-04-summer.md"
BOTH = f"{{channel: {SECOND}, hold: 10m}}"


def texts(it: Newsletter, channel: int) -> list[str]:
    """Return what a channel's messages say, their jumps aside, which lead to messages of that channel."""
    board = it.watcher.board
    bodies = [body for number, body in sorted(board.messages.items()) if board.channels[number] == channel]
    return [
        "|".join(
            [
                body["content"],
                *(embed.get("title", "") for embed in body["embeds"]),
                *(embed.get("description", "").partition("**In this issue**")[0] for embed in body["embeds"]),
            ]
        )
        for body in bodies
    ]


def jumps(it: Newsletter, channel: int) -> set[str]:
    """Return which channels the jumps of a channel's covers lead to."""
    board = it.watcher.board
    bodies = [str(body) for number, body in board.messages.items() if board.channels[number] == channel]
    return {part.split("/")[1] for body in bodies for part in body.split("https://discord.com/channels/")[1:]}


async def states(it: Newsletter, path: str) -> list[str]:
    record = (await it.watcher.records())[path]
    return [one.state.value for one in record.announcements]


async def test_an_issue_is_announced_and_kept_in_step_in_both(tmp_path: Path) -> None:
    async with newsletter(tmp_path, destinations=BOTH) as it:
        assert texts(it, HOME) == texts(it, SECOND) != []
        assert jumps(it, SECOND) == {str(SECOND)}
        await it.commit({NEWS: TODAY.replace("## ", "Mended.\n\n## ", 1)})
        assert "Mended." in texts(it, SECOND)[0]
        assert texts(it, HOME) == texts(it, SECOND)
        assert await it.look() == 0


async def test_a_destination_that_is_added_later_begins_with_what_is_still_to_come(tmp_path: Path) -> None:
    async with newsletter(tmp_path) as it:
        await it.commit({SPRING: issue("spring", START)}, rest=False)  # it rests, and is news in a while
        await add(it, BOTH)
        assert await it.look() == 0
        assert (await states(it, NEWS), await states(it, SPRING)) == (["announced", "baseline"], ["held", "held"])
        assert await it.look(after=HOUR) > 0
        assert texts(it, SECOND) == texts(it, HOME)[-len(texts(it, SECOND)) :]
        assert "News of spring" in texts(it, SECOND)[0]
        assert await it.commit({NEWS: TODAY.replace("## ", "Mended.\n\n## ", 1)}) == 1
        assert await it.look() == 0


async def add(it: Newsletter, destinations: str) -> None:
    """Start anew with other destinations."""
    watcher = it.watcher
    watcher.service = Reconciler(
        config=configured("", destinations=destinations),
        store=watcher.store,
        outlet=watcher.board,
        sources={"weekly": watcher.stage},
        runner=Here(),
        clock=lambda: watcher.time[0],
        progress=lambda _what, _done, _total: None,
    )


async def test_a_destination_that_is_removed_is_left_as_it_is_and_begins_anew_when_it_comes_back(tmp_path: Path) -> None:
    async with newsletter(tmp_path, destinations=BOTH) as it:
        before = texts(it, SECOND)
        await add(it, "")
        await it.commit({SPRING: issue("spring", START), NEWS: TODAY.replace("## ", "Mended.\n\n## ", 1)})
        assert texts(it, SECOND) == before
        await add(it, BOTH)
        await it.look()
        assert (await states(it, NEWS), await states(it, SPRING)) == (["announced", "announced"], ["announced", "baseline"])
        assert "Mended." in texts(it, SECOND)[0]
        assert len(texts(it, SECOND)) == len(before)
        await it.commit({SUMMER: issue("summer", START)})
        assert "News of summer" in texts(it, SECOND)[len(before)]


PERMISSION = MissingPermissionsError(["Send Messages"], place=f"channel {SECOND}")
DELETED = OutletError("there is no such channel", status=404, code=10003, permanent=True)
FAULT = OutletError("Discord had a fault (500)", status=500, permanent=False)


@pytest.mark.parametrize("error", [PERMISSION, DELETED, FAULT], ids=["permission", "deleted", "fault"])
@pytest.mark.parametrize("channels", [(HOME, SECOND), (SECOND, HOME)], ids=["second", "first"])
async def test_one_that_fails_stops_no_other_and_recovers_by_itself(
    tmp_path: Path, error: OutletError, channels: tuple[int, int]
) -> None:
    well, ill = channels
    async with newsletter(tmp_path, destinations=BOTH) as it:
        before = texts(it, ill)
        it.watcher.board.refused[ill] = error
        await it.commit({SPRING: issue("spring", START)})
        await it.commit({NEWS: TODAY.replace("## ", "Mended.\n\n## ", 1), SUMMER: issue("summer", START)})
        assert [title for title in ("spring", "summer") if any(f"News of {title}" in text for text in texts(it, well))] == [
            "spring",
            "summer",
        ]
        assert "Mended." in texts(it, well)[0]
        assert texts(it, ill) == before
        record = (await it.watcher.records())[SPRING]
        assert {one.channel: one.error is not None for one in record.announcements} == {well: False, ill: True}
        del it.watcher.board.refused[ill]
        await it.look(after=HOUR)
        assert texts(it, ill) == texts(it, well)
        record = (await it.watcher.records())[SPRING]
        assert (record.error, record.state) == (None, State.ANNOUNCED)
        assert await it.look() == 0


async def test_a_first_pass_that_cannot_see_one_of_them_is_the_other_s_baseline(tmp_path: Path) -> None:
    async with newsletter(tmp_path) as it:
        assert await it.posted() == ["News of today"]
    second = tmp_path / "second"
    second.mkdir()
    async with newsletter(second, destinations=BOTH) as it:
        assert set(await states(it, "posts/about.md")) == {"baseline"}


async def test_rules_are_each_destination_s_own(tmp_path: Path) -> None:
    quick = f"{{channel: {SECOND}, hold: 0s, max_new_per_pass: 1, on_remove: retract}}"
    async with newsletter(tmp_path, destinations=quick) as it:
        await it.commit({SPRING: issue("spring", START)}, rest=False)
        assert await states(it, SPRING) == ["held", "announced"]
        await it.look(after=HOUR)
        assert await states(it, SPRING) == ["announced", "announced"]
        await it.commit({f"posts/2026-03-05-{name}.md": issue(name, START) for name in ("one", "two")}, after=DAY)
        assert await states(it, "posts/2026-03-05-one.md") == ["announced", "waiting"]
        record = (await it.watcher.records())["posts/2026-03-05-one.md"]
        assert (record.state, record.readable(it.watcher.service.duties)) == (State.WAITING, record.blob)
        for path in ("posts/2026-03-05-one.md", "posts/2026-03-05-two.md"):
            await it.watcher.store.approve(await it.id(path), now=it.now)
        await it.look()
        assert await states(it, "posts/2026-03-05-two.md") == ["announced", "announced"]
        kept = texts(it, HOME)
        await it.commit({NEWS: None}, after=DAY)
        assert not any("News of today" in text for text in texts(it, SECOND))
        assert texts(it, HOME) == kept


async def test_what_a_moderator_takes_back_goes_from_both_and_each_pings_once(tmp_path: Path) -> None:
    both = f"{{channel: {SECOND}, hold: 10m, ping_role: 100000000000000008}}"
    async with newsletter(tmp_path, announce=", ping_role: 100000000000000007", destinations=both) as it:
        number = await it.id(NEWS)
        covers = [texts(it, HOME)[0], texts(it, SECOND)[0]]
        assert [cover.split("|")[0] for cover in covers] == ["<@&100000000000000007>", "<@&100000000000000008>"]
        await it.watcher.store.retract(number, now=it.now)
        await it.look()
        assert (texts(it, HOME), texts(it, SECOND)) == ([], [])
        await it.watcher.store.approve(number, now=it.now)
        await it.look()
        assert len(texts(it, HOME)) == len(texts(it, SECOND)) > 0
        assert it.watcher.board.pinged == [HOME, SECOND]


async def test_a_dry_run_tells_what_would_go_where(tmp_path: Path) -> None:
    async with newsletter(tmp_path, destinations=BOTH) as it:
        it.last = it.repo.commit(it.now, {SPRING: issue("spring", START)})
        it.watcher.stage.commit = it.last
        it.watcher.time[0] = it.now + HOUR
        report = await it.watcher.service.sync("weekly", dry_run=True)
        sends = [line for line in report.done if line.startswith("News of spring: would send cover")]
        assert sends == [f"News of spring: would send cover in channel {channel}" for channel in (HOME, SECOND)]
        assert not any("News of spring" in text for text in texts(it, SECOND))
        assert SPRING not in await it.states()


def test_two_destinations_with_one_channel_are_refused() -> None:
    with pytest.raises(Exception, match="two destinations have the same channel"):
        configured(destinations=f"{{channel: {HOME}}}")
