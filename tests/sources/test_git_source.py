"""A branch of a Git remote as a source: what only a remote, and a copy of it, can do wrong."""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from origins import ENVIRONMENT, Origin, git, name_of

from heartbeat_bot.errors import SourceError
from heartbeat_bot.sources.git.command import GitCommand, git_environment
from heartbeat_bot.sources.git.complaints import read_complaint
from heartbeat_bot.sources.git.source import GitSource


@pytest.fixture
def origin(tmp_path: Path) -> Origin:
    return Origin(tmp_path / "origin")


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def copy_in(cache: Path) -> Path:
    """Return the only copy, beside which nothing else was left lying."""
    (copy,) = [place for place in cache.iterdir() if place.is_dir()]
    return copy


def names_in(cache: Path) -> set[str]:
    """Return what lies in the cache folder, by the ends of the names: ``.lock``, and nothing for a copy."""
    return {place.suffix for place in cache.iterdir()}


def blobs_in(copy: Path) -> set[str]:
    listed = git(copy, "cat-file", "--batch-all-objects", "--batch-check=%(objectname) %(objecttype)")
    return {line.split()[0] for line in listed.splitlines() if line.endswith("blob")}


async def complaint_of(source: GitSource) -> str:
    with pytest.raises(SourceError) as caught:
        await source.snapshot()
    return str(caught.value)


# -- the branch ----------------------------------------------------------------------------------------------------------


async def test_the_commit_and_its_committers_time_are_told(origin: Origin, cache: Path) -> None:
    commit = origin.commit({"a.md": b"1"})
    snapshot = await origin.as_git(cache).snapshot()
    assert (snapshot.commit, snapshot.time) == (commit, datetime(2026, 3, 2, 8, tzinfo=UTC))


async def test_no_branch_is_the_remotes_own(origin: Origin, cache: Path) -> None:
    origin.commit({"a.md": b"1"})
    git(origin.folder, "checkout", "--quiet", "-b", "other")
    origin.commit({"a.md": b"2"})
    assert (await origin.as_git(cache, branch=None).snapshot()).files == {"a.md": name_of(b"2")}
    assert (await origin.as_git(cache, branch="main").snapshot()).files == {"a.md": name_of(b"1")}


async def test_a_missing_branch_is_told_with_those_that_exist(origin: Origin, cache: Path) -> None:
    origin.commit({"a.md": b"1"})
    for number in range(12):
        git(origin.folder, "branch", f"b{number:02}")
    said = await complaint_of(origin.as_git(cache, branch="mian"))
    assert said == (
        f"{origin.url}: there is no branch 'mian' (any more); set source.branch to one of "
        "b00, b01, b02, b03, b04, b05, b06, b07, b08, b09, …"
    )


async def test_a_tag_is_no_branch(origin: Origin, cache: Path) -> None:
    origin.commit({"a.md": b"1"})
    git(origin.folder, "tag", "v1")
    assert "there is no branch 'v1'" in await complaint_of(origin.as_git(cache, branch="v1"))


async def test_a_branch_that_vanishes_is_a_complaint_and_is_read_again_when_it_returns(origin: Origin, cache: Path) -> None:
    origin.commit({"a.md": b"1"})
    git(origin.folder, "branch", "news")
    source = origin.as_git(cache, branch="news")
    await source.snapshot()
    git(origin.folder, "branch", "--quiet", "-D", "news")
    assert "there is no branch 'news' (any more); set source.branch to one of main" in await complaint_of(source)
    git(origin.folder, "branch", "news")
    assert (await source.snapshot()).files == {"a.md": name_of(b"1")}


async def test_a_name_of_a_branch_may_hold_folders_and_accents(origin: Origin, cache: Path) -> None:
    origin.commit({"a.md": b"1"})
    git(origin.folder, "branch", "feature/März")
    assert list((await origin.as_git(cache, branch="feature/März").snapshot()).files) == ["a.md"]


