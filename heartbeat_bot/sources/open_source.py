"""From a newsletter's configuration to its source."""

import os
from collections.abc import Mapping
from pathlib import Path

from heartbeat_bot.config.sources import DirectorySourceConfig, GitSourceConfig, SourceConfig
from heartbeat_bot.sources.directory import DirectorySource
from heartbeat_bot.sources.git.remote_turns import RemoteTurns
from heartbeat_bot.sources.git.source import GitSource
from heartbeat_bot.sources.snapshot import Source


def open_source(
    config: SourceConfig, cache_dir: Path, environ: Mapping[str, str] = os.environ, turns: RemoteTurns | None = None
) -> Source:
    """Return the source that a configuration names; nothing is read or fetched yet. Copies of remotes are kept below ``cache_dir``.

    Sources that share ``turns`` call git one after the other, so that its memory does not add up. Raise ConfigError when ``environ`` lacks the credentials that the configuration speaks of.
    """
    match config:
        case DirectorySourceConfig():
            return DirectorySource(config.directory, config.paths)
        case GitSourceConfig():
            return GitSource(
                config.git,
                config.paths,
                cache_dir=cache_dir,
                branch=config.branch,
                credentials=config.credentials(environ),
                environ={name: value for name, value in environ.items() if name != config.auth_env},
                turns=turns,
            )
