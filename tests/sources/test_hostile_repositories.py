"""Repositories and remotes made to drain the bot: each ends in an error that names it, and takes no more than a bounded memory."""

import asyncio
import json
import os
import resource
import shutil
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import hostile_repositories
import pytest
from hostile_repositories import MEGABYTE, Bare, HostileRemote, hostile_remote
from origins import ENVIRONMENT, Origin, git, name_of

from heartbeat_bot.config.patterns import PathPatterns
from heartbeat_bot.errors import IssueError, SourceError
from heartbeat_bot.issues.decoding import MOST_BYTES
from heartbeat_bot.rendering.limits import PICTURE_BYTES
from heartbeat_bot.sources.directory import DirectorySource
from heartbeat_bot.sources.git.cache import GitCache
from heartbeat_bot.sources.git.command import GitCommand, git_environment
from heartbeat_bot.sources.git.source import GitContents, GitSource


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def source_of(bare: Bare, cache: Path, *paths: str) -> GitSource:
    return GitSource(bare.url, paths or ("**/*.md",), cache_dir=cache, branch="main", environ=ENVIRONMENT)


@contextmanager
def memory(most: int) -> Iterator[None]:
    """Check that no more than so many bytes are held at once within the block."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < most
    finally:
        tracemalloc.stop()


def bytes_in(folder: Path) -> int:
    return sum(place.stat().st_size for place in folder.rglob("*") if place.is_file())


def ends_in(folder: Path) -> set[str]:
    """Return the ends of the names of all files in a folder and below it, the whole names of those without one."""
    return {place.suffix or place.name for place in folder.rglob("*") if place.is_file()}


def open_to_others(folder: Path) -> list[Path]:
    return [place for place in (folder, *folder.rglob("*")) if place.stat().st_mode & 0o077]


# -- trees ---------------------------------------------------------------------------------------------------------------


async def test_ten_thousand_million_paths_are_too_many(tmp_path: Path, cache: Path) -> None:
    bare = hostile_repositories.tree_bomb(tmp_path / "bomb")
    assert bytes_in(bare.folder) < 4096
    with pytest.raises(SourceError) as caught:
        await source_of(bare, cache).snapshot()
    assert str(caught.value) == (
        f"{bare.url}: more than 20,000 files match `paths`; write narrower `paths`, such as content/blog/*.md"
    )


async def test_a_newsletter_beside_a_tree_bomb_is_read(tmp_path: Path, cache: Path) -> None:
    bare = hostile_repositories.tree_bomb(tmp_path / "bomb", inside="bomb")
    snapshot = await source_of(bare, cache, "issues/*.md").snapshot()
    assert list(snapshot.files) == ["issues/honest.md"]
    assert await snapshot.contents.find("bomb/1/2/3/4/5/6/7/8/9/0.md") == (name_of(b"# Honest\n\ntext\n"), 15)


async def test_a_folder_of_a_million_files_is_not_loaded(tmp_path: Path, cache: Path) -> None:
    bare = hostile_repositories.wide_tree(tmp_path / "wide", 500_000)
    with pytest.raises(SourceError, match=r"a folder's list of files has \d\d MiB, more than the 16 MiB"):
        await source_of(bare, cache).snapshot()


async def test_very_long_names_are_not_kept(tmp_path: Path, cache: Path) -> None:
    bare = hostile_repositories.long_names(tmp_path / "long")
    with (
        memory(64 * MEGABYTE),
        pytest.raises(SourceError, match="the paths of the files where `paths` leads take more than 32 MiB"),
    ):
        await source_of(bare, cache).snapshot()


async def test_names_that_lead_out_of_the_source_are_not_read(tmp_path: Path, cache: Path) -> None:
    bare = Bare(tmp_path / "odd")
    blob = bare.blob(b"text\n")
    inner = bare.tree([("100644", b"a.md", blob)])
    folders = [("40000", name, inner) for name in (b".", b"..", b".git")]
    odd = [("120000", b"link.md", blob), ("160000", b"module.md", blob)]
    files = [("100644", name, blob) for name in (b"../../escape.md", b"/etc/passwd.md", b"a/b.md", b"good.md")]
    bare.commit(bare.tree([*folders, *files, *odd]))
    snapshot = await source_of(bare, cache, "**", "**/.*", ".*/**").snapshot()
    assert list(snapshot.files) == ["good.md"]
    for path in ("../a.md", ".git/a.md", "../../escape.md", "link.md"):
        assert await snapshot.contents.find(path) is None
        with pytest.raises(SourceError):
            await snapshot.contents.read(path)


# -- files ---------------------------------------------------------------------------------------------------------------


async def test_files_too_large_are_told_one_by_one_without_being_loaded_and_the_others_are_read(
    tmp_path: Path, cache: Path
) -> None:
    bare = hostile_repositories.large_blobs(tmp_path / "large", count=5, size=24 * MEGABYTE)
    snapshot = await source_of(bare, cache).snapshot()
    with memory(4 * MEGABYTE):
        for path in snapshot.files:
            if path == "issues/0000-honest.md":
                assert await snapshot.contents.read(path) == b"# Honest\n\ntext\n"
                continue
            with pytest.raises(IssueError, match=rf"{path}: the file has 24\.0 MiB, more than the 512 KiB that an issue may have"):
                await snapshot.contents.read(path)
            with pytest.raises(SourceError, match=rf"{path}: the picture has 24\.0 MiB, and uploads may have 2\.4 MiB"):
                await snapshot.contents.read_picture(path)
            assert await snapshot.contents.find(path) == (snapshot.files[path], 24 * MEGABYTE + 4)


async def test_the_largest_issue_and_picture_are_read_and_one_byte_more_is_not(tmp_path: Path) -> None:
    origin = Origin(tmp_path / "origin")
    files: dict[str | bytes, bytes] = {
        "a.md": b"a" * MOST_BYTES,
        "b.md": b"b" * (MOST_BYTES + 1),
        "c.png": b"c" * PICTURE_BYTES,
        "d.png": b"d" * (PICTURE_BYTES + 1),
    }
    origin.commit(files)
    for source in origin.sources(tmp_path / "cache").values():
        contents = (await source.snapshot()).contents
        assert await contents.read("a.md") == files["a.md"]
        assert await contents.read_picture("c.png") == files["c.png"]
        with pytest.raises(IssueError, match=r"the file has 0\.5 MiB, more than the 512 KiB that an issue may have"):
            await contents.read("b.md")
        with pytest.raises(SourceError, match=r"the picture has 2\.4 MiB, and uploads may have 2\.4 MiB"):
            await contents.read_picture("d.png")
        assert await contents.find("d.png") == (name_of(files["d.png"]), PICTURE_BYTES + 1)


async def test_few_of_many_issues_are_held_at_once(tmp_path: Path, cache: Path) -> None:
    bare = Bare(tmp_path / "many")
    issues = [("100644", b"%03d.md" % number, bare.blob(b"%03d" % number * 100_000)) for number in range(30)]
    bare.commit(bare.tree(issues))
    snapshot = await source_of(bare, cache).snapshot()
    with memory(6 * MEGABYTE):
        for number, path in enumerate(snapshot.files):
            assert (await snapshot.contents.read(path))[:3] == b"%03d" % number


async def test_a_file_that_git_cannot_fetch_within_its_limits_does_not_keep_the_others(tmp_path: Path, cache: Path) -> None:
    bare = Bare(tmp_path / "noise")
    noise = [bare.blob(os.urandom(3 * MEGABYTE)) for _ in range(2)]
    files = [("100644", b"%d.md" % number, bare.blob(b"%d" % number)) for number in range(6)]
    bare.commit(bare.tree([*files, ("100644", b"7.md", noise[0]), ("100644", b"8.md", noise[1])]))
    command = GitCommand(environ=git_environment(ENVIRONMENT), timeout=60, file_size=2 * MEGABYTE)
    git_cache = GitCache(bare.url, "main", PathPatterns(["*.md"]), cache, command)
    contents = GitContents(git_cache, await git_cache.update())
    assert [await contents.read(f"{number}.md") for number in range(6)] == [b"%d" % number for number in range(6)]
    for path in ("7.md", "8.md"):
        with pytest.raises(IssueError, match=rf"{path}: the file is too large to be fetched, more than the 512 KiB"):
            await contents.read(path)
        with pytest.raises(SourceError, match=rf"{path}: the picture is too large to be fetched"):
            await contents.read_picture(path)
        assert await contents.find(path) is None
    assert bytes_in(cache) < MEGABYTE, "what was fetched in vain does not stay"


async def test_files_that_are_too_large_only_all_together_do_not_fill_the_disk(tmp_path: Path, cache: Path) -> None:
    bare = Bare(tmp_path / "noise")
    noise = [("100644", b"%02d.md" % number, bare.blob(os.urandom(MEGABYTE))) for number in range(16)]
    bare.commit(bare.tree(noise))
    command = GitCommand(environ=git_environment(ENVIRONMENT), timeout=60, file_size=2 * MEGABYTE)
    git_cache = GitCache(bare.url, "main", PathPatterns(["*.md"]), cache, command)
    for _ in range(2):
        contents = GitContents(git_cache, await git_cache.update())
        with pytest.raises(SourceError, match="too large to be fetched, or all together are; take them out"):
            await contents.read("00.md")
        assert bytes_in(cache) < 5 * MEGABYTE


async def test_a_sparse_file_of_a_terabyte_in_a_folder_is_told_and_the_others_are_read(tmp_path: Path) -> None:
    (tmp_path / "good.md").write_bytes(b"1")
    with (tmp_path / "huge.md").open("wb") as file:
        try:
            file.truncate(1 << 40)
        except OSError:
            pytest.skip("this file system has no sparse files of that size")
    with memory(4 * MEGABYTE):
        snapshot = await DirectorySource(tmp_path, ["*.md"]).snapshot()
        assert await snapshot.contents.read("good.md") == b"1"
        with pytest.raises(IssueError, match=r"the file has 1048576\.0 MiB, more than the 512 KiB"):
            await snapshot.contents.read("huge.md")
        assert await snapshot.contents.find("huge.md") == (snapshot.files["huge.md"], 1 << 40)
    before = snapshot.files["huge.md"]
    os.utime(tmp_path / "huge.md", (1, 1))
    assert (await DirectorySource(tmp_path, ["*.md"]).snapshot()).files["huge.md"] != before


async def test_a_large_file_of_a_folder_is_hashed_in_pieces(tmp_path: Path) -> None:
    content = bytes(8 * MEGABYTE)
    (tmp_path / "large.md").write_bytes(content)
    name = name_of(content)
    with memory(MEGABYTE):
        assert (await DirectorySource(tmp_path, ["*.md"]).snapshot()).files == {"large.md": name}


async def test_a_folder_with_too_many_files_is_a_complaint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("heartbeat_bot.sources.source_bounds.MOST_FILES", 10)
    monkeypatch.setattr("heartbeat_bot.sources.source_bounds.MOST_ENTRIES", 20)
    for number in range(21):
        (tmp_path / f"{number}.{'md' if number < 11 else 'txt'}").touch()
    with pytest.raises(SourceError, match=rf"{tmp_path}: there are more than 20 files and folders where `paths` leads"):
        await DirectorySource(tmp_path, ["*.txt"]).snapshot()
    (tmp_path / "20.txt").unlink()
    assert len((await DirectorySource(tmp_path, ["*.txt"]).snapshot()).files) == 9
    with pytest.raises(SourceError, match=rf"{tmp_path}: more than 10 files match `paths`; write narrower `paths`"):
        await DirectorySource(tmp_path, ["*.md"]).snapshot()


# -- remotes -------------------------------------------------------------------------------------------------------------

READER = """
import asyncio, json, resource, sys
from pathlib import Path
from heartbeat_bot.errors import SourceError
from heartbeat_bot.sources.git.source import GitSource

