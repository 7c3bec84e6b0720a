"""What the tests of the configuration share: the smallest file that loads, and reading it."""

from pathlib import Path

import pytest

from heartbeat_bot.config import Config, parse_config
from heartbeat_bot.errors import ConfigError

FOLDER = Path("/srv/newsletter")
CHANNEL = 100000000000000001
SMALLEST = f"""newsletters:
  heartbeat:
    source:
      directory: site
    announce:
      channel: {CHANNEL}
"""


def read(text: str | bytes) -> Config:
    content = text if isinstance(text, bytes) else text.encode()
    return parse_config(content, name="config.yaml", folder=FOLDER)


def with_key(key: str, value: str, part: str = "announce") -> str:
    """Write the smallest file with a key more in one of the newsletter's parts ("" for the newsletter itself), on line 7."""
    if part == "announce":
        return f"{SMALLEST}      {key}: {value}\n"
    indent, head = ("    ", "") if not part else ("      ", f"    {part}:\n")
    if part == "source":
        return SMALLEST.replace("      directory: site\n", f"      directory: site\n      {key}: {value}\n")
    return f"{SMALLEST}{head}{indent}{key}: {value}\n"


def problems(text: str | bytes) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        read(text)
    return caught.value.problems


def problem(text: str | bytes) -> str:
    """Return the one problem that a file has."""
    (only,) = problems(text)
    return only
