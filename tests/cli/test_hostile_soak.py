"""Hostile repositories beside a friendly one, with the whole bot; ``hostile_soak.py`` knows more of them, which take minutes."""

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "sources"))

from home import Home
from hostile_soak import HARMLESS, LIMIT, QUICK, soak


@pytest.mark.skipif(sys.platform != "linux", reason="the memory of a family of processes is measured with Linux's /proc")
async def test_hostile_repositories_keep_no_friendly_newsletter_from_being_posted(home: Home) -> None:
    soaked = await soak(home, QUICK, seconds=300)
    assert soaked.posted
    assert not soaked.ran, "nothing that a repository says is run"
    assert soaked.peak < LIMIT
    for kind in QUICK:
        if kind in HARMLESS:
            continue
        what = soaked.said[kind]
        named = what.startswith(("file://", "http://127.0.0.1")) and kind in what.split(": ")[0]
        assert named or ".md: " in what, f"an error names its source: {what}"
