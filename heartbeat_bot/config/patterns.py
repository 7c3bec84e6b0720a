"""Which paths of a source are issues: glob patterns, the same for every kind of source."""

import re
import unicodedata
from collections.abc import Sequence
from itertools import pairwise

_MAX_ALTERNATIVES = 1000
_MAGIC = re.compile(r"[*?\[{\\]")


class PathPatterns:
    """Patterns over paths with ``/`` between folders, relative to a source's root.

    Case matters; accents match however they are encoded (NFC or NFD).
    ``*`` and ``?`` stay within one folder or file name, ``**`` stands for any number of folders, ``[ab]`` for one of those,
    ``{a,b}`` for one of some words, a backslash before a character for that character. A pattern that ends in ``/`` means all
    below that folder. ``!pattern`` takes out again what patterns before it took in: the last pattern that matches decides, as in
    ``.gitignore``. Names that begin with a dot match only where the pattern spells the dot.
    """

    def __init__(self, patterns: Sequence[str]) -> None:
        """Compile the patterns; raise ValueError with a sentence for one that cannot match anything."""
        if not patterns:
            raise ValueError("there is no pattern; write at least one, such as content/blog/*.md")
        self._rules: list[tuple[bool, re.Pattern[str]]] = []
        folders: set[str] = set()
        for pattern in patterns:
            taken = not pattern.startswith("!")
            body = _cleaned(pattern.removeprefix("!"), pattern)
            alternatives = _alternatives(body, pattern)
            self._rules.append((taken, _compiled(alternatives, pattern)))
            if taken:
                folders.update(_fixed_folder(one) for one in alternatives)
        if not any(taken for taken, _ in self._rules):
            raise ValueError("every pattern takes files out (!); write one before them that takes files in, such as **/*.md")
        self.folders = tuple(sorted(folder for folder in folders if not any(_below(folder, other) for other in folders)))
        """The folders outside of which nothing can match, "" for the root; no need to look anywhere else."""

    def match(self, path: str) -> bool:
        """Tell whether a path is taken in."""
        path = unicodedata.normalize("NFC", path)
        return next((taken for taken, regex in reversed(self._rules) if regex.fullmatch(path)), False)

    def leads_to(self, folder: str) -> bool:
        """Tell whether anything below a folder could be taken in: it is one of ``folders``, above one, or below one."""
        folder = unicodedata.normalize("NFC", folder)
        return any(folder == other or _below(folder, other) or _below(other, folder) for other in self.folders)


def _below(folder: str, other: str) -> bool:
    return folder != other and (other == "" or folder.startswith(other + "/"))


def _cleaned(body: str, pattern: str) -> str:
    body = unicodedata.normalize("NFC", body).removeprefix("./").removeprefix("/")
    if body.endswith("/"):
        body += "**"
    if not body:
        raise ValueError(f"'{pattern}' is an empty pattern; remove it, or write **/*.md")
    return body


def _compiled(alternatives: Sequence[str], pattern: str) -> re.Pattern[str]:
    # Looked at only now: a brace may hold what leaves the source, as {..,a}/b does.
    if any(part in {"", ".", ".."} for one in alternatives for part in one.split("/")):
        raise ValueError(f"'{pattern}' leaves the source, or has an empty folder in it; patterns start from the source's root")
    try:
        return re.compile("|".join(f"(?:{_regex(one, pattern)})" for one in alternatives), re.DOTALL)
    except re.error as error:
        raise ValueError(
            f"'{pattern}' has characters between brackets that make no set; write [abc] or [a-c], and \\[ for a bracket in a name"
        ) from error


def _fixed_folder(body: str) -> str:
    """Return the folder that a pattern without alternatives begins with, as far as it has no wildcard."""
    fixed: list[str] = []
    for part in body.split("/")[:-1]:
        if _MAGIC.search(part):
            break
        fixed.append(part)
    return "/".join(fixed)


