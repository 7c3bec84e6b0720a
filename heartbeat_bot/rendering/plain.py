"""Discord's dialect → the words that a reader sees: for searching, not for showing."""

import re
import unicodedata
from typing import Final

from heartbeat_bot.rendering.dialect import GAP

_TOKEN = re.compile(
    r"```(?:[A-Za-z0-9_+.#-]*\n)?(?P<block>.*?)```"
    r"|``(?!`)(?P<ticked>.+?)``|`(?P<code>[^`]+)`"
    r"|\\(?P<escaped>[^A-Za-z0-9\s])"
    # What a link's text holds is balanced; its target holds no spaces and no parentheses.
    r"|\[(?P<label>(?:\\.|[^\[\]\\]|\[[^\[\]]{0,200}\]){0,2000})\]\((?P<target>[a-z][a-z0-9+.-]{1,20}:[^\s()]+)\)"
    r"|<?(?:https?://|mailto:)(?P<address>[^\s<>]+)>?"
    r"|<(?:@[!&]?|\#)\d+>"
    r"|\*{1,3}|__|~~|\|\|",
    re.DOTALL,
)
_LINE_MARKS = re.compile(r"^(?:(?:\#{1,3}|-\#|>|[-+*])[ \t]+\s*)*(?:>$)?")
_RULE = re.compile(r"[-+| ]*")
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_MOST_NESTED: Final = 4


def plain_text(markdown: str) -> str:
    """Return a text of Discord's dialect without marks, one line per line that says something.

    Links keep their texts and lose their targets; a bare address stays as people say it, without scheme and query. Mentions go. What is
    left is in Unicode's composed form (NFC) and holds no control characters but line breaks.
    """
    text = composed(_words(markdown, 0).replace(GAP, ""))
    lines = (" ".join(_LINE_MARKS.sub("", line.strip()).split()) for line in text.split("\n"))
    return "\n".join(line for line in lines if not _RULE.fullmatch(line))


def composed(text: str) -> str:
    """Return a text in Unicode's composed form, without control characters but line breaks, and without halves of characters."""
    return unicodedata.normalize("NFC", _UNSEEN.sub("", text))


def _words(markdown: str, depth: int) -> str:
    def word(match: re.Match[str]) -> str:
        for name in ("block", "ticked", "code", "escaped"):
            if match[name] is not None:
                return match[name]
        if match["label"] is not None:
            return _words(match["label"], depth + 1) if depth < _MOST_NESTED else match["label"]
        if match["address"] is not None:
            return re.split(r"[?#]", match["address"], maxsplit=1)[0].removeprefix("www.").rstrip("/")
        return ""

    return _TOKEN.sub(word, markdown)


def shortened(text: str, most: int) -> str:
    """Return a text of at most ``most`` characters in one line, its end replaced by an ellipsis when it is longer."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"
