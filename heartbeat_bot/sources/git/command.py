"""Runs the git command line: without prompts, without the surroundings' surprises, with an end in time, memory and output."""

import asyncio
import math
import os
import re
import shutil
import signal
from asyncio.subprocess import Process
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from heartbeat_bot.config.remotes import ALLOWED_PROTOCOLS
from heartbeat_bot.errors import SourceError
from heartbeat_bot.machine import lack
from heartbeat_bot.sources.git.remote_turns import RemoteTurns

# What git and its helpers need, and nothing else: not the bot's token, nor what else the bot was started with.
_KEPT = frozenset(
    str.split(
        # the machine and the user
        "PATH HOME USER LOGNAME TMPDIR TMP TEMP TZ LANG LC_CTYPE LD_LIBRARY_PATH "
        "XDG_CACHE_HOME XDG_CONFIG_HOME XDG_DATA_HOME XDG_RUNTIME_DIR "
        # ways to prove oneself: ssh's agent, Kerberos, the keyrings of credential helpers
        "SSH_AUTH_SOCK KRB5CCNAME KRB5_CONFIG DBUS_SESSION_BUS_ADDRESS GNUPGHOME PASSWORD_STORE_DIR GH_CONFIG_DIR "
        # the way to the network
        "all_proxy http_proxy https_proxy no_proxy ALL_PROXY HTTP_PROXY HTTPS_PROXY NO_PROXY "
        "CURL_CA_BUNDLE NIX_SSL_CERT_FILE SSL_CERT_DIR SSL_CERT_FILE "
        # git's own, as far as they say how to reach and prove oneself to a remote. GIT_DIR and its kin, which a hook or a cron job may
        # have left behind, would make git work on another repository.
        "GIT_ASKPASS GIT_CONFIG_GLOBAL GIT_CONFIG_NOSYSTEM GIT_CONFIG_SYSTEM GIT_EXEC_PATH GIT_PROXY_COMMAND "
        "GIT_SSH GIT_SSH_COMMAND GIT_SSH_VARIANT"
    )
)
_KEPT_PREFIXES = ("GCM_", "GIT_SSL_", "GIT_HTTP_", "GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_")
# Bytes that each process of git may allocate, so that no remote makes it grow: a bot that idles has 93 MiB, and both together stay
# below 300. An honest fetch of 200,000 paths takes a third of it.
MEMORY: Final = 128 * 1024 * 1024
FILE_SIZE: Final = 1024 * 1024 * 1024
"""Bytes of the largest file that git may write, which is the pack of a fetch."""
LARGEST_COMPLAINT: Final = 1024 * 1024
"""Bytes of what git may write to stderr, where the remote's messages go, too."""
LARGEST_OUTPUT: Final = 8 * 1024 * 1024
"""Bytes of what git may write to stdout when nobody says how much to expect: some 100,000 branches."""
# Settings of the machine that would start other programs, write what is not wanted, or refuse old repositories; and those that keep
# git within its memory. Credential helpers, proxies, certificates and url.*.insteadOf stay as the machine has them.
_SETTINGS: Mapping[str, str] = {
    # A larger file is written to disk as it comes, and never held in memory.
    "core.bigFileThreshold": "1m",
    "core.deltaBaseCacheLimit": "16m",
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,
    "core.packedGitLimit": "64m",
    "core.packedGitWindowSize": "16m",
    "core.pager": "cat",
    "fetch.fsckObjects": "false",
    "fetch.recurseSubmodules": "false",
    # Always a pack: to take a small one apart, git would hold each of its objects in memory.
    "fetch.unpackLimit": "1",
    "fetch.writeCommitGraph": "false",
    "gc.auto": "0",
    # A remote that sends nothing at all is left after a minute.
    "http.lowSpeedLimit": "1",
    "http.lowSpeedTime": "60",
    "maintenance.auto": "false",
    "pack.threads": "1",
    "protocol.version": "2",
    "transfer.fsckObjects": "false",
}
LOCAL_UPLOAD_PACK = (
    "git -c pack.threads=1 -c pack.windowMemory=16m -c core.deltaBaseCacheLimit=16m -c core.bigFileThreshold=1m upload-pack"
)
"""What serves a repository of this machine, within the same memory. It does not see the settings above: git hides them from it."""