def _alternatives(body: str, pattern: str) -> list[str]:
    """Write ``a{b,c}d`` out as ``abd`` and ``acd``, nested ones too."""
    done: list[str] = []
    waiting = [body]
    while waiting:
        if len(done) + len(waiting) > _MAX_ALTERNATIVES:
            raise ValueError(f"'{pattern}' stands for more than {_MAX_ALTERNATIVES} patterns; use * instead of some of its braces")
        one = waiting.pop()
        span = _first_braces(one, pattern)
        if span is None:
            done.append(one)
            continue
        start, end, commas = span
        edges = [start, *commas, end]
        waiting += [one[:start] + one[left + 1 : right] + one[end + 1 :] for left, right in pairwise(edges)]
    return sorted(done)


def _first_braces(body: str, pattern: str) -> tuple[int, int, list[int]] | None:
    opened = depth = 0
    commas: list[int] = []
    skip = False
    for position, character in enumerate(body):
        if skip:
            skip = False
        elif character == "\\":
            skip = True
        elif character == "{":
            opened = opened if depth else position
            depth += 1
        elif character == "," and depth == 1:
            commas.append(position)
        elif character == "}" and depth:
            depth -= 1
            if depth == 0:
                return opened, position, commas
    if depth:
        raise ValueError(f"'{pattern}' opens a brace and does not close it; write \\{{ for a brace in a name")
    return None


def _regex(body: str, pattern: str) -> str:
    """Write a pattern without alternatives as a regular expression that never tries one thing twice.

    What stands between two wildcards is found at the first place where it fits, and that place is kept (atomic groups): whatever a
    later place would leave room for, the first one does too. Only what stands behind the last wildcard is tried at every place, and
    as its length is known, it fits at one of them at most. Hidden folders, which ``**`` does not enter, change nothing about that:
    a run of names with a hidden one in it fits at one place only.
    """
    runs: list[list[str]] = [[]]
    for part in body.split("/"):
        if part != "**":
            runs[-1].append(_part_regex(part, pattern))
        elif len(runs) == 1 or runs[-1]:
            runs.append([])  # several ** in a row mean one
    first, *others = runs
    written = "/".join(first) + ("/" if first and others else "")
    for position, run in enumerate(others, 1):
        if position < len(others):
            written += f"(?>{_FOLDERS}*?{'/'.join(run)}/)"
        else:
            written += f"{_FOLDERS}*{'/'.join(run) or _NAME}"
    return written


_NAME = r"(?!\.)[^/]+"
_FOLDERS = rf"(?:{_NAME}/)"


def _part_regex(part: str, pattern: str) -> str:
    """Write one folder or file name as a regular expression."""
    runs = [""]
    position = 0
    while position < len(part):
        character = part[position]
        position += 1
        match character:
            case "*":
                if len(runs) == 1 or runs[-1]:
                    runs.append("")  # several stars in one name mean one
            case "?":
                runs[-1] += "[^/]"
            case "[":
                end = part.find("]", position + 1)
                if end < 0:
                    raise ValueError(f"'{pattern}' opens a bracket and does not close it; write \\[ for a bracket in a name")
                runs[-1] += _set_regex(part[position:end])
                position = end + 1
            case "\\":
                if position == len(part):
                    raise ValueError(f"'{pattern}' has a backslash with nothing behind it; write / between folders")
                runs[-1] += re.escape(part[position])
                position += 1
            case _:
                runs[-1] += re.escape(character)
    first, *others = runs
    middle = "".join(f"(?>[^/]*?{run})" for run in others[:-1])
    last = f"[^/]*{others[-1]}" if others else ""
    return ("" if part.startswith((".", "\\.")) else r"(?!\.)") + first + middle + last


def _set_regex(characters: str) -> str:
    negated = characters.startswith(("!", "^"))
    inside = characters[1:] if negated else characters
    # Two dashes are a range that ends in one; Python would warn that they may mean something else some day.
    inside = re.sub(r"([\\\[\]^&~|])", r"\\\1", inside).replace("--", "-\\-")
    return f"(?!/)[{'^' if negated else ''}{inside}]"
