"""How many Markdown nodes a text costs on Discord, counted from above: the client gives up at 200 (see limits.NODES)."""

import re

from heartbeat_bot.rendering.dialect import EMOJI

_NODES = re.compile(
    r"(?P<escape>\\.)"
    r"|(?P<link>\]\([a-z]+:[^\s)]*\)|<[^\s<>]+>|https?://\S+)"
    r"|(?P<code>`+)"
    r"|(?P<mark>\*\*|\*|~~|__|\|\|)"
    r"|(?P<line>^[ ]*(?:[-*] |\d+\. |#{1,3} |-# |> ))",
    re.MULTILINE,
)

# Written as what it is not: the range itself takes four milliseconds to compile, more than the rest of this room.
_MAYBE_EMOJI = re.compile("[^\x00-\u203b]")


def count_nodes(text: str) -> int:
    """Return an upper bound of the nodes of a text in Discord's dialect: links, emoji, lines of lists and quotes, pairs of marks."""
    return (weight(text) + 1) // 2


def weight(text: str) -> int:
    """Return twice the nodes of a text: a mark is half of a pair. What texts weigh that are joined by line breaks adds up."""
    halves = 0
    for match in _NODES.finditer(text):
        match match.lastgroup:
            case "escape":
                continue
            case "code" | "mark":
                halves += 1
            case _:
                halves += 2
    return halves + 2 * _emoji(text)


def weighs_at_most(text: str, most: int) -> bool:
    """Tell whether a text weighs no more than ``most``; mostly answered by counting characters that may be marks."""
    spots = 1 + text.count("\n") + text.count("](") + text.count("<") + text.count("://") + _emoji(text)
    rough = 2 * spots + text.count("`") + text.count("*") + text.count("~~") + text.count("__") + text.count("||")
    return rough <= most or weight(text) <= most


def _emoji(text: str) -> int:
    return len(EMOJI.findall(text)) if _MAYBE_EMOJI.search(text) else 0