async def main():
    told = {}
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for url in sys.argv[2:]:
        source = GitSource(url, ["**"], cache_dir=Path(sys.argv[1]), branch="main", timeout=60)
        try:
            await source.snapshot()
        except SourceError as error:
            told[url] = str(error)
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(json.dumps([told, own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss]))

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not bound the memory of a process")
async def test_neither_git_nor_the_bot_grows_whatever_a_repository_holds_or_a_remote_sends(tmp_path: Path, cache: Path) -> None:
    bare = [hostile_repositories.tree_bomb(tmp_path / "bomb"), hostile_repositories.long_names(tmp_path / "long")]
    with hostile_remote() as remote:
        urls = [*(one.url for one in bare), *(remote.url(kind) for kind in HostileRemote.KINDS if kind != "pack")]
        reader = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", READER, str(cache), *urls), stdout=subprocess.PIPE, env=ENVIRONMENT
        )
        output, _ = await reader.communicate()
    told, own, gits = json.loads(output)
    assert list(told) == urls
    for url in urls:
        assert told[url].startswith((f"{url}: ", "git fetch wrote more")), told[url]
    assert own < 96 * 1024, "KiB that this program grew by"
    assert gits < 192 * 1024, "KiB of the largest process below it"
    assert ends_in(cache) == {".lock"}


