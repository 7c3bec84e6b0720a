"""``python -m heartbeat_bot`` is ``heartbeat-bot``."""

import sys
from pathlib import Path


def _without_the_current_folder() -> None:
    """Take the current folder off the import path, which Python puts first: a `cogs/` lying there must not be loaded as ours."""
    home = Path(__file__).resolve().parent.parent
    if sys.path and sys.path[0] in {"", str(Path.cwd())} and Path.cwd().resolve() != home:
        del sys.path[0]


if __name__ == "__main__":
    _without_the_current_folder()
    from heartbeat_bot.cli import main

    main()
