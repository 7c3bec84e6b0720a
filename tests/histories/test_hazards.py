"""Each thing that real repositories do to a watcher, made up, and what becomes of it."""

import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from histories import DAY, HOUR, MINUTE, START, issue, reworded
from replaying import HOLD, Commit, Repository, replay
from watching import NEWS, TODAY, Newsletter, newsletter

from heartbeat_bot.policy.decisions import Code, Reason, State
from heartbeat_bot.sources.directory import blob_id

# -- identity --------------------------------------------------------------------------------------------------------------


async def test_a_date_corrected_in_the_name_minutes_after_posting_is_the_same_issue(tmp_path: Path) -> None:
    async with newsletter(tmp_path) as it:
        assert await it.commit({NEWS: None, "posts/2026-03-03-news.md": TODAY}, after=70 * MINUTE) == 0
        assert await it.posted() == ["News of today"]


async def test_a_date_corrected_in_name_front_matter_and_title_is_the_same_issue(tmp_path: Path) -> None:
    async with newsletter(tmp_path) as it:
        first = await it.id(NEWS)
        fixed = TODAY.replace("2026-03-02", "2026-03-09").replace("News of today", "News of the ninth")
        await it.commit({NEWS: None, "posts/2026-03-09-news.md": fixed}, after=DAY)
        assert await it.id("posts/2026-03-09-news.md") == first
        assert await it.posted() == ["News of the ninth"]


async def test_a_move_of_the_whole_folder_with_a_new_layout_of_front_matter_posts_nothing(tmp_path: Path) -> None:
    async with newsletter(tmp_path) as it:
        before = {path: await it.id(path) for path in it.repo.files}
        moved = {
            f"src/content/blog/{path}": text.decode().replace("title:", "layout: post\ntitle:")
            for path, text in it.repo.files.items()
        }
        assert await it.commit({**dict.fromkeys(it.repo.files), **moved}) == 0
        assert {path: await it.id(f"src/content/blog/{path}") for path in before} == before


async def test_a_folder_deleted_and_added_again_years_later_elsewhere_and_reworked_posts_nothing(tmp_path: Path) -> None:
    async with newsletter(tmp_path, announce=", max_age: null") as it:
        files = {path: text.decode() for path, text in it.repo.files.items()}
        before = {path: await it.id(path) for path in files}
        await it.commit(dict.fromkeys(files))
        again = {f"archive/{number}.md": reworded(text, 0.1, str(number)) for number, text in enumerate(files.values())}
        assert await it.commit(again, after=1000 * DAY) == 0
        assert [await it.id(path) for path in again] == list(before.values())
        assert await it.posted() == ["News of today"]


async def test_files_that_swap_their_names_are_not_swapped_in_the_channel(tmp_path: Path) -> None:
    async with newsletter(tmp_path) as it:
        await it.commit({"posts/second.md": issue("second", START)})
        one, two = await it.id(NEWS), await it.id("posts/second.md")
        assert await it.commit({NEWS: issue("second", START), "posts/second.md": TODAY}) == 0
        assert (await it.id("posts/second.md"), await it.id(NEWS)) == (one, two)


async def test_an_issue_that_takes_the_name_of_one_that_was_renamed_is_new(tmp_path: Path) -> None:
    async with newsletter(tmp_path) as it:
        first = await it.id(NEWS)
        await it.commit({"posts/first.md": TODAY, NEWS: issue("the next", START + DAY)}, after=DAY)
        assert await it.id("posts/first.md") == first
        assert await it.posted() == ["News of today", "News of the next"]


async def test_a_rename_into_the_folder_is_news_and_one_within_it_is_not(tmp_path: Path) -> None:
    async with newsletter(tmp_path, paths=("posts/*.md",)) as it:
        await it.commit({"drafts/spring.md": issue("spring", START + DAY)}, after=DAY)
        await it.commit({"drafts/spring.md": None, "posts/spring.md": issue("spring", START + DAY)})
        await it.commit({"posts/spring.md": None, "posts/spring-time.md": issue("spring", START + DAY)})
        assert await it.posted() == ["News of today", "News of spring"]


