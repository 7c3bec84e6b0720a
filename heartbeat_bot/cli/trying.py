"""Trying it: `demo`."""

import sys
import webbrowser
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

import click

from heartbeat_bot.cli.loop import run_to_the_end
from heartbeat_bot.cli.printing import say
from heartbeat_bot.errors import UserError


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=0, metavar="N", help="The page's port; a free one when not given.")
@click.option("--no-browser", is_flag=True, help="Only print the page's address.")
@click.option(
    "--issue", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE", help="Post this file instead."
)
def demo(port: int, no_browser: bool, issue: Path | None) -> None:  # noqa: FBT001 - click passes flags by keyword
    """Run the whole bot against a local Discord, on a sample newsletter. Ctrl-C ends it."""
    if find_spec("discord_sandbox") is None:
        raise UserError(
            "The local Discord is not installed here: `pip install 'heartbeat-bot[demo]'` brings it. Nothing else needs it."
        )
    from heartbeat_bot.app.demo import Demo  # noqa: PLC0415 - it needs what only the extra brings

    def ready(url: str, ticket: Callable[[], str], lines: Sequence[str]) -> None:
        say(url)
        say(*lines, err=True)
        if not no_browser and sys.stdout.isatty():
            # Everybody on this computer may read with which words a program was started: not the key, then.
            webbrowser.open(ticket())

    run_to_the_end(Demo(port=port, issue=issue).run(ready))
