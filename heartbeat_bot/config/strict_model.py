"""What all parts of the configuration have in common: no key that is not known, no change, and no secret in what is shown of them."""

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, ConfigDict

from heartbeat_bot.redaction import shown_address


class StrictModel(BaseModel):
    """A part of the configuration."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True, arbitrary_types_allowed=True)

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        for name, value in super().__repr_args__():
            yield name, shown_address(value) if isinstance(value, str) else value