@pytest.mark.parametrize("flag", [{"draft": True}, {"unlisted": True}, {"published": False}, {"status": "draft"}])
async def test_a_flag_that_is_cleared_publishes_once_and_after_the_hold(tmp_path: Path, flag: dict[str, object]) -> None:
    async with newsletter(tmp_path) as it:
        assert await it.commit({"posts/spring.md": issue("spring", START + DAY, **flag)}, after=DAY) == 0
        assert await it.commit({"posts/spring.md": issue("spring", START + DAY)}, rest=False) == 0
        assert await it.look(after=HOLD) > 0
        assert await it.posted() == ["News of today", "News of spring"]


async def test_a_move_out_of_the_drafts_folder_publishes_once_and_after_the_hold(tmp_path: Path) -> None:
    async with newsletter(tmp_path) as it:
        text = issue("spring", START + DAY)
        assert await it.commit({"_drafts/spring.md": text}, after=DAY) == 0
        assert await it.commit({"_drafts/spring.md": None, "posts/spring.md": text}, rest=False) == 0
        assert await it.look(after=HOLD) > 0
        assert await it.posted() == ["News of today", "News of spring"]


def dated_back(it: Newsletter, path: str, text: str) -> Commit:
    """Return a commit that says it was made two days ago."""
    assert it.last
    blob = blob_id(text.encode())
    it.repo.contents[blob] = text.encode()
    return Commit(f"{path} {blob}", it.now - 2 * DAY, {**it.last.files, path: blob})


async def test_a_commit_that_is_dated_back_is_held_from_when_it_came(tmp_path: Path) -> None:
    async with newsletter(tmp_path) as it:
        await it.look(after=DAY)
        it.last = dated_back(it, "posts/spring.md", issue("spring", START))
        assert await it.look(after=MINUTE) == 0
        assert (await it.states())["posts/spring.md"] == "held"
        assert await it.look(after=HOLD) > 0
        assert await it.posted() == ["News of today", "News of spring"]


async def test_an_edit_after_its_window_is_not_sent_however_it_is_dated(tmp_path: Path) -> None:
    async with newsletter(tmp_path, announce=", edit_window: 1d") as it:
        await it.look(after=3 * DAY - HOUR)
        it.last = dated_back(it, NEWS, TODAY.replace("News", "Lies"))
        assert await it.look(after=HOUR) == 0
        assert "Lies" not in it.channel


@pytest.mark.parametrize("away", [94 * timedelta(seconds=1), 6 * MINUTE, 15 * MINUTE, HOUR, 30 * HOUR])
async def test_published_reverted_and_published_again_is_announced_once(tmp_path: Path, away: timedelta) -> None:
    async with newsletter(tmp_path) as it:
        text = issue("spring", START + DAY)
        await it.commit({"posts/spring.md": text}, after=DAY, rest=False)
        await it.look(after=9 * MINUTE)
        await it.commit({"posts/spring.md": None}, after=2 * MINUTE, rest=False)
        await it.look(after=away)
        await it.commit({"posts/spring.md": reworded(text, 0.4)}, after=timedelta(), rest=False)
        assert (await it.posted()).count("News of spring") <= 1
        await it.look(after=HOLD)
        await it.look(after=DAY)
        assert await it.posted() == ["News of today", "News of spring"]


async def test_a_translation_beside_an_issue_waits_and_changes_nothing_about_it(tmp_path: Path) -> None:
    async with newsletter(tmp_path) as it:
        first = await it.id(NEWS)
        assert (
            await it.commit({"posts/2026-03-02-news.fr.md": issue("aujourd'hui", START), "de/" + NEWS: issue("heute", START)}) == 0
        )
        states = await it.states()
        assert (states["posts/2026-03-02-news.fr.md"], states["de/" + NEWS]) == ("unsure", "unsure")
        assert await it.id(NEWS) == first
        assert any("looks like a translation" in problem for problem in it.problems)


