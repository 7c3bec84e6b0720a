"""Bytes of a file → its text, whatever editor and mail program they went through."""

import codecs
import re
from typing import Final

from heartbeat_bot.errors import IssueError
from heartbeat_bot.issues.model import Finding
from heartbeat_bot.issues.rules import finding

MOST_BYTES: Final = 512 * 1024
"""No issue is larger: sixteen times the longest of 900 real ones, and some 250 messages on Discord."""

_LFS_POINTER: Final = "version https://git-lfs.github.com/spec/"

_NO_CHARACTERS = re.compile("[\0\ud800-\udfff]")
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
_RUN = re.compile(r"[^\x00-\x7f]{2,}")
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")
_CODE_SPAN = re.compile(r"`[^`\n]+`")
_FEW: Final = 3
"""So many repairs are told one by one; more are told together."""


def sound(text: str) -> str:
    """Return a text without what nothing can be sent with, or turns round what stands beside it; called wherever text enters.

    Halves of characters (lone surrogates, of escapes and entities) become U+FFFD, and so does NUL, which an escape may write and not
    every database takes. The nine marks that embed, override or isolate a
    direction (Unicode's annex 9) go: a letter has its direction by itself, so that Hebrew and Arabic read as they did, while
    ``U+202E`` shows `moc.lapyap` as another address, and one that nothing closes reorders what the bot says behind it.
    """
    if text.isascii() and "\0" not in text:
        return text
    return _NO_CHARACTERS.sub("\ufffd", _TURNING.sub("", text))


def _as_windows_1252(error: UnicodeError) -> tuple[str, int]:
    """Read the bytes that are no UTF-8, and only those, as Windows-1252: one stray byte must not spoil the rest of a file."""
    assert isinstance(error, UnicodeDecodeError)
    return error.object[error.start : error.end].decode("cp1252", errors="replace"), error.end


codecs.register_error("heartbeat-windows-1252", _as_windows_1252)


def check_size(path: str, size: int | None) -> None:
    """Raise IssueError for a file of ``size`` bytes, more than ``MOST_BYTES``; None: too large even to be fetched.

    Who knows the size need not read the file.
    """
    if size is None or size > MOST_BYTES:
        what = "is too large to be fetched" if size is None else f"has {size / 2**20:.1f} MiB"
        raise IssueError(f"the file {what}, more than the {MOST_BYTES // 1024} KiB that an issue may have; split it", path=path)


def decode(data: bytes, path: str) -> tuple[str, list[Finding]]:
    """Return the text of a file: BOM gone, LF at every line's end, mojibake repaired; what was repaired is a finding.

    UTF-8 is expected, UTF-16 recognised, and bytes that are neither are read as Windows-1252.
    Raises IssueError when the file is larger than ``MOST_BYTES``, or no text (a NUL character, as in pictures; what Git
    LFS keeps in a file's place).
    """
    check_size(path, len(data))
    findings: list[Finding] = []
    text = _characters(data, findings)
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise IssueError("this is not a text file: it holds a NUL character", path=path, line=line)
    if text.startswith(_LFS_POINTER):
        raise IssueError("this is a pointer of Git LFS, not the file itself; keep text files out of LFS", path=path, line=1)
    if turning := _TURNING.search(text):
        line = text[: turning.start()].count("\n") + 1
        message = (
            f"The invisible character U+{ord(turning.group()):04X} turns the direction of text round; it was left out. Remove it."
        )
        findings.append(finding("direction-mark", line, message))
    text = sound(text)
    lines = text.split("\n")
    repaired = _repaired(lines)
    findings += _told(lines, repaired)
    return "\n".join(repaired), findings


def _characters(data: bytes, findings: list[Finding]) -> str:
    wide = _utf_16(data)
    if wide:
        message = "The file is UTF-16, which most site generators cannot read; save it as UTF-8."
        findings.append(finding("encoding", 1, message))
        return data.decode(wide, errors="replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = len(re.findall(rb"\r\n|\r|\n", data[: error.start])) + 1
        message = "The file is not UTF-8 here; what is not was read as Windows-1252. Save it as UTF-8."
        findings.append(finding("encoding", line, message))
        return data.decode("utf-8", errors="heartbeat-windows-1252")


def _utf_16(data: bytes) -> str:
    """Name the UTF-16 that a file is in, by its BOM or by the NUL in every second byte; "" for none."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    start = data[: min(len(data) // 2 * 2, 256)]
    for name, nul in (("utf-16-le", 1), ("utf-16-be", 0)):
        if len(data) % 2 == 0 and start and start[nul::2].count(0) * 8 >= len(start) * 3 and not start[1 - nul :: 2].count(0):
            return name
    return ""


def _repaired(lines: list[str]) -> list[str]:
    """Undo mojibake, in the whole file or in single lines.

    In a file that is otherwise well, code keeps it: it stands there because the issue writes about it.
    """
    if all(line.isascii() for line in lines):
        return lines
    import ftfy  # noqa: PLC0415 - the process that serves commands reads no files, and holds what it imports
    from ftfy.badness import is_bad  # noqa: PLC0415 - likewise

    better = [line if line.isascii() else ftfy.fix_encoding(line) for line in lines]
    broken = sum(new != line for new, line in zip(better, lines, strict=True))
    if not broken:
        return lines
    strange = sum(not line.isascii() for line in lines)
    if broken * 2 < strange or broken <= _FEW:
        code = in_fences(lines)
        return [
            line if number in code or line == new or not is_bad(_CODE_SPAN.sub("", line)) else new
            for number, (line, new) in enumerate(zip(lines, better, strict=True))
        ]
    # ftfy leaves what might be meant; beside lines that it had to repair, whatever reads as UTF-8 once more is repaired too.
    return [_RUN.sub(_reread, line) for line in better]


def in_fences(lines: list[str]) -> set[int]:
    """Return the numbers (from 0) of the lines in fenced code."""
    inside: set[int] = set()
    fence = ""
    for number, line in enumerate(lines):
        match = _FENCE.match(line)
        if fence:
            inside.add(number)
            if match and match.group(1).startswith(fence) and not line.strip().strip(fence[0]):
                fence = ""
        elif match:
            fence = match.group(1)
            inside.add(number)
    return inside


def _reread(match: re.Match[str]) -> str:
    """Read a run of characters as the UTF-8 that was once taken for Mac Roman; as it is when it is none."""
    try:
        return match.group().encode("mac_roman").decode("utf-8")
    except UnicodeError:
        return match.group()


def _told(lines: list[str], repaired: list[str]) -> list[Finding]:
    changed = [number for number, (line, new) in enumerate(zip(lines, repaired, strict=True)) if line != new]
    if not changed:
        return []
    told = changed if len(changed) <= _FEW else changed[:1]
    findings: list[Finding] = []
    for number in told:
        place = next(n for n, (a, b) in enumerate(zip(lines[number] + "\0", repaired[number] + "\1", strict=False)) if a != b)
        start = max(0, place - 10)
        old, new = lines[number][start : start + 40].strip(), repaired[number][start : start + 40].strip()
        message = f"Wrongly decoded characters were repaired: {old!r} was read as {new!r}."
        if len(changed) > len(told):
            message += f" So were those of {len(changed) - 1} more lines."
        message += " Save the file as UTF-8 from a sound copy."
        findings.append(finding("mojibake", number + 1, message))
    return findings
