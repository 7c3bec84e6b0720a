"""Run heartbeat-bot in processes of its own, one per line of standard input (a JSON list of words), forked off this one.

For each, its process id and its exit code (negative for the signal that killed it) are printed, a line each.
"""

import json
import os
import sys

from heartbeat_bot.cli import main


def say(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def run(words: list[str]) -> None:
    """Be the command."""
    say(os.getpid())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    try:
        main(words)
    except SystemExit as ended:
        os._exit(int(ended.code or 0))
    finally:
        os._exit(1)


for line in sys.stdin:
    child = os.fork()
    if child == 0:
        run(json.loads(line))
    _, status = os.waitpid(child, 0)
    say(os.waitstatus_to_exitcode(status))
