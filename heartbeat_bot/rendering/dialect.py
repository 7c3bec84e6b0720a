"""Texts → Discord's dialect of Markdown: what is escaped, and how code and headings are written.

The rules are those of Discord's clients, not of CommonMark: every newline shows, a blank line ends a list, nothing is escaped in link
texts, `_` and `*` know no flanking. Where a rule is not plain from the code its reason stands beside it. Elements of an issue's tree
are written by inline.py and blocks.py.
"""

import re
from typing import Final

GAP: Final = "\u200b"
"""A character without width: it keeps apart what Discord would read as one."""

EMOJI: Final = re.compile(
    "(?:[\U0001f1e6-\U0001f1ff]{2}|[0-9#*]\ufe0f?\u20e3|"
    "[\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a-\u23ff\u24c2\u25aa-\u27bf\u2934\u2935\u2b05-\u2b55\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]"
    "[\ufe0f\U0001f3fb-\U0001f3ff]*(?:\u200d[\u2190-\u2bff\U0001f000-\U0001faff][\ufe0f\U0001f3fb-\U0001f3ff]*)*)"
)
_ESCAPED = re.compile(r"[\\*_`\[\]<~|]")
_BARE_URL = re.compile(r"(https?://[^\s<>]*[^\s<>.,:;!?\"'\])}*_~`|\\])", re.IGNORECASE)
# Between a scheme and its slashes, behind a dot of a name that may be a domain, and behind an @.
_LINKING = re.compile(r"(?<=:)(?=/)|(?<=[^\W_]\.)(?=[^\W\d_]{2})|(?<=@)(?=\S)")
_SHORTCODE = re.compile(r":(?=[A-Za-z0-9_+-]+:)")
_MENTION = re.compile(r"@(?=everyone|here)")
_LIVE_SCHEME = re.compile(r"(steam|discord):(?=//)", re.IGNORECASE)
"""Addresses of programs: clients make links of them that start those, or act within Discord."""
_LINE_START = re.compile(r"^([ \t]*(?:\d+(?=\.))?)(#{1,3}|-#|[-+]|>{1,3}|(?<=\d)\.)(?=\s|$)", re.MULTILINE)


def escape(text: str) -> str:
    """Escape running text so that Discord shows it as it is (not for code, link texts or plain slots)."""
    if "://" in text:
        # Nothing in a bare address is a mark to Discord, and a backslash in it would be a part of it.
        return "".join(part if n % 2 else _escape(part) for n, part in enumerate(_BARE_URL.split(text)))
    return _escape(text)


def inert(text: str) -> str:
    """Escape what somebody wrote and the bot says in its own voice: besides :func:`escape`, nothing in it becomes a link or an invite.

    Addresses of all kinds, with a scheme or without one (invites, mail), are kept apart by characters without width.
    """
    return escape(_LINKING.sub(GAP, text))


def _escape(text: str) -> str:
    text = _ESCAPED.sub(r"\\\g<0>", text)
    if ":" in text:
        text = _LIVE_SCHEME.sub(rf"\1:{GAP}", text)
        text = _SHORTCODE.sub(r"\\:", text)
    # Even an escaped bracket is taken as the joint of an earlier link.
    text = text.replace("](", f"]{GAP}(")
    return _MENTION.sub(f"@{GAP}", text) if "@" in text else text


def escape_line_starts(text: str) -> str:
    """Escape what would start a heading, subtext, quote or list at the start of a line of rendered inline text."""
    return _LINE_START.sub(r"\1\\\2", text)


def code_span(text: str) -> str:
    """Write inline code; backticks inside are fenced by two, and never more than one in a row."""
    text = text.replace("\n", " ")
    if not text:
        return ""
    if "`" not in text:
        return f"`{text}`"
    while "``" in text:
        text = text.replace("``", f"`{GAP}`")
    return f"`` {text} ``"


def fenced(code: str, language: str) -> str:
    """Fence code: Discord ends a block at the next three backticks whatever their length, and shows an empty one raw."""
    language = language if re.fullmatch(r"[A-Za-z0-9_+.#-]+", language) else ""
    while "```" in code:
        code = code.replace("```", f"``{GAP}`")
    if not code.strip():
        return ""
    if code.endswith("`"):
        code += GAP
    return f"```{language}\n{code}\n```"


def heading_line(text: str, level: int) -> str:
    """Write a heading at the start of a line: levels 1 to 3 as headings, deeper ones in bold."""
    if not text:
        return ""
    if level > 3:  # noqa: PLR2004 - Discord has three levels
        return text if "**" in text else f"**{text}**"
    # The heading's text is parsed for blocks again, and #s at its end would be dropped.
    return f"{'#' * level} {escape_line_starts(text)}{GAP if text.endswith('#') else ''}"
