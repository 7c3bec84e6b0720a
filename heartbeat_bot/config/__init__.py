"""The configuration: what each key means (settings, sources), how its values are written (values), how a file is read (document, loading)."""

from heartbeat_bot.config.loading import DEFAULT_FILE, FILE_VARIABLE, config_file, load_config, parse_config
from heartbeat_bot.config.settings import (
    AnnounceConfig,
    Config,
    DiscordConfig,
    ImagesConfig,
    ModerationConfig,
    NewsletterConfig,
    SectionsConfig,
)
from heartbeat_bot.config.sources import DirectorySourceConfig, GitSourceConfig, SourceConfig
from heartbeat_bot.config.values import format_duration, parse_duration

__all__ = [
    "DEFAULT_FILE",
    "FILE_VARIABLE",
    "AnnounceConfig",
    "Config",
    "DirectorySourceConfig",
    "DiscordConfig",
    "GitSourceConfig",
    "ImagesConfig",
    "ModerationConfig",
    "NewsletterConfig",
    "SectionsConfig",
    "SourceConfig",
    "config_file",
    "format_duration",
    "load_config",
    "parse_config",
    "parse_duration",
]
