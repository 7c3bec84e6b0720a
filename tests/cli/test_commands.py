"""Each command's exit code, and what goes to stdout and stderr."""

import asyncio
import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from heartbeat_bot import __version__
from heartbeat_bot.cli import _Group, main
from heartbeat_bot.cli.loop import run_to_the_end
from heartbeat_bot.cli.running import _instant
from heartbeat_bot.errors import ConfigError, IssueError, OutletError, RateLimitedError, SourceError, UserError

GOOD = "---\ntitle: First Light\ndate: 2026-03-02\n---\n\nHello, everyone.\n\n## News\n\nThe lamp is *lit*.\n"
BROKEN = "---\ntitle: [\n---\nx\n"
WARNED = GOOD.replace("lit", "lit by []()")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a newsletter and its configuration, in which commands run."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "good.md").write_text(GOOD)
    (tmp_path / "config.yaml").write_text(
        "discord: {token_env: HB_TOKEN, api_url: 'http://127.0.0.1:1'}\n"
        "newsletters:\n"
        "  lamp:\n"
        "    source: {directory: site}\n"
        "    announce: {channel: 100000000000000001}\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HEARTBEAT_CONFIG", raising=False)
    monkeypatch.delenv("HB_TOKEN", raising=False)
    return tmp_path


def call(*words: str, code: int = 0) -> Result:
    result = CliRunner(catch_exceptions=False).invoke(main, words)
    assert result.exit_code == code, (result.stdout, result.stderr)
    return result


# -- the group -----------------------------------------------------------------------------------------------------------


def test_help_and_version_need_nothing(here: Path) -> None:
    (here / "config.yaml").unlink()
    assert __version__ in call("--version").stdout
    for name in main.commands:
        assert name in call("-h").stdout
        assert call(name, "--help").stdout.startswith("Usage: ")


@pytest.mark.parametrize("words", [("nonsense",), ("--nonsense",), ("status", "--nonsense"), ("preview",), ("preview", "none.md")])
def test_a_wrong_command_line_is_told_on_stderr(here: Path, words: tuple[str, ...]) -> None:
    result = call(*words, code=2)
    assert result.stdout == ""
    assert "Usage: " in result.stderr
    assert here.exists()


@click.group(cls=_Group)
def trial() -> None:
    """Raise what a command could raise."""


class Other(Exception):  # noqa: N818 - a fault of the program, which is nobody's error
    pass


@trial.command()
@click.argument("kind")
def fail(kind: str) -> None:
    raise {
        "config": ConfigError("a.yaml:1: first", "a.yaml:2: second"),
        "source": SourceError("no such branch"),
        "other": Other("secret detail"),
        "exit": click.exceptions.Exit(7),
        "usage": click.UsageError("so not"),
        "abort": click.Abort(),
    }[kind]


@pytest.mark.parametrize(
    ("kind", "code", "said"),
    [
        ("config", 2, "heartbeat-bot: a.yaml:1: first\nheartbeat-bot: a.yaml:2: second\n"),
        ("source", 1, "heartbeat-bot: no such branch\n"),
        ("exit", 7, ""),
        ("usage", 2, None),
        ("abort", 1, "Aborted!\n"),
    ],
)
def test_an_error_is_told_as_written_with_its_exit_code(kind: str, code: int, said: str | None) -> None:
    result = CliRunner().invoke(trial, ["fail", kind])
    assert result.exit_code == code
    assert said is None or result.stderr == said
    assert "Traceback" not in result.stderr


def test_a_fault_of_the_program_is_logged_whole_and_answered_with_its_reference(caplog: pytest.LogCaptureFixture) -> None:
    result = CliRunner().invoke(trial, ["fail", "other"])
    assert result.exit_code == 1
    (record,) = caplog.records
    assert record.exc_info
    reference = record.getMessage().removeprefix("fault ")
    assert len(reference) == 8
    assert f"(fault {reference})" in result.stderr
    assert "secret detail" not in result.stderr


# -- running to the end --------------------------------------------------------------------------------------------------


async def _raise(error: BaseException) -> None:
    raise error


async def _together(*errors: Exception) -> None:
    async with asyncio.TaskGroup() as group:
        for error in errors:
            group.create_task(_raise(error))


def test_a_group_of_errors_for_people_is_a_line_for_each() -> None:
    nested = ExceptionGroup("inner", [SourceError("two"), SourceError("one")])
    with pytest.raises(ConfigError) as caught:
        run_to_the_end(_together(SourceError("one"), nested, UserError("three")))
    assert caught.value.problems == ("one", "two", "three")


