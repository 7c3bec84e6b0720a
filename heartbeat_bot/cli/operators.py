"""For operators: `doctor` looks at everything, `status` says what waits, `issues` lists what is known."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from io import StringIO
from typing import Any, Final

import click
from rich.console import Console
from rich.table import Table

from heartbeat_bot.app.operation import diagnose
from heartbeat_bot.app.status_json import archive_json, status_json
from heartbeat_bot.cli.ending import FAILED
from heartbeat_bot.cli.loop import run_to_the_end
from heartbeat_bot.cli.newsletters import load
from heartbeat_bot.cli.options import config_option, json_option
from heartbeat_bot.cli.printing import say, say_json
from heartbeat_bot.errors import ConfigError
from heartbeat_bot.printable import one_line

_MOST_NAMED: Final = 3


@click.command()
@config_option
def doctor(config_path: str | None) -> None:
    """Check configuration, token, permissions, sources and state, and say what to do."""
    try:
        config = load(config_path)
    except ConfigError as error:
        say(*(f"✗ {problem}" for problem in error.problems))
        raise SystemExit(FAILED) from error
    well = True
    for line in run_to_the_end(diagnose(config)):
        mark = "✓" if line.good else "✗"
        say(f"{mark} {line.text}")
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
        say_json(facts)
        return
    for newsletter in facts["newsletters"]:
        say(*_standing(newsletter))
    for intent in facts["unfinished"]:
        say(f"unfinished: {intent['kind']} {intent['key'] or ''} in channel {intent['channel']} since {intent['since']}")
    for wait in facts["publishing"]:
        say(f"publishing waits: {wait['messages']} message(s) in channel {wait['channel']} until {wait['until']}")
    for wait in facts["left_alone"]:
        say(f"left alone until {wait['until']}: {wait['why']}")


def _standing(newsletter: Mapping[str, Any]) -> Iterator[str]:
    """Yield how things stand with a newsletter."""
    yield f"{newsletter['name']}: last pass {newsletter['last_pass'] or 'never'}"
    if newsletter["last_issue"]:
        yield f"  last issue: {newsletter['last_issue']['title']} ({newsletter['last_issue']['announced']})"
    if newsletter["error"]:
        yield f"  could not be read: {newsletter['error']}"
    for trouble in newsletter["troubles"]:
        yield f"  in trouble since {trouble['since']} (found {trouble['looks']} times): {trouble['words']}"
    if newsletter["paused"]:
        yield f"  paused by a moderator since {newsletter['paused']}: nothing is sent, edited or deleted until /resume"
    elif newsletter["overdue"]:
        yield "  a pass is overdue: is `heartbeat-bot run` (or cron's `sync`) running? Its log says what keeps it from finishing one"
    for issue in newsletter["unfinished"]:
        yield f"  not whole in the channel yet: {issue['title']} (since {issue['announced']}); the next pass goes on"
    yield from _waiting(newsletter["waiting"])
    for issue in newsletter["errors"]:
        yield f"  failed, will be tried again: {issue['title']}: {issue['error']}"


def _waiting(issues: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield a line for each reason why issues wait, with the first of them."""
    reasons: dict[str, list[str]] = {}
    for issue in issues:
        reasons.setdefault(issue["reason"], []).append(issue["title"])
    for reason, titles in reasons.items():
        rest = len(titles) - _MOST_NAMED
        named = ", ".join(titles[:_MOST_NAMED]) + (f" and {rest} more" if rest > 0 else "")
        count = f" ({len(titles)})" if len(titles) > 1 else ""
        yield f"  waits{count}: {named}: {reason}"


@click.command()
@config_option
@json_option
def issues(config_path: str | None, as_json_: bool) -> None:  # noqa: FBT001 - click passes flags by keyword
    """List every known issue with its state and its messages."""
    entries = run_to_the_end(archive_json(load(config_path)))
    if as_json_:
        say_json(entries)
        return
    table = Table(box=None, pad_edge=False)
    for column in ("number", "newsletter", "date", "state", "messages", "title"):
        table.add_column(column, overflow="fold")
    for entry in entries:
        cells = (
            str(entry["id"]),
            entry["newsletter"],
            entry["date"] or "",
            entry["state"],
            str(len(entry["receipts"])),
            entry["title"],
        )
        table.add_row(*map(one_line, cells))
    # Into a text first: a title that is folded begins a line, which may not be taken for a command.
    width = Console().width if sys.stdout.isatty() else 200
    shown = Console(file=StringIO(), width=width, color_system=None, markup=False, highlight=False, emoji=False)
    with shown.capture() as capture:
        shown.print(table)
    say(*capture.get().removesuffix("\n").split("\n"))
