"""Logging to stderr: sentences for people, or JSON lines with stable fields for machines.

In both a record is one line, whatever the names and errors in it hold, and secrets are blotted out. Only a traceback takes more lines, in
text, and each of them is indented, so that none is taken for a record.
"""

import logging
import sys
from datetime import UTC, datetime
from typing import Final, Literal, TextIO

from heartbeat_bot.printable import as_json, one_line
from heartbeat_bot.redaction import redact

LogFormat = Literal["text", "json"]

_INDENT: Final = "    "
_MOST: Final = 4000
"""Characters of a sentence, and of a line of a traceback: what went wrong may hold the text that it went wrong with."""


def _sentence(record: logging.LogRecord) -> str:
    """Return a record's message; with its arguments behind it when they do not fit, which logging would print by itself."""
    try:
        return _shown(record.getMessage())
    except Exception:  # noqa: BLE001 - whatever formatting raises
        return _shown(f"{record.msg} {record.args!r}")


def _shown(text: str) -> str:
    """Return a text without secrets, no longer than a line of a log may be."""
    text = redact(text)
    return text if len(text) <= _MOST else f"{text[:_MOST]}… and {len(text) - _MOST:,} characters more"


def _traced(text: str) -> list[str]:
    """Return the lines of a traceback, without secrets, also such as have several lines."""
    return [_shown(line) for line in redact(text).split("\n")]


class _TextFormatter(logging.Formatter):
    """The level and the sentence; the lines of a traceback, when there is one, follow indented."""

    def format(self, record: logging.LogRecord) -> str:
        lines = [one_line(f"{record.levelname} {_sentence(record)}")]
        told = [self.formatException(record.exc_info)] if record.exc_info else []
        told += [self.formatStack(record.stack_info)] if record.stack_info else []
        for part in told:
            lines += [one_line(_INDENT + line) for line in _traced(part)]
        return "\n".join(lines)


class _JsonFormatter(logging.Formatter):
    """One object per line: time (UTC, ISO 8601), level, logger, message, and error (a traceback) when there is one."""

    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _sentence(record),
        }
        if record.exc_info:
            entry["error"] = "\n".join(_traced(self.formatException(record.exc_info)))
        return as_json(entry)


class _Handler(logging.StreamHandler[TextIO]):
    """Writes to a stream; what finds no room there is lost, as nobody can be told."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        # logging would print a traceback to where the record could not be written, to be read there when there is room again.
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)


def set_up_logging(*, verbosity: int, log_format: LogFormat) -> None:
    """Log to stderr: warnings when ``verbosity`` is negative, what happens at 0, details from 1 on, libraries' too from 2 on."""
    handler = _Handler(sys.stderr)
    handler.setFormatter(_JsonFormatter() if log_format == "json" else _TextFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO if verbosity > 1 else logging.WARNING)
    own = logging.WARNING if verbosity < 0 else logging.INFO if verbosity == 0 else logging.DEBUG
    logging.getLogger("heartbeat_bot").setLevel(own)
    # Python's warnings, which libraries write, would go to stderr by themselves.
    logging.captureWarnings(capture=True)
