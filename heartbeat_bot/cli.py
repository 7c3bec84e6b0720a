"""The command line. Results go to stdout, everything else to stderr; every error is a sentence and an exit code."""

import asyncio
import json
import logging
import os
import secrets
import sys
import webbrowser
from collections.abc import Callable, Coroutine, Generator, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from heartbeat_bot import __version__
from heartbeat_bot.checks import FORMATS, as_github, as_sarif, as_text_report
from heartbeat_bot.config import Config, NewsletterConfig, config_file, load_config
from heartbeat_bot.config.patterns import PathPatterns
from heartbeat_bot.demo import Demo
from heartbeat_bot.errors import ConfigError, IssueError, StateError, UserError
from heartbeat_bot.issues.model import Finding, Severity
from heartbeat_bot.issues.rules import finding
from heartbeat_bot.log import LogFormat, set_up_logging
from heartbeat_bot.messages.preview import Preview, as_json, as_text, finding_json, finding_line
from heartbeat_bot.operation import diagnose, run_bot, sync_once
from heartbeat_bot.rendering import render
from heartbeat_bot.service import archive_json, status_json

_SUFFIXES = (".md", ".markdown", ".mdx", ".rmd", ".qmd")
_Result = TypeVar("_Result")
_LOG = logging.getLogger(__name__)

FAILED = 1
NOT_STARTED = 2


class _Group(click.Group):
    """Shows a UserError as written and everything else with a reference, as exit codes 2 and 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (ConfigError, StateError) as error:
            _stop(str(error), NOT_STARTED)
        except UserError as error:
            _stop(str(error), FAILED)
        except (click.exceptions.Exit, click.Abort, click.ClickException, BrokenPipeError):
            raise  # click's own ways out
        except Exception:  # noqa: BLE001 - a fault of the program is logged whole, and answered with a reference to that
            reference = secrets.token_hex(4)
            _LOG.exception("fault %s", reference)
            _stop(f"this is a fault of the program, not yours; please report it with what stands above (fault {reference})", FAILED)


def _stop(message: str, code: int) -> NoReturn:
    for line in message.splitlines():
        click.echo(f"heartbeat-bot: {line}", err=True)
    raise SystemExit(code)


_config_option = click.option(
    "--config", "config_path", metavar="FILE", help="The configuration; $HEARTBEAT_CONFIG, else ./config.yaml, when not given."
)
_newsletter_option = click.option("--newsletter", metavar="NAME", help="Only this newsletter of the configuration.")
_json_option = click.option("--json", "as_json_", is_flag=True, help="Print JSON.")


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


# -- trying it ----------------------------------------------------------------------------------------------------------


@main.command()
@click.option("--port", type=click.IntRange(0, 65535), default=0, metavar="N", help="The page's port; a free one when not given.")
@click.option("--no-browser", is_flag=True, help="Only print the page's address.")
@click.option(
    "--issue", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE", help="Post this file instead."
)
def demo(port: int, no_browser: bool, issue: Path | None) -> None:  # noqa: FBT001 - click passes flags by keyword
    """Run the whole bot against a built-in sandbox, on a sample newsletter. Ctrl-C ends it."""

    def ready(url: str, lines: Sequence[str]) -> None:
        click.echo(url)
        for line in lines:
            click.echo(line, err=True)
        if not no_browser and sys.stdout.isatty():
            webbrowser.open(url)

    _run(Demo(port=port, issue=issue).run(ready))


# -- the bot ------------------------------------------------------------------------------------------------------------


@main.command()
@_config_option
def run(config_path: str | None) -> None:
    """Watch, post and answer until SIGINT or SIGTERM."""
    config = _load(config_path)
    try:
        _run(run_bot(config))
    except UserError as error:
        _stop(str(error), NOT_STARTED)


@main.command()
@_config_option
@_newsletter_option
@click.option("--dry-run", is_flag=True, help="Print what would be done; send nothing, note nothing.")
@click.option("--as-of", metavar="TIME", help="An ISO 8601 instant that counts as now for every rule about time.")
@click.pass_context
def sync(ctx: click.Context, config_path: str | None, newsletter: str | None, dry_run: bool, as_of: str | None) -> None:  # noqa: FBT001
    """Make one pass over every newsletter, then end: for cron and CI."""
    config = _load(config_path)
    _known_newsletter(config, newsletter)
    now = None if as_of is None else _instant(as_of)
    with _progress(shown=not ctx.obj["quiet"]) as progress:
        try:
            reports = _run(sync_once(config, newsletter=newsletter, dry_run=dry_run, now=now, progress=progress))
        except UserError as error:
            _stop(str(error), NOT_STARTED)
    for report in reports:
        for line in report.lines():
            click.echo(line)
    if any(report.failed for report in reports):
        raise SystemExit(FAILED)


@contextmanager
def _progress(*, shown: bool) -> Generator[Callable[[str, int, int], None]]:
    """Show a bar per newsletter on a terminal's stderr; nothing elsewhere."""
    console = Console(stderr=True)
    if not (shown and console.is_terminal):
        yield lambda _what, _done, _total: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as display:
        tasks: dict[str, Any] = {}

        def report(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = display.add_task(what, total=total)
            display.update(tasks[what], completed=done, total=total)

        yield report


# -- for authors --------------------------------------------------------------------------------------------------------


def _authors_options(command: Callable[..., None]) -> Callable[..., None]:
    for option in (
        click.option(
            "--output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write there instead of to stdout."
        ),
        click.option("--site-url", metavar="URL", help="The site that relative links lead to."),
        _newsletter_option,
        _config_option,
        click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path)),
    ):
        command = option(command)
    return command