async def test_of_an_issue_and_its_translation_that_come_together_the_issue_is_announced(tmp_path: Path) -> None:
    async with newsletter(tmp_path) as it:
        await it.commit({"posts/ab.de.md": issue("heute", START), "posts/ab.md": issue("now", START)})
        assert await it.posted() == ["News of today", "News of now"]


async def test_the_same_issue_in_another_format_is_announced_once(tmp_path: Path) -> None:
    async with newsletter(tmp_path, paths=("**/*.{md,Rmd}",)) as it:
        text = issue("spring", START)
        await it.commit({"posts/spring.Rmd": text.replace("## ", "```{r}\nplot(1)\n```\n\n## "), "posts/spring.md": text})
        assert await it.posted() == ["News of today", "News of spring"]
        assert (await it.states())["posts/spring.Rmd"] == "unsure"


async def test_a_copy_that_lies_beside_its_original_waits(tmp_path: Path) -> None:
    async with newsletter(tmp_path) as it:
        assert await it.commit({"posts/2026-03-02-news copy.md": TODAY}) == 0
        assert (await it.states())["posts/2026-03-02-news copy.md"] == "unsure"


async def test_a_rename_in_two_commits_by_way_of_a_copy_keeps_the_issue(tmp_path: Path) -> None:
    async with newsletter(tmp_path) as it:
        first = await it.id(NEWS)
        await it.commit({"posts/better-name.md": TODAY})
        await it.commit({NEWS: None})
        assert await it.id("posts/better-name.md") == first
        assert await it.commit({"posts/better-name.md": TODAY.replace("Until next time", "Until the next time")}) == 1
        assert await it.posted() == ["News of today"]


async def test_an_issue_begun_as_a_copy_of_the_last_one_is_announced_when_it_is_written(tmp_path: Path) -> None:
    async with newsletter(tmp_path) as it:
        assert await it.commit({"posts/2026-03-09-news.md": TODAY}, after=DAY) == 0
        await it.commit({"posts/2026-03-09-news.md": issue("the ninth", START + 7 * DAY)}, after=6 * DAY)
        assert await it.posted() == ["News of today", "News of the ninth"]


async def test_the_same_name_in_every_folder_identifies_nothing(tmp_path: Path) -> None:
    async with newsletter(tmp_path) as it:
        past = {f"2025/{number:02}/index.md": issue(f"past {number}", START - 99 * DAY, title="This month") for number in (11, 12)}
        await it.commit(past)
        for number in range(1, 4):
            day = START + number * DAY
            files = {f"2026/{number:02}/index.md": issue(f"month {number}", day, title="This month")}
            if number > 1:
                files[f"2026/{number - 1:02}/index.md"] = None  # only the latest is kept
            await it.commit(files, after=DAY)
        assert len(await it.posted()) == 4


async def test_a_slug_that_every_issue_has_merges_nothing(tmp_path: Path) -> None:
    async with newsletter(tmp_path) as it:
        for number in range(1, 5):
            day = START + number * DAY
            await it.commit({f"posts/{number}.md": issue(f"{number}", day, slug="update")}, after=DAY)
        assert len(await it.posted()) == 5
        edited = issue("3", START + 3 * DAY, slug="update").replace("Until next time", "See you")
        assert await it.commit({"posts/3.md": edited}) == 1


async def test_a_slug_copied_from_an_older_issue_and_put_right_later_merges_nothing(tmp_path: Path) -> None:
    async with newsletter(tmp_path) as it:
        await it.commit({"posts/1.md": issue("one", START, slug="one")})
        await it.commit({"posts/2.md": issue("two", START, slug="one")})
        assert await it.commit({"posts/2.md": issue("two", START, slug="two")}) == 0
        assert await it.posted() == ["News of today", "News of one", "News of two"]


async def test_an_id_of_its_own_finds_an_issue_again_of_which_nothing_else_is_left(tmp_path: Path) -> None:
    async with newsletter(tmp_path) as it:
        await it.commit({"posts/1.md": issue("one", START, id="n-1", title="One")})
        first = await it.id("posts/1.md")
        await it.commit({"posts/1.md": None, "elsewhere/uno.md": issue("rewritten", START, id="n-1", title="Uno")})
        assert await it.id("elsewhere/uno.md") == first
        assert await it.posted() == ["News of today", "Uno"]


