"""What comes from a repository forges no line, steers no terminal and commands no CI, whichever command prints it."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from home import ISSUE, Home

from heartbeat_bot.printable import as_json, one_line

CONTROLS = [*map(chr, (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A)))]
COMMANDS = ["::error title=x::y", "::add-mask::e", "::stop-commands::x", " ::set-output name=a::b", "\u3000::debug::x"]
COMMANDS += ["##[add-mask]e", "a ##[error]x", "##vso[task.setvariable variable=PATH]x", "##teamcity[buildStop comment='x']"]
COMMANDS += ["\u00ad::error::soft hyphen", "\ufeff:\u200b:error::x", "##\u200b[error]x", "#\u2060#vso[task.complete]"]
# What GitHub's runner, Azure's agent and TeamCity's look for, without the characters that a comparison by culture does not see.
INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060-\u2065\ufeff]")
TAKEN = re.compile(r"\A\s*::|##\w*\[")
ESCAPE, BELL = "\x1b]0;owned\x07", "\x07"


def is_harmless(said: str) -> bool:
    """Tell whether lines steer neither a terminal nor a CI."""
    lines = said.removesuffix("\n").split("\n")
    assert not [line for line in lines if any(sign in line for sign in CONTROLS)], said
    assert not [line for line in lines if TAKEN.search(INVISIBLE.sub("", line))], said
    return True


# -- the one place -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sign", CONTROLS, ids=lambda sign: f"U+{ord(sign):04X}")
def test_no_control_character_is_printed_and_each_can_be_told(sign: str) -> None:
    shown = one_line(f"a{sign}b")
    assert is_harmless(shown)
    assert shown == (f"a\\x{ord(sign):02x}b" if ord(sign) < 256 else f"a\\u{ord(sign):04x}b")
    assert json.loads(as_json({"a": sign})) == {"a": sign}
    assert is_harmless(as_json({"a": sign}))


@pytest.mark.parametrize("command", COMMANDS)
def test_no_line_is_a_command_of_the_ci(command: str) -> None:
    assert is_harmless(one_line(command))
    assert one_line(one_line(command)) == one_line(command)
    assert json.loads(as_json([command])) == [command]
    assert is_harmless(as_json([command], indent=1))


def test_what_half_a_character_says_can_be_written() -> None:
    assert one_line("\ud83d") == "\\ud83d"
    assert json.loads(as_json("\ud83d")) == "\ud83d"
    assert as_json("\ud83d").isascii()


@pytest.mark.parametrize(
    "text", ["Grüße – 東京 🎉", "std::vector", "a: b", ":: alone, it would be a command"[3:], "## [link](x)", "C:\\x", "شهر"]
)
def test_other_text_stays_as_it_is(text: str) -> None:
    assert one_line(text) == text


@pytest.mark.parametrize("piece", ["#", "##a", "# ", ":", "\u200b", "#\u200b", "##", " "])
def test_long_lines_are_no_work(piece: str) -> None:
    text = piece * 200_000
    assert len(one_line(text)) < 5 * len(text)


# -- the real command ----------------------------------------------------------------------------------------------------


def command(here: Path, *words: str, code: int) -> tuple[str, str]:
    done = subprocess.run([sys.executable, "-m", "heartbeat_bot", *words], check=False, capture_output=True, cwd=here, timeout=60)
    assert done.returncode == code, (done.stdout, done.stderr)
    return done.stdout.decode(), done.stderr.decode()


HOSTILE_TEXT = (
    '---\ntitle: "a\\x1b]0;owned\\x07\\nERROR forged ##[add-mask]e"\ndate: "2026-99-99\\u2028::error::x"\n---\n\n'
    "::add-mask::e\n\n##[error]x and ##vso[task.complete]\n\n> ::stop-commands::x\n\n"
    "```\n::error::in code\n\t##[add-mask]tab\x1b[2J\x9b\n```\n\n## ::error title=h::y\n\n- ::notice::x\n\n[]()\u202e\u2066\n"
)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A checkout with names and texts made to be printed."""
    (tmp_path / "::error title=x::y.md").write_text(HOSTILE_TEXT)
    for number, name in enumerate(
        ("a\nERROR forged\n::error::x.md", f"{ESCAPE}.md", "##[add-mask]e.md", "b\r::debug::x.md", "c\u202edm.md")
    ):
        (tmp_path / name).write_text(HOSTILE_TEXT if number % 2 else "---\ntitle: [\n---\n")
    (tmp_path / os.fsdecode(b"\xe9\xff\n::error::y.md")).write_bytes(b"\0")
    return tmp_path