# GIT_CONFIG_COUNT came with 2.31 (March 2021).
_OLDEST_GIT: Final = (2, 31)

Setting = tuple[str, str]
"""A key of git's configuration and its value; a key may come several times."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """What a git command left behind."""

    status: int
    output: bytes
    complaint: str


def git_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for git: what it needs of the caller's, with prompts turned off and messages in English (they are read)."""
    clean = {name: value for name, value in environ.items() if name in _KEPT or name.startswith(_KEPT_PREFIXES)}
    clean |= {
        "GCM_INTERACTIVE": "never",
        "GIT_ALLOW_PROTOCOL": ":".join(ALLOWED_PROTOCOLS),
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C",
        "SSH_ASKPASS_REQUIRE": "never",
    }
    given = environ.get("GIT_CONFIG_COUNT", "0")
    clean["GIT_CONFIG_COUNT"] = given if given.isascii() and given.isdigit() else "0"
    return _with_settings(clean, tuple(_SETTINGS.items()))


@dataclass(frozen=True, slots=True, kw_only=True)
class GitCommand:
    """Runs git with one environment.

    ``timeout`` is in seconds, for each command. ``memory`` is how many bytes each process of git may allocate, ``file_size`` how many
    bytes a file may have that it writes. ``source`` is what errors are about, as it may be shown. Commands
    that share ``turns`` begin one after the other.
    """

    environ: Mapping[str, str]
    timeout: float
    source: str = ""
    turns: RemoteTurns = field(default_factory=RemoteTurns)
    memory: int = MEMORY
    file_size: int = FILE_SIZE

    async def run(
        self,
        arguments: Sequence[str],
        *,
        folder: Path | None = None,
        settings: Sequence[Setting] = (),
        variables: Mapping[str, str] | None = None,
        stdin: bytes = b"",
        most: int = LARGEST_OUTPUT,
    ) -> Finished:
        """Run a git command and return what it left behind, whether it worked or not.

        ``folder`` is the bare repository to work on. ``settings``, and ``variables`` for git's helpers, go through the environment,
        where other users of the machine do not see them. ``most`` is how many bytes git may answer. Raise SourceError when git is
        not there, takes too long or answers too much; it is ended then, with all that it started.
        """
        if shutil.which("git", path=self.environ.get("PATH", os.defpath)) is None:
            raise SourceError("git is not installed, or not on the PATH; install it (https://git-scm.com) and start the bot again")
        command = [*self._limits(), *([] if folder is None else [f"--git-dir={folder}"]), *arguments]
        environ = {**_with_settings(self.environ, settings), **(variables or {})}
        about = f"{self.source}: git {arguments[0]}" if self.source else f"git {arguments[0]}"
        try:
            async with self.turns.take():
                status, output, complaint = await _run(command, environ, stdin, most, self.timeout)
        except TimeoutError as error:
            raise SourceError(
                f"{about} took longer than {self.timeout:g} seconds and was ended; the next pass tries again"
            ) from error
        except OSError as error:
            raise SourceError(f"git cannot be started: {lack(error) or error.strerror or error}") from error
        if output is None or complaint is None:
            what = f"answered more than {most:,} bytes" if output is None else "wrote more than a megabyte of messages"
            raise SourceError(f"{about} {what} and was ended; is this the address of an honest repository?")
        return Finished(status=status, output=output, complaint=complaint.decode("utf-8", "replace"))

    async def check_version(self) -> None:
        """Raise SourceError when git is too old."""
        told = (await self.run(["version"])).output.decode("utf-8", "replace").strip()
        numbers = re.search(r"(\d+)\.(\d+)", told)
        if numbers and (int(numbers[1]), int(numbers[2])) < _OLDEST_GIT:
            raise SourceError(f"{told} is too old; install git {'.'.join(map(str, _OLDEST_GIT))} or newer")

    def _limits(self) -> list[str]:
        """Return the beginning of a command line that runs git within its limits.

        The shell sets them, for Python may run no code between fork and exec in a program with threads. A limit that the system does
        not know is left out (macOS does not keep the one on memory).
        """
        limits = {"c": 0, "d": self.memory // 1024, "f": self.file_size // 512, "t": math.ceil(self.timeout) + 1}
        # Without the trap, a file that becomes too large ends git without a word.
        lines = [
            "umask 077",
            "trap '' XFSZ 2>/dev/null",
            *(f"ulimit -S -{flag} {value} 2>/dev/null" for flag, value in limits.items()),
            'exec git "$@"',
        ]
        return ["/bin/sh", "-c", "\n".join(lines), "git"]


def _with_settings(environ: Mapping[str, str], settings: Sequence[Setting]) -> dict[str, str]:
    extended = dict(environ)
    count = int(extended.get("GIT_CONFIG_COUNT", "0"))
    for key, value in settings:
        extended |= {f"GIT_CONFIG_KEY_{count}": key, f"GIT_CONFIG_VALUE_{count}": value}
        count += 1
    extended["GIT_CONFIG_COUNT"] = str(count)
    return extended


async def _run(
    command: Sequence[str], environ: Mapping[str, str], stdin: bytes, most: int, seconds: float
) -> tuple[int, bytes | None, bytes | None]:
    """Run a command for so many seconds at most; return its status, and its output and complaint as :func:`_talk`."""
    # A task of its own, which is never cancelled: asyncio, stopped between the start of a process and the opening of its pipes,
    # kills git alone, and then waits for ssh, which git has started, for as long as that hangs.
    starting = asyncio.create_task(  # noqa: TID251 - it is awaited below, whatever happens
        asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environ,
            # All paths are absolute, and the folder that the bot was started in may have been removed since: git runs in none such.
            cwd="/",
            # A session of its own: no terminal that ssh could ask a password on, and one signal reaches git's children too.
            start_new_session=True,
        )
    )
    try:
        async with asyncio.timeout(seconds):
            process = await asyncio.shield(starting)
            output, complaint = await _talk(process, stdin, most)
            return process.returncode or 0, output, complaint
    finally:
        await asyncio.wait([starting])
        if not starting.exception() and starting.result().returncode is None:
            # With all that it started, and its end is waited for.
            _kill(starting.result())
            await starting.result().communicate()


