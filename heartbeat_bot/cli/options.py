"""Options that several commands have, and the configuration that they name."""

import click

from heartbeat_bot.cli.ending import NOT_STARTED, stop
from heartbeat_bot.config import Config, config_file, load_config

config_option = click.option(
    "--config", "config_path", metavar="FILE", help="The configuration; $HEARTBEAT_CONFIG, else ./config.yaml, when not given."
)
newsletter_option = click.option("--newsletter", metavar="NAME", help="Only this newsletter of the configuration.")
json_option = click.option("--json", "as_json_", is_flag=True, help="Print JSON.")


def load(config_path: str | None) -> Config:
    """Read the configuration that the option names; raises ConfigError."""
    return load_config(config_file(config_path))


def check_newsletter(config: Config, newsletter: str | None) -> None:
    """End with a sentence when there is no newsletter of that name."""
    if newsletter is not None and newsletter not in config.newsletters:
        stop(f"there is no newsletter {newsletter!r} in the configuration; there are: {', '.join(config.newsletters)}", NOT_STARTED)
