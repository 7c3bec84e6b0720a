"""What people do to the branch itself, with real repositories through the real command, at times that go back and forth."""

import os
import subprocess

from home import ISSUE, Home

SPRING = ISSUE.replace("First Light", "Spring").replace("lamp", "kettle")
SUMMER = ISSUE.replace("First Light", "Summer").replace("lamp", "meadow").replace("2026-03-02", "2026-03-03")


def git(home: Home, when: str, *words: str) -> str:
    identity = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org", "-c", "commit.gpgsign=false"]
    dates = {"GIT_COMMITTER_DATE": when, "GIT_AUTHOR_DATE": "2031-01-01T00:00:00Z", "GIT_CONFIG_GLOBAL": os.devnull}
    command = ["git", "-C", str(home.repo), *identity, *words]
    return subprocess.run(command, check=True, env=os.environ | dates, capture_output=True, text=True).stdout.strip()


def commit(home: Home, when: str, files: dict[str, str | None], *words: str) -> None:
    for name, text in files.items():
        path = home.repo / "issues" / name
        path.unlink() if text is None else path.write_text(text)
    git(home, when, "add", "--all")
    git(home, when, "commit", "--quiet", "--message=change", *words)


async def looked_at(home: Home, when: str, rested: str) -> int:
    return len(await home.sync(at=when)) + len(await home.sync(at=rested))


def titles(home: Home) -> list[str]:
    text = "".join(home.texts())
    return [title for title in ("An older one", "Spring", "Summer") if f'"title": "{title}"' in text]


async def test_a_rewritten_branch_with_links_and_clocks_that_go_back_posts_each_issue_once(home: Home) -> None:
    first = "2026-03-02T08:00:30Z"
    await home.sync(at=first)
    commit(home, "2026-03-02T10:00:00Z", {"spring.md": SPRING})
    (home.repo / "issues" / "latest.md").symlink_to("spring.md")
    head = git(home, first, "rev-parse", "HEAD")
    git(home, first, "add", "--all")
    git(home, first, "update-index", "--add", "--cacheinfo", f"160000,{head},issues/theme.md")
    git(home, "2026-03-02T10:00:00Z", "commit", "--quiet", "--message=a link and a submodule", "--amend")
    assert await looked_at(home, "2026-03-02T10:00:00Z", "2026-03-02T10:10:00Z") > 0
    assert titles(home) == ["Spring"]
    # The history is squashed into one commit, which says that it is older than all that was seen of it.
    git(home, first, "checkout", "--quiet", "--orphan", "squashed")
    commit(home, "2026-02-01T00:00:00Z", {"old.md": ISSUE.replace("First Light", "An older one").replace("\n", "\r\n")})
    git(home, first, "branch", "--force", "main", "squashed")
    assert await looked_at(home, "2026-03-02T11:00:00Z", "2026-03-02T11:10:00Z") == 0
    # A history without a common ancestor is merged; its issue was committed before all others.
    git(home, first, "checkout", "--quiet", "--orphan", "other")
    git(home, first, "rm", "--quiet", "-r", "--force", "--cached", ".")
    for path in (home.repo / "issues").iterdir():
        path.unlink()
    commit(home, "2026-01-01T00:00:00Z", {"summer.md": SUMMER})
    git(home, first, "checkout", "--quiet", "main")
    git(home, "2026-03-03T09:00:00Z", "merge", "--quiet", "--allow-unrelated-histories", "--message=both", "other")
    assert await looked_at(home, "2026-03-03T09:00:00Z", "2026-03-03T09:10:00Z") > 0
    assert titles(home) == ["Spring", "Summer"]
    # The clock goes back, the branch too, and both come again.
    new, old = git(home, first, "rev-parse", "main"), git(home, first, "rev-parse", "squashed")
    git(home, first, "checkout", "--quiet", "squashed")
    for commit_id, when, rested in (
        (old, "2026-03-02T11:00:00Z", "2026-03-02T11:10:00Z"),
        (new, "2026-03-03T09:00:00Z", "2026-03-04T09:10:00Z"),
    ):
        git(home, first, "update-ref", "refs/heads/main", commit_id)
        assert await looked_at(home, when, rested) == 0
    assert titles(home) == ["Spring", "Summer"]