@main.command()
@_authors_options
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", help="How to write it.")
def preview(
    paths: tuple[Path, ...],
    config_path: str | None,
    newsletter: str | None,
    site_url: str | None,
    output: Path | None,
    format_: str,
) -> None:
    """Show what would be posted, without network or state. PATH: files or folders."""
    settings = _newsletter_for_authors(config_path, newsletter)
    events = tuple(pattern.pattern for pattern in settings.sections.events) if settings else ()
    jobs = tuple(pattern.pattern for pattern in settings.sections.jobs) if settings else ()
    broken = False
    entries: list[dict[str, Any]] = []
    texts: list[str] = []
    for path in _files(paths, settings):
        result = _render(path, settings, site_url or "")
        if isinstance(result, Finding):
            broken = True
            entries.append(_unreadable(path, result))
            _complain(path, result)
        else:
            entries.append(as_json(result, event_headings=events, job_headings=jobs))
            texts.append(as_text(result))
    _write(json.dumps(entries, ensure_ascii=False, indent=1) if format_ == "json" else "\n\n".join(texts), output)
    if broken:
        raise SystemExit(FAILED)


@main.command()
@_authors_options
@click.option("--format", "format_", type=click.Choice(FORMATS), default="text", help="How to write it.")
@click.option("--strict", is_flag=True, help="Warnings fail too.")
def check(
    paths: tuple[Path, ...],
    config_path: str | None,
    newsletter: str | None,
    site_url: str | None,
    output: Path | None,
    format_: str,
    strict: bool,  # noqa: FBT001 - click passes flags by keyword
) -> None:
    """Say what is wrong with issues, for authors. PATH: files or folders."""
    settings = _newsletter_for_authors(config_path, newsletter)
    findings: list[tuple[str, Finding]] = []
    files = list(_files(paths, settings))
    for path in files:
        result = _render(path, settings, site_url or "")
        found = (result,) if isinstance(result, Finding) else result.findings
        findings += [(_shown(path), one) for one in found]
    match format_:
        case "json":
            text = json.dumps([{"path": path} | finding_json(one) for path, one in findings], ensure_ascii=False, indent=1)
        case "github":
            text = as_github(findings)
        case "sarif":
            text = json.dumps(as_sarif(findings, __version__), ensure_ascii=False, indent=1)
        case _:
            text = as_text_report(findings, len(files))
    _write(text, output)
    bad = {Severity.ERROR, Severity.WARNING} if strict else {Severity.ERROR}
    if any(one.severity in bad for _, one in findings):
        raise SystemExit(FAILED)


def _newsletter_for_authors(config_path: str | None, newsletter: str | None) -> NewsletterConfig | None:
    """Return the newsletter whose settings count; None when there is no configuration and none was asked for."""
    if config_path is None and newsletter is None and not config_file(None).exists():
        return None
    config = _load(config_path)
    _known_newsletter(config, newsletter)
    if newsletter is None and len(config.newsletters) > 1:
        names = ", ".join(config.newsletters)
        _stop(f"the configuration has several newsletters ({names}): say which with --newsletter", NOT_STARTED)
    return config.newsletters[newsletter or next(iter(config.newsletters))]