async def test_a_rolling_file_that_holds_another_issue_now_waits_and_spoils_nothing(tmp_path: Path) -> None:
    async with newsletter(tmp_path) as it:
        await it.commit({"posts/latest.md": issue("march", START)})
        before = it.channel
        assert await it.commit({"posts/latest.md": issue("april", START + 31 * DAY)}, after=31 * DAY) == 0
        assert it.channel == before
        assert (await it.states())["posts/latest.md"] == "unsure"
        await it.watcher.store.approve(await it.id("posts/latest.md"), now=it.now)
        assert await it.look() > 0
        assert await it.posted() == ["News of today", "News of march", "News of april"]


async def test_a_skeleton_that_was_posted_is_filled_in_place(tmp_path: Path) -> None:
    async with newsletter(tmp_path) as it:
        await it.commit({"posts/spring.md": "---\ntitle: Spring\ndate: 2026-03-02\n---\n\n## News\n\nTo come.\n"})
        await it.commit({"posts/spring.md": None, "posts/2026-03-02-spring.md": issue("spring", START, title="Spring")})
        assert await it.posted() == ["News of today", "Spring"]
        assert "To come" not in it.channel


# -- the policy ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [4, 27, 120])
async def test_a_bulk_import_without_dates_waits_as_a_whole(tmp_path: Path, count: int) -> None:
    async with newsletter(tmp_path) as it:
        assert await it.commit({f"import/{number}.md": issue(f"{number}", None) for number in range(count)}) == 0
        assert await it.look(after=DAY) == 0
        assert list((await it.states()).values()).count("waiting") == count


async def test_an_import_in_a_commit_per_file_waits_as_a_whole(tmp_path: Path) -> None:
    async with newsletter(tmp_path) as it:
        for number in range(12):
            assert await it.commit({f"import/{number}.md": issue(f"{number}", None)}, after=2 * MINUTE, rest=False) == 0
        assert await it.look(after=HOLD) == 0
        assert await it.look(after=DAY) == 0
        assert await it.posted() == ["News of today"]


async def test_back_issues_that_come_with_a_new_one_do_not_keep_it_from_being_announced(tmp_path: Path) -> None:
    async with newsletter(tmp_path) as it:
        past = {f"archive/{number}.md": issue(f"{number}", START - (100 + number) * DAY) for number in range(40)}
        await it.commit(past | {"posts/spring.md": issue("spring", START)})
        assert await it.posted() == ["News of today", "News of spring"]
        assert list((await it.states()).values()).count("too_old") == 40


async def test_three_at_once_are_announced(tmp_path: Path) -> None:
    async with newsletter(tmp_path) as it:
        await it.commit({f"posts/{number}.md": issue(f"{number}", START) for number in range(3)})
        assert len(await it.posted()) == 4


async def test_a_year_that_was_last_years_is_put_right_and_the_issue_announced(tmp_path: Path) -> None:
    async with newsletter(tmp_path) as it:
        assert await it.commit({"posts/spring.md": issue("spring", START - 365 * DAY)}) == 0
        assert (await it.states())["posts/spring.md"] == "too_old"
        await it.commit({"posts/spring.md": issue("spring", START)}, after=3 * MINUTE)
        assert await it.posted() == ["News of today", "News of spring"]


async def test_a_back_issue_whose_date_is_touched_long_after_is_no_news(tmp_path: Path) -> None:
    async with newsletter(tmp_path) as it:
        await it.commit({"posts/old.md": issue("old", START - 100 * DAY)})
        assert await it.commit({"posts/old.md": issue("old", START + 40 * DAY)}, after=40 * DAY) == 0
        assert await it.posted() == ["News of today"]