async def test_a_pack_without_an_end_is_left_and_swept_up(cache: Path) -> None:
    command = GitCommand(environ=git_environment(ENVIRONMENT), timeout=30, file_size=4 * MEGABYTE)
    with hostile_remote() as remote:
        remote_cache = GitCache(remote.url("pack"), "main", PathPatterns(["**"]), cache, command)
        with pytest.raises(SourceError, match="/pack: the remote sends more than is taken from any"):
            await remote_cache.update()
    assert bytes_in(cache) == 0


async def test_what_a_fetch_into_a_copy_left_behind_is_swept_up(tmp_path: Path, cache: Path) -> None:
    bare = hostile_repositories.tree_bomb(tmp_path / "bomb", depth=2)
    command = GitCommand(environ=git_environment(ENVIRONMENT), timeout=30, file_size=MEGABYTE)
    git_cache = GitCache(bare.url, "main", PathPatterns(["**"]), cache, command)
    await git_cache.update()
    bare.commit(bare.tree([("100644", b"%032d.md" % number, os.urandom(20)) for number in range(60_000)]))
    with pytest.raises(SourceError):
        await git_cache.update()
    assert ".pack" in ends_in(cache)
    assert not any("tmp_" in end for end in ends_in(cache))


@pytest.mark.parametrize("kind", ["hang", "drip"])
async def test_a_remote_that_hangs_or_drips_is_left_in_time(cache: Path, kind: str) -> None:
    with hostile_remote() as remote:
        source = GitSource(remote.url(kind), ["**"], cache_dir=cache, branch="main", environ=ENVIRONMENT, timeout=2)
        with pytest.raises(SourceError, match=r"git \w+ took longer than 2 seconds and was ended; the next pass tries again"):
            await source.snapshot()


