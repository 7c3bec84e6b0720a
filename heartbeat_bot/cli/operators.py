"""For operators: `doctor` looks at everything, `status` says what waits, `issues` lists what is known."""

import json
import sys

import click
from rich.console import Console
from rich.table import Table

from heartbeat_bot.cli.ending import FAILED
from heartbeat_bot.cli.loop import run_to_the_end
from heartbeat_bot.cli.newsletters import load
from heartbeat_bot.cli.options import config_option, json_option
from heartbeat_bot.errors import ConfigError
from heartbeat_bot.operation import diagnose
from heartbeat_bot.service.operators import archive_json, status_json


@click.command()
@config_option
def doctor(config_path: str | None) -> None:
    """Check configuration, token, permissions, sources and state, and say what to do."""
    try:
        config = load(config_path)
    except ConfigError as error:
        for problem in error.problems:
            click.echo(f"✗ {problem}")
        raise SystemExit(FAILED) from error
    well = True
    for line in run_to_the_end(diagnose(config)):
        mark = "✓" if line.good else "✗"
        click.echo(f"{mark} {line.text}")
        well = well and line.good
    if not well:
        raise SystemExit(FAILED)


@click.command()
@config_option
@json_option
def status(config_path: str | None, as_json_: bool) -> None:  # noqa: FBT001 - click passes flags by keyword
    """Show newsletters, last passes, unfinished work, what waits and why."""
    facts = run_to_the_end(status_json(load(config_path)))
    if as_json_:
        click.echo(json.dumps(facts, ensure_ascii=False, indent=1))
        return
    for newsletter in facts["newsletters"]:
        click.echo(f"{newsletter['name']}: last pass {newsletter['last_pass'] or 'never'}")
        if newsletter["last_issue"]:
            click.echo(f"  last issue: {newsletter['last_issue']['title']} ({newsletter['last_issue']['announced']})")
        if newsletter["error"]:
            click.echo(f"  could not be read: {newsletter['error']}")
        for issue in newsletter["waiting"]:
            click.echo(f"  waits: {issue['title']}: {issue['reason']}")
        for issue in newsletter["errors"]:
            click.echo(f"  failed, will be tried again: {issue['title']}: {issue['error']}")
    for intent in facts["unfinished"]:
        click.echo(f"unfinished: {intent['kind']} {intent['key'] or ''} in channel {intent['channel']} since {intent['since']}")
    for wait in facts["publishing"]:
        click.echo(f"publishing waits: {wait['messages']} message(s) in channel {wait['channel']} until {wait['until']}")


@click.command()
@config_option
@json_option
def issues(config_path: str | None, as_json_: bool) -> None:  # noqa: FBT001 - click passes flags by keyword
    """List every known issue with its state and its messages."""
    entries = run_to_the_end(archive_json(load(config_path)))
    if as_json_:
        click.echo(json.dumps(entries, ensure_ascii=False, indent=1))
        return
    table = Table(box=None, pad_edge=False)
    for column in ("number", "newsletter", "date", "state", "messages", "title"):
        table.add_column(column, overflow="fold")
    for entry in entries:
        table.add_row(
            str(entry["id"]), entry["newsletter"], entry["date"] or "", entry["state"], str(len(entry["receipts"])), entry["title"]
        )
    Console(width=None if sys.stdout.isatty() else 200, markup=False, highlight=False, emoji=False).print(table)
