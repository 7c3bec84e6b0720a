"""The state, its lock, the archive and the copies of remotes lie beside each other, whatever their folder is called."""

import pytest
from home import ISSUE, Home


@pytest.mark.parametrize("name", ["what? 100%", "a%20b #c"])
async def test_all_that_the_bot_keeps_lies_in_the_folder_of_its_configuration(home: Home, name: str) -> None:
    folder = home.config.parent / "odd" / name
    folder.mkdir(parents=True)
    home.config = home.config.rename(folder / "config.yaml")
    home.state = folder / "heartbeat.db"
    await home.sync()
    home.write("new", ISSUE)
    assert await home.sync(), "the second pass knows what the first one wrote"
    assert "✗" not in await home.run("doctor")
    kept = {"config.yaml", "heartbeat.db", "heartbeat.db.lock", "heartbeat-archive.db", "heartbeat.cache"}
    assert {path.name for path in folder.iterdir()} == kept
    assert [path.name for path in folder.parent.iterdir()] == [name]
