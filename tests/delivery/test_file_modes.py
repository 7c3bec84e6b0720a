"""What the bot keeps is its user's alone, whatever the umask, and who only reads changes no mode."""

import asyncio
import os
import sqlite3
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from heartbeat_bot.archive.archive import open_archive
from heartbeat_bot.config.address import DatabaseAddress
from heartbeat_bot.database.sqlite import SqliteDatabase, SqliteFile
from heartbeat_bot.store.opening import open_store

ROOT = Path(__file__).parents[2]


@pytest.fixture(params=[0o000, 0o022, 0o077, 0o177, 0o777], ids=lambda mask: f"umask-{mask:03o}")
def _umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


@pytest.fixture
def _everybody_reads() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def modes(folder: Path) -> dict[str, str]:
    return {path.name: f"{stat.S_IMODE(path.stat().st_mode):03o}" for path in sorted(folder.iterdir())}


@pytest.mark.usefixtures("_umask")
async def test_state_journals_lock_and_archive_are_private_from_their_first_instant(tmp_path: Path) -> None:
    async with open_store(DatabaseAddress(tmp_path / "state.db")), open_archive(tmp_path / "archive.db"):
        assert modes(tmp_path) == dict.fromkeys(
            ["archive.db", "archive.db-shm", "archive.db-wal", "state.db", "state.db-shm", "state.db-wal", "state.db.lock"], "600"
        )
    assert set(modes(tmp_path).values()) == {"600"}


@pytest.mark.usefixtures("_everybody_reads")
async def test_what_was_open_to_others_is_tightened_with_what_a_kill_left(tmp_path: Path) -> None:
    state = tmp_path / "state.db"
    script = (
        "import os, sqlite3; c = sqlite3.connect('state.db'); c.execute('PRAGMA journal_mode = WAL');"
        "c.execute('CREATE TABLE a (b)'); c.commit(); os._exit(0)"
    )
    await asyncio.to_thread(subprocess.run, [sys.executable, "-c", script], check=True, cwd=tmp_path)
    (tmp_path / "state.db.lock").touch()
    assert modes(tmp_path) == {"state.db": "644", "state.db-shm": "644", "state.db-wal": "644", "state.db.lock": "666"}
    assert len(SqliteFile(state).open_to_others()) == 4
    database = SqliteDatabase(state, read_only=False)
    assert await database.read(lambda connection: connection.exec_driver_sql("SELECT count(*) FROM a").scalar()) == 0
    assert {modes(tmp_path)[name] for name in ("state.db", "state.db-shm", "state.db-wal", "state.db.lock")} == {"600"}
    await database.aclose()
    assert SqliteFile(state).open_to_others() == []


async def test_sqlite_gives_journals_the_mode_of_the_database(tmp_path: Path) -> None:
    for mode in (0o600, 0o640):
        file = tmp_path / f"{mode:o}.db"
        file.touch()
        file.chmod(mode)
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("CREATE TABLE a (b)")
            assert {value for name, value in modes(tmp_path).items() if name.startswith(f"{mode:o}")} == {f"{mode:o}"}


@pytest.mark.usefixtures("_everybody_reads")
async def test_a_state_behind_a_link_is_tightened_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "new.db").symlink_to("data/new.db")
    (tmp_path / "old.db").symlink_to("data/old.db")
    (tmp_path / "data" / "old.db").touch()
    for name in ("new", "old"):
        async with open_store(DatabaseAddress(tmp_path / f"{name}.db")):
            pass
    assert modes(tmp_path / "data") == {"new.db": "600", "old.db": "600"}


@pytest.mark.usefixtures("_everybody_reads")
async def test_an_archive_that_is_set_aside_is_private_too(tmp_path: Path) -> None:
    (tmp_path / "archive.db").write_text("this is no database, and long enough to be looked at\n" * 100)
    async with open_archive(tmp_path / "archive.db"):
        assert set(modes(tmp_path).values()) == {"600"}
    assert "archive.db.damaged" in modes(tmp_path)


async def test_a_reader_changes_no_mode(tmp_path: Path) -> None:
    state = DatabaseAddress(tmp_path / "state.db")
    async with open_store(state):
        pass
    (tmp_path / "state.db").chmod(0o644)
    before = modes(tmp_path)
    async with open_store(state, read_only=True) as store:
        assert await store.newsletters() == []
    assert modes(tmp_path) == before
    assert SqliteFile(tmp_path / "state.db").open_to_others() == [tmp_path / "state.db"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
async def test_who_may_only_read_a_file_of_another_reads_it_and_its_mode_stays() -> None:
    script = (
        "import asyncio, os, sys\n"
        f"sys.path.insert(0, {str(ROOT)!r})\n"
        "from pathlib import Path\n"
        "from heartbeat_bot.config.address import DatabaseAddress\n"
        "from heartbeat_bot.store.opening import open_store\n"
        "os.setuid(65534)\n"
        "async def read():\n"
        "    async with open_store(DatabaseAddress(Path(sys.argv[1])), read_only=True) as store:\n"
        "        return await store.newsletters()\n"
        "assert asyncio.run(read()) == []\n"
    )
    with tempfile.TemporaryDirectory() as folder:  # tests' own folders are closed to others
        os.chmod(folder, 0o755)  # noqa: PTH101 - ruff takes a Path's for one that blocks
        state = Path(folder) / "state.db"
        async with open_store(DatabaseAddress(state)):
            pass
        state.chmod(0o644)
        with closing(sqlite3.connect(state)) as connection:  # without a journal, which would have to be made beside it
            connection.execute("PRAGMA journal_mode = DELETE")
        before = modes(Path(folder))
        command = [sys.executable, "-c", script, str(state)]
        done = await asyncio.to_thread(subprocess.run, command, check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert modes(Path(folder)) == before


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
async def test_a_file_of_another_user_keeps_its_mode(tmp_path: Path) -> None:
    state = tmp_path / "state.db"
    state.touch()
    state.chmod(0o644)
    os.chown(state, 65534, 65534)
    async with open_store(DatabaseAddress(state)):
        assert modes(tmp_path)["state.db"] == "644"
    async with open_store(DatabaseAddress(state), read_only=True):
        assert (state.stat().st_uid, modes(tmp_path)["state.db"]) == (65534, "644")


async def test_a_folder_that_is_missing_is_told_as_before(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "none" / "state.db", read_only=False)
    with pytest.raises(Exception, match="unable to open database file"):
        await database.write(lambda _: None)
    await database.aclose()
