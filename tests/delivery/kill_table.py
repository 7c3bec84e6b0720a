"""Print the table of docs/exactly-once.md: ``python tests/delivery/kill_table.py`` (some minutes).

Every mishap at every request of every scenario, also those that the tests leave out because they tell nothing more; the bot is
started again both a moment and an hour later. Then rows of random mishaps, some with a store put back to an older copy.
"""

import sys
import tempfile
import warnings
from collections.abc import Callable, Coroutine
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # discord.py imports audioop
    from killing import HOUR, MISHAPS, MOMENT, SCENARIOS, Bench, Command, Scenario, Verdict

CHAINS = 200
Work = Callable[[Scenario, int, float], Coroutine[object, object, Verdict]]


def rows(bench: Bench, command: Command) -> dict[str, Work]:
    """Return what is done at each request, by name."""
    found: dict[str, Work] = {}
    for mishap in MISHAPS:
        found[mishap.name] = lambda scenario, at, pause, mishap=mishap: bench.case((scenario, at, mishap, pause))
    found["process killed before (SIGKILL)"] = lambda scenario, at, pause: bench.killed(
        command, scenario, at, late=False, pause=pause
    )
    found["process killed after (SIGKILL)"] = lambda scenario, at, pause: bench.killed(
        command, scenario, at, late=True, pause=pause
    )
    found["store restored to before"] = bench.restored
    return found


def table(bench: Bench, command: Command) -> str:
    """Go through everything; return the table."""
    heads = [f"{scenario.name} ({len(scenario.steps)})" for scenario in SCENARIOS]
    lines = ["| at each request | " + " | ".join(heads) + " | cases | twice | lost | else wrong |", "|---" * (len(heads) + 5) + "|"]
    whole = [0, 0, 0, 0]
    for name, work in rows(bench, command).items():
        cells: list[str] = []
        sums = [0, 0, 0, 0]
        for scenario in SCENARIOS:
            verdicts = [bench.run(work(scenario, at, pause)) for at in range(len(scenario.steps)) for pause in (MOMENT, HOUR)]
            bad = sum(verdict != Verdict() for verdict in verdicts)
            cells.append(f"{len(verdicts) - bad}/{len(verdicts)}")
            sums[0] += len(verdicts)
            sums[1] += sum(verdict.duplicates for verdict in verdicts)
            sums[2] += sum(verdict.losses for verdict in verdicts)
            sums[3] += bad
        lines.append(f"| {name} | " + " | ".join(cells) + " | " + " | ".join(map(str, sums)) + " |")
        whole = [before + number for before, number in zip(whole, sums, strict=True)]
    return "\n".join([*lines, "| all | " + " | ".join("" for _ in heads) + " | " + " | ".join(map(str, whole)) + " |"])


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        sys.stdout.write(table(bench, Command()) + "\n")
        bad = sum(bench.run(bench.mishaps(SCENARIOS[seed % len(SCENARIOS)], seed)) != Verdict() for seed in range(CHAINS))
        sys.stdout.write(f"\nRows of two to six random mishaps: {CHAINS}, of which went wrong: {bad}\n")
        bench.close()


if __name__ == "__main__":
    main()
