"""What commands print: lines that forge, steer and command nothing, and show no secret. Nothing is printed past this."""

from typing import Any

import click

from heartbeat_bot.printable import as_json, one_line
from heartbeat_bot.redaction import without_secrets


def say(*lines: str, err: bool = False) -> None:
    """Print lines to stdout, or to stderr: each as one line, whatever it holds."""
    for line in lines:
        click.echo(one_line(without_secrets(line)), err=err)  # noqa: TID251 - the one place


def say_json(value: Any) -> None:
    """Print JSON to stdout."""
    click.echo(as_json(value, indent=1))  # noqa: TID251 - likewise


def say_as_it_is(text: str) -> None:
    """Print what was made to be printed: a report whose lines were escaped when it was put together."""
    click.echo(text)  # noqa: TID251 - likewise
