"""The command line. Results go to stdout, everything else to stderr; every error is a sentence and an exit code."""

import logging
import secrets
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from functools import partial
from importlib import import_module
from typing import Any, Final

import click

from heartbeat_bot import __version__
from heartbeat_bot.cli.ending import FAILED, NOT_STARTED, stop
from heartbeat_bot.cli.printing import not_printed, open_streams
from heartbeat_bot.errors import ConfigError, StateError, UserError
from heartbeat_bot.log import LogFormat, set_up_logging
from heartbeat_bot.machine import machine_errors
from heartbeat_bot.printable import one_line

_LOG = logging.getLogger(__name__)

_COMMANDS: Final = {
    "demo": "trying",
    "run": "running",
    "sync": "running",
    "preview": "authors",
    "check": "authors",
    "doctor": "operators",
    "status": "operators",
    "issues": "operators",
}
"""The file of this folder that holds each command."""


class _Group(click.Group):
    """Loads a command when it is asked for, since what each needs takes a while to load.

    Shows a UserError as written and everything else with a reference, as exit codes 2 and 1.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        loaded = super().get_command(ctx, cmd_name)
        if loaded is not None or cmd_name not in _COMMANDS:
            return loaded
        return getattr(import_module(f"heartbeat_bot.cli.{_COMMANDS[cmd_name]}"), cmd_name)

    def main(self, *args: Any, **extra: Any) -> Any:
        open_streams()
        try:
            return super().main(*args, **extra)
        except OSError as error:  # what click itself prints: its version, its help
            stop(not_printed(error), code=FAILED)

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        with _in_one_line():
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with machine_errors(), _in_one_line():
                return super().invoke(ctx)
        except ConfigError as error:
            stop(*error.problems, code=NOT_STARTED)
        except StateError as error:
            stop(str(error), code=NOT_STARTED)
        except UserError as error:
            stop(str(error), code=FAILED)
        except (click.exceptions.Exit, click.Abort, click.ClickException, BrokenPipeError):
            raise  # click's own ways out
        except Exception:  # noqa: BLE001 - a fault of the program is logged whole, and answered with a reference to that
            reference = secrets.token_hex(4)
            _LOG.exception("fault %s", reference)
            stop(
                f"this is a fault of the program, not yours; please report it with what stands above (fault {reference})",
                code=FAILED,
            )


@contextmanager
def _in_one_line() -> Generator[None]:
    """Let click repeat the words of a command line, which may be the names of files, so that they can be printed, or cannot."""
    try:
        yield
    except click.ClickException as error:
        # Another error would show no usage.
        vars(error)["message"] = one_line(error.message)
        vars(error)["show"] = partial(_show, error.show)
        raise


def _show(show: Callable[[], None]) -> None:
    """Show how a command is used; where there is no room for it, the exit code must do."""
    with suppress(OSError):
        show()


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="heartbeat-bot")
@click.option("-v", "--verbose", count=True, help="Say more on stderr; twice says what libraries do.")
@click.option("-q", "--quiet", is_flag=True, help="Say only what is wrong.")
@click.option("--log-format", type=click.Choice(["text", "json"]), default="text", help="How stderr is written.")
@click.pass_context
def main(ctx: click.Context, verbose: int, quiet: bool, log_format: LogFormat) -> None:  # noqa: FBT001 - click passes flags by keyword
    """Post a community's newsletter from its Git repository to Discord, and keep the two in step."""
    ctx.obj = {"quiet": quiet}
    set_up_logging(verbosity=-1 if quiet else verbose, log_format=log_format)
