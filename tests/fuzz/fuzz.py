"""`make fuzz`: bytes, guided by what they reach, into every target (fuzz_targets.py) for some minutes; it ends by itself.

A crash, an input that takes more than 5 s, or 300 MB more than the start took is a failure: its file is named, in the folder
`.fuzz/`, which also keeps what was reached, for the next run. What is mended becomes a file below `seeds/`.
"""

import argparse
import os
import resource
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
KEPT = HERE.parents[1] / ".fuzz"
SECONDS_OF_AN_INPUT = 5
MEGABYTES = 300
MOST_BYTES = 8192


def main() -> int:
    """Run the targets one after the other, each in a process of its own; return 1 when one of them failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=3, help="for all targets together")
    parser.add_argument("--target", help="one target only")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        inside(options.target, options.minutes)
    names = [options.target] if options.target else sorted(path.name for path in (HERE / "seeds").iterdir())
    failed = [name for name in names if not succeeds(name, options.minutes / len(names))]
    for name in failed:
        sys.stdout.write(f"fuzz: {name} failed; the line `Test unit written to` above names the input\n")
    return bool(failed)


def succeeds(name: str, minutes: float) -> bool:
    """Fuzz one target in a process of its own, which is stopped when it does not end by itself."""
    sys.stdout.write(f"fuzz: {name}, {minutes:.1f} minutes\n")
    sys.stdout.flush()
    command = [sys.executable, __file__, "--inside", "--target", name, "--minutes", str(minutes)]
    try:
        return subprocess.run(command, check=False, timeout=minutes * 60 + 120).returncode == 0
    except subprocess.TimeoutExpired:
        sys.stdout.write(f"fuzz: {name} did not end\n")
        return False


def inside(name: str, minutes: float) -> None:
    """Hand the process over to the fuzzer, which ends it."""
    import atheris  # noqa: PLC0415 - a group of its own has it

    with atheris.instrument_imports(
        include=["heartbeat_bot", "markdown_it", "mdit_py_plugins", "linkify_it", "markdownify", "yaml", "tomllib"]
    ):
        from fuzz_targets import TARGETS  # noqa: PLC0415 - instrumented

        target = TARGETS[name]
    for seed in (HERE / "seeds" / name).iterdir():
        target(seed.read_bytes())  # what is loaded when it is needed counts as the start
    start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    reached = KEPT / name
    reached.mkdir(parents=True, exist_ok=True)
    flags = (
        f"-max_total_time={max(1, int(minutes * 60))}",
        f"-timeout={SECONDS_OF_AN_INPUT}",
        f"-rss_limit_mb={start + MEGABYTES}",
        f"-max_len={MOST_BYTES}",
        f"-artifact_prefix={KEPT}{os.sep}{name}-",
        "-print_final_stats=1",
        "-verbosity=1",
    )
    atheris.Setup([sys.argv[0], *flags, str(reached), str(HERE / "seeds" / name)], target)
    atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(main())
