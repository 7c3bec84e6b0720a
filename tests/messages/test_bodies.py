"""The bodies that the bot sends, held against Discord's own description of its API."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from heartbeat_bot.issues.reading import read_issue
from heartbeat_bot.rendering.layouts.embeds import compose
from heartbeat_bot.rendering.pieces import picture_targets
from heartbeat_bot.rendering.post import COVER, File, PostKey

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"
DESCRIPTION = SHARED / "discord-api" / "openapi.json"
FILES = sorted((ROOT / "heartbeat_bot" / "sample" / "content" / "newsletter").glob("*.md")) + sorted(
    (SHARED / "corpus").glob("*/*.md")
)

pytestmark = pytest.mark.skipif(not DESCRIPTION.exists(), reason=f"Discord's description of its API is not there ({DESCRIPTION})")


@cache
def validator(path: str, method: str) -> jsonschema.Draft202012Validator:
    described = json.loads(DESCRIPTION.read_text())
    schema = described["paths"][path][method]["requestBody"]["content"]["application/json"]["schema"]
    return jsonschema.Draft202012Validator({"components": described["components"], **schema})


def problems(body: dict[str, Any], path: str, method: str) -> list[str]:
    return [f"{problem.json_path}: {problem.message[:200]}" for problem in validator(path, method).iter_errors(body)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_body_of_an_issue_is_one_that_discord_describes(path: Path) -> None:
    issue = read_issue(path.name, path.read_bytes())
    targets = picture_targets(issue)[:3]
    files = {
        target: File(name=f"{number}.png", path=target, blob="0", alt="what it shows") for number, target in enumerate(targets)
    }
    posts = compose(issue, site="https://example.org/", page="https://example.org/x", ping=300000000000000001, files=files).posts
    urls = {
        PostKey(post.key): f"https://discord.com/channels/1/2/{number}" for number, post in enumerate(posts) if post.key != COVER
    }
    for post in posts:
        body = post.body(urls)
        sent = body | {"nonce": "n" * 25, "enforce_nonce": True}
        assert problems(sent, "/channels/{channel_id}/messages", "post") == []
        assert problems(body, "/channels/{channel_id}/messages/{message_id}", "patch") == []
