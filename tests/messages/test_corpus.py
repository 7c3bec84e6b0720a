"""Whole newsletters, ours and real ones: every one is read, posted whole, and within every limit."""

from pathlib import Path

import pytest
from readers import bounds, broken_limits

from heartbeat_bot.issues.reading import read_issue
from heartbeat_bot.rendering.layouts.embeds import compose

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus"
REAL = sorted(CORPUS.glob("*/*.md")) + sorted(CORPUS.glob("*.txt"))
OURS = [path for path in sorted(Path(__file__).parents[1].glob("golden/*/input.md")) if not path.parent.name.startswith("broken-")]
needs_corpus = pytest.mark.skipif(not REAL, reason="the real newsletters (../shared/corpus) are not here")


@pytest.mark.parametrize("path", OURS + REAL, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_post_of_a_newsletter_keeps_every_limit(path: Path) -> None:
    composition = compose(read_issue(path.name, path.read_bytes()), site="https://example.org/", page="https://example.org/x")
    assert {post.key: found for post in composition.posts if (found := broken_limits(post))} == {}
    assert all(count <= bound + 1 for _, count, bound in bounds(composition))


@needs_corpus
def test_the_issue_received_as_mac_roman_comes_out_with_its_emoji() -> None:
    issue = read_issue("may-22-heartbeat.md", (CORPUS / "may-22-heartbeat.as-received.txt").read_bytes())
    text = "".join(embed.description for post in compose(issue).posts for embed in post.embeds)
    assert "ü" not in text
    assert any(ord(character) > 0x1F000 for character in text)
    assert "To add" not in text
