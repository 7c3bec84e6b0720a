"""Markdown in, messages out. Each folder here is a case: ``input.md``, and what ``heartbeat-bot preview`` makes of it there, once as the
bodies that are sent (``messages.json``), once for people (``messages.txt``). ``make golden`` writes both anew, to be read before they are
committed. A case may hold pictures, and a ``config.yaml``.
"""

import contextlib
import difflib
from pathlib import Path

import pytest
from click.testing import CliRunner

from heartbeat_bot.cli import main

HERE = Path(__file__).parent
CASES = sorted(path.parent.name for path in HERE.glob("*/input.md"))
FORMATS = {"messages.json": "json", "messages.txt": "text"}


def produced(case: str, name: str) -> str:
    """Return what the command writes in a case's folder; to stderr too where people read it."""
    with contextlib.chdir(HERE / case):
        words = ["preview", "input.md", "--format", FORMATS[name]]
        result = CliRunner(catch_exceptions=False, env={"HEARTBEAT_CONFIG": None}).invoke(main, words)
    return result.stdout if name.endswith(".json") else result.output


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("case", CASES)
def test_a_newsletter_becomes_the_messages_that_stand_beside_it(case: str, name: str) -> None:
    file = HERE / case / name
    kept = file.read_text(encoding="utf-8") if file.exists() else ""
    found = produced(case, name)
    diff = difflib.unified_diff(kept.splitlines(), found.splitlines(), f"{case}/{name}", "what comes out now", lineterm="")
    if kept != found:
        pytest.fail("\n".join(["is another; `make golden` takes it over, `git diff` shows it:", *diff]), pytrace=False)


if __name__ == "__main__":
    for case in CASES:
        for name in FORMATS:
            (HERE / case / name).write_text(produced(case, name), encoding="utf-8")