async def test_an_empty_repository_says_so(origin: Origin, cache: Path) -> None:
    for branch in ("main", None):
        assert await complaint_of(origin.as_git(cache, branch=branch)) == (
            f"{origin.url}: the repository is empty; push a commit to it"
        )
    origin.commit({"a.md": b"1"})
    assert list((await origin.as_git(cache).snapshot()).files) == ["a.md"]


async def test_a_head_that_names_nothing_is_no_matter_when_there_is_one_branch(origin: Origin, cache: Path) -> None:
    origin.commit({"a.md": b"1"})
    git(origin.folder, "symbolic-ref", "HEAD", "refs/heads/gone")
    assert list((await origin.as_git(cache, branch=None).snapshot()).files) == ["a.md"]
    git(origin.folder, "branch", "second", "main")
    said = await complaint_of(origin.as_git(cache, branch=None))
    assert said.endswith("the repository names no default branch; set source.branch to one of main, second")


@pytest.mark.parametrize("shape", ["none", "file", "plain folder"])
async def test_a_repository_that_is_not_there_says_so(tmp_path: Path, cache: Path, shape: str) -> None:
    place = tmp_path / "site"
    if shape == "file":
        place.write_text("no repository")
    elif shape == "plain folder":
        place.mkdir()
    for remote in (place.as_uri(), str(place)):
        source = GitSource(remote, ["**"], cache_dir=cache, branch="main", environ=ENVIRONMENT)
        said = await complaint_of(source)
        assert said.startswith(f"{remote}: ")
        assert "there is no repository that the bot may read; check the address" in said


async def test_no_failure_leaves_anything_but_locks_in_the_cache(tmp_path: Path, cache: Path) -> None:
    await complaint_of(GitSource((tmp_path / "none").as_uri(), ["**"], cache_dir=cache, environ=ENVIRONMENT))
    assert names_in(cache) == {".lock"}


async def test_a_local_path_is_a_remote_too(origin: Origin, cache: Path) -> None:
    origin.commit({"a.md": b"1"})
    source = GitSource(str(origin.folder), ["**/*.md"], cache_dir=cache, environ=ENVIRONMENT)
    assert await (await source.snapshot()).contents.read("a.md") == b"1"


# -- rewritten histories -------------------------------------------------------------------------------------------------


async def test_a_rewritten_branch_is_read_as_it_is_now(origin: Origin, cache: Path) -> None:
    origin.commit({"a.md": b"1"})
    origin.commit({"b.md": b"2"})
    source = origin.as_git(cache)
    await source.snapshot()
    origin.rewrite({"c.md": b"3"})
    snapshot = await source.snapshot()
    assert snapshot.files == {"c.md": name_of(b"3")}
    assert await snapshot.contents.read("c.md") == b"3"


async def test_a_branch_that_went_back_is_followed(origin: Origin, cache: Path) -> None:
    origin.commit({"a.md": b"1"})
    origin.commit({"a.md": b"2"})
    source = origin.as_git(cache)
    await source.snapshot()
    git(origin.folder, "reset", "--quiet", "--hard", "HEAD~1")
    snapshot = await source.snapshot()
    assert await snapshot.contents.read("a.md") == b"1"


async def test_a_history_that_is_rewritten_between_looking_and_reading_waits_for_the_next_pass(origin: Origin, cache: Path) -> None:
    origin.commit({"a.md": b"1", "b.md": b"2"})
    source = origin.as_git(cache)
    snapshot = await source.snapshot()
    origin.rewrite({"a.md": b"new"})
    with pytest.raises(SourceError, match="the history was rewritten while it was read; the next pass reads it anew"):
        await snapshot.contents.read("b.md")
    assert await (await source.snapshot()).contents.read("a.md") == b"new"


async def test_a_remote_that_was_replaced_by_another_makes_no_difference(origin: Origin, cache: Path) -> None:
    origin.commit({"a.md": b"1"})
    source = origin.as_git(cache)
    await source.snapshot()
    shutil.rmtree(origin.folder)
    Origin(origin.folder).commit({"z.md": b"9"})
    assert (await source.snapshot()).files == {"z.md": name_of(b"9")}


