"""The whole bot beside hostile repositories: ``python tests/cli/hostile_soak.py`` (some minutes) prints what each does to it.

``run`` watches a friendly newsletter and one for each hostile repository or remote, under a limit on the memory of all its processes
where this system lets one be set (Linux's control groups, as root); all of their memory is measured in any case.
"""

import asyncio
import contextlib
import json
import os
import sys
import tempfile
import time
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS / "cli"), str(TESTS / "sources"), str(TESTS)]
warnings.simplefilter("ignore", DeprecationWarning)

from home import ISSUE, Home  # noqa: E402 - the path comes first
from hostile_repositories import (  # noqa: E402
    MEGABYTE,
    Bare,
    HostileRemote,
    deep_tree,
    hostile_remote,
    large_blobs,
    long_names,
    packed_zero_blob,
    tree_bomb,
    wide_tree,
)

from discord_sandbox.clock import system_clock  # noqa: E402
from discord_sandbox.ratelimits import RateLimits  # noqa: E402
from discord_sandbox.server import Sandbox  # noqa: E402

LIMIT = 400 * MEGABYTE
FRIENDLY = "A friendly one"
GROUP = Path("/sys/fs/cgroup/memory")


def large_markdown(folder: Path) -> Bare:
    """One issue of 40 MB of Markdown."""
    bare = Bare(folder)
    text = b"# Much\n\n" + b"**much** [of it](https://example.org/) and more\n" * 900_000
    bare.commit(bare.tree([("100644", b"much.md", bare.blob(text))]))
    return bare


def costly_texts(folder: Path) -> Bare:
    """Issues within the limit on size that take far more to read and to compose than others."""
    bare = Bare(folder)
    texts = {
        b"emoji.md": "🎉" * 120_000,
        b"bold.md": "> **" + "字" * 150_000 + "**",
        b"table.md": "|a|b|\n|-|-|\n" + "|x|y|\n" * 80_000,
        b"stars.md": "*a **b " * 70_000,
        b"nested.md": ">" * 500_000,
    }
    files = [("100644", name, bare.blob(text.encode())) for name, text in sorted(texts.items())]
    bare.commit(bare.tree(files))
    return bare


def commanding(folder: Path) -> Bare:
    """A repository whose own settings name programs, and write a file when one of them is run."""
    bare = tree_bomb(folder, depth=1)
    ran = folder.with_name("ran")
    command = f"touch {ran}; false"
    lines = f'[core]\n\tsshCommand = "{command}"\n\tfsmonitor = "{command}"\n\thooksPath = {folder}\n'
    lines += f'[uploadpack]\n\tpackObjectsHook = "{command}"\n[remote "origin"]\n\turl = "ext::sh -c \'{command}\'"\n'
    with (folder / "config").open("a") as config:
        config.write(lines)
    return bare


REPOSITORIES: dict[str, Callable[[Path], Bare]] = {
    "tree-bomb": tree_bomb,
    "wide-tree": wide_tree,
    "deep-tree": deep_tree,
    "long-names": long_names,
    "large-blobs": large_blobs,
    "packed-zeros": packed_zero_blob,
    "large-markdown": large_markdown,
    "costly-texts": costly_texts,
    "commanding": commanding,
}
QUICK = ("tree-bomb", "long-names", "large-markdown", "costly-texts", "commanding", "refs", "messages", "page")
"""What takes seconds; the rest takes minutes of computing, or waits."""
HARMLESS = ("commanding", "drip")
"""What is read like any other in the end: what its settings say must not be done, and what comes slowly comes."""


@dataclass(slots=True)
class Soaked:
    """What came of it: the most memory that all processes of the bot had together, in bytes, and what was said of each newsletter."""

    peak: int = 0
    limited: bool = False
    seconds: float = 0.0
    said: dict[str, str] = field(default_factory=dict[str, str])
    posted: bool = False
    ran: bool = False


async def soak(home: Home, kinds: tuple[str, ...], *, seconds: float) -> Soaked:
    """Run the bot beside these until the friendly newsletter is posted and something is said of every other one, so long at most."""
    soaked = Soaked()
    begun = time.monotonic()
    with ExitStack() as stack:
        remote = stack.enter_context(hostile_remote())
        addresses = {kind: address(home.repo.with_name(kind), kind, remote) for kind in kinds}
        configure(home, addresses)
        await home.run("sync", "--newsletter", "lamp")
        home.write("friendly", ISSUE.replace("First Light", FRIENDLY))
        async with running(home) as (process, limited):
            soaked.limited = limited
            while time.monotonic() - begun < seconds and process.returncode is None:
                soaked.peak = max(soaked.peak, memory_below(process.pid))
                soaked.posted = soaked.posted or FRIENDLY in "\n".join(home.texts())
                soaked.said = said(home, addresses)
                waiting = [kind for kind in kinds if kind not in HARMLESS and kind not in soaked.said]
                if soaked.posted and not waiting:
                    break
                await asyncio.sleep(0.05)
            assert process.returncode is None, "the bot goes on"
    soaked.ran = home.repo.with_name("ran").exists()
    soaked.seconds = time.monotonic() - begun
    return soaked


