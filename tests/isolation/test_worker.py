"""The process in which texts are read: whatever they do to it, the bot goes on."""

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import jobs
import pytest

from heartbeat_bot.errors import IssueError
from heartbeat_bot.faults import isolate_faults
from heartbeat_bot.isolation.bounds import TooMuchError
from heartbeat_bot.isolation.worker import Here, Runner, Worker
from heartbeat_bot.issues.reading import read_issue

SECONDS = 0.3


@pytest.fixture
def worker() -> Iterator[Worker]:
    with Worker(seconds=SECONDS) as running:
        yield running


@pytest.fixture(params=["a process of its own", "here"])
def runner(request: pytest.FixtureRequest) -> Runner:
    return request.getfixturevalue("worker") if request.param == "a process of its own" else Here()


async def test_a_function_is_called_and_its_result_comes_back(runner: Runner) -> None:
    assert await runner.run(jobs.double, 21) == 42


async def test_an_error_comes_back_whole(runner: Runner) -> None:
    with pytest.raises(IssueError) as caught:
        await runner.run(jobs.fail, "a.md")
    assert (str(caught.value), caught.value.path, caught.value.line) == ("a.md:3: it is broken", "a.md", 3)


async def test_a_fault_says_where_it_was(worker: Worker) -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        await worker.run(jobs.divide)
    assert "jobs.py" in "".join(caught.value.__notes__)


async def test_an_error_that_cannot_travel_is_told_in_words(worker: Worker) -> None:
    with pytest.raises(RuntimeError, match="OddError"):
        await worker.run(jobs.fail_oddly)


async def test_work_without_end_is_ended(worker: Worker) -> None:
    for job in (jobs.turn_for_ever, jobs.backtrack_for_ever):
        with pytest.raises(TooMuchError, match=r"more than 0\.3 seconds of computing"):
            await worker.run(job)
    assert await worker.run(jobs.double, 2) == 4


async def test_work_that_does_not_listen_is_ended_by_the_system() -> None:
    with Worker(seconds=SECONDS) as worker:
        for job in (jobs.turn_deaf_for_ever, jobs.hear_no_signal):
            with pytest.raises(TooMuchError, match=r"more than 0\.3 seconds of computing"):
                await worker.run(job)


async def test_work_that_stands_still_is_ended_by_the_clock() -> None:
    with Worker(patience=4) as worker:
        process = await worker.run(jobs.process)
        os.kill(process, signal.SIGSTOP)
        with pytest.raises(TooMuchError, match="more than 4 seconds"):
            await worker.run(jobs.double, 1)
        assert await worker.run(jobs.double, 3) == 6


async def test_work_that_fills_the_memory_is_ended() -> None:
    with Worker(memory=100 * 2**20) as worker:
        with pytest.raises(TooMuchError, match="more than 100 MiB of memory"):
            await worker.run(jobs.fill_the_memory)
        assert await worker.run(jobs.double, 2) == 4


async def test_a_text_that_fills_the_memory_is_an_error_of_its_file() -> None:
    table = b"|a|b|\n|-|-|\n" + b"|x|y|\n" * 40_000
    with Worker(memory=70 * 2**20) as worker, pytest.raises(TooMuchError, match=r"more than (70 MiB of memory|20 seconds)"):
        await worker.run(read_issue, "a.md", table)


async def test_a_crash_is_an_error_of_its_job_alone(worker: Worker) -> None:
    with pytest.raises(TooMuchError, match="SIGSEGV"):
        await worker.run(jobs.crash)
    assert await worker.run(jobs.double, 2) == 4


async def test_an_answer_that_would_fill_the_bots_memory_does_not_come(worker: Worker) -> None:
    with pytest.raises(TooMuchError, match="makes more than 32 MiB"):
        await worker.run(jobs.much)


async def test_a_process_without_work_ends_and_the_next_job_starts_another() -> None:
    with Worker(idle=0.0) as worker:
        first = await worker.run(jobs.process)
        await asyncio.to_thread(os.waitid, os.P_PID, first, os.WEXITED | os.WNOWAIT)
        assert await worker.run(jobs.process) != first


async def test_the_process_stays_while_there_is_work(worker: Worker) -> None:
    assert await worker.run(jobs.process) == await worker.run(jobs.process) != os.getpid()


async def test_cancelling_the_caller_ends_the_work() -> None:
    with Worker() as worker:
        before = await worker.run(jobs.process)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await worker.run(jobs.turn_for_ever)
        assert await worker.run(jobs.process) != before


async def test_a_job_after_one_that_was_cancelled_at_any_instant_is_done() -> None:
    with Worker() as worker:
        await worker.run(jobs.double, 1)
        for instant in range(60):
            try:
                async with asyncio.timeout(instant / 60_000):
                    await worker.run(jobs.double, 2)
            except TimeoutError:
                pass
            assert await worker.run(jobs.double, instant) == 2 * instant


async def test_closing_ends_the_work() -> None:
    worker = Worker()
    before = await worker.run(jobs.process)
    async with asyncio.TaskGroup() as tasks:
        endless = tasks.create_task(ended(worker))
        await asyncio.sleep(0)
        worker.close()
    assert endless.result()
    with pytest.raises(ProcessLookupError):
        os.kill(before, 0)


async def ended(worker: Worker) -> bool:
    try:
        await worker.run(jobs.turn_for_ever)
    except (TooMuchError, asyncio.CancelledError):
        return True
    return False


async def test_many_jobs_at_once_are_done_one_after_the_other(worker: Worker) -> None:
    async with asyncio.TaskGroup() as tasks:
        done = [tasks.create_task(worker.run(jobs.double, number)) for number in range(50)]
    assert [task.result() for task in done] == [2 * number for number in range(50)]


async def test_the_process_knows_no_secret(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "canary")
    monkeypatch.setenv("GITHUB_TOKEN", "canary")
    assert "canary" not in str(await worker.run(jobs.environment))


async def test_modules_of_the_current_folder_are_not_imported(
    worker: Worker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("heartbeat_bot", "json", "pickle", "multiprocessing", "jobs"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('imported')\n")
    monkeypatch.chdir(tmp_path)
    assert await worker.run(jobs.modules_of, str(tmp_path)) == []


async def test_too_much_is_an_error_of_the_file(worker: Worker) -> None:
    with (
        pytest.raises(IssueError, match=r"^a\.md: reading the text took more than 0\.3 seconds of computing"),
        isolate_faults("a.md"),
    ):
        await worker.run(jobs.turn_for_ever)


async def test_a_process_that_was_ended_while_it_had_nothing_to_do_costs_no_job_anything(worker: Worker) -> None:
    before = await worker.run(jobs.process)
    os.kill(before, signal.SIGKILL)
    await asyncio.to_thread(os.waitid, os.P_PID, before, os.WEXITED | os.WNOWAIT)
    assert await worker.run(jobs.process) != before


async def test_what_one_job_left_behind_does_not_take_the_memory_of_the_next() -> None:
    with Worker(memory=100 * 2**20) as worker:
        await worker.run(jobs.keep, 50)
        assert await worker.run(jobs.need, 60) == 60