# -- the copy ------------------------------------------------------------------------------------------------------------


async def test_only_the_blobs_that_are_read_are_fetched(origin: Origin, cache: Path) -> None:
    picture = os.urandom(50_000)
    origin.commit({"a.md": b"old"})
    origin.commit({"a.md": b"1", "b.md": b"2", "c.txt": b"3", "images/p.png": picture, "images/q.png": b"q"})
    snapshot = await origin.as_git(cache).snapshot()
    copy = copy_in(cache)
    assert blobs_in(copy) == set()
    assert await snapshot.contents.read("a.md") == b"1"
    # All that match come with the first that is read: they are asked for next, and one request is enough.
    assert blobs_in(copy) == {name_of(b"1"), name_of(b"2")}
    assert await snapshot.contents.find("images/p.png") == (name_of(picture), len(picture))
    assert blobs_in(copy) == {name_of(b"1"), name_of(b"2"), name_of(picture)}


async def test_the_copy_is_one_commit_deep_and_names_no_remote(origin: Origin, cache: Path) -> None:
    for number in range(3):
        origin.commit({"a.md": b"%d" % number})
    await origin.as_git(cache).snapshot()
    copy = copy_in(cache)
    assert git(copy, "rev-list", "--count", "--all") == "1"
    assert origin.url not in (copy / "config").read_text()


async def test_what_is_in_the_copy_needs_no_remote(origin: Origin, cache: Path) -> None:
    origin.commit({"a.md": b"1", "b.md": b"2"})
    snapshot = await origin.as_git(cache).snapshot()
    await snapshot.contents.read("a.md")
    origin.folder.rename(origin.folder.with_name("away"))
    assert await snapshot.contents.read("b.md") == b"2"


async def test_a_remote_that_knows_no_filters_is_read_all_the_same(origin: Origin, cache: Path) -> None:
    git(origin.folder, "config", "uploadpack.allowFilter", "false")
    origin.commit({"a.md": b"1", "p.png": b"2"})
    snapshot = await origin.as_git(cache).snapshot()
    assert await snapshot.contents.read("a.md") == b"1"
    assert await snapshot.contents.find("p.png") == (name_of(b"2"), 1)


