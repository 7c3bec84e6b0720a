"""`check` and `preview` on a checkout that somebody else made: they read regular files in it, and nothing else."""

import json
import os
import socket
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from heartbeat_bot.cli import main
from heartbeat_bot.issues.decoding import MOST_BYTES
from heartbeat_bot.sources.regular_file import IrregularError, open_regular

SECRET = "canary-of-another-place"
GOOD = "---\ntitle: First Light\ndate: 2026-03-02\n---\n\nHello, everyone.\n"
CONFIG = "newsletters: {lamp: {source: {directory: .}, announce: {channel: 100000000000000001}}}\n"


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout in which the command runs, beside what it must not show."""
    place = tmp_path / "checkout"
    (place / "site").mkdir(parents=True)
    (place / ".git").mkdir()
    (place / ".git" / "config").write_text(f"# {SECRET}\n")
    (place / ".env").write_text(f"TOKEN={SECRET}\n")
    (place / "site" / "good.md").write_text(GOOD)
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.md").write_text(GOOD.replace("Hello", SECRET))
    (tmp_path / "outside" / "secret.yaml").write_text(f"{SECRET}: 1\n")
    monkeypatch.chdir(place)
    monkeypatch.delenv("HEARTBEAT_CONFIG", raising=False)
    return place


def call(*words: str | Path, code: int) -> Result:
    result = CliRunner(catch_exceptions=False).invoke(main, [str(word) for word in words])
    assert result.exit_code == code, (result.stdout, result.stderr)
    assert SECRET not in result.output
    return result


# -- links ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["check", "preview"])
@pytest.mark.parametrize(
    "target", ["../../outside/secret.md", "/etc/passwd", "../.git/config", "../.env", "/dev/zero", "/proc/self/environ"]
)
def test_a_file_that_is_a_link_to_a_secret_is_not_read(checkout: Path, word: str, target: str) -> None:
    (checkout / "site" / "link.md").symlink_to(target)
    for name in ("site/link.md", checkout / "site" / "link.md"):
        result = call(word, name, code=1)
        assert "link.md: error: it is not read: it is a symbolic link, or behind one, that leads" in result.output
        assert "root:" not in result.output
    result = call(word, "site", code=0)
    assert "site/link.md: warning: This is a symbolic link, which is not read" in result.output
    assert "First Light" in result.stdout or word == "check"


@pytest.mark.parametrize("word", ["check", "preview"])
@pytest.mark.parametrize("target", ["../outside", "/etc", ".git", "/"])
def test_a_folder_that_is_a_link_out_is_not_looked_into(checkout: Path, word: str, target: str) -> None:
    (checkout / "linked").symlink_to(target)
    for name in ("linked", "linked/", "site/../linked", checkout / "linked"):
        assert "it is not read: it is a symbolic link, or behind one, that leads" in call(word, name, code=1).output
    assert "linked: warning: This is a symbolic link to a folder, which is not read" in call(word, ".", code=0).output


@pytest.mark.parametrize("word", ["check", "preview"])
def test_a_link_on_the_way_is_not_followed_out(checkout: Path, word: str) -> None:
    (checkout / "linked").symlink_to("../outside")
    (checkout / "site" / "round").symlink_to("..")
    assert "leads out of this folder" in call(word, "linked/secret.md", code=1).output
    assert "leads out of this folder" in call(word, "site/round/linked/secret.md", code=1).output
    assert "leads out of this folder" in call(word, "site/round/../outside/secret.md", code=1).output


@pytest.mark.parametrize("word", ["check", "preview"])
def test_a_link_to_a_file_of_the_checkout_may_be_named(checkout: Path, word: str) -> None:
    (checkout / "newest.md").symlink_to("site/good.md")
    (checkout / "posts").symlink_to("site")
    for name in ("newest.md", "posts", "posts/good.md"):
        assert "error" not in call(word, name, code=0).output


def test_what_is_named_elsewhere_is_read_and_links_stay_beside_it(checkout: Path, tmp_path: Path) -> None:
    (tmp_path / "news").mkdir()
    (tmp_path / "news" / "a.md").write_text(GOOD)
    (tmp_path / "news" / "b.md").symlink_to("a.md")
    (tmp_path / "news" / "c.md").symlink_to("../outside/secret.md")
    (tmp_path / "alias").symlink_to(tmp_path / "news")
    for name in ("../news", tmp_path / "news" / "a.md", "../news/b.md", "../alias", tmp_path / "alias" / "a.md"):
        assert "First Light" in call("preview", name, code=0).stdout
    assert "leads out of" in call("preview", "../news/c.md", code=1).stderr
    assert checkout.exists()


def test_a_checkout_that_is_reached_by_a_link_is_the_current_folder_all_the_same(checkout: Path, tmp_path: Path) -> None:
    (tmp_path / "alias").symlink_to(checkout)
    (checkout / "linked").symlink_to("../outside")
    assert "First Light" in call("preview", tmp_path / "alias" / "site", code=0).stdout
    assert "leads out of this folder" in call("preview", tmp_path / "alias" / "linked" / "secret.md", code=1).stderr


def test_a_link_that_leads_nowhere_or_round_in_a_circle_stops_nothing(checkout: Path) -> None:
    (checkout / "site" / "a.md").symlink_to("a.md")
    (checkout / "site" / "b.md").symlink_to("none.md")
    result = call("check", "site", code=0)
    assert result.stdout.count("[not-a-file]") == 2
    call("check", "site/a.md", code=2)
    call("check", "site/b.md", code=2)


def test_pictures_are_taken_from_the_checkout_alone(checkout: Path) -> None:
    (checkout / "config.yaml").write_text(CONFIG.replace("announce", "images: {attach: true}, announce"))
    (checkout / "site" / "link.png").symlink_to("../../outside/secret.md")
    (checkout / "site" / "good.md").write_text(f"{GOOD}\n![a](link.png) ![b](../../outside/secret.md)\n")
    assert "attachment://" not in call("preview", "site/good.md", code=0).stdout


def test_a_file_that_is_named_as_an_option_is_read_behind_two_dashes(checkout: Path) -> None:
    (checkout / "--config=evil.yaml").write_text(GOOD)
    (checkout / "-q").write_text(GOOD)
    assert call("check", "--", "--config=evil.yaml", "-q", code=0).stdout == "2 files checked: nothing to say\n"


# -- what is no file -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["check", "preview"])
def test_a_pipe_or_a_socket_is_refused_at_once(checkout: Path, word: str) -> None:
    os.mkfifo(checkout / "site" / "pipe.md")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("site/socket.md")
        named = call(word, "site/pipe.md", "site/socket.md", code=1).output
        inside = call(word, "site", code=0).output
    assert "site/pipe.md: error: the file is not read: it is a pipe (FIFO), not a file" in named
    assert "site/socket.md: error: the file is not read: it is a socket, not a file" in named
    assert "site/pipe.md: warning: This is a pipe (FIFO), which is not read" in inside


@pytest.mark.parametrize(
    ("place", "what"),
    [("/dev/zero", "a device"), ("/dev/tty", "a device"), ("/proc/kmsg", "the running system"), ("/proc/self/environ", "running")],
)
@pytest.mark.parametrize("word", ["check", "preview"])
def test_a_device_is_refused_at_once(checkout: Path, word: str, place: str, what: str) -> None:
    if not Path(place).exists():
        pytest.skip(f"there is no {place}")
    assert what in call(word, place, code=1).output
    assert checkout.exists()


@pytest.mark.parametrize("word", ["check", "preview"])
def test_a_file_larger_than_memory_is_refused_by_its_size(checkout: Path, word: str) -> None:
    with (checkout / "site" / "large.md").open("wb") as file:
        file.truncate(10 * 2**30)
    tracemalloc.start()
    try:
        said = call(word, "site/large.md", code=1).output
        assert tracemalloc.get_traced_memory()[1] < 20 * 2**20
    finally:
        tracemalloc.stop()
    assert f"the file has 10240.0 MiB, more than the {MOST_BYTES // 1024} KiB that an issue may have" in said


def test_the_real_command_ends_at_once_whatever_it_is_given(checkout: Path) -> None:
    os.mkfifo(checkout / "pipe.md")
    (checkout / "zero.md").symlink_to("/dev/zero")
    words = ["check", "--format", "json", "pipe.md", "zero.md", "/dev/zero", "."]
    done = subprocess.run(
        [sys.executable, "-m", "heartbeat_bot", *words], check=False, capture_output=True, timeout=60, cwd=checkout
    )
    assert done.returncode == 1, done.stderr
    assert [entry["rule"] for entry in json.loads(done.stdout)] == ["unreadable"] * 3 + ["not-a-file"] * 2


def test_a_file_that_grows_is_read_as_it_was(checkout: Path) -> None:
    with open_regular(checkout, ("site", "good.md")) as file:
        with (checkout / "site" / "good.md").open("a") as other:
            other.write("more")
        assert file.read().decode() == GOOD


def test_a_link_that_takes_a_files_place_is_not_followed(checkout: Path) -> None:
    (checkout / "site" / "link.md").symlink_to("good.md")
    (checkout / "posts").symlink_to("site")
    for parts in (("site", "link.md"), ("posts", "good.md")):
        with pytest.raises(IrregularError, match="is a symbolic link, not a f"), open_regular(checkout, parts):
            pass
    lowest = os.dup(0)
    os.close(lowest)
    for _ in range(20):
        with pytest.raises(IrregularError), open_regular(checkout, ("posts", "good.md")):
            pass
    again = os.dup(0)
    os.close(again)
    assert again == lowest, "what was opened on the way is closed"


# -- reports -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["check", "preview"])
@pytest.mark.parametrize("target", ["../outside/new", "../outside/secret.md", ".git/config", "site/good.md", "/dev/null"])
def test_a_report_is_not_written_through_a_link_of_the_checkout(checkout: Path, word: str, target: str) -> None:
    (checkout / "report").symlink_to(target)
    for name in ("report", "./report", "site/../report", checkout / "report"):
        said = call(word, "site", "--output", name, code=2).stderr
        assert "is not written: it is a symbolic link, not a file; name another file" in said
    assert not (checkout / "../outside/new").exists()
    assert (checkout / ".git" / "config").read_text() == f"# {SECRET}\n"
    assert (checkout / "site" / "good.md").read_text() == GOOD


def test_a_report_is_not_written_into_a_folder_that_is_a_link(checkout: Path, tmp_path: Path) -> None:
    (checkout / "reports").symlink_to("../outside")
    assert "reports is a symbolic link, not a folder" in call("check", "site", "--output", "reports/new", code=2).stderr
    assert not (tmp_path / "outside" / "new").exists()


def test_a_report_goes_where_the_user_says(checkout: Path, tmp_path: Path) -> None:
    (checkout / "old.txt").write_text("a longer text than the report that takes its place, " * 9)
    for name in ("old.txt", "site/new.txt", tmp_path / "new.txt", "../newer.txt"):
        call("check", "site/good.md", "--output", name, code=0)
        assert (checkout / name).read_text() == "1 file checked: nothing to say\n"
    call("check", "site/good.md", "--output", "/dev/null", code=0)


# -- the configuration that lies there -----------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["check", "preview"])
@pytest.mark.parametrize("target", ["../outside/secret.yaml", "/dev/zero", ".env"])
def test_a_configuration_that_nobody_named_is_no_link_to_elsewhere(checkout: Path, word: str, target: str) -> None:
    (checkout / "config.yaml").symlink_to(target)
    said = call(word, "site", code=2).stderr
    assert said.startswith("heartbeat-bot: config.yaml: the file is not read: it is a symbolic link")
    assert "--config" in said


def test_a_configuration_that_nobody_named_and_never_answers_is_refused(checkout: Path) -> None:
    os.mkfifo(checkout / "config.yaml")
    assert "it is a pipe (FIFO), not a file" in call("check", "site", code=2).stderr


def test_a_configuration_without_end_is_refused_by_every_command(checkout: Path) -> None:
    for words in (("check", "site"), ("status",)):
        assert "larger than 1,000,000 bytes" in call(*words, "--config", "/dev/zero", code=2).stderr
    assert checkout.exists()


def test_a_configuration_that_the_user_names_may_be_a_link(checkout: Path, tmp_path: Path) -> None:
    (tmp_path / "outside" / "real.yaml").write_text(CONFIG)
    (checkout / "config.yaml").symlink_to("../outside/real.yaml")
    call("check", "site", "--config", "config.yaml", code=0)


def test_a_strangers_configuration_reads_no_folder_and_shows_no_variable(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", SECRET)
    config = CONFIG.replace("directory: .", "directory: ../outside, paths: ['**/*.md']")
    (checkout / "config.yaml").write_text(f"discord: {{token_env: GITHUB_TOKEN, api_url: 'http://127.0.0.1:1'}}\n{config}")
    assert call("check", "site", code=0).stdout == "1 file checked: nothing to say\n"
    assert "secret.md" not in call("preview", ".", code=0).stdout
    (checkout / "config.yaml").write_text(f"discord: {{token_env: GITHUB_TOKEN, token: x}}\nstate: '{checkout}'\n{config}")
    call("check", "site", code=2)