def test_a_fault_among_them_is_not_hidden() -> None:
    with pytest.raises(ExceptionGroup, match="unhandled errors"):
        run_to_the_end(_together(SourceError("one"), Other("two")))


def test_a_single_error_passes_as_it_is() -> None:
    with pytest.raises(SourceError, match="one"):
        run_to_the_end(_raise(SourceError("one")))


@pytest.mark.parametrize("end", [KeyboardInterrupt(), asyncio.CancelledError()])
def test_being_stopped_is_no_error(end: BaseException) -> None:
    with pytest.raises(SystemExit) as caught:
        run_to_the_end(_raise(end))
    assert caught.value.code == 0


def test_errors_carry_their_place_and_numbers() -> None:
    assert str(IssueError("bad", path="a.md", line=3)) == "a.md:3: bad"
    assert str(IssueError("bad", path="a.md")) == "a.md: bad"
    error = RateLimitedError("wait", retry_after=7.5)
    assert isinstance(error, OutletError)
    assert (error.status, error.code, error.permanent, error.retry_after) == (429, 0, False, 7.5)


# -- times ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-03-02T08:00:00Z", datetime(2026, 3, 2, 8, tzinfo=UTC)),
        ("2026-03-02T08:00:00+02:00", datetime(2026, 3, 2, 6, tzinfo=UTC)),
        ("2026-03-02T08:00", datetime(2026, 3, 2, 8, tzinfo=UTC)),
        ("2026-03-02", datetime(2026, 3, 2, tzinfo=UTC)),
    ],
)
def test_an_instant_is_read_and_in_utc_when_it_does_not_say(text: str, instant: datetime) -> None:
    assert _instant(text) == instant


@pytest.mark.parametrize(
    "text", ["", "now", "2026-13-01", "2026-03-02T25:00", "0001-01-01T00:00+01:00", "9999-12-31T23:59-01:00", "12"]
)
def test_what_is_no_instant_ends_with_a_sentence(here: Path, text: str) -> None:
    result = call("sync", "--as-of", text, code=2)
    assert result.stderr == f"heartbeat-bot: --as-of {text!r} is not an ISO 8601 instant such as 2026-08-16T09:00:00Z\n"
    assert not (here / "heartbeat.db").exists()


# -- configuration -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["run", "sync", "status", "issues"])
def test_without_a_configuration_it_says_where_it_looked(here: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "config.yaml").unlink()
    assert call(name, code=2).stderr.startswith("heartbeat-bot: config.yaml: there is no such file; copy config.example.yaml to it")
    monkeypatch.setenv("HEARTBEAT_CONFIG", "elsewhere.yaml")
    assert "elsewhere.yaml: there is no such file" in call(name, code=2).stderr
    assert "third.yaml: there is no such file" in call(name, "--config", "third.yaml", code=2).stderr


def test_every_problem_of_a_configuration_is_a_line(here: Path) -> None:
    (here / "config.yaml").write_text("newsleters: {}\nstate: x\n")
    lines = call("status", code=2).stderr.splitlines()
    assert len(lines) == 3
    assert all(line.startswith("heartbeat-bot: config.yaml:") for line in lines)
    told = call("doctor", code=1).stdout.splitlines()
    assert [line.removeprefix("✗ ") for line in told] == [line.removeprefix("heartbeat-bot: ") for line in lines]


@pytest.mark.parametrize("name", ["run", "sync"])
def test_without_a_token_nothing_starts(here: Path, name: str) -> None:
    assert call(name, code=2).stderr.startswith("heartbeat-bot: the environment variable HB_TOKEN is not set")
    assert not (here / "heartbeat.db").exists()


@pytest.mark.parametrize("words", [("sync",), ("preview", "site"), ("check", "site")])
def test_an_unknown_newsletter_is_told_with_those_that_exist(here: Path, words: tuple[str, ...]) -> None:
    said = call(*words, "--newsletter", "lmap", code=2).stderr
    assert said == "heartbeat-bot: there is no newsletter 'lmap' in the configuration; there are: lamp\n"
    assert here.exists()