async def test_a_remote_that_is_slow_again_and_again_is_left_in_time(tmp_path: Path, cache: Path) -> None:
    origin, real = Origin(tmp_path / "origin"), shutil.which("git")
    origin.commit({"a.md": b"1"})
    (tmp_path / "git").write_text(f"#!/bin/sh\nsleep 0.5\nexec '{real}' \"$@\"\n")
    (tmp_path / "git").chmod(0o755)
    environ = ENVIRONMENT | {"PATH": f"{tmp_path}:{ENVIRONMENT['PATH']}"}
    source = GitSource(origin.url, ["**"], cache_dir=cache, branch="main", environ=environ, timeout=0.75)
    with pytest.raises(SourceError, match=r"all together took longer than 1.5 seconds|git \w+ took longer than 0.75 seconds"):
        await source.snapshot()


async def test_the_stand_in_for_a_remote_is_read_when_it_is_honest(cache: Path) -> None:
    with hostile_remote() as remote:
        source = GitSource(remote.url("honest"), ["**"], cache_dir=cache, branch="main", environ=ENVIRONMENT)
        snapshot = await source.snapshot()
        assert await snapshot.contents.read("honest.md") == b"# Honest\n\ntext\n"


async def test_limits_reach_git_and_what_it_starts(tmp_path: Path) -> None:
    (tmp_path / "git").write_text("#!/bin/sh\nulimit -c; ulimit -f; ulimit -t; ulimit -d; umask\n")
    (tmp_path / "git").chmod(0o755)
    command = GitCommand(environ={"PATH": f"{tmp_path}:/bin:/usr/bin"}, timeout=10, memory=64 * MEGABYTE, file_size=MEGABYTE)
    told = (await command.run(["version"])).output.decode().split()
    assert told[:1] == ["0"]
    assert told[1] in {"2048", "1024"}
    assert told[2] == "11"
    if sys.platform == "linux":
        assert told[3] == "65536"
    assert told[4] == "0077"
    assert resource.getrlimit(resource.RLIMIT_CORE)[1] != 1, "the limits are those of git, not of this program"


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        ("yes", "git version answered more than 8,388,608 bytes and was ended"),
        ("yes >&2", "git version wrote more than a megabyte of messages and was ended"),
        ("yes & yes >&2 & wait", r"git version (answered|wrote) more than"),
    ],
)
async def test_a_command_that_writes_without_end_is_ended(tmp_path: Path, script: str, sentence: str) -> None:
    (tmp_path / "git").write_text(f"#!/bin/sh\n{script}\n")
    (tmp_path / "git").chmod(0o755)
    command = GitCommand(environ={"PATH": f"{tmp_path}:/bin:/usr/bin"}, timeout=20)
    with pytest.raises(SourceError, match=sentence):
        await command.run(["version"])


