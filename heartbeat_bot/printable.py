"""Text from outside, as it may be printed: names of files, titles, what git and Discord say. All that is printed or logged goes through here.

A line break in a file's name would forge a line, ESC steers a terminal, a bidi override shows a text as another one, and CI systems take
commands from what a job prints: GitHub from lines that begin with ``::``, and, where ``##[`` stands anywhere in a line (actions/runner,
ActionCommand.cs), so do Azure Pipelines (``##vso[``) and TeamCity (``##teamcity[``).
"""

import json
import re
from typing import Any, Final

# C0, DEL and C1; the separators of lines and paragraphs with the bidi embeddings and overrides behind them; the bidi isolates and the
# controls behind them; the marks of interlinear notes; halves of characters, which no encoding can write.
_CONTROL: Final = r"\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u206f\ufff9-\ufffb\ud800-\udfff"
# Unicode's Default_Ignorable_Code_Point: GitHub's runner compares as people read, and does not see them.
_IGNORABLE: Final = (
    r"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2060-\u2065\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8"
    r"\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_LATIN_1_END: Final = 0x100
_CONTROLS: Final = re.compile(f"[{_CONTROL}]")
_CONTROLS_IN_JSON: Final = re.compile(rf"(?!\n)[{_CONTROL}]")
_BEGINS_A_COMMAND: Final = re.compile(rf"\A([\s{_IGNORABLE}]*):(?=[{_IGNORABLE}]*:)")
_MARKS_A_COMMAND: Final = re.compile(rf"#(?=[{_IGNORABLE}]*#[\w{_IGNORABLE}]*\[)")


def one_line(text: str) -> str:
    r"""Return a text as one line that steers nothing: what is no sign is written ``\x0a`` or ``\u202e``, as the first sign of a command.

    What was written so once stays as it is. A text of several lines is given line by line.
    """
    text = _CONTROLS.sub(_escaped, text)
    return _MARKS_A_COMMAND.sub(r"\\x23", _BEGINS_A_COMMAND.sub(r"\1\\x3a", text))


def as_json(value: Any, *, indent: int | None = None) -> str:
    """Return JSON that says the same as :func:`json.dumps` would, with what :func:`one_line` does not let through as JSON's escapes."""
    text = _CONTROLS_IN_JSON.sub(_escaped_in_json, json.dumps(value, ensure_ascii=False, indent=indent))
    return _MARKS_A_COMMAND.sub(r"\\u0023", text)


def _escaped(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\x{code:02x}" if code < _LATIN_1_END else f"\\u{code:04x}"


def _escaped_in_json(match: re.Match[str]) -> str:
    return f"\\u{ord(match.group()):04x}"