async def test_an_issue_dated_next_year_by_mistake_is_announced_when_that_is_put_right(tmp_path: Path) -> None:
    async with newsletter(tmp_path) as it:
        assert await it.commit({"posts/spring.md": issue("spring", START + 365 * DAY)}) == 0
        await it.commit({"posts/spring.md": issue("spring", START)}, after=3 * MINUTE)
        assert await it.posted() == ["News of today", "News of spring"]


async def test_a_future_issue_is_announced_on_its_day_and_a_date_in_another_zone_changes_nothing(tmp_path: Path) -> None:
    async with newsletter(tmp_path) as it:
        assert await it.commit({"posts/spring.md": issue("spring", "2026-03-06T00:30:00+02:00")}) == 0
        it.now = datetime.fromisoformat("2026-03-05T22:29:00+00:00")
        assert await it.look() == 0
        assert await it.look(after=MINUTE) > 0
        await it.commit({"posts/spring.md": issue("spring", "2026-03-06")})
        assert await it.posted() == ["News of today", "News of spring"]


async def test_many_issues_that_fall_due_together_wait(tmp_path: Path) -> None:
    async with newsletter(tmp_path) as it:
        for number in range(5):
            await it.commit({f"posts/{number}.md": issue(f"{number}", START + 20 * DAY)}, after=DAY)
        it.now = START + 21 * DAY
        assert await it.look() == 0
        assert list((await it.states()).values()).count("waiting") == 5


async def test_an_issue_broken_on_arrival_is_a_finding_and_announced_when_mended(tmp_path: Path) -> None:
    async with newsletter(tmp_path) as it:
        text = issue("spring", START)
        assert await it.commit({"posts/spring.md": text.replace("title: ", "title: [")}) == 0
        assert (await it.states())["posts/spring.md"] == "broken"
        assert any("posts/spring.md" in problem and "cannot be read" in problem for problem in it.problems)
        problems = list(it.problems)
        await it.look(after=DAY)
        assert (it.problems, it.watcher.stage.reads) == (problems, [])
        await it.commit({"posts/spring.md": text}, after=10 * MINUTE)
        assert await it.posted() == ["News of today", "News of spring"]


async def test_an_issue_broken_on_the_first_run_is_known_and_never_news(tmp_path: Path) -> None:
    repo = Repository()
    async with replay(tmp_path, repo.contents) as watcher:
        it = Newsletter(repo, watcher)
        await it.commit({"posts/spring.md": issue("spring", START).replace("title: ", "title: [")})
        assert await it.commit({"posts/spring.md": issue("spring", START)}) == 0
        assert await it.states() == {"posts/spring.md": "baseline"}


async def test_an_issue_broken_after_posting_is_left_as_it_was_and_mended_later(tmp_path: Path) -> None:
    async with newsletter(tmp_path) as it:
        before = it.channel
        broken = TODAY.replace("title: News", "<<<<<<< HEAD\ntitle: News\n=======\ntitle: [News")
        assert await it.commit({NEWS: broken}) == 0
        assert it.channel == before
        assert (await it.watcher.records())[NEWS].reason.code is Code.ANNOUNCED_BROKEN
        assert await it.commit({NEWS: TODAY}) == 0
        assert await it.posted() == ["News of today"]


async def test_a_branch_that_vanished_changes_nothing(tmp_path: Path) -> None:
    async with newsletter(tmp_path, announce=", on_remove: retract") as it:
        commit, it.last = it.last, None
        assert await it.look() == 0
        assert await it.look(after=DAY) == 0
        it.last = commit
        assert await it.look() == 0


async def test_a_rewritten_branch_with_the_same_issues_posts_nothing(tmp_path: Path) -> None:
    async with newsletter(tmp_path) as it:
        files = {path: data.decode() for path, data in it.repo.files.items()}
        it.repo.files.clear()
        rewritten = {path: text + "\nSigned off.\n" for path, text in files.items()}
        requests = await it.commit(rewritten, after=-30 * DAY)
        assert requests == 1
        assert await it.posted() == ["News of today"]


