"""What every source keeps: a folder and the repository made of it are the same newsletter."""

import time
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from origins import Origin, git, name_of

from heartbeat_bot.config import DirectorySourceConfig, GitSourceConfig
from heartbeat_bot.errors import SourceError
from heartbeat_bot.sources.open_source import open_source
from heartbeat_bot.sources.snapshot import Snapshot, Source

NFC = unicodedata.normalize("NFC", "été.md")
NFD = unicodedata.normalize("NFD", "été.md")
ODD_NAMES = [
    "a b.md",
    "line\nbreak.md",
    "#1.md",
    "100%.md",
    "a\"quote'.md",
    "back\\slash.md",
    "tab\there.md",
    "-dash.md",
    "📰.md",
    "C:.md",
    NFC,
    "x/" + NFD,
    " leading.md",
    "a\\x41.md",
]

MakeSource = Callable[..., Source]


@pytest.fixture
def origin(tmp_path: Path) -> Origin:
    return Origin(tmp_path / "origin")


@pytest.fixture(params=["directory", "git"])
def source_of(request: pytest.FixtureRequest, origin: Origin, tmp_path: Path) -> MakeSource:
    """Commit files, and open the folder or the repository."""

    def make(files: dict[str | bytes, bytes] | None = None, *paths: str) -> Source:
        origin.commit(files)
        return origin.sources(tmp_path / "cache", paths or ("**/*.md",))[request.param]

    return make


async def both(origin: Origin, tmp_path: Path, *paths: str) -> Snapshot:
    """Return what both kinds of sources hold, which must be the same."""
    directory, repository = [
        await source.snapshot() for source in origin.sources(tmp_path / "cache", paths or ("**/*.md",)).values()
    ]
    assert list(directory.files.items()) == list(repository.files.items())
    for path in directory.files:
        assert await directory.contents.read(path) == await repository.contents.read(path)
    return repository


async def test_files_that_match_are_listed_by_path_with_gits_names_for_their_bytes(source_of: MakeSource) -> None:
    source = source_of({"b/x.md": b"x\n", "a.md": b"", "a.txt": b"no", "b.md": b"\xff\0\r\n", ".hidden.md": b"no"})
    snapshot = await source.snapshot()
    assert list(snapshot.files.items()) == [("a.md", name_of(b"")), ("b.md", name_of(b"\xff\0\r\n")), ("b/x.md", name_of(b"x\n"))]
    assert [await snapshot.contents.read(path) for path in snapshot.files] == [b"", b"\xff\0\r\n", b"x\n"]
    assert snapshot.time.utcoffset() is not None


async def test_an_unchanged_source_is_the_same_snapshot_and_a_changed_one_is_not(source_of: MakeSource) -> None:
    source = source_of({"a.md": b"1"})
    first, second = await source.snapshot(), await source.snapshot()
    assert (first.commit, first.files) == (second.commit, second.files)
    source_of({"a.md": b"2"})
    third = await source.snapshot()
    assert third.commit != first.commit
    assert third.files == {"a.md": name_of(b"2")}
    assert await third.contents.read("a.md") == b"2"


async def test_what_was_removed_or_renamed_is_seen(source_of: MakeSource, origin: Origin) -> None:
    source = source_of({"a.md": b"1", "b.md": b"2"})
    await source.snapshot()
    (origin.folder / "a.md").rename(origin.folder / "c.md")
    (origin.folder / "b.md").unlink()
    source_of()
    assert (await source.snapshot()).files == {"c.md": name_of(b"1")}


async def test_nothing_that_matches_is_an_empty_snapshot(source_of: MakeSource) -> None:
    assert (await source_of({"a.txt": b"1"}).snapshot()).files == {}


async def test_equal_bytes_have_equal_names(source_of: MakeSource) -> None:
    snapshot = await source_of({"a.md": b"same", "b.md": b"same"}).snapshot()
    assert snapshot.files["a.md"] == snapshot.files["b.md"]
    assert await snapshot.contents.read("b.md") == b"same"


async def test_every_name_that_a_file_can_have_is_listed_and_read(source_of: MakeSource) -> None:
    files: dict[str | bytes, bytes] = {name: name.encode() for name in ODD_NAMES}
    snapshot = await source_of(files).snapshot()
    assert set(snapshot.files) == set(ODD_NAMES)
    for name in ODD_NAMES:
        assert await snapshot.contents.read(name) == name.encode()
        assert await snapshot.contents.find(name) == (name_of(name.encode()), len(name.encode()))


async def test_a_name_that_is_not_utf_8_is_shown_and_read(source_of: MakeSource) -> None:
    snapshot = await source_of({b"\xe9.md": b"1", b"\xff/\xfe.md": b"2", b"plain/\xfd.md": b"3"}).snapshot()
    assert set(snapshot.files) == {"\\xe9.md", "\\xff/\\xfe.md", "plain/\\xfd.md"}
    assert [await snapshot.contents.read(path) for path in sorted(snapshot.files)] == [b"1", b"2", b"3"]


async def test_a_pattern_finds_a_folder_however_its_accents_are_encoded(origin: Origin, tmp_path: Path) -> None:
    origin.commit({unicodedata.normalize("NFD", "numéros/été/a.md"): b"1", unicodedata.normalize("NFC", "numéros/b.md"): b"2"})
    for form in ("NFC", "NFD"):
        snapshot = await both(origin, tmp_path, unicodedata.normalize(form, "numéros/**/*.md"))
        assert len(snapshot.files) == 2


