"""Whatever happens at whichever request: nothing twice, nothing lost, the order kept, the store clean. See docs/exactly-once.md."""

import asyncio
import signal
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from killing import (
    HOUR,
    MOMENT,
    ON_MESSAGES,
    SCENARIOS,
    A,
    B,
    Bench,
    C,
    Case,
    Command,
    Mishap,
    Scenario,
    Verdict,
    cases,
    issue,
    name_of,
)

from discord_sandbox.faults import Close, Cue, Fault, Hold, Respond, TooMany
from discord_sandbox.permissions import Permission
from heartbeat_bot.errors import StateError
from heartbeat_bot.sync.report import PassReport

SCENARIO = {scenario.name: scenario for scenario in SCENARIOS}
FIRST = SCENARIO["first"]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    bench = Bench(tmp_path_factory.mktemp("kills"))
    yield bench
    bench.close()


@pytest.fixture(scope="module")
def command() -> Command:
    return Command()


@pytest.mark.parametrize("scenario", SCENARIOS, ids=[scenario.name for scenario in SCENARIOS])
def test_a_scenario_takes_the_requests_that_it_says(bench: Bench, scenario: Scenario) -> None:
    async def requests() -> list[str]:
        await bench.begin(scenario)
        await bench.sync()
        names = {"GET": "look", "POST": "send", "PATCH": "edit", "DELETE": "delete"}
        return [
            "publish" if entry.path.endswith("crosspost") else names[entry.method]
            for entry in bench.sandbox.log
            if "/messages" in entry.path
        ]

    assert bench.run(requests()) == scenario.steps


@pytest.mark.parametrize("case", cases(), ids=name_of)
def test_after_a_mishap_at_a_request_the_channel_reads_as_if_freshly_posted(bench: Bench, case: Case) -> None:
    assert bench.run(bench.case(case)) == Verdict()


@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", range(len(FIRST.steps)), ids=[f"{at}-{step}" for at, step in enumerate(FIRST.steps)])
def test_a_process_killed_at_a_request_of_a_first_delivery_doubles_and_loses_nothing(
    bench: Bench,
    command: Command,
    at: int,
    late: bool,  # noqa: FBT001
) -> None:
    assert bench.run(bench.killed(command, FIRST, at, late=late, pause=MOMENT if at % 2 else HOUR)) == Verdict()


RESTORED = [
    (SCENARIO[name], at, pause)
    for name in ("first", "shift", "files")
    for at, step in enumerate(SCENARIO[name].steps)
    for pause in ((MOMENT, HOUR) if step == "send" else (HOUR,))
]


@pytest.mark.parametrize("case", RESTORED, ids=lambda case: f"{case[0].name}-{case[1]}-{case[0].steps[case[1]]}-{case[2]:g}s")
def test_a_ledger_restored_from_a_copy_of_any_moment_recognises_what_was_posted_since(
    bench: Bench, case: tuple[Scenario, int, float]
) -> None:
    assert bench.run(bench.restored(*case)) == Verdict()


@pytest.mark.parametrize("seed", range(8))
def test_one_mishap_after_another_doubles_and_loses_nothing(bench: Bench, seed: int) -> None:
    assert bench.run(bench.mishaps(SCENARIOS[seed % len(SCENARIOS)], seed)) == Verdict()


def test_a_ledger_older_than_an_issue_recognises_it_among_hundreds_of_messages_of_others(bench: Bench) -> None:
    async def verdict() -> Verdict:
        await bench.begin(FIRST)
        before = bench.copy()
        await bench.sync()
        for _ in range(250):
            bench.chat()
            bench.clock.advance(60)
        bench.restore(before)
        await bench.recover(MOMENT)
        return await bench.judge(FIRST)

    assert bench.run(verdict()) == Verdict()


@pytest.mark.parametrize(
    "sections", [(A, ("Beans", "Black ones.")), (A, C, B), (B,), (A,)], ids=["edited", "longer", "without-one", "shorter"]
)
def test_a_ledger_older_than_an_issue_that_was_changed_meanwhile_makes_it_agree_all_the_same(
    bench: Bench, sections: tuple[tuple[str, str], ...]
) -> None:
    changed = replace(FIRST, after=issue("May", *sections), requests=" ".join(["send"] * max(3, len(sections) + 1)))

    async def verdict() -> Verdict:
        await bench.begin(FIRST)
        before = bench.copy()
        await bench.sync()
        bench.restore(before)
        bench.write("may.md", changed.after)
        await bench.recover(MOMENT)
        return await bench.judge(changed)

    assert bench.run(verdict()) == Verdict()


def test_a_ledger_older_than_two_issues_with_a_section_in_common_gives_each_its_own(bench: Bench) -> None:
    async def texts() -> tuple[list[str], list[str], int]:
        await bench.begin(FIRST)
        bench.write("june.md", issue("June", A, B).replace("Hello", "Good day"))
        before = bench.copy()
        await bench.sync()
        posted, made = bench.shown(), bench.created
        bench.restore(before)
        await bench.recover(HOUR)
        assert bench.created == made
        assert not bench.requests
        return posted, bench.shown(), made

    posted, shown, made = bench.run(texts())
    assert (shown, made) == (posted, 6)