async def test_a_source_that_loses_half_its_tree_for_one_pass_deletes_and_posts_nothing(tmp_path: Path) -> None:
    async with newsletter(tmp_path, announce=", on_remove: retract") as it:
        whole, before = it.last, it.channel
        assert whole
        it.last = Commit("half", it.now, {"posts/about.md": whole.files["posts/about.md"]})
        assert await it.look(after=HOUR) == 0
        it.last = whole
        assert await it.look(after=HOUR) == 0
        assert await it.look(after=DAY) == 0
        assert (it.channel, await it.posted()) == (before, ["News of today"])


@pytest.mark.parametrize("on_remove", ["keep", "retract"])
async def test_a_branch_that_is_pushed_back_and_forth_doubles_nothing_and_ends_as_it_is(tmp_path: Path, on_remove: str) -> None:
    async with newsletter(tmp_path, announce=f", on_remove: {on_remove}, edit_window: 365d") as it:
        old = it.last
        edited = TODAY.replace("today", "today, corrected", 1)
        await it.commit({NEWS: edited, "posts/next.md": issue("next", START + DAY)}, after=DAY)
        new, before = it.last, it.channel
        assert await it.posted() == ["News of today, corrected", "News of next"]
        messages = sorted(it.watcher.board.messages)
        for _ in range(6):
            for commit in (old, new):
                it.last = commit
                await it.look(after=MINUTE)
        assert it.channel == before, "pushed back and forth faster than it rests"
        assert sorted(it.watcher.board.messages) == messages
        for commit in (old, new, old, new):
            it.last = commit
            for _ in range(3):
                await it.look(after=HOUR)
        # An issue that was gone for long enough went, and came anew.
        shown = [re.sub(r"/1/\d+/\d+", "", text) for text in (it.channel, before)]
        assert shown[0] == shown[1]
        assert await it.look() == 0


async def test_of_five_thousand_issues_each_is_read_once_and_the_new_one_is_posted(tmp_path: Path) -> None:
    repo = Repository()
    async with replay(tmp_path, repo.contents) as it:
        days = [START - timedelta(days=number + 1) for number in range(5000)]
        past = {
            f"posts/{day:%Y-%m-%d}.md": f"---\ntitle: Day {day:%j of %Y}\ndate: {day:%Y-%m-%d}\n---\n\nWord{day:%Y%m%d}.\n"
            for day in days
        }
        await it.sync(repo.commit(START, past), START)
        assert len(it.stage.reads) == 5000
        later = START + HOUR
        await it.sync(repo.commit(later, {"posts/new.md": issue("new", START)}), later)
        assert (await it.sync(repo.commit(later), later + HOLD)).requests > 0
        assert it.stage.reads[5000:] == ["posts/new.md"] * (len(it.stage.reads) - 5000)
        assert len(it.stage.reads) < 5005
        assert "News of new" in it.board.text()
        assert len(it.board.messages) < 10


async def test_hundreds_of_commits_between_two_looks_are_where_they_end(tmp_path: Path) -> None:
    async with newsletter(tmp_path) as it:
        for number in range(300):
            it.now += MINUTE
            changes: dict[str, str | bytes | None] = {
                "posts/growing.md": issue("growing", START) + f"\n{number} lines.\n",
                f"posts/passing-{number % 7}.md": issue(f"passing {number}", START),
                NEWS: TODAY + f"\nEdited {number} times.\n",
            }
            it.last = it.repo.commit(it.now, changes)
        for number in range(7):
            it.last = it.repo.commit(it.now, {f"posts/passing-{number}.md": None})
        assert await it.look(after=HOLD) > 0
        assert await it.posted() == ["News of today", "News of growing"]
        assert "299 lines." in it.channel
        assert "Edited 299 times." in it.channel
        assert "passing" not in it.channel
        assert await it.look(after=HOUR) == 0


# -- removal ---------------------------------------------------------------------------------------------------------------


async def test_the_messages_of_a_removed_issue_stay(tmp_path: Path) -> None:
    async with newsletter(tmp_path) as it:
        before = it.channel
        assert await it.commit({NEWS: None}) == 0
        assert await it.look(after=30 * DAY) == 0
        assert it.channel == before


