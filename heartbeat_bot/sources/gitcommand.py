"""Runs the git command line: without prompts, without the surroundings' surprises, with an end in time."""

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from heartbeat_bot.config.remotes import ALLOWED_PROTOCOLS
from heartbeat_bot.errors import SourceError

# Of git's own variables only these pass: how to reach and prove oneself to a remote. GIT_DIR and its kin, which a hook or a cron job
# may have left behind, would make git work on another repository.
_KEPT = frozenset(
    {
        "GIT_ASKPASS",
        "GIT_CONFIG_GLOBAL",
        "GIT_CONFIG_NOSYSTEM",
        "GIT_CONFIG_SYSTEM",
        "GIT_EXEC_PATH",
        "GIT_PROXY_COMMAND",
        "GIT_SSH",
        "GIT_SSH_COMMAND",
        "GIT_SSH_VARIANT",
    }
)
_KEPT_PREFIXES = ("GIT_SSL_", "GIT_HTTP_", "GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_")
# Settings of the machine that would start other programs, write what is not wanted, or refuse old repositories. Credential helpers,
# proxies, certificates and url.*.insteadOf stay as the machine has them.
_SETTINGS: Mapping[str, str] = {
    "core.hooksPath": os.devnull,
    "core.fsmonitor": "false",
    "core.pager": "cat",
    "fetch.fsckObjects": "false",
    "fetch.recurseSubmodules": "false",
    "fetch.writeCommitGraph": "false",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "protocol.version": "2",
    "transfer.fsckObjects": "false",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """What a git command left behind."""

    status: int
    output: bytes
    complaint: str


def git_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for git: the caller's, cleaned, with prompts turned off and messages in English (they are read)."""
    clean = {name: value for name, value in environ.items() if _passes(name)}
    clean |= {
        "GCM_INTERACTIVE": "never",
        "GIT_ALLOW_PROTOCOL": ":".join(ALLOWED_PROTOCOLS),
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C",
        "SSH_ASKPASS_REQUIRE": "never",
    }
    given = environ.get("GIT_CONFIG_COUNT", "0")
    count = int(given) if given.isascii() and given.isdigit() else 0
    for key, value in _SETTINGS.items():
        clean |= {f"GIT_CONFIG_KEY_{count}": key, f"GIT_CONFIG_VALUE_{count}": value}
        count += 1
    clean["GIT_CONFIG_COUNT"] = str(count)
    return clean


def _passes(name: str) -> bool:
    if name.startswith("GIT_"):
        return name in _KEPT or name.startswith(_KEPT_PREFIXES)
    return name not in {"SSH_ASKPASS", "LANGUAGE", "LC_MESSAGES"}


@dataclass(frozen=True, slots=True, kw_only=True)
class GitCommand:
    """Runs git with one environment. ``timeout`` is in seconds, for each command."""

    environ: Mapping[str, str]
    timeout: float

    async def run(
        self, arguments: Sequence[str], *, folder: Path | None = None, settings: Mapping[str, str] | None = None, stdin: bytes = b""
    ) -> Finished:
        """Run a git command and return what it left behind, whether it worked or not.

        ``folder`` is the bare repository to work on. ``settings`` go through the environment, where other users of the machine do
        not see them. Raise SourceError when git is not there or takes too long; it is ended then, with all that it started.
        """
        command = ["git", *([] if folder is None else [f"--git-dir={folder}"]), *arguments]
        # A task of its own, which is never cancelled: asyncio, stopped between the start of a process and the opening of its pipes,
        # kills git alone, and then waits for ssh, which git has started, for as long as that hangs.
        starting = asyncio.create_task(  # noqa: TID251 - it is awaited below, whatever happens
            asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=_with_settings(self.environ, settings or {}),
                # A session of its own: no terminal that ssh could ask a password on, and one signal reaches git's children too.
                start_new_session=True,
            )
        )
        try:
            async with asyncio.timeout(self.timeout):
                process = await asyncio.shield(starting)
                output, complaint = await process.communicate(stdin)
        except TimeoutError as error:
            raise SourceError(
                f"git {arguments[0]} took longer than {self.timeout:g} seconds and was ended; the next pass tries again"
            ) from error
        except FileNotFoundError as error:
            raise SourceError(
                "git is not installed, or not on the PATH; install it (https://git-scm.com) and start the bot again"
            ) from error
        except OSError as error:
            raise SourceError(f"git cannot be started ({error.strerror or error})") from error
        finally:
            await asyncio.wait([starting])
            if not starting.exception() and starting.result().returncode is None:
                await _end(starting.result())
        return Finished(status=process.returncode or 0, output=output, complaint=complaint.decode("utf-8", "replace"))


def _with_settings(environ: Mapping[str, str], settings: Mapping[str, str]) -> dict[str, str]:
    extended = dict(environ)
    count = int(extended.get("GIT_CONFIG_COUNT", "0"))
    for key, value in settings.items():
        extended |= {f"GIT_CONFIG_KEY_{count}": key, f"GIT_CONFIG_VALUE_{count}": value}
        count += 1
    extended["GIT_CONFIG_COUNT"] = str(count)
    return extended


async def _end(process: asyncio.subprocess.Process) -> None:
    """Kill a command and all that it started, and wait for its end."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.communicate()
