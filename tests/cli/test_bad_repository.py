"""A repository full of what nobody should commit, through the real command: each bad file is told, and the good issue is posted."""

import asyncio
import subprocess
import sys
import time
from pathlib import Path

import pytest
from home import ISSUE, Home, git

from discord_sandbox.server import Sandbox

sys.path.append(str(Path(__file__).parents[1] / "sources"))
from hostile_repositories import MEGABYTE, Bare, tree_bomb

HEAD = "---\ntitle: Bad\ndate: 2026-03-02\n---\n\n"
BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
BAD: dict[str, bytes] = {
    "five-megabytes.md": (HEAD + "A word. " * 655_360).encode(),
    "ten-thousand-quotes.md": (HEAD + "> " * 10_000 + "x").encode(),
    "ten-thousand-lists.md": (HEAD + "".join(f"{' ' * (2 * n)}- x\n" for n in range(300)) + "- " * 10_000 + "x").encode(),
    "ten-thousand-brackets.md": (HEAD + "[" * 10_000).encode(),
    "bomb.md": f"---\ntitle: Bomb\n{BOMB}---\n\ntext\n".encode(),
    "picture.md": bytes(range(256)) * 40,
    "empty.md": b"",
    "conflict.md": b"---\n<<<<<<< ours\ntitle: A\n=======\ntitle: B\n>>>>>>> theirs\n---\n\ntext\n",
}
ODD: dict[str, bytes] = {
    f"{'long-' * 60}name.md": ISSUE.replace("First Light", "A long name").encode(),
    "line\nbreak.md": ISSUE.replace("First Light", "A line break").replace("lamp", "kettle").encode(),
}


@pytest.fixture
def home(tmp_path: Path, sandbox: Sandbox) -> Home:
    return Home(tmp_path, sandbox)


def commit(repo: Path, files: dict[str, bytes]) -> None:
    """Add files to the branch without a work tree, which could not hold such names."""
    stream = b"commit refs/heads/main\ncommitter Ann <ann@example.org> 1772438400 +0000\ndata 3\nbad\nfrom refs/heads/main^0\n"
    for name, content in files.items():
        path = f"issues/{name}".replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        stream += f'M 100644 inline "{path}"\n'.encode() + b"data %d\n" % len(content) + content + b"\n"
    subprocess.run(["git", "-C", str(repo), "fast-import", "--quiet", "--force"], input=stream, check=True, capture_output=True)


async def test_bad_files_are_told_one_by_one_and_the_good_issue_is_posted(home: Home) -> None:
    home.config.write_text(home.config.read_text().replace("hold: 10m", "hold: 10m, max_new_per_pass: 20"))
    await home.sync(at="2026-03-02T08:00:30Z")
    home.write("good", ISSUE.replace("First Light", "The good one"))
    commit(home.repo, BAD | ODD)
    start = time.monotonic()
    told = await home.run("sync", "--as-of", "2026-03-02T09:00:00Z")
    assert time.monotonic() - start < 180, "seconds; a few on an idle machine"
    for name in BAD:
        assert f"issues/{name}" in told, name
    assert "The good one: " in told
    assert "Traceback" not in told
    text = "\n".join(home.texts())
    assert "The good one" in text
    assert "<<<<<<<" not in text
    listed = await home.run("issues")
    for title in ("A long name", "A line break"):
        assert title in listed
    assert await home.sync() == []


async def test_a_tree_of_fifty_thousand_files_is_listed_in_a_moment_and_only_issues_are_fetched(home: Home) -> None:
    await home.sync(at="2026-03-02T08:00:30Z")
    home.write("good", ISSUE.replace("First Light", "The good one"))
    git(home.repo, "config", "uploadpack.allowFilter", "true")
    git(home.repo, "config", "uploadpack.allowAnySHA1InWant", "true")
    commit(home.repo, {f"pages/{n % 100}/{n}.md": b"page %d\n" % n for n in range(50_000)})
    start = time.monotonic()
    assert "POST" in await home.sync()
    assert time.monotonic() - start < 180, "seconds; a few on an idle machine"
    assert await asyncio.to_thread(objects_in_the_copy, home) < 1_000, "trees, a commit and the issues; no page"
    assert await home.sync() == []


def objects_in_the_copy(home: Home) -> int:
    copy = next(path.parent for path in home.config.parent.rglob("HEAD") if "repo" not in path.parts)
    told = subprocess.run(["git", f"--git-dir={copy}", "count-objects", "-v"], check=True, capture_output=True, text=True).stdout
    return int(next(line.split()[1] for line in told.splitlines() if line.startswith("in-pack")))


def add_newsletter(home: Home, name: str, address: str) -> None:
    """Add a newsletter in front of the others: it is looked at first."""
    added = (
        f"newsletters:\n  {name}:\n    source: {{git: '{address}', branch: main, paths: ['**/*.md']}}\n"
        f"    announce: {{channel: {home.channel.id}, hold: 10m, max_new_per_pass: 20}}\n"
    )
    home.config.write_text(home.config.read_text().replace("newsletters:\n", added))


async def test_a_repository_of_ten_thousand_million_paths_is_told_and_the_next_newsletter_is_posted(home: Home) -> None:
    await home.sync(at="2026-03-02T08:00:30Z")
    home.write("good", ISSUE.replace("First Light", "The good one"))
    bomb = tree_bomb(home.repo.with_name("bomb"))
    add_newsletter(home, "bomb", bomb.url)
    told = await home.run("sync", "--as-of", "2026-03-02T09:00:00Z", code=1)
    assert f"{bomb.url}: more than 20,000 files match `paths`; write narrower `paths`" in told
    assert "The good one" in "\n".join(home.texts())


async def test_a_file_far_too_large_is_told_by_its_size_and_the_issue_beside_it_is_posted(home: Home) -> None:
    bare = Bare(home.repo.with_name("large"))
    files = [("100644", b"0-old.md", bare.blob(ISSUE.replace("First Light", "Old").encode()))]
    bare.commit(bare.tree(files))
    add_newsletter(home, "large", bare.url)
    await home.sync(at="2026-03-02T08:00:30Z")
    files += [("100644", b"%d.md" % number, blob) for number, blob in enumerate(bare.zeros(64 * MEGABYTE, [b"1", b"2"]), start=1)]
    files.append(("100644", b"good.md", bare.blob(ISSUE.encode())))
    bare.commit(bare.tree(files))
    told = await home.run("sync", "--newsletter", "large", "--as-of", "2026-03-02T09:00:00Z")
    for name in ("1.md", "2.md"):
        assert name in told
    assert "the file has 64.0 MiB, more than the 512 KiB that an issue may have; split it" in told
    assert "First Light" in "\n".join(home.texts())