async def test_retracting_needs_the_hold_and_a_second_look(tmp_path: Path) -> None:
    async with newsletter(tmp_path, announce=", on_remove: retract") as it:
        count = len(it.watcher.board.messages)
        assert await it.commit({NEWS: None}, rest=False) == 0
        assert await it.look(after=5 * MINUTE) == 0
        assert await it.look(after=5 * MINUTE) == count
        assert it.channel == ""
        assert await it.look(after=HOUR) == 0


async def test_the_first_pass_that_misses_an_issue_deletes_nothing_however_old_its_commit_is(tmp_path: Path) -> None:
    async with newsletter(tmp_path, announce=", on_remove: retract") as it:
        await it.commit({NEWS: None}, rest=False)
        it.now += DAY
        late = Commit("late", it.now - 2 * DAY, it.last.files if it.last else {})
        it.last = late
        assert await it.look() > 0  # the second one


async def test_a_mass_deletion_waits_for_a_moderator(tmp_path: Path) -> None:
    async with newsletter(tmp_path, announce=", on_remove: retract") as it:
        names = [f"posts/{number}.md" for number in range(4)]
        for name in names:
            await it.commit({name: issue(name, START)})
        before = it.channel
        assert await it.commit(dict.fromkeys(names)) == 0
        assert await it.look(after=DAY) == 0
        assert it.channel == before
        gone = [record for record in (await it.watcher.store.records("weekly")).values() if record.state is State.GONE]
        assert all(record.reason.code is Code.GONE_TOO_MANY for record in gone)
        await it.watcher.store.retract(gone[0].id, now=it.now)
        assert await it.look() > 0
        assert await it.look() == 0


async def test_a_retracted_issue_that_comes_back_soon_is_there_again_once_and_years_later_not(tmp_path: Path) -> None:
    async with newsletter(tmp_path, announce=", on_remove: retract") as it:
        count = len(it.watcher.board.messages)
        await it.commit({NEWS: None})
        assert it.channel == ""
        await it.commit({NEWS: TODAY})
        assert len(it.watcher.board.messages) == count
        await it.commit({NEWS: None})
        assert await it.commit({NEWS: TODAY}, after=700 * DAY) == 0
        assert it.channel == ""


async def test_nothing_is_deleted_while_it_is_unsure_whether_the_issue_is_still_there(tmp_path: Path) -> None:
    async with newsletter(tmp_path, announce=", on_remove: retract") as it:
        await it.commit({"posts/latest.md": issue("march", START)})
        assert await it.commit({"posts/latest.md": issue("april", START + 31 * DAY)}, after=31 * DAY) == 0
        assert await it.look(after=DAY) == 0


# -- edits -----------------------------------------------------------------------------------------------------------------


async def test_a_footer_on_every_old_issue_does_not_rewrite_the_channels_past(tmp_path: Path) -> None:
    async with newsletter(tmp_path) as it:
        await it.commit({"posts/spring.md": issue("spring", START + 40 * DAY)}, after=40 * DAY)
        changes = {path: f"{data.decode()}\nA new footer.\n" for path, data in it.repo.files.items()}
        assert await it.commit(changes) == 1  # the issue whose window is open
        records = await it.watcher.records()
        assert records[NEWS].reason == Reason(Code.EDIT_LATE)
        assert await it.look(after=DAY) == 0
        assert it.watcher.stage.reads == []
        await it.watcher.store.ask(records[NEWS].id, now=it.now)
        assert await it.look() == 1
        assert (await it.watcher.records())[NEWS].reason == Reason(Code.ANNOUNCED)
        assert await it.look() == 0


async def test_a_late_change_that_readers_cannot_see_is_none(tmp_path: Path) -> None:
    async with newsletter(tmp_path) as it:
        changes = {NEWS: TODAY.replace("title: News of today", "title: 'News of today'\nlayout: post")}
        assert await it.commit(changes, after=40 * DAY) == 0
        assert (await it.watcher.records())[NEWS].reason == Reason(Code.ANNOUNCED)