async def test_a_pattern_whose_folder_is_a_file_finds_nothing(origin: Origin, tmp_path: Path) -> None:
    origin.commit({"content": b"no folder", "b/a.md": b"1"})
    assert list((await both(origin, tmp_path, "content/*.md", "b/*.md")).files) == ["b/a.md"]


async def test_links_are_no_files(source_of: MakeSource, origin: Origin, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.md").write_text("secret")
    origin.write({"real/a.md": b"1"})
    (origin.folder / "file.md").symlink_to(outside / "secret.md")
    (origin.folder / "inner.md").symlink_to("real/a.md")
    (origin.folder / "folder").symlink_to(outside)
    (origin.folder / "gone.md").symlink_to("nowhere")
    snapshot = await source_of({}, "**/*.md", "folder/*.md").snapshot()
    assert list(snapshot.files) == ["real/a.md"]
    for path in ("file.md", "inner.md", "folder/secret.md", "gone.md", "folder"):
        assert await snapshot.contents.find(path) is None
        with pytest.raises(SourceError):
            await snapshot.contents.read(path)


async def test_submodules_and_repositories_within_are_no_files(source_of: MakeSource, origin: Origin, tmp_path: Path) -> None:
    theme = Origin(tmp_path / "theme")
    theme.commit({"theme.md": b"no issue", "a/b.md": b"no issue"})
    git(origin.folder, "submodule", "--quiet", "add", theme.url, "themes/one")
    git(origin.folder, "clone", "--quiet", theme.url, "themes/two")
    snapshot = await source_of({"themes/own.md": b"1"}, "**/*.md", "themes/one/*.md", "**/.*").snapshot()
    assert set(snapshot.files) == {"themes/own.md", ".gitmodules"}
    for path in ("themes/one", "themes/one/theme.md", "themes/two/theme.md", "themes/one/a/b.md", "themes/one/.git"):
        assert await snapshot.contents.find(path) is None


async def test_a_programs_file_is_a_file(source_of: MakeSource, origin: Origin) -> None:
    origin.write({"run.md": b"#!"})
    (origin.folder / "run.md").chmod(0o755)
    assert list((await source_of().snapshot()).files) == ["run.md"]


async def test_a_picture_is_found_though_no_pattern_matches_it(source_of: MakeSource) -> None:
    picture = b"\x89PNG" + bytes(range(256)) * 50
    accented = unicodedata.normalize("NFD", "images/é.png")
    snapshot = await source_of({"a.md": b"1", "images/p.png": picture, accented: b"2"}).snapshot()
    assert list(snapshot.files) == ["a.md"]
    assert await snapshot.contents.find("images/p.png") == (name_of(picture), len(picture))
    assert await snapshot.contents.read("images/p.png") == picture
    assert await snapshot.contents.find(unicodedata.normalize("NFC", accented)) == (name_of(b"2"), 1)


async def test_what_is_no_file_of_the_source_is_not_found(source_of: MakeSource) -> None:
    snapshot = await source_of({"a.md": b"1", "images/p.png": b"2"}).snapshot()
    for path in (
        "",
        "/",
        ".",
        "none.png",
        "images",
        "images/",
        "a.md/b",
        "./a.md",
        "images/../a.md",
        "../origin/a.md",
        "/etc/passwd",
        ".git/HEAD",
        ".git",
        "a\0.md",
        "\ud800.png",
        "x" * 300 + ".png",
        "/".join(["deep"] * 2000),
        "\\xff.png",
    ):
        assert await snapshot.contents.find(path) is None, path
        with pytest.raises(SourceError):
            await snapshot.contents.read(path)


async def test_five_thousand_files_are_listed_quickly(origin: Origin, tmp_path: Path) -> None:
    # Git makes them of a stream, which takes a tenth of the time of adding files.
    names = [f"{number % 50:02}/{number:04}.md" for number in range(5000)]
    stream = "commit refs/heads/main\ncommitter Ann <ann@example.org> 1772438400 +0000\ndata 1\nx\n" + "".join(
        f"M 100644 inline {name}\ndata {len(name)}\n{name}\n" for name in names
    )
    git(origin.folder, "fast-import", "--quiet", stdin=stream)
    git(origin.folder, "reset", "--quiet", "--hard")
    taken: dict[str, float] = {}
    for kind, source in origin.sources(tmp_path / "cache").items():
        started = time.monotonic()
        snapshot = await source.snapshot()
        taken[kind] = time.monotonic() - started
        assert sorted(names) == list(snapshot.files)
        assert await snapshot.contents.read(names[-1]) == names[-1].encode()
    assert max(taken.values()) < 15, taken  # a second or less on an idle machine; one request per file takes minutes


async def test_the_configuration_opens_both_kinds(origin: Origin, tmp_path: Path) -> None:
    origin.commit({"a.md": b"1", "b.md": b"2"})
    folder = open_source(DirectorySourceConfig(directory=origin.folder, paths=("a.md",)), tmp_path / "cache")
    repository = open_source(GitSourceConfig(git=origin.url, paths=("a.md",), branch="main"), tmp_path / "cache")
    assert (await folder.snapshot()).files == (await repository.snapshot()).files == {"a.md": name_of(b"1")}