def test_with_several_newsletters_an_author_says_which(here: Path) -> None:
    text = (here / "config.yaml").read_text()
    (here / "config.yaml").write_text(text + text[text.index("  lamp:") :].replace("lamp", "torch"))
    assert "(lamp, torch): say which with --newsletter" in call("preview", "site", code=2).stderr
    assert "First Light" in call("preview", "site", "--newsletter", "torch").stdout


# -- operators -----------------------------------------------------------------------------------------------------------


def test_status_and_issues_of_a_bot_that_never_ran_are_empty_and_make_no_database(here: Path) -> None:
    assert call("status").stdout == "lamp: last pass never\n"
    facts = json.loads(call("status", "--json").stdout)
    assert [entry["name"] for entry in facts["newsletters"]] == ["lamp"]
    assert (facts["unfinished"], facts["publishing"]) == ([], [])
    assert json.loads(call("issues", "--json").stdout) == []
    assert call("issues").stdout.split() == ["number", "newsletter", "date", "state", "messages", "title"]
    assert not (here / "heartbeat.db").exists()


@pytest.mark.parametrize("name", ["status", "issues"])
def test_a_state_that_is_no_database_ends_with_a_sentence(here: Path, name: str) -> None:
    (here / "heartbeat.db").write_text("this is no database, and long enough to be looked at\n" * 100)
    result = call(name, code=2)
    assert result.stdout == ""
    assert "heartbeat.db" in result.stderr
    assert "Traceback" not in result.stderr


def test_the_doctor_tells_all_that_is_wrong(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "site" / "good.md").unlink()
    lines = call("doctor", code=1).stdout.splitlines()
    assert "✓ the configuration can be read" in lines
    assert "✗ lamp: 0 files match `paths`: correct the patterns" in lines
    assert any(line.startswith("✗ the environment variable HB_TOKEN is not set") for line in lines)
    (here / "site").rmdir()
    monkeypatch.setenv("HB_TOKEN", "x")
    lines = call("doctor", code=1).stdout.splitlines()
    assert any(line.startswith("✗ lamp: ") and "does not exist; set source.directory" in line for line in lines)
    assert not (here / "heartbeat.db").exists()


def test_the_doctor_tells_what_others_on_the_machine_may_read(here: Path) -> None:
    for name in ("heartbeat.db", "heartbeat-archive.db-wal", "heartbeat.db.lock"):
        (here / name).touch(mode=0o600)
        (here / name).chmod(0o600)
    assert "others on this machine" not in call("doctor", code=1).stdout
    (here / "heartbeat.db").chmod(0o640)
    (here / "heartbeat-archive.db-wal").chmod(0o604)
    said = call("doctor", code=1).stdout
    names = f"{here / 'heartbeat.db'} {here / 'heartbeat-archive.db-wal'}"
    assert f"✗ others on this machine may read what the bot keeps: run 'chmod 600 {names}'" in said


# -- authors -------------------------------------------------------------------------------------------------------------


def test_a_preview_is_text_or_json_on_stdout_or_in_a_file(here: Path) -> None:
    assert "First Light" in call("preview", "site").stdout
    (entry,) = json.loads(call("preview", "site/good.md", "--format", "json").stdout)
    assert (entry["path"], entry["title"], entry["findings"]) == ("site/good.md", "First Light", [])
    assert call("preview", "site", "--format", "json", "--output", "out.json").stdout == ""
    assert json.loads((here / "out.json").read_text()) == [entry]
    said = call("preview", "site", "--output", "none/out.json", code=2).stderr
    assert said == "heartbeat-bot: none/out.json cannot be written: No such file or directory\n"


def test_an_issue_that_cannot_be_read_fails_and_stops_no_other(here: Path) -> None:
    (here / "site" / "broken.md").write_text(BROKEN)
    for format_ in ("text", "json"):
        result = call("preview", "site", "--format", format_, code=1)
        assert "First Light" in result.stdout
        assert "site/broken.md:" in result.stderr
        assert "[unreadable]" in result.stderr
    broken, good = json.loads(call("preview", "site", "--format", "json", code=1).stdout)
    assert set(broken) == set(good)
    assert (broken["messages"], [finding["severity"] for finding in broken["findings"]]) == ([], ["error"])