@pytest.mark.parametrize("at", [0, 1, 2], ids=["first", "second", "third"])
@pytest.mark.parametrize("name", ["edit", "shift", "delete"])
def test_a_change_that_is_cut_off_and_taken_back_leaves_nothing_behind(bench: Bench, name: str, at: int) -> None:
    scenario = SCENARIO[name]
    assert scenario.before

    async def channel() -> tuple[list[str], list[str], Verdict]:
        await bench.begin(scenario)
        await bench.pass_with(Mishap(name="killed", kill=True, late=True), at)
        bench.write("may.md", scenario.before or "")
        await bench.recover(HOUR)
        verdict = Verdict()
        bench.judge_store(verdict)
        return bench.shown(), await bench.wanted(replace(scenario, after=scenario.before or "")), verdict

    with bench.linking_pictures():
        shown, wanted, verdict = bench.run(channel())
    assert shown == wanted
    assert verdict == Verdict()


@pytest.mark.parametrize("pause", [MOMENT, HOUR], ids=["at-once", "later"])
def test_a_lost_answer_is_not_sent_again_while_the_bot_may_not_read_what_it_sent(bench: Bench, pause: float) -> None:
    """To a bot without Read Message History Discord shows an empty channel, and refuses nothing."""

    async def verdict() -> tuple[list[PassReport], Verdict]:
        await bench.begin(FIRST)

        def take_away() -> None:
            bench.sandbox.overwrite(bench.channel, bench.sandbox.world.bot, deny=Permission.READ_MESSAGE_HISTORY)

        bench.sandbox.faults.add("POST", "/channels/*/messages", Cue(at=take_away, after_work=True, close=True), nth=2)
        bench.sandbox.faults.add("POST", "/channels/*/messages", Close(), nth=3, times=4)  # discord.py repeats it
        await bench.sync()
        bench.sandbox.faults.clear()
        reports: list[PassReport] = []
        for _ in range(2):
            bench.clock.advance(pause)
            reports.append(await bench.sync())
        bench.channel.overwrites.clear()
        await bench.recover(pause)
        return reports, await bench.judge(FIRST)

    reports, result = bench.run(verdict())
    assert result == Verdict()
    for report in reports:
        (problem,) = report.problems
        assert report.failed
        assert "lacks the permission Read Message History in #news" in problem


@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", range(0, len(FIRST.steps), 2))
def test_a_copy_killed_at_a_request_is_whole_after_the_next_pass_and_there_once(
    bench: Bench,
    at: int,
    late: bool,  # noqa: FBT001
) -> None:
    mishap = Mishap(name="killed", kill=True, late=late)
    assert bench.run(bench.copied(FIRST, at, mishap, pause=MOMENT if at % 4 else HOUR)) == Verdict()


@pytest.mark.parametrize("gone", range(3))
def test_a_message_that_a_person_deletes_in_the_middle_of_a_delivery_is_made_good(bench: Bench, gone: int) -> None:
    async def verdict() -> Verdict:
        await bench.begin(FIRST)

        def delete() -> None:
            del bench.channel.messages[sorted(bench.channel.messages)[gone]]

        bench.sandbox.faults.add("PATCH", ON_MESSAGES, Cue(at=delete))
        await bench.sync()
        await bench.recover(MOMENT)
        return await bench.judge(replace(FIRST, requests=FIRST.requests + " send"))

    assert bench.run(verdict()) == Verdict()


@pytest.mark.parametrize("refusal", [Respond(status=403, code=50013), TooMany(retry_after=1800)], ids=["403", "429"])
def test_a_send_that_was_carried_out_under_a_fault_and_refused_when_repeated_is_not_sent_again(
    bench: Bench, refusal: Fault
) -> None:
    async def verdict() -> Verdict:
        await bench.begin(FIRST)
        bench.sandbox.faults.add("POST", "/channels/*/messages", Respond(status=502, after_work=True), nth=2)
        bench.sandbox.faults.add("POST", "/channels/*/messages", refusal, nth=3, times=None)
        await bench.sync()
        bench.sandbox.faults.clear()
        await bench.recover(HOUR)
        return await bench.judge(FIRST)

    assert bench.run(verdict()) == Verdict()


def test_a_request_that_arrives_after_the_bot_was_started_again_makes_no_second_message(bench: Bench) -> None:
    async def verdict() -> Verdict:
        await bench.begin(FIRST)
        late = Hold()
        bench.sandbox.faults.add("POST", "/channels/*/messages", late, nth=2)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(bench.sync())
            await late.reached.wait()
            task.cancel()
        bench.sandbox.faults.clear()
        # It arrives just before the send that repeats it does.
        bench.sandbox.faults.add("POST", "/channels/*/messages", Cue(at=late.released.set, after_work=True))
        await bench.recover(MOMENT)
        return await bench.judge(FIRST)

    assert bench.run(verdict()) == Verdict()