@pytest.mark.parametrize("word", ["check", "preview"])
@pytest.mark.parametrize("format_", ["text", "json"])
def test_what_authors_are_shown_commands_nothing(site: Path, word: str, format_: str) -> None:
    out, err = command(site, word, "--format", format_, ".", code=1)
    assert is_harmless(out)
    assert is_harmless(err)
    assert "forged" in out + err
    names = [f"./{path.name}" if path.name.startswith("-") else path.name for path in site.iterdir()]
    out, err = command(site, word, "--format", format_, *names, code=1)
    assert is_harmless(out)
    assert is_harmless(err)
    if format_ == "json":
        assert "::error title=x::y.md" in [entry["path"] for entry in json.loads(out)]
    else:
        assert "\\x3a:error title=x::y.md" in out


@pytest.mark.parametrize("word", ["check", "preview"])
def test_a_report_in_a_file_is_no_more_dangerous(site: Path, word: str) -> None:
    command(site, word, "--output", "report.txt", ".", code=1)
    assert is_harmless((site / "report.txt").read_text())


def test_annotations_of_github_name_the_file_and_are_one_line_each(site: Path) -> None:
    out, err = command(site, "check", "--format", "github", ".", code=1)
    lines = out.removesuffix("\n").split("\n")
    assert all(re.match(r"::(error|warning|notice) file=[^:,]*,(line=\d+,)?title=[a-z-]+::", line) for line in lines)
    assert all(is_harmless(line[2:]) for line in lines)
    assert any("file=%3A%3Aerror title=x%3A%3Ay.md," in line for line in lines)
    assert any("file=a%0AERROR forged%0A%3A%3Aerror%3A%3Ax.md," in line for line in lines)
    assert err == ""


def test_a_sarif_report_is_data(site: Path) -> None:
    out, _ = command(site, "check", "--format", "sarif", ".", code=1)
    assert is_harmless(out)
    assert json.loads(out)["runs"][0]["results"]


def test_the_lines_of_a_message_stay_lines(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("---\ntitle: One\ndate: 2026-03-02\n---\n\n## Two\n\nfirst\n\nsecond\n\n```\n\tthird\n```\n")
    out, _ = command(tmp_path, "preview", "a.md", code=0)
    assert re.search(r"first\n┃ \n┃ second\n", out)
    assert re.search(r"\n┃ +third\n", out)


@pytest.mark.parametrize(
    "words", [("check", "--no\n::error::x"), ("::error\n::x",), ("check", "none\n::error::x"), ("sync", "--as-of", "x\n::error::y")]
)
def test_a_command_line_that_is_wrong_is_not_repeated_as_it_is(tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "config.yaml").write_text(
        "newsletters: {lamp: {source: {directory: .}, announce: {channel: 100000000000000001}}}\n"
    )
    out, err = command(tmp_path, *words, code=2)
    assert out == ""
    assert "::error" in err or "\\x3a:error" in err
    assert is_harmless(err)


@pytest.mark.parametrize("word", ["status", "doctor", "sync"])
def test_a_configuration_that_is_wrong_is_not_repeated_as_it_is(tmp_path: Path, word: str) -> None:
    (tmp_path / "config.yaml").write_text('"a\\n::error::x\\e[2J": 1\n"::add-mask::e": {}\n')
    out, err = command(tmp_path, word, code=1 if word == "doctor" else 2)
    assert "add-mask" in out + err
    assert is_harmless(out + err)


@pytest.mark.parametrize("log_format", ["text", "json"])
async def test_what_operators_are_shown_commands_nothing(home: Home, log_format: str) -> None:
    hostile = home.repo / "issues" / "::error title=x::y\nWARNING forged\x1b[2J.md"
    hostile.write_text(ISSUE.replace("First Light", '"::add-mask::e\\n##[error]x\\e[2J\\u202e"'))
    (home.repo / "issues" / "b\n::error::x.md").write_text("---\ntitle: [\n---\n")
    home.config.write_text(home.config.read_text().replace("hold: 10m", "hold: 0s, max_age: null"))
    home.write("zz", ISSUE)
    for words in (
        ("sync",),
        ("status",),
        ("status", "--json"),
        ("issues",),
        ("issues", "--json"),
        ("sync", "--dry-run"),
        ("doctor",),
    ):
        process = await home.start("--log-format", log_format, "-vv", *words)
        out, err = [said.decode() for said in await process.communicate()]
        assert is_harmless(out)
        assert is_harmless(err)
        assert "Traceback" not in err
        assert process.returncode in {0, 1}
