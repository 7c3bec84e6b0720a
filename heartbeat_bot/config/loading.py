"""From a configuration file to a Config, or to every problem in it, each with its line."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from pydantic import ValidationError

from heartbeat_bot.config.document import MAX_BYTES, Place, read_document
from heartbeat_bot.config.problems import problem_sentences
from heartbeat_bot.config.settings import Config
from heartbeat_bot.errors import ConfigError
from heartbeat_bot.redaction import TOKEN_SHAPE, keep_address

FILE_VARIABLE = "HEARTBEAT_CONFIG"
"""The environment variable that names the configuration file."""
DEFAULT_FILE = "config.yaml"
"""The configuration file when nothing names another."""
_PASTED = (
    "a bot token stands in the file itself; whoever saw it has it. Reset it "
    "in Discord's developer portal, put the new one into an environment variable, and write its name as discord.token_env"
)


def config_file(option: str | os.PathLike[str] | None = None, environ: Mapping[str, str] = os.environ) -> Path:
    """Return the configuration file to read: the command line's, else ``$HEARTBEAT_CONFIG``, else ``config.yaml`` here."""
    return Path(option or environ.get(FILE_VARIABLE) or DEFAULT_FILE)


def load_config(path: Path) -> Config:
    """Read a configuration file; raise ConfigError with every problem that it has.

    Relative paths in it are made absolute from its own folder. Secrets are not read here: see ``DiscordConfig.token``.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)  # a device has no end
    except FileNotFoundError as error:
        raise ConfigError(
            f"{path}: there is no such file; copy config.example.yaml to it and fill it in, name another with --config or "
            f"${FILE_VARIABLE}, or run 'heartbeat-bot demo' to try the bot without one"
        ) from error
    except IsADirectoryError as error:
        raise ConfigError(f"{path}: this is a folder; name the file in it, such as {path / DEFAULT_FILE}") from error
    except OSError as error:
        raise ConfigError(f"{path}: the file cannot be read ({error.strerror or error}); check its permissions") from error
    return parse_config(content, name=str(path), folder=path.absolute().parent)


def parse_config(content: bytes, *, name: str, folder: Path) -> Config:
    """Read a configuration from bytes; ``name`` stands in the problems, ``folder`` is what relative paths start from."""
    document = read_document(content, name)
    texts = list(_texts(document.values, ()))
    # Before anything is said about them.
    for _, text in texts:
        keep_address(text)
    pasted = (document.line(place) for place, text in texts if TOKEN_SHAPE.search(text))
    problems = [*document.problems, *(f"{name}:{line}: {_PASTED}" for line in pasted)]
    config = None
    try:
        config = Config.model_validate(document.values)
    except ValidationError as error:
        problems += problem_sentences(error, document)
    if config is None or problems:  # pydantic's own words add nothing, and may show a value
        raise ConfigError(*dict.fromkeys(problems))
    return config.below(folder)


def _texts(value: Any, place: Place) -> Iterator[tuple[Place, str]]:
    """Give every text of a document, keys and values, and where it stands."""
    match value:
        case str():
            yield place, value
        case Mapping():
            for key, part in cast("Mapping[str, Any]", value).items():
                yield from _texts(key, (*place, key))
                yield from _texts(part, (*place, key))
        case list():
            for position, part in enumerate(cast("list[Any]", value)):
                yield from _texts(part, (*place, position))
        case _:
            pass
