"""For authors: `preview` shows what would be posted, `check` says what is wrong; neither needs a network or a state."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from heartbeat_bot import __version__
from heartbeat_bot.cli.checks import FORMATS, as_github, as_sarif, as_text_report, finding_json, finding_line
from heartbeat_bot.cli.ending import FAILED, NOT_STARTED, stop
from heartbeat_bot.cli.files import FoundFile, issue_files, shown, write
from heartbeat_bot.cli.newsletters import for_authors
from heartbeat_bot.cli.options import config_option, newsletter_option
from heartbeat_bot.cli.preview_text import as_text
from heartbeat_bot.cli.printing import say, say_as_it_is
from heartbeat_bot.config import NewsletterConfig, config_file
from heartbeat_bot.config.patterns import PathPatterns
from heartbeat_bot.errors import IssueError
from heartbeat_bot.faults import isolate_faults
from heartbeat_bot.isolation.bounds import SECONDS, deadline
from heartbeat_bot.isolation.worker import Here
from heartbeat_bot.issues.decoding import check_size
from heartbeat_bot.issues.model import Finding, Severity
from heartbeat_bot.issues.rules import finding
from heartbeat_bot.printable import as_json
from heartbeat_bot.rendering.preview import Preview
from heartbeat_bot.rendering.render import render
from heartbeat_bot.sources.directory import DirectoryContents
from heartbeat_bot.sources.regular_file import IrregularError, open_regular


def _authors_options(command: Callable[..., None]) -> Callable[..., None]:
    for option in (
        click.option(
            "--output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write there instead of to stdout."
        ),
        click.option("--site-url", metavar="URL", help="The site that relative links lead to."),
        newsletter_option,
        config_option,
        click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path)),
    ):
        command = option(command)
    return command


@click.command()
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
    settings, patterns = _chosen(config_path, newsletter) or (None, None)
    broken = False
    entries: list[dict[str, Any]] = []
    texts: list[str] = []
    for found in issue_files(paths, patterns):
        result = _render(found, settings, site_url or "")
        if isinstance(result, Finding):
            _complain(found.path, result)
            if result.severity is Severity.ERROR:
                broken = True
                entries.append(_unreadable(found.path, result))
        elif format_ == "json":
            entries.append(_entry(result, settings))
        else:
            texts.append(as_text(result))
    _write(as_json(entries, indent=1) if format_ == "json" else "\n\n".join(texts), output)
    if broken:
        raise SystemExit(FAILED)


@click.command()
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
    settings, patterns = _chosen(config_path, newsletter) or (None, None)
    findings: list[tuple[str, Finding]] = []
    files = list(issue_files(paths, patterns))
    for file in files:
        result = _render(file, settings, site_url or "")
        found = (result,) if isinstance(result, Finding) else result.findings
        findings += [(shown(file.path), one) for one in found]
    match format_:
        case "json":
            text = as_json([{"path": path} | finding_json(one) for path, one in findings], indent=1)
        case "github":
            text = as_github(findings)
        case "sarif":
            text = as_json(as_sarif(findings, __version__), indent=1)
        case _:
            text = as_text_report(findings, len(files))
    _write(text, output)
    bad = {Severity.ERROR, Severity.WARNING} if strict else {Severity.ERROR}
    if any(one.severity in bad for _, one in findings):
        raise SystemExit(FAILED)


def _chosen(config_path: str | None, newsletter: str | None) -> tuple[NewsletterConfig, PathPatterns] | None:
    """Return the newsletter whose settings count, and what tells its issues by their paths; None without a configuration when none was asked for."""
    if config_path is None and newsletter is None and not config_file().exists():
        return None
    return for_authors(config_path, newsletter)


def _render(found: FoundFile, settings: NewsletterConfig | None, site_url: str) -> Preview | Finding:
    if found.problem is not None:
        return found.problem
    path = shown(found.path)
    try:
        with open_regular(found.root, found.parts) as file:
            check_size(path, file.size)
            data = file.read()
        if settings is not None and settings.images.attach:
            return _with_pictures(found.path, path, data, settings, site_url=site_url)
        with isolate_faults(path), deadline(SECONDS):
            return render(path, data, settings, site_url=site_url)
    except IssueError as error:
        return finding("unreadable", error.line, error.reason)
    except IrregularError as error:
        return finding("unreadable", None, f"the file is not read: {error}")
    except OSError as error:
        return finding("unreadable", None, f"the file cannot be opened: {error.strerror}")


def _with_pictures(path: Path, shown: str, data: bytes, newsletter: NewsletterConfig, *, site_url: str) -> Preview:
    """Render a file's bytes with its pictures from the current folder, where a checkout of the source is worked on."""
    # It comes with the database, which takes a while to load.
    from heartbeat_bot.sources.pictures import attached_pictures  # noqa: PLC0415 - see above

    here, whole = Path.cwd(), path.resolve()
    inside = whole.relative_to(here) if whole.is_relative_to(here) else path
    contents = DirectoryContents(root=here, files={})
    with isolate_faults(shown):
        files, findings = asyncio.run(attached_pictures(Here(), contents, inside.as_posix(), data, newsletter))
        with deadline(SECONDS):
            preview = render(inside.as_posix(), data, newsletter, site_url=site_url, files=files)
    issue = replace(preview.issue, path=shown)
    return replace(preview, issue=issue, findings=(*preview.findings, *findings))


def _entry(result: Preview, settings: NewsletterConfig | None) -> dict[str, Any]:
    # What finds events and jobs takes a tenth of a second to load, and only this form of a preview has them.
    from heartbeat_bot.cli.preview_json import as_json  # noqa: PLC0415 - see above

    events = tuple(pattern.pattern for pattern in settings.sections.events) if settings else ()
    jobs = tuple(pattern.pattern for pattern in settings.sections.jobs) if settings else ()
    return as_json(result, event_headings=events, job_headings=jobs)


def _unreadable(path: Path, found: Finding) -> dict[str, Any]:
    """Return the entry of an issue that cannot be read: nothing but its finding."""
    empty: dict[str, Any] = dict.fromkeys(("slug", "title", "date", "url"))
    return (
        {"path": shown(path)}
        | empty
        | {"draft": False, "messages": [], "events": [], "jobs": [], "findings": [finding_json(found)]}
    )


def _complain(path: Path, found: Finding) -> None:
    say(finding_line(shown(path), found), err=True)


def _write(text: str, output: Path | None) -> None:
    if output is None:
        if text:
            say_as_it_is(text)
        return
    try:
        write(output, f"{text}\n".encode())
    except IrregularError as error:
        stop(f"{output} is not written: {error}; name another file", code=NOT_STARTED)
    except OSError as error:
        stop(f"{output} cannot be written: {error.strerror}", code=NOT_STARTED)