async def _talk(process: Process, stdin: bytes, most: int) -> tuple[bytes | None, bytes | None]:
    """Give a process its input; return its output and its complaint, None for what was too much: the process is ended then."""
    assert process.stdin is not None, "pipes were asked for"
    assert process.stdout is not None, "likewise"
    assert process.stderr is not None, "likewise"
    async with asyncio.TaskGroup() as group:
        output = group.create_task(_read(process, process.stdout, most))
        complaint = group.create_task(_read(process, process.stderr, LARGEST_COMPLAINT))
        group.create_task(_feed(process.stdin, stdin))
    await process.wait()
    return output.result(), complaint.result()


async def _feed(stream: asyncio.StreamWriter, content: bytes) -> None:
    # A command that ends before it has read everything says why on stderr.
    with suppress(BrokenPipeError, ConnectionResetError):
        stream.write(content)
        await stream.drain()
    stream.close()


async def _read(process: Process, stream: asyncio.StreamReader, most: int) -> bytes | None:
    pieces: list[bytes] = []
    length = 0
    while piece := await stream.read(1 << 16):
        length += len(piece)
        if length > most:
            # What is left in the pipe is read, too: asyncio takes no process for ended before.
            _kill(process)
            pieces.clear()
        else:
            pieces.append(piece)
    return b"".join(pieces) if length <= most else None


def _kill(process: Process) -> None:
    """Kill a command and all that it started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
