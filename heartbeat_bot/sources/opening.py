"""The source that a configuration names."""

from pathlib import Path
from typing import assert_never

from heartbeat_bot.config import DirectorySourceConfig, GitSourceConfig, SourceConfig
from heartbeat_bot.config.patterns import PathPatterns
from heartbeat_bot.sources.directory import DirectorySource
from heartbeat_bot.sources.git import GitSource
from heartbeat_bot.sources.snapshot import Source


def open_source(config: SourceConfig, cache: Path) -> Source:
    """Return the source; ``cache`` is where copies of remotes are kept."""
    patterns = PathPatterns(config.paths)
    match config:
        case DirectorySourceConfig():
            return DirectorySource(config.directory, patterns)
        case GitSourceConfig():
            return GitSource(config.git, shown=config.address, branch=config.branch, patterns=patterns, cache=cache)
        case _:
            assert_never(config)