def _files(paths: Sequence[Path], settings: NewsletterConfig | None) -> Iterator[Path]:
    """Yield files as given, and from folders those that match the newsletter's patterns, else every Markdown file that is not hidden."""
    patterns = PathPatterns(settings.source.paths) if settings else None
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        inside = sorted(found for found in path.rglob("*") if found.is_file())
        plain = [found for found in inside if not _hidden(found.relative_to(path)) and found.suffix.lower() in _SUFFIXES]
        matching = [found for found in inside if patterns and patterns.match(found.relative_to(path).as_posix())]
        yield from matching or plain


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") or part == "node_modules" for part in path.parts)


def _shown(path: Path) -> str:
    """Return a path as it can be printed, even when its name is not UTF-8: as sources show it."""
    return os.fsencode(path.as_posix()).decode("utf-8", "backslashreplace")


def _render(path: Path, settings: NewsletterConfig | None, site_url: str) -> Preview | Finding:
    try:
        return render(_shown(path), path.read_bytes(), settings, site_url=site_url)
    except IssueError as error:
        return finding("unreadable", error.line, error.reason)
    except OSError as error:
        return finding("unreadable", None, f"the file cannot be opened: {error.strerror}")


def _unreadable(path: Path, found: Finding) -> dict[str, Any]:
    """Return the entry of an issue that cannot be read: nothing but its finding."""
    empty: dict[str, Any] = dict.fromkeys(("slug", "title", "date", "url"))
    return (
        {"path": _shown(path)}
        | empty
        | {"draft": False, "messages": [], "events": [], "jobs": [], "findings": [finding_json(found)]}
    )


def _complain(path: Path, found: Finding) -> None:
    click.echo(finding_line(_shown(path), found), err=True)


def _write(text: str, output: Path | None) -> None:
    if output is None:
        if text:
            click.echo(text)
        return
    try:
        output.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        _stop(f"{output} cannot be written: {error.strerror}", NOT_STARTED)


# -- for operators ------------------------------------------------------------------------------------------------------


@main.command()
@_config_option
def doctor(config_path: str | None) -> None:
    """Check configuration, token, permissions, sources and state, and say what to do."""
    try:
        config = _load(config_path)
    except ConfigError as error:
        for problem in error.problems:
            click.echo(f"✗ {problem}")
        raise SystemExit(FAILED) from error
    well = True
    for line in _run(diagnose(config)):
        mark = "✓" if line.good else "✗"
        click.echo(f"{mark} {line.text}")
        well = well and line.good
    if not well:
        raise SystemExit(FAILED)


@main.command()
@_config_option
@_json_option
def status(config_path: str | None, as_json_: bool) -> None:  # noqa: FBT001 - click passes flags by keyword
    """Show newsletters, last passes, unfinished work, what waits and why."""
    facts = _run(status_json(_load(config_path)))
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


@main.command()
@_config_option
@_json_option
def issues(config_path: str | None, as_json_: bool) -> None:  # noqa: FBT001 - click passes flags by keyword
    """List every known issue with its state and its messages."""
    entries = _run(archive_json(_load(config_path)))
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


# -- shared -------------------------------------------------------------------------------------------------------------


def _load(config_path: str | None) -> Config:
    return load_config(config_file(config_path))


def _known_newsletter(config: Config, newsletter: str | None) -> None:
    if newsletter is not None and newsletter not in config.newsletters:
        _stop(
            f"there is no newsletter {newsletter!r} in the configuration; there are: {', '.join(config.newsletters)}", NOT_STARTED
        )


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, OverflowError):  # an offset may lead out of the calendar
        _stop(f"--as-of {text!r} is not an ISO 8601 instant such as 2026-08-16T09:00:00Z", NOT_STARTED)


def _run(work: Coroutine[Any, Any, _Result]) -> _Result:
    """Run to the end. Ctrl-C and SIGTERM end it without a traceback; a group of errors is one line per error."""
    try:
        return asyncio.run(work)
    except (KeyboardInterrupt, asyncio.CancelledError):
        raise SystemExit(0) from None
    except ExceptionGroup as group:
        told, rest = group.split(UserError)
        if told is None or rest is not None:
            raise
        raise ConfigError(*dict.fromkeys(_messages(told))) from group


def _messages(group: ExceptionGroup[UserError]) -> Iterator[str]:
    for error in group.exceptions:
        if isinstance(error, ExceptionGroup):
            yield from _messages(error)
        else:
            yield str(error)
