"""From what pydantic finds wrong to sentences for people, each with its file and line."""

import difflib
import typing
from collections.abc import Iterator, Mapping

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from heartbeat_bot.config.document import ConfigDocument, Place
from heartbeat_bot.config.settings import Config
from heartbeat_bot.config.sources import DIRECTORY_TAG, GIT_TAG, DirectorySourceConfig, GitSourceConfig

_TAGS: Mapping[str | int, type[BaseModel]] = {DIRECTORY_TAG: DirectorySourceConfig, GIT_TAG: GitSourceConfig}
_SECRET_KEYS = frozenset({"token", "bot_token", "password", "secret", "client_secret"})
_WANTED = {
    "string_type": "must be text, not {found}; put it in quotes",
    "bool_type": "must be true or false, not {found}",
    "int_type": "must be a whole number, not {found}",
    "tuple_type": "must be a list, such as [a, b], not {found}",
    "path_type": "must be the path of a folder, not {found}",
    "too_short": "is empty; config.example.yaml shows what belongs in it",
    "greater_than_equal": "must be {ge} or more",
}
_MAPPING_WANTED = "must hold keys and values, not {found}; config.example.yaml shows them"
_MAPPING_ERRORS = frozenset({"model_type", "model_attributes_type", "mapping_type", "dict_type", "is_instance_of"})


def problem_sentences(error: ValidationError, document: ConfigDocument) -> list[str]:
    """Return a sentence per problem, ``file:line`` in front, in the order of the lines."""
    details = [detail for detail in error.errors(include_url=False) if _place(detail) not in document.unread]
    found = [(document.line(_place(detail)), _sentence(detail)) for detail in details]
    return [f"{document.name}:{line}: {sentence}" for line, sentence in sorted(found, key=lambda problem: problem[0])]


def _place(detail: ErrorDetails) -> Place:
    """Return where an error stands in the file; pydantic puts the kind of a source into its path."""
    return tuple(part for part in detail["loc"] if part not in _TAGS)


def _sentence(detail: ErrorDetails) -> str:
    place = _place(detail)
    kind = detail["type"]
    context = detail.get("ctx", {})
    if kind == "extra_forbidden":
        return _unknown_key(detail["loc"])
    if kind == "missing":
        return _missing_key(detail["loc"])
    if kind == "value_error":
        return f"{_dotted(place)}: {context.get('error', detail['msg'])}"
    wanted = _MAPPING_WANTED if kind in _MAPPING_ERRORS else _WANTED.get(kind)
    if wanted is None:
        return f"{_dotted(place)}: {detail['msg']}"
    return f"{_dotted(place)} {wanted.format(found=_kind(detail['input']), **context)}"


def _missing_key(loc: Place) -> str:
    *above, key = loc
    model = _model_at(tuple(above))
    meaning = model.model_fields[str(key)].description if model and key in model.model_fields else None
    return f"{_dotted(tuple(above)) or 'the file'} needs '{key}': {meaning or 'it is not there.'}"


def _unknown_key(loc: Place) -> str:
    *above, last = loc
    key = str(last)
    parent = _dotted(tuple(above))
    where = f" in {parent}" if parent else ""
    model = _model_at(tuple(above))
    known = list(model.model_fields) if model else []
    if key.lower() in _SECRET_KEYS:
        return (
            f"unknown key '{key}'{where}: secrets do not belong in this file; "
            "put the token into an environment variable, and the variable's name into discord.token_env"
        )
    for name, other in _parts():
        if key in other.model_fields:
            return f"unknown key '{key}'{where}; it belongs in {name or 'the top of the file'}"
    if near := difflib.get_close_matches(key.lower(), known, n=1, cutoff=0.6):
        return f"unknown key '{key}'{where}; did you mean '{near[0]}'?"
    return f"unknown key '{key}'{where}; known are {', '.join(known)}"


def _model_at(loc: Place) -> type[BaseModel] | None:
    """Return the model whose keys stand at a place; the kind of a source stands in it, as pydantic has it."""
    model: type[BaseModel] | None = Config
    named = False
    for part in loc:
        if part in _TAGS:
            model = _TAGS[part]
        elif named:
            named = False
        elif model is not None and isinstance(part, str) and part in model.model_fields:
            annotation = model.model_fields[part].annotation
            named = typing.get_origin(annotation) is Mapping
            model = next(filter(_is_model, (annotation, *typing.get_args(annotation))), None)
        else:
            return None
    return model


def _is_model(annotation: object) -> typing.TypeGuard[type[BaseModel]]:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _parts() -> Iterator[tuple[str, type[BaseModel]]]:
    """Give the parts of the configuration with their names, to tell where a misplaced key belongs."""
    newsletter = ("newsletters", "NAME")
    places: list[Place] = [(), ("discord",), ("moderation",), newsletter]
    places += [(*newsletter, part) for part in ("announce", "images", "sections")]
    places += [(*newsletter, "source", tag) for tag in _TAGS]
    for place in places:
        if model := _model_at(place):
            yield _dotted(place), model


def _dotted(place: Place) -> str:
    kept = (part for part in place if part not in _TAGS)
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in kept).removeprefix(".")


def _kind(value: object) -> str:
    """Name what stands there. Texts are not shown: they may be secrets."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return f"the number {value}"
    name = type(value).__name__
    return {"NoneType": "nothing", "str": "text", "list": "a list", "dict": "keys and values"}.get(name, f"a {name}")
