"""The bot: `run` watches for as long as it is let, `sync` makes one pass."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import click

from heartbeat_bot.app.operation import no_progress, run_bot, sync_once
from heartbeat_bot.cli.ending import FAILED, NOT_STARTED, stop
from heartbeat_bot.cli.loop import run_to_the_end
from heartbeat_bot.cli.newsletters import check_newsletter, load
from heartbeat_bot.cli.options import config_option, newsletter_option
from heartbeat_bot.cli.printing import say
from heartbeat_bot.errors import ConfigError, UserError


@click.command()
@config_option
def run(config_path: str | None) -> None:
    """Watch, post and answer until SIGINT or SIGTERM."""
    config = load(config_path)
    try:
        run_to_the_end(run_bot(config))
    except ConfigError:
        raise
    except UserError as error:
        stop(str(error), code=NOT_STARTED)


@click.command()
@config_option
@newsletter_option
@click.option("--dry-run", is_flag=True, help="Print what would be done; send nothing, note nothing.")
@click.option(
    "--start-over",
    is_flag=True,
    help="Begin anew with a newsletter that the database knows nothing of, although its channel is full of the bot's posts.",
)
@click.option("--as-of", metavar="TIME", help="An ISO 8601 instant that counts as now for every rule about time.")
@click.pass_context
def sync(
    ctx: click.Context,
    config_path: str | None,
    newsletter: str | None,
    dry_run: bool,  # noqa: FBT001 - click passes flags by keyword
    start_over: bool,  # noqa: FBT001 - likewise
    as_of: str | None,
) -> None:
    """Make one pass over every newsletter, then end: for cron and CI."""
    config = load(config_path)
    check_newsletter(config, newsletter)
    now = None if as_of is None else _instant(as_of)
    with _progress(shown=not ctx.obj["quiet"]) as progress:
        try:
            reports = run_to_the_end(
                sync_once(config, newsletter=newsletter, dry_run=dry_run, start_over=start_over, now=now, progress=progress)
            )
        except ConfigError:
            raise
        except UserError as error:
            stop(str(error), code=NOT_STARTED)
    for report in reports:
        say(*report.lines())
    if any(report.failed for report in reports):
        raise SystemExit(FAILED)


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, OverflowError):  # an offset may lead out of the calendar
        stop(f"--as-of {text!r} is not an ISO 8601 instant such as 2026-08-16T09:00:00Z", code=NOT_STARTED)


@contextmanager
def _progress(*, shown: bool) -> Generator[Callable[[str, int, int], None]]:
    """Show a bar per newsletter on a terminal's stderr; nothing elsewhere."""
    if not shown:
        yield no_progress
        return
    # `run`, which shows none, would hold it in memory for as long as it runs.
    from rich.console import Console  # noqa: PLC0415 - see above
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn  # noqa: PLC0415 - likewise

    console = Console(stderr=True)
    if not console.is_terminal:
        yield no_progress
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as display:
        tasks: dict[str, Any] = {}

        def report(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = display.add_task(what, total=total)
            display.update(tasks[what], completed=done, total=total)

        yield report
