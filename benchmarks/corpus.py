"""The shared newsletters, and what they become: common ground of the benchmarks."""

import sys
from pathlib import Path

from heartbeat_bot.issues.reading import read_issue
from heartbeat_bot.rendering.composition import Composition
from heartbeat_bot.rendering.layouts.embeds import compose

SITE = "https://example.org/"


def corpus_files(arguments: list[str]) -> tuple[Path, list[Path]]:
    """Return the shared folder (the first argument, else beside the checkout) and its newsletters; exit with words without them."""
    shared = Path(arguments[0]) if arguments else Path(__file__).resolve().parents[2] / "shared"
    files = sorted((shared / "corpus").glob("*/*.md"))
    if not files:
        sys.exit(
            f"No newsletters below {shared / 'corpus'}: name the folder that holds corpus/, as in `make bench SHARED=../shared`."
        )
    return shared, files


def composed(path: Path) -> Composition:
    """Read and compose one file as `preview --site-url` does."""
    return compose(read_issue(path.as_posix(), path.read_bytes()), site=SITE)