# -- the machine ---------------------------------------------------------------------------------------------------------


async def test_the_copies_are_nobody_elses_to_read_whatever_the_umask(tmp_path: Path, cache: Path) -> None:
    origin = Origin(tmp_path / "origin")
    origin.commit({"a.md": b"secret"})
    before = os.umask(0)
    try:
        for _ in range(2):
            assert await (await origin.as_git(cache).snapshot()).contents.read("a.md") == b"secret"
            assert open_to_others(cache) == []
            os.chmod(cache, 0o755)  # noqa: PTH101 - as an earlier version made it
    finally:
        os.umask(before)


def _command(place: Path) -> str:
    return f"touch '{place}'; exit 1"


CONFIGS: dict[str, Callable[[Path], dict[str, str]]] = {
    "a command for ssh": lambda mark: {"core.sshCommand": _command(mark)},
    "a monitor of the file system": lambda mark: {"core.fsmonitor": _command(mark)},
    "hooks": lambda mark: {"core.hooksPath": str(mark.parent / "hooks")},
    "a hook for packs": lambda mark: {"uploadpack.packObjectsHook": _command(mark)},
    "a remote that is asked for what is missing": lambda mark: {
        "remote.origin.url": "ssh://example.invalid/a",
        "remote.origin.promisor": "true",
        "extensions.partialClone": "origin",
        "core.sshCommand": _command(mark),
    },
    "a helper for passwords": lambda mark: {"credential.helper": f"!{_command(mark)}"},
    "a pager and an editor": lambda mark: {"core.pager": _command(mark), "core.editor": _command(mark)},
}


@pytest.mark.parametrize("kind", CONFIGS)
async def test_a_setting_of_the_content_repository_runs_no_command(tmp_path: Path, cache: Path, kind: str) -> None:
    origin, mark = Origin(tmp_path / "origin"), tmp_path / "mark"
    origin.commit({"a.md": b"1"})
    hooks = tmp_path / "hooks"
    for folder in (hooks, origin.folder / ".git" / "hooks"):
        folder.mkdir(exist_ok=True)
        for name in ("post-checkout", "reference-transaction", "pre-auto-gc", "post-index-change", "pre-receive", "update"):
            (folder / name).write_text(f"#!/bin/sh\n{_command(mark)}\n")
            (folder / name).chmod(0o755)
    for key, value in CONFIGS[kind](mark).items():
        git(origin.folder, "config", key, value)
    mark.unlink(missing_ok=True)
    for number, remote in enumerate((origin.url, str(origin.folder))):
        source = GitSource(remote, ["*.md"], cache_dir=cache / str(number), branch="main", environ=ENVIRONMENT)
        assert await (await source.snapshot()).contents.read("a.md") == b"1"
    assert not mark.exists()


async def test_a_repository_that_lacks_objects_does_not_make_git_ask_elsewhere(tmp_path: Path, cache: Path) -> None:
    origin, mark = Origin(tmp_path / "origin"), tmp_path / "mark"
    origin.commit({"a.md": b"1"})
    blob = name_of(b"1")
    (origin.folder / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    for key, value in CONFIGS["a remote that is asked for what is missing"](mark).items():
        git(origin.folder, "config", key, value)
    snapshot = await origin.as_git(cache).snapshot()
    with pytest.raises(SourceError):
        await snapshot.contents.read("a.md")
    assert not mark.exists()