@pytest.mark.parametrize("at", range(1, 4))
def test_a_send_that_discord_carries_out_after_it_was_sent_anew_is_deleted_by_the_next_look(bench: Bench, at: int) -> None:
    """The answer was lost, the channel was looked at in vain, and the nonce was forgotten or another one."""

    async def verdict() -> tuple[PassReport, Verdict]:
        await bench.begin(FIRST)
        late = Hold()
        bench.sandbox.faults.add("POST", "/channels/*/messages", late, nth=at)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(bench.sync())
            await late.reached.wait()
            task.cancel()
        bench.sandbox.faults.clear()
        bench.clock.advance(70)
        await bench.sync()
        made = bench.created
        bench.clock.advance(50)
        late.released.set()
        while bench.created == made:  # noqa: ASYNC110 - it is the sandbox that carries it out
            await asyncio.sleep(0)
        bench.chat()
        report = await bench.sync()
        await bench.recover(MOMENT)
        return report, await bench.judge(replace(FIRST, requests=FIRST.requests + " send"))

    report, result = bench.run(verdict())
    assert result == Verdict()
    assert [line for line in report.done if "which Discord carried out late" in line]


@pytest.mark.parametrize("at", range(1, 4))
@pytest.mark.parametrize("error", [-HOUR, 400 * 24 * HOUR], ids=["hour-behind", "year-ahead"])
@pytest.mark.parametrize("stands", [True, False], ids=["still-wrong", "put-right"])
def test_a_clock_that_is_wrong_by_any_amount_doubles_nothing(
    bench: Bench,
    at: int,
    error: float,
    stands: bool,  # noqa: FBT001
) -> None:
    """Or that stands, as with ``--as-of``: for Discord an hour passes, and it has forgotten the nonces."""

    async def verdict() -> Verdict:
        await bench.begin(FIRST)
        left: dict[str, bytes] = {}
        wrong = bench.clock() + timedelta(seconds=error)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(bench.sync(now=wrong))

            def kill() -> None:
                left.update(bench.copy())
                task.cancel()

            bench.sandbox.faults.add("*", ON_MESSAGES, Cue(at=kill, after_work=True, close=True), nth=at + 1)
        bench.sandbox.faults.clear()
        bench.restore(left)
        bench.clock.advance(HOUR)
        if stands:
            await bench.sync(now=wrong)
        await bench.recover(0)
        return await bench.judge(FIRST)

    assert bench.run(verdict()) == Verdict()


def test_a_message_that_discord_fails_at_for_ever_holds_up_no_other_issue_and_is_said(bench: Bench) -> None:
    async def look() -> tuple[PassReport, list[str], int]:
        await bench.begin(FIRST)
        bench.write("june.md", issue("June", A).replace("Hello", "Good day"))
        bench.sandbox.faults.add("POST", "/channels/*/messages", Respond(status=500), times=5)  # the first send, each time
        report = await bench.sync()
        bench.sandbox.faults.clear()
        sends = sum(entry.path.endswith("/messages") and entry.method == "POST" for entry in bench.sandbox.log)
        return report, bench.shown(), sends

    report, shown, sends = bench.run(look())
    assert report.failed
    assert [error for error in bench.errors() if "had a fault (500)" in error]  # what `status` shows
    assert any("had a fault (500)" in problem for problem in report.problems)
    assert sends == 5 + len(shown)
    assert len(shown) == 3


def test_a_second_process_is_refused_while_one_posts_and_goes_on_when_that_was_killed(bench: Bench, command: Command) -> None:
    async def verdict() -> Verdict:
        await bench.begin(FIRST)
        hold = Hold(after_work=True)
        bench.sandbox.faults.add("POST", "/channels/*/messages", hold, nth=2)
        async with asyncio.TaskGroup() as group:
            words = ("sync", "--config", str(bench.config_file), "--as-of", bench.clock().isoformat())
            running = group.create_task(command.run(*words))
            await hold.reached.wait()
            with pytest.raises(StateError, match=f"in use by process {command.pid} on"):
                await bench.sync()
            command.kill()
            assert await running == -signal.SIGKILL
        hold.released.set()
        bench.sandbox.faults.clear()
        await bench.recover(HOUR)
        return await bench.judge(FIRST)

    assert bench.run(verdict()) == Verdict()


def test_the_command_as_it_is_typed_killed_and_run_again_posts_once(bench: Bench) -> None:
    """The processes above are forked off one that has loaded the program; this one starts from nothing, which takes seconds."""

    async def verdict() -> Verdict:
        await bench.begin(FIRST)
        words = ("-m", "heartbeat_bot", "sync", "--config", str(bench.config_file), "--as-of", bench.clock().isoformat())
        process = await asyncio.create_subprocess_exec(sys.executable, *words, stderr=asyncio.subprocess.DEVNULL)
        cue = Cue(at=process.kill, after_work=True, close=True)
        bench.sandbox.faults.add("POST", "/channels/*/messages", cue, nth=2)
        assert await process.wait() == -signal.SIGKILL
        bench.sandbox.faults.clear()
        await bench.recover(HOUR)
        return await bench.judge(FIRST)

    assert bench.run(verdict()) == Verdict()
