"""The configuration that a command's options name, and the newsletter in it."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from heartbeat_bot.cli.ending import NOT_STARTED, stop
from heartbeat_bot.config import Config, NewsletterConfig, config_file, load_config
from heartbeat_bot.config.patterns import PathPatterns
from heartbeat_bot.messages.preview import Preview
from heartbeat_bot.pictures import render_from
from heartbeat_bot.rendering import Settings
from heartbeat_bot.sources.directory import DirectoryContents


def load(config_path: str | None) -> Config:
    """Read the configuration that the option names; raises ConfigError."""
    return load_config(config_file(config_path))


def check_newsletter(config: Config, newsletter: str | None) -> None:
    """End with a sentence when there is no newsletter of that name."""
    if newsletter is not None and newsletter not in config.newsletters:
        stop(f"there is no newsletter {newsletter!r} in the configuration; there are: {', '.join(config.newsletters)}", code=NOT_STARTED)


def for_authors(config_path: str | None, newsletter: str | None) -> tuple[NewsletterConfig, Callable[[str], bool]]:
    """Return the newsletter whose settings count, and what tells its issues by their paths; end with a sentence when several could be."""
    config = load(config_path)
    check_newsletter(config, newsletter)
    if newsletter is None and len(config.newsletters) > 1:
        names = ", ".join(config.newsletters)
        stop(f"the configuration has several newsletters ({names}): say which with --newsletter", code=NOT_STARTED)
    chosen = config.newsletters[newsletter or next(iter(config.newsletters))]
    return chosen, PathPatterns(chosen.source.paths).match


def render_here(path: Path, shown: str, newsletter: Settings, *, site_url: str) -> Preview:
    """Render a file with its pictures from the current folder, where a checkout of the source is worked on."""
    here, whole = Path.cwd(), path.resolve()
    inside = whole.relative_to(here) if whole.is_relative_to(here) else path
    contents = DirectoryContents(root=here, files={})
    preview = asyncio.run(render_from(contents, inside.as_posix(), path.read_bytes(), newsletter, site_url=site_url))
    return replace(preview, issue=replace(preview.issue, path=shown))
