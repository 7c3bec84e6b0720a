"""The sandbox as a package of its own: what its README shows works, and it needs nothing of the bot."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import discord_sandbox

PLACE = Path(discord_sandbox.__file__).parent


def test_the_example_of_its_readme_runs(tmp_path: Path) -> None:
    example = re.findall(r"```python\n(.*?)```", (PLACE / "README.md").read_text(), re.DOTALL)
    assert len(example) == 1
    file = tmp_path / "example.py"
    file.write_text(example[0])
    done = subprocess.run([sys.executable, file], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def test_it_can_be_imported_where_neither_the_bot_nor_discord_py_is() -> None:
    code = "import sys; sys.modules['discord'] = None; import discord_sandbox.server; print(sorted(name for name in sys.modules if name.startswith(('heartbeat_bot', 'cogs'))))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.strip() == "[]", done.stderr


def test_it_asks_for_the_aiohttp_that_the_bot_asks_for() -> None:
    own = tomllib.loads((PLACE / "pyproject.toml").read_text())["project"]
    bot = tomllib.loads((PLACE.parent / "pyproject.toml").read_text())["project"]
    assert set(own["dependencies"]) <= set(bot["dependencies"])
    assert own["license"] == bot["license"]
