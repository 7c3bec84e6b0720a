r"""Patterns over headings that the configuration holds, matched by RE2: in time that grows with the heading, whatever the pattern.

Python's own engine tries every way to share a heading out between nested repeats: ``^(\w+\s?)+$`` takes seconds for 26 letters that
anybody may write, and nothing else runs meanwhile. RE2 has neither look-around nor back references, which no heading needs.
"""

import re
from typing import Any, Final, Protocol, cast

import re2  # pyright: ignore[reportMissingTypeStubs] - it has none

_RE2: Final = cast("Any", re2)
_ERROR: Final[type[Exception]] = _RE2.error
_PART: Final = re.compile(r"\\.|\[\^?\]?|.", re.DOTALL)
# RE2's own \w, \d and \s know ASCII only; these are what Python's know.
_LETTERS: Final = r"\p{L}\p{N}_"
_SPACES: Final = r"\s\x0b\x1c-\x1f\x{85}\p{Z}"
_ANYWHERE: Final = {"\\d": r"\p{Nd}", "\\D": r"\P{Nd}"}
_OUTSIDE: Final = _ANYWHERE | {
    "\\w": f"[{_LETTERS}]",
    "\\W": f"[^{_LETTERS}]",
    "\\s": f"[{_SPACES}]",
    "\\S": f"[^{_SPACES}]",
    "\\Z": r"\z",
}
_INSIDE: Final = _ANYWHERE | {"\\w": _LETTERS, "\\s": _SPACES}
_EDGE: Final = re.compile(r"\\[bB](?=[^\x00-\x7f])|(?<=[^\x00-\x7f])\\[bB]")
_MEMORY: Final = 1 << 20
"""Bytes that a pattern may take; one that repeats repeats a thousand times takes more, and is refused."""


class _Engine(Protocol):
    def search(self, text: str) -> object | None: ...


class HeadingPattern:
    """A regular expression that is searched for in headings, whatever their case; ``pattern`` is as it was written."""

    __slots__ = ("_engine", "pattern")

    def __init__(self, pattern: str) -> None:
        """Compile a pattern. Raises ValueError, with what is wrong and what to write instead, for one that RE2 does not take."""
        self.pattern = pattern
        options = _RE2.Options()
        options.case_sensitive = False
        options.log_errors = False
        options.max_mem = _MEMORY
        try:
            self._engine: _Engine = _RE2.compile(_translated(pattern), options)
        except _ERROR as error:
            reason = str(error)
            hint = (
                "look-around, back references and possessive repeats are not taken"
                if "operator" in reason or re.search(r"\\[1-9]", reason)
                else "write \\ before a character that stands for itself"
            )
            raise ValueError(f"it is not a regular expression that can be used here ({reason}); {hint}") from error

    def __eq__(self, other: object) -> bool:
        return isinstance(other, HeadingPattern) and other.pattern == self.pattern

    def __hash__(self) -> int:
        return hash(self.pattern)

    def __repr__(self) -> str:
        return f"HeadingPattern({self.pattern!r})"

    def search(self, title: str) -> bool:
        """Tell whether the pattern is somewhere in a heading."""
        return self._engine.search(title) is not None


def literally(words: str) -> HeadingPattern:
    """Return a pattern for words that stand for themselves."""
    return HeadingPattern(re.sub(r"[!-/:-@\[-^`{-~]", r"\\\g<0>", words))


def _translated(pattern: str) -> str:
    """Write a pattern so that RE2 takes its classes as Python does; raise ValueError for what cannot be written so."""
    if any("\ud800" <= character <= "\udfff" for character in pattern):
        raise ValueError("it holds half a character, which no heading has; remove it")
    if _EDGE.search(pattern):
        raise ValueError(
            r"\b knows the edges of words of the letters A to Z only; write (^|\W) before the word or (\W|$) behind it"
        )
    written: list[str] = []
    inside = False
    for part in _PART.findall(pattern):
        if inside and part in {"\\W", "\\S"}:
            raise ValueError(rf"{part} cannot stand in brackets; write \p{{L}} there for letters, or another class")
        if inside and part == "]":
            inside = False
        elif not inside and part.startswith("["):
            inside = True
        written.append((_INSIDE if inside else _OUTSIDE).get(part, part))
    return "".join(written)
