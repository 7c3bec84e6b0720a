"""The configuration that a command's options name, and the newsletter in it."""

import os
from pathlib import Path

from heartbeat_bot.cli.ending import NOT_STARTED, stop
from heartbeat_bot.cli.files import located
from heartbeat_bot.config import DEFAULT_FILE, FILE_VARIABLE, Config, NewsletterConfig, config_file, load_config, parse_config
from heartbeat_bot.config.document import MAX_BYTES
from heartbeat_bot.config.patterns import PathPatterns
from heartbeat_bot.errors import ConfigError
from heartbeat_bot.sources.regular_file import IrregularError, open_regular


def load(config_path: str | None) -> Config:
    """Read the configuration that the option names; raises ConfigError."""
    return load_config(config_file(config_path))


def check_newsletter(config: Config, newsletter: str | None) -> None:
    """End with a sentence when there is no newsletter of that name."""
    if newsletter is not None and newsletter not in config.newsletters:
        stop(
            f"there is no newsletter {newsletter!r} in the configuration; there are: {', '.join(config.newsletters)}",
            code=NOT_STARTED,
        )


def for_authors(config_path: str | None, newsletter: str | None) -> tuple[NewsletterConfig, PathPatterns]:
    """Return the newsletter whose settings count, and what tells its issues by their paths; end with a sentence when several could be."""
    config = load(config_path) if config_path or os.environ.get(FILE_VARIABLE) else _of_this_folder()
    check_newsletter(config, newsletter)
    if newsletter is None and len(config.newsletters) > 1:
        names = ", ".join(config.newsletters)
        stop(f"the configuration has several newsletters ({names}): say which with --newsletter", code=NOT_STARTED)
    chosen = config.newsletters[newsletter or next(iter(config.newsletters))]
    return chosen, PathPatterns(chosen.source.paths)


def _of_this_folder() -> Config:
    """Read the configuration that nobody named: in a checkout it is whoever's made the commit, as the issues are."""
    try:
        with open_regular(*located(Path(DEFAULT_FILE))) as file:
            content = file.file.read(MAX_BYTES + 1)
    except (IrregularError, OSError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ConfigError(
            f"{DEFAULT_FILE}: the file is not read: {reason}; name the configuration that is meant with --config"
        ) from error
    return parse_config(content, name=DEFAULT_FILE, folder=Path.cwd())