def test_a_folder_gives_what_the_newsletters_patterns_match_or_else_all_markdown(here: Path) -> None:
    for name in ("b.mdx", "notes.txt", ".hidden.md", "node_modules/x.md"):
        (here / "site" / name).parent.mkdir(exist_ok=True)
        (here / "site" / name).write_text(GOOD)

    def paths() -> list[str]:
        return [entry["path"] for entry in json.loads(call("preview", "site", "--format", "json").stdout)]

    (here / "config.yaml").write_text(
        (here / "config.yaml").read_text().replace("directory: site", "directory: site, paths: '*.mdx'")
    )
    assert paths() == ["site/b.mdx"]
    (here / "config.yaml").unlink()
    assert paths() == ["site/b.mdx", "site/good.md"]


@pytest.mark.parametrize(
    ("text", "strict", "code"), [(GOOD, False, 0), (GOOD, True, 0), (WARNED, False, 0), (WARNED, True, 1), (BROKEN, False, 1)]
)
@pytest.mark.parametrize("format_", ["text", "json", "github", "sarif"])
def test_a_check_fails_on_errors_and_with_strict_on_warnings(here: Path, text: str, strict: bool, code: int, format_: str) -> None:  # noqa: FBT001
    (here / "site" / "good.md").write_text(text)
    call("check", "site", "--format", format_, *(["--strict"] if strict else []), code=code)


def test_a_check_is_written_for_people_machines_annotations_and_scanners(here: Path) -> None:
    (here / "site" / "good.md").write_text(WARNED)
    (here / "site" / "a, b: 100%.md").write_text(BROKEN)
    text = call("check", "site", code=1).stdout.splitlines()
    assert text[0].startswith("site/a, b: 100%.md:")
    assert text[-1].startswith("2 files checked: 1 error, 1 warning")
    (error, *_, warning) = json.loads(call("check", "site", "--format", "json", code=1).stdout)
    assert (error["path"], error["rule"], error["severity"]) == ("site/a, b: 100%.md", "unreadable", "error")
    assert (warning["path"], warning["severity"], warning["line"]) == ("site/good.md", "warning", 10)
    github = call("check", "site", "--format", "github", code=1).stdout.splitlines()
    assert github[0].startswith("::error file=site/a%2C b%3A 100%25.md,line=")
    assert github[-1].startswith(f"::warning file=site/good.md,line=10,title={warning['rule']}::")
    sarif = json.loads(call("check", "site", "--format", "sarif", code=1).stdout)
    (run,) = sarif["runs"]
    assert sarif["version"] == "2.1.0"
    assert [result["level"] for result in run["results"]] == ["error", "warning"]
    places = [result["locations"][0]["physicalLocation"] for result in run["results"]]
    assert [place["artifactLocation"]["uri"] for place in places] == ["site/a%2C%20b%3A%20100%25.md", "site/good.md"]
    assert places[1]["region"] == {"startLine": 10}
    assert {rule["id"] for rule in run["tool"]["driver"]["rules"]} == {result["ruleId"] for result in run["results"]}


def test_a_check_without_findings_says_so_in_every_format(here: Path) -> None:
    assert call("check", "site").stdout == "1 file checked: nothing to say\n"
    assert json.loads(call("check", "site", "--format", "json").stdout) == []
    assert call("check", "site", "--format", "github").stdout == ""
    assert json.loads(call("check", "site", "--format", "sarif").stdout)["runs"][0]["results"] == []
    call("check", "site", "--output", "out.txt")
    assert (here / "out.txt").read_text() == "1 file checked: nothing to say\n"


# -- the program itself --------------------------------------------------------------------------------------------------


def test_the_real_command_keeps_stdout_for_results_whatever_a_file_is_called(here: Path) -> None:
    place = os.fsencode(here / "site") + b"/\xe9.md"
    with open(place, "w") as file:  # noqa: PTH123 - a name of bytes
        file.write(BROKEN)
    command = [sys.executable, "-m", "heartbeat_bot", "--log-format", "json", "-vv", "check", "--format", "json", "site"]
    done = subprocess.run(command, check=False, capture_output=True, cwd=here)
    assert done.returncode == 1, done.stderr
    assert "site/\\xe9.md" in [entry["path"] for entry in json.loads(done.stdout)]
    assert all(json.loads(line)["message"] for line in done.stderr.splitlines())


def test_the_bot_loads_nothing_of_sqlalchemy_that_it_does_not_use() -> None:
    unused = ("sqlalchemy.orm", "sqlalchemy.ext.asyncio", "greenlet", "aiosqlite")
    script = f"import heartbeat_bot.app.operation, sys; print([name for name in {unused} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert done.stdout == "[]\n", "it has megabytes, for as long as the bot runs"