def address(folder: Path, kind: str, remote: HostileRemote) -> str:
    return REPOSITORIES[kind](folder).url if kind in REPOSITORIES else remote.url(kind)


def configure(home: Home, addresses: dict[str, str]) -> None:
    """Put a newsletter for each address in front of the friendly one."""
    added = "".join(
        f"  {kind}:\n    source: {{git: '{url}', branch: main, paths: ['**/*.md']}}\n    poll: 10s\n"
        f"    announce: {{channel: {home.channel.id}, hold: 0s, max_age: null, max_new_per_pass: 20}}\n"
        for kind, url in addresses.items()
    )
    text = (
        home.config.read_text().replace("hold: 10m", "hold: 0s, max_age: null").replace("newsletters:\n", f"newsletters:\n{added}")
    )
    home.config.write_text(text)


def said(home: Home, addresses: dict[str, str]) -> dict[str, str]:
    """Return what the state says of the newsletters that could not be read, or of whose files could not."""
    errors = {str(name): str(error) for name, error in home.rows("SELECT name, error FROM newsletters WHERE error IS NOT NULL")}
    broken: dict[str, list[str]] = {}
    for name, path, why in home.rows("SELECT newsletter, path, broken FROM issues WHERE broken IS NOT NULL ORDER BY path"):
        broken.setdefault(str(name), []).append(f"{path}: {why}")
    failed = home.rows(
        "SELECT newsletter, deliveries.error FROM deliveries JOIN issues ON issues.id = deliveries.issue "
        "WHERE deliveries.error IS NOT NULL ORDER BY path"
    )
    for name, error in failed:
        broken.setdefault(str(name), []).append(str(error))
    return {kind: errors.get(kind) or " · ".join(broken[kind]) for kind in addresses if kind in errors or kind in broken}


@asynccontextmanager
async def running(home: Home) -> AsyncIterator[tuple[asyncio.subprocess.Process, bool]]:
    """Run the bot, in a group of processes whose memory is limited where that can be had."""
    with limited_group() as group:
        # The shell enters the group before it becomes the bot.
        enter = f'echo $$ > "{group}/cgroup.procs" && ' if group else ""
        process = await asyncio.create_subprocess_exec(
            "/bin/sh",
            "-c",
            f'{enter}exec "$0" "$@"',
            sys.executable,
            "-m",
            "heartbeat_bot",
            "run",
            stderr=asyncio.subprocess.DEVNULL,
            env=home.environment,
        )
        try:
            yield process, group is not None
        finally:
            if process.returncode is None:
                process.terminate()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(15):
                        await process.wait()
            if process.returncode is None:
                process.kill()
                await process.wait()


@contextmanager
def limited_group() -> Iterator[Path | None]:
    """Make a control group with a limit on memory (versions 1 and 2); None where that is not allowed."""
    for root, limit in ((GROUP, "memory.limit_in_bytes"), (GROUP.parent, "memory.max")):
        place = root / f"heartbeat-soak-{os.getpid()}"
        try:
            place.mkdir()
            (place / limit).write_text(str(LIMIT))
        except OSError:
            with contextlib.suppress(OSError):
                place.rmdir()
            continue
        try:
            yield place
        finally:
            for _ in range(50):
                try:
                    place.rmdir()
                    break
                except OSError:  # what was killed in it is still on its way out
                    time.sleep(0.1)
        return
    yield None


def memory_below(pid: int) -> int:
    """Return the memory of a process and all that it started, in bytes; what they share counts once. 0 where the system does not say."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir() if Path("/proc").is_dir() else ():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, IndexError):
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    family = {pid}
    while more := {child for child, parent in parents.items() if parent in family} - family:
        family |= more
    total = 0
    for one in family:
        with contextlib.suppress(OSError):
            lines = Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()
            total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024
    return total


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


async def main(kinds: tuple[str, ...]) -> None:
    with tempfile.TemporaryDirectory(prefix="heartbeat-soak-") as folder:
        async with Sandbox(clock=system_clock, limits=RateLimits.generous()) as sandbox:
            home = Home(Path(folder), sandbox)
            soaked = await soak(home, kinds, seconds=1500)
    say(json.dumps({"kinds": kinds, "peak MiB": soaked.peak >> 20, "limited": soaked.limited, "seconds": round(soaked.seconds)}))
    say(
        f"the friendly newsletter was {'posted' if soaked.posted else 'NOT posted'}; a command was {'RUN' if soaked.ran else 'not run'}"
    )
    for kind in kinds:
        say(f"{kind}: {soaked.said.get(kind, 'nothing was said')[:300]}")


if __name__ == "__main__":
    everything = (*REPOSITORIES, *HostileRemote.KINDS, "hang", "drip")
    asyncio.run(main(tuple(sys.argv[1:]) or everything))
