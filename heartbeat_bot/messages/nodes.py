"""How many Markdown nodes a text costs on Discord, counted from above: the client gives up at 200 (see limits.NODES)."""

import re

from heartbeat_bot.messages.dialect import EMOJI

_NODES = re.compile(
    r"(?P<escape>\\.)"
    r"|(?P<link>\]\([a-z]+:[^\s)]*\)|<[^\s<>]+>|https?://\S+)"
    r"|(?P<code>`+)"
    r"|(?P<mark>\*\*|\*|~~|__|\|\|)"
    r"|(?P<line>^[ ]*(?:[-*] |\d+\. |#{1,3} |-# |> ))",
    re.MULTILINE,
)


def count_nodes(text: str) -> int:
    """Return an upper bound of the nodes of a text in Discord's dialect: links, emoji, lines of lists and quotes, pairs of marks."""
    halves = 0
    for match in _NODES.finditer(text):
        match match.lastgroup:
            case "escape":
                continue
            case "code" | "mark":
                halves += 1
            case _:
                halves += 2
    return (halves + 1) // 2 + sum(1 for _ in EMOJI.finditer(text))