async def test_a_plain_web_server_is_read_as_a_whole(origin: Origin, cache: Path) -> None:
    origin.commit({"a.md": b"0"})
    origin.commit({"a.md": b"1", "p.png": b"2"})
    git(origin.folder, "update-server-info")
    handler = partial(QuietHandler, directory=str(origin.folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        remote = f"http://127.0.0.1:{server.server_port}/.git"
        snapshot = await GitSource(remote, ["**/*.md"], cache_dir=cache, branch="main", environ=ENVIRONMENT, timeout=30).snapshot()
        server.shutdown()
    assert await snapshot.contents.read("a.md") == b"1"
    assert await snapshot.contents.find("p.png") == (name_of(b"2"), 1)


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_about: object) -> None:
        pass


async def test_a_copy_with_many_packs_is_made_anew(origin: Origin, cache: Path) -> None:
    origin.commit({"a.md": b"1"})
    source = origin.as_git(cache)
    await (await source.snapshot()).contents.read("a.md")
    packs = copy_in(cache) / "objects" / "pack"
    for number in range(101):
        (packs / f"pack-{number}.pack").touch()
    assert await (await source.snapshot()).contents.read("a.md") == b"1"
    assert len(list((copy_in(cache) / "objects" / "pack").glob("*.pack"))) < 5


@pytest.mark.parametrize("lost", ["a tree", "a commit", "a file", "all"])
async def test_a_remote_that_lacks_a_part_of_its_objects_is_told_and_read_again_when_it_is_whole(
    origin: Origin, cache: Path, lost: str
) -> None:
    """The remote's disk lost something, or a push of it is half done."""
    origin.commit({"a.md": b"1", "deep/b.md": b"2"})
    source = origin.as_git(cache)
    before = await source.snapshot()
    assert await before.contents.read("deep/b.md") == b"2"
    origin.commit({"a.md": b"new", "deep/b.md": b"newer"})
    names = {"a commit": "main", "a tree": "main:deep", "a file": "main:deep/b.md", "all": "main"}
    name = git(origin.folder, "rev-parse", names[lost])
    objects = origin.folder / ".git" / "objects"
    part = objects if lost == "all" else objects / name[:2] / name[2:]
    part.rename(origin.folder / "lost")
    if lost == "all":
        objects.mkdir()
    for _ in range(2):
        with pytest.raises(SourceError, match=origin.folder.name):
            await (await source.snapshot()).contents.read("deep/b.md")
    if lost == "all":
        objects.rmdir()
    (origin.folder / "lost").rename(part)
    snapshot = await source.snapshot()
    assert [await snapshot.contents.read(path) for path in snapshot.files] == [b"new", b"newer"]


def _garbage(place: Path) -> None:
    place.chmod(0o644)
    place.write_bytes(b"garbage")


def _empty(copy: Path) -> None:
    shutil.rmtree(copy)
    copy.mkdir()


def _replace_by_a_file(copy: Path) -> None:
    shutil.rmtree(copy)
    copy.write_text("x")


def _packs(copy: Path, suffix: str) -> list[Path]:
    return sorted((copy / "objects" / "pack").glob(f"*{suffix}"))


def _truncate_packs(copy: Path) -> None:
    for pack in _packs(copy, ".pack"):
        pack.chmod(0o644)
        pack.write_bytes(pack.read_bytes()[:20])


def _flip_packs(copy: Path) -> None:
    for pack in _packs(copy, ".pack"):
        pack.chmod(0o644)
        content = pack.read_bytes()
        pack.write_bytes(content[:12] + bytes(byte ^ 255 for byte in content[12:-20]) + content[-20:])


def _remove(suffix: str) -> Callable[[Path], None]:
    def remove(copy: Path) -> None:
        for place in _packs(copy, suffix):
            place.unlink()

    return remove


DAMAGES: dict[str, Callable[[Path], None]] = {
    "removed": shutil.rmtree,
    "emptied": _empty,
    "a file": _replace_by_a_file,
    "no HEAD": lambda copy: (copy / "HEAD").unlink(),
    "a HEAD of garbage": lambda copy: _garbage(copy / "HEAD"),
    "a configuration of garbage": lambda copy: _garbage(copy / "config"),
    "no objects": lambda copy: shutil.rmtree(copy / "objects"),
    "no packs": _remove(".pack"),
    "no indexes": _remove(".idx"),
    "packs cut short": _truncate_packs,
    "packs of other bytes": _flip_packs,
    "a ref of garbage": lambda copy: _garbage(copy / "refs" / "heartbeat" / "head"),
    "no ref": lambda copy: (copy / "refs" / "heartbeat" / "head").unlink(),
    "a lock left behind": lambda copy: (copy / "refs" / "heartbeat" / "head.lock").touch(),
    "a lock on the depth": lambda copy: (copy / "shallow.lock").touch(),
    "no depth": lambda copy: (copy / "shallow").unlink(),
}


@pytest.mark.parametrize("damage", DAMAGES)
async def test_a_damaged_copy_is_renewed(origin: Origin, cache: Path, damage: str) -> None:
    origin.commit({"a.md": b"1", "b.md": b"2"})
    source = origin.as_git(cache)
    await (await source.snapshot()).contents.read("a.md")
    DAMAGES[damage](copy_in(cache))
    snapshot = await source.snapshot()
    assert [await snapshot.contents.read(path) for path in snapshot.files] == [b"1", b"2"]
    assert names_in(cache) == {"", ".lock"}


@pytest.mark.parametrize("damage", ["removed", "packs cut short", "packs of other bytes", "no objects"])
async def test_a_copy_that_was_damaged_while_the_bot_was_away_is_renewed(origin: Origin, cache: Path, damage: str) -> None:
    origin.commit({"a.md": b"1", "b.md": b"2"})
    await (await origin.as_git(cache).snapshot()).contents.read("a.md")
    DAMAGES[damage](copy_in(cache))
    origin.commit({"a.md": b"new"})
    snapshot = await origin.as_git(cache).snapshot()
    assert [await snapshot.contents.read(path) for path in snapshot.files] == [b"new", b"2"]


@pytest.mark.parametrize("damage", ["removed", "packs of other bytes"])
async def test_a_copy_that_is_damaged_between_looking_and_reading_is_renewed(origin: Origin, cache: Path, damage: str) -> None:
    origin.commit({"a.md": b"1", "b.md": b"2", "p.png": b"3"})
    snapshot = await origin.as_git(cache).snapshot()
    await snapshot.contents.read("a.md")
    DAMAGES[damage](copy_in(cache))
    assert await snapshot.contents.find("p.png") == (name_of(b"3"), 1)


async def test_a_copy_that_lost_a_folder_is_renewed(origin: Origin, cache: Path) -> None:
    commit = origin.commit({"a/x.md": b"1"})
    await origin.as_git(cache).snapshot()
    copy = copy_in(cache)
    old = _packs(copy, "")
    git(copy, "pack-objects", "--quiet", "objects/pack/pack", stdin=f"{commit}\n{git(copy, 'rev-parse', f'{commit}^{{tree}}')}\n")
    for place in old:
        place.unlink()
    snapshot = await origin.as_git(cache).snapshot()
    assert [await snapshot.contents.read(path) for path in snapshot.files] == [b"1"]


async def test_what_a_kill_left_behind_is_swept_up(origin: Origin, cache: Path) -> None:
    origin.commit({"a.md": b"1"})
    await origin.as_git(cache).snapshot()
    copy = copy_in(cache)
    copy.rename(cache / f"{copy.name}.old-abc")
    (cache / f"{copy.name}.new-def").mkdir()
    await origin.as_git(cache).snapshot()
    assert copy_in(cache) == copy


async def test_a_cache_folder_that_cannot_be_made_is_named(origin: Origin, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    said = await complaint_of(origin.as_git(tmp_path / "file" / "cache"))
    assert said == f"{tmp_path}/file/cache: the cache folder cannot be written (Not a directory)"


# -- several at once -----------------------------------------------------------------------------------------------------

READER = """
import asyncio, sys
from pathlib import Path
from heartbeat_bot.sources.git.source import GitSource

async def main():
    source = GitSource(sys.argv[1], ["**/*.md"], cache_dir=Path(sys.argv[2]), branch="main")
    for _ in range(3):
        snapshot = await source.snapshot()
        for path in snapshot.files:
            print(path, (await snapshot.contents.read(path)).decode())

asyncio.run(main())
"""


async def test_two_processes_share_a_cache_folder(origin: Origin, cache: Path) -> None:
    origin.commit({"a.md": b"1", "b.md": b"2"})
    readers = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", READER, origin.url, str(cache)),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=ENVIRONMENT,
        )
        for _ in range(2)
    ]
    for reader in readers:
        out, err = await reader.communicate()
        assert reader.returncode == 0, err.decode()
        assert out.decode().split("\n")[:-1] == ["a.md 1", "b.md 2"] * 3
    copy_in(cache)


