"""Options that several commands have; what they name is read in newsletters.py."""

import click

config_option = click.option(
    "--config", "config_path", metavar="FILE", help="The configuration; $HEARTBEAT_CONFIG, else ./config.yaml, when not given."
)
newsletter_option = click.option("--newsletter", metavar="NAME", help="Only this newsletter of the configuration.")
json_option = click.option("--json", "as_json_", is_flag=True, help="Print JSON.")
