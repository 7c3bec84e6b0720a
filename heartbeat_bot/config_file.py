"""Where the configuration is, for those who only ask whether there is one: reading it takes libraries that take a while to load."""

import os
from collections.abc import Mapping
from pathlib import Path

FILE_VARIABLE = "HEARTBEAT_CONFIG"
"""The environment variable that names the configuration file."""
DEFAULT_FILE = "config.yaml"
"""The configuration file when nothing names another."""


def config_file(option: str | os.PathLike[str] | None = None, environ: Mapping[str, str] = os.environ) -> Path:
    """Return the configuration file to read: the command line's, else ``$HEARTBEAT_CONFIG``, else ``config.yaml`` here."""
    return Path(option or environ.get(FILE_VARIABLE) or DEFAULT_FILE)