async def test_two_newsletters_of_one_repository_share_a_copy(origin: Origin, cache: Path) -> None:
    origin.commit({"a/x.md": b"1", "b/y.md": b"2"})
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(origin.as_git(cache, [f"{name}/*.md"]).snapshot()) for name in "ab"]
    assert [list(task.result().files) for task in tasks] == [["a/x.md"], ["b/y.md"]]
    copy_in(cache)


async def test_a_copy_that_another_process_holds_is_waited_for_and_then_left(origin: Origin, cache: Path) -> None:
    origin.commit({"a.md": b"1"})
    await origin.as_git(cache).snapshot()
    lock = copy_in(cache).with_suffix(".lock")
    holder = await asyncio.create_subprocess_exec(
        *(
            sys.executable,
            "-c",
            "import fcntl, sys; f = open(sys.argv[1], 'ab'); fcntl.flock(f, fcntl.LOCK_EX); print(flush=True); input()",
        ),
        str(lock),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert holder.stdout
    await holder.stdout.readline()
    hasty = GitSource(origin.url, ["**/*.md"], cache_dir=cache, branch="main", environ=ENVIRONMENT, timeout=0.1)
    assert "another process holds this copy for too long; the next pass tries again" in await complaint_of(hasty)
    await holder.communicate(b"\n")
    assert list((await origin.as_git(cache).snapshot()).files) == ["a.md"]


# -- git itself ----------------------------------------------------------------------------------------------------------


def alive(process: int) -> bool:
    """Tell whether a process runs; one that ended and that nobody waits for does not."""
    with suppress(FileNotFoundError):
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
    return False


async def end_of(processes: Sequence[int]) -> None:
    """Return when none of the processes runs. A signal ends them all, but the kernel may take a moment, and nobody waits for them."""
    async with asyncio.timeout(5):
        while any(alive(process) for process in processes):  # noqa: ASYNC110 - the kernel tells nobody
            await asyncio.sleep(0)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes in /proc")
async def test_a_remote_that_hangs_is_given_up_with_all_that_was_started(tmp_path: Path) -> None:
    note, ssh = tmp_path / "note", tmp_path / "ssh"
    ssh.write_text(f"#!/bin/sh\nsleep 600 &\necho $$ $! > '{note}'\nwait\n")
    ssh.chmod(0o755)
    command = GitCommand(environ=ENVIRONMENT | {"GIT_SSH_COMMAND": str(ssh), "GIT_SSH_VARIANT": "ssh"}, timeout=1.5)
    with pytest.raises(SourceError, match=r"git ls-remote took longer than 1\.5 seconds and was ended; the next pass tries again"):
        await command.run(["ls-remote", "ssh://example.org/a.git"])
    processes = [int(word) for word in note.read_text().split()]
    assert len(processes) == 2
    await end_of(processes)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes in /proc")
async def test_a_pass_that_is_cancelled_ends_git_too(cache: Path, tmp_path: Path) -> None:
    note, ssh = tmp_path / "note", tmp_path / "ssh"
    os.mkfifo(note)
    ssh.write_text(f"#!/bin/sh\necho $$ > '{note}'\nexec sleep 600\n")
    ssh.chmod(0o755)
    environ = ENVIRONMENT | {"GIT_SSH_COMMAND": str(ssh), "GIT_SSH_VARIANT": "ssh"}
    source = GitSource("ssh://example.org/a.git", ["**"], cache_dir=cache, branch="main", environ=environ)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(source.snapshot())
        process = int(await asyncio.to_thread(note.read_text))
        task.cancel()
    await end_of([process])
    assert names_in(cache) == {".lock"}


async def test_the_folder_that_the_bot_was_started_in_may_go(
    origin: Origin, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin.commit({"a.md": b"1"})
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    source = origin.as_git(cache)
    (tmp_path / "gone").rmdir()
    assert await (await source.snapshot()).contents.read("a.md") == b"1"


async def test_without_git_it_says_what_to_install(origin: Origin, cache: Path, tmp_path: Path) -> None:
    source = GitSource(origin.url, ["**"], cache_dir=cache, environ={"PATH": str(tmp_path)})
    assert "git is not installed, or not on the PATH; install it" in await complaint_of(source)


async def test_an_old_git_is_told_apart(origin: Origin, cache: Path, tmp_path: Path) -> None:
    (tmp_path / "git").write_text("#!/bin/sh\necho git version 2.30.9\n")
    (tmp_path / "git").chmod(0o755)
    source = GitSource(origin.url, ["**"], cache_dir=cache, environ={"PATH": f"{tmp_path}:/bin:/usr/bin"})
    assert await complaint_of(source) == "git version 2.30.9 is too old; install git 2.31 or newer"


def test_gits_surroundings_are_cleaned_and_the_machines_own_settings_stay() -> None:
    environ = git_environment(
        {
            "PATH": "/bin",
            "HOME": "/home/ann",
            "GIT_DIR": "/elsewhere/.git",
            "GIT_WORK_TREE": "/elsewhere",
            "GIT_INDEX_FILE": "x",
            "GIT_TRACE": "1",
            "GIT_SSH_COMMAND": "ssh -i key",
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "http.proxy",
            "GIT_CONFIG_VALUE_0": "http://proxy",
            "LANG": "de_DE.UTF-8",
            "LANGUAGE": "de",
            "SSH_ASKPASS": "/bin/ask",
        }
    )
    assert not {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_TRACE", "LANGUAGE", "SSH_ASKPASS"}.intersection(environ)
    assert (environ["PATH"], environ["HOME"], environ["GIT_SSH_COMMAND"], environ["LC_ALL"]) == (
        "/bin",
        "/home/ann",
        "ssh -i key",
        "C",
    )
    assert (environ["GIT_TERMINAL_PROMPT"], environ["GIT_ALLOW_PROTOCOL"]) == ("0", "https:http:ssh:git:file")
    settings = {
        environ[f"GIT_CONFIG_KEY_{number}"]: environ[f"GIT_CONFIG_VALUE_{number}"]
        for number in range(int(environ["GIT_CONFIG_COUNT"]))
    }
    assert settings["http.proxy"] == "http://proxy"
    assert settings["core.hooksPath"] == os.devnull


async def test_a_hooks_variables_do_not_lead_git_elsewhere(origin: Origin, cache: Path, tmp_path: Path) -> None:
    origin.commit({"a.md": b"1"})
    elsewhere = Origin(tmp_path / "elsewhere")
    environ = ENVIRONMENT | {
        "GIT_DIR": str(elsewhere.folder / ".git"),
        "GIT_WORK_TREE": str(elsewhere.folder),
        "GIT_CONFIG_COUNT": "x",
    }
    source = GitSource(origin.url, ["**/*.md"], cache_dir=cache, branch="main", environ=environ)
    assert list((await source.snapshot()).files) == ["a.md"]


async def test_settings_go_to_git_by_the_environment_and_not_by_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "git").write_text('#!/bin/sh\necho "$@"\n')
    (tmp_path / "git").chmod(0o755)
    command = GitCommand(environ={"PATH": f"{tmp_path}:/bin"}, timeout=10)
    finished = await command.run(["fetch"], folder=tmp_path, settings=[("remote.x.url", "https://ann:geheim@example.org")])
    assert finished.output.decode() == f"--git-dir={tmp_path} fetch\n"


# -- what is said --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("remote", "sentence"),
    [
        ("http://ann:geheim@127.0.0.1:1/a.git", "the host does not answer; check the address and the network"),
        ("http://geheim@127.0.0.1:1/a.git", "the host does not answer"),
        ("git://127.0.0.1:1/a.git", "the host does not answer"),
        ("https://ann:geheim@name.invalid/a.git", "the host cannot be found; check the address and the network"),
    ],
)
async def test_a_host_that_cannot_be_reached_is_told_without_the_password(cache: Path, remote: str, sentence: str) -> None:
    source = GitSource(remote, ["**"], cache_dir=cache, branch="main", environ=ENVIRONMENT)
    said = await complaint_of(source)
    assert sentence in said
    assert "geheim" not in said
    assert "geheim" not in repr(source)
    assert names_in(cache) == {".lock"}


@pytest.mark.parametrize(
    ("complaint", "sentence"),
    [
        ("fatal: detected dubious ownership in repository at '/srv/a'", "the folder belongs to another user"),
        ("fatal: unable to access 'https://a/': Could not resolve host: a", "the host cannot be found"),
        ("ssh: connect to host a port 22: Connection refused", "the host does not answer"),
        ("fatal: unable to access 'https://a/': SSL certificate problem: certificate has expired", "the secure connection failed"),
        ("Host key verification failed.\nfatal: Could not read from remote repository.", "ssh does not know the host's key"),
        ("git@a: Permission denied (publickey).", "access was refused; give the bot's user an ssh key"),
        ("fatal: could not read Username for 'https://a': terminal prompts disabled", "access was refused; give the bot's user"),
        ("fatal: unable to access 'https://a/': The requested URL returned error: 403", "the credentials may not read this"),
        ("remote: Repository not found.\nfatal: repository 'https://a/' not found", "there is no repository that the bot may read"),
        ("fatal: transport 'ext' not allowed", "this kind of address is not allowed; use https or ssh"),
        ("error: unable to create temporary file: Permission denied", "a folder may not be read or written"),
        ("fatal: write error: No space left on device", "the disk is full"),
        ("fatal: Out of memory, malloc failed (tried to allocate 9 bytes)\nfatal: invalid index-pack output", "128 MiB of memory"),
        ("fatal: write error: File too large\nfatal: fetch-pack: invalid index-pack output", "or 1 GiB in one file"),
    ],
)
def test_what_git_says_of_the_remote_or_the_machine_is_a_sentence_with_what_to_do(complaint: str, sentence: str) -> None:
    reading = read_complaint(complaint)
    assert reading.known
    assert sentence in reading.sentence


def test_what_git_says_otherwise_is_quoted_without_noise_and_passwords() -> None:
    reading = read_complaint("hint: x\nwarning: y\nfatal: bad thing at https://ann:geheim@example.org/a\nerror: more\n")
    assert not reading.known
    assert reading.sentence == "git says: bad thing at https://example.org/a; more"
    assert read_complaint("").sentence == "git says: nothing"


# -- odd repositories ----------------------------------------------------------------------------------------------------


async def test_a_repository_of_sha_256_is_read(tmp_path: Path, cache: Path) -> None:
    try:
        origin = Origin(tmp_path / "origin", object_format="sha256")
    except subprocess.CalledProcessError:
        pytest.skip("this git knows no SHA-256")
    origin.commit({"a.md": b"1", "p.png": b"2"})
    source = origin.as_git(cache)
    snapshot = await source.snapshot()
    assert {path: len(blob) for path, blob in snapshot.files.items()} == {"a.md": 64}
    assert await snapshot.contents.read("a.md") == b"1"
    assert await snapshot.contents.find("p.png") == (git(origin.folder, "rev-parse", "HEAD:p.png"), 1)
    origin.commit({"a.md": b"3"})
    assert await (await source.snapshot()).contents.read("a.md") == b"3"


@pytest.mark.parametrize("when", ["99999999999999 +0000", "-5 +0000", "0 +0000"])
async def test_a_commit_of_a_broken_time_is_read(origin: Origin, cache: Path, when: str) -> None:
    origin.commit({"a.md": b"1"})
    tree = git(origin.folder, "rev-parse", "HEAD^{tree}")
    commit = f"tree {tree}\nauthor A <a> {when}\ncommitter A <a> {when}\n\nx\n"
    written = git(origin.folder, "hash-object", "-t", "commit", "-w", "--literally", "--stdin", stdin=commit)
    git(origin.folder, "update-ref", "refs/heads/main", written)
    snapshot = await origin.as_git(cache).snapshot()
    assert list(snapshot.files) == ["a.md"]
    assert snapshot.time.tzinfo is UTC


def test_settings_that_cannot_be_used_are_refused_before_anything_is_fetched(origin: Origin, cache: Path) -> None:
    wrong: Sequence[tuple[str, str, str]] = (
        ("ext::sh", "**", "main"),
        (origin.url, "../x", "main"),
        (origin.url, "**", "a b"),
    )
    for remote, pattern, branch in wrong:
        with pytest.raises(ValueError, match=r"\S"):
            GitSource(remote, [pattern], cache_dir=cache, branch=branch)