async def test_without_a_window_every_change_is_sent(tmp_path: Path) -> None:
    async with newsletter(tmp_path, announce=", edit_window: null") as it:
        assert await it.commit({NEWS: TODAY + "\nMore.\n"}, after=400 * DAY) == 1


async def test_a_change_in_time_that_could_not_be_sent_is_sent_after_the_window_too(tmp_path: Path) -> None:
    async with newsletter(tmp_path) as it:
        it.watcher.board.faults_at = 0
        await it.commit({NEWS: TODAY + "\nMore.\n"}, after=29 * DAY)
        it.watcher.board.faults_at = None
        assert await it.look(after=5 * DAY) == 1


async def test_changes_that_readers_cannot_see_make_no_request(tmp_path: Path) -> None:
    async with newsletter(tmp_path) as it:
        styled = TODAY.replace("title: News of today", 'title: "News of today"  # quoted').replace("\n", "\r\n")
        assert await it.commit({NEWS: b"\xef\xbb\xbf" + styled.encode()}) == 0


async def test_an_announced_issue_that_is_a_draft_again_is_left_alone_until_it_is_published(tmp_path: Path) -> None:
    async with newsletter(tmp_path) as it:
        before = it.channel
        assert await it.commit({NEWS: issue("today", START, draft=True) + "\nNot for readers.\n"}) == 0
        assert it.channel == before
        assert (await it.watcher.records())[NEWS].reason == Reason(Code.ANNOUNCED_DRAFT)
        assert await it.commit({NEWS: TODAY + "\nFor readers.\n"}) == 1
        assert await it.posted() == ["News of today"]


async def test_an_announced_issue_whose_date_moves_into_the_future_stays(tmp_path: Path) -> None:
    async with newsletter(tmp_path) as it:
        await it.commit({NEWS: issue("today", START + 20 * DAY)})
        assert await it.look(after=20 * DAY) == 0
        assert await it.posted() == ["News of today"]


async def test_a_delivery_that_began_is_finished_even_as_a_draft(tmp_path: Path) -> None:
    async with newsletter(tmp_path) as it:
        board = it.watcher.board
        sent = len(board.messages)
        board.faults_at = sent + 1
        await it.commit({"posts/spring.md": issue("spring", START)})
        board.faults_at = None
        assert len(board.messages) == sent + 1
        assert await it.commit({"posts/spring.md": issue("spring", START, draft=True)}, after=5 * MINUTE) > 0
        assert len(board.messages) == sent + 4


async def test_the_second_look_of_a_restarted_watcher_sends_nothing(tmp_path: Path) -> None:
    async with newsletter(tmp_path) as it:
        commit, now, before = it.last, it.now, it.channel
    async with replay(tmp_path, it.repo.contents) as watcher:
        watcher.board.messages |= it.watcher.board.messages
        assert (await watcher.sync(commit, now)).requests == 0
        assert watcher.stage.reads == []
        assert watcher.board.text() == before


async def test_a_post_that_is_let_go_is_sent_anew_however_old_the_issue_is(tmp_path: Path) -> None:
    async with newsletter(tmp_path) as it:
        await it.watcher.store.messages.release(await it.id(NEWS), now=it.now)
        before = len(it.watcher.board.messages)
        assert await it.look(after=90 * DAY) > 0
        assert len(it.watcher.board.messages) == 2 * before


async def test_a_changed_setting_renders_recent_issues_anew_and_leaves_old_ones_alone(tmp_path: Path) -> None:
    async with newsletter(tmp_path) as it:
        commit, now = it.last, it.now
        await it.commit({"posts/linked.md": issue("linked", START).replace("## ", "[a link](/there)\n\n## ", 1)})
        commit, now = it.last, it.now
    for days, requests in ((40, 0), (1, 1)):
        async with replay(tmp_path, it.repo.contents, site="https://example.org/") as watcher:
            watcher.board.messages |= it.watcher.board.messages
            assert (await watcher.sync(commit, now + days * DAY)).requests == requests
