"""What commands print: lines that forge, steer and command nothing, and show no secret. Nothing is printed past this."""

import io
import os
import sys
from typing import Any

import click

from heartbeat_bot.errors import UserError
from heartbeat_bot.printable import as_json, one_line
from heartbeat_bot.redaction import without_secrets


def open_streams() -> None:
    """Make standard streams that can be used of whatever they are.

    One that is closed leads nowhere: a file that is opened later would get its number, and what is printed to it. What a stream's
    encoding cannot show is escaped.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.dup2(os.open(os.devnull, os.O_RDWR), number)
    sys.stdin = sys.stdin or open(os.devnull)  # noqa: PTH123, SIM115 - for as long as the process lives
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: PTH123, SIM115 - likewise
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: PTH123, SIM115 - likewise
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def say(*lines: str, err: bool = False) -> None:
    """Print lines to stdout, or to stderr: each as one line, whatever it holds."""
    for line in lines:
        _print(one_line(without_secrets(line)), err=err)


def say_json(value: Any) -> None:
    """Print JSON to stdout."""
    _print(as_json(value, indent=1))


def say_as_it_is(text: str) -> None:
    """Print what was made to be printed: a report whose lines were escaped when it was put together."""
    _print(text)


def _print(text: str, *, err: bool = False) -> None:
    """Print; raise UserError when there is no room for it. When there is none on stderr either, nobody can be told."""
    try:
        click.echo(text, err=err)  # noqa: TID251 - the one place
    except BrokenPipeError:
        raise
    except OSError as error:
        if not err:
            raise UserError(not_printed(error)) from error


def not_printed(error: OSError) -> str:
    """Say why something could not be printed."""
    return f"what was to be printed could not be written: {error.strerror}"
