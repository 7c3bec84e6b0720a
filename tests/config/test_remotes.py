"""Which addresses of repositories are taken, and what of them is shown."""

import subprocess

import pytest

from heartbeat_bot.config.remotes import RemoteKind, check_branch, remote_kind
from heartbeat_bot.redaction import without_credentials


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("https://example.org/a.git", RemoteKind.URL),
        ("HTTPS://user:secret@example.org:8443/a%20b.git", RemoteKind.URL),
        ("ssh://git@example.org:22/a.git", RemoteKind.URL),
        ("git://[::1]/a", RemoteKind.URL),
        ("file:///srv/a b.git", RemoteKind.URL),
        ("git@example.org:owner/name.git", RemoteKind.SCP),
        ("example.org:a.git", RemoteKind.SCP),
        ("git@[::1]:a.git", RemoteKind.SCP),
        ("example.org:repos/@ann/a.git", RemoteKind.SCP),
        ("../site.git", RemoteKind.PATH),
        ("./a:b", RemoteKind.PATH),
        ("/srv/site", RemoteKind.PATH),
        ("~/site", RemoteKind.PATH),
    ],
)
def test_an_address_is_of_one_of_three_kinds(address: str, kind: RemoteKind) -> None:
    assert remote_kind(address) is kind


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("", "is empty or holds control characters"),
        (" ", "is empty or holds control characters"),
        ("https://example.org/a\nb", "holds control characters"),
        ("--upload-pack=touch x", "would be taken for an option of git"),
        ("ext::sh -c 'touch x'", "names a transport helper, which could run commands"),
        ("fd::17", "names a transport helper"),
        ("ftp://example.org/a", "begins with ftp://, which is not read; use one of https://"),
        ("ext://x", "which is not read"),
        ("https:///a", "names no host that could be asked"),
        ("ssh://-oProxyCommand=touch/x", "names no host that could be asked"),
        ("ssh://-l@example.org/x", "names no host that could be asked"),
        ("-oProxyCommand=x:y", "would be taken for an option"),
        ("git@-oProxyCommand=x:y", "is not an address of a repository"),
        ("example.org:-x", "is not an address of a repository"),
        ("example.org:", "is not an address of a repository"),
        ("https://[::1/a", r"is not written https://host/path"),
        ("https://example.org:port/a", r"is not written https://host/path"),
        ("ann:geheim@example.org:a.git", "an ssh address holds no password"),
    ],
)
def test_what_git_must_not_be_given_is_refused(address: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence) as caught:
        remote_kind(address)
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://ann:geheim@example.org/a", "https://example.org/a"),
        ("https://geheim@example.org/a", "https://example.org/a"),
        ("https://:geheim@example.org/a", "https://example.org/a"),
        ("https://ann:ge@heim@example.org/a", "https://example.org/a"),
        ("SSH://ann:geheim@example.org/a", "SSH://example.org/a"),
        ("ssh://git:geheim@example.org/a", "ssh://git@example.org/a"),
        ("ssh://git@example.org/a", "ssh://git@example.org/a"),
        ("git@example.org:a", "git@example.org:a"),
        ("fatal: 'https://a:b@c/d' and http://e:f@g/", "fatal: 'https://c/d' and http://g/"),
        ("https://example.org/@ann/post", "https://example.org/@ann/post"),
    ],
)
def test_credentials_are_taken_out_and_the_rest_stays(text: str, shown: str) -> None:
    assert without_credentials(text) == shown


GOOD_BRANCHES = ["main", "feature/a-b", "März", "a.b", "v1.0", "a@b", "a'b", "#1"]
BAD_BRANCHES = [
    "",
    "-a",
    "/a",
    "a/",
    "a..b",
    "a b",
    "a~1",
    "a^",
    "a:b",
    "a?",
    "a*",
    "a[",
    "a\\b",
    ".a",
    "a/.b",
    "a.",
    "a.lock",
    "a@{b",
    "a//b",
    "\x7f",
]


@pytest.mark.parametrize("branch", [*GOOD_BRANCHES, *BAD_BRANCHES])
def test_a_branchs_name_is_judged_as_git_does(branch: str) -> None:
    judged = subprocess.run(["git", "check-ref-format", "--branch", branch], check=False, capture_output=True).returncode == 0
    assert judged == (branch in GOOD_BRANCHES)
    if judged:
        check_branch(branch)
    else:
        with pytest.raises(ValueError, match="cannot be the name of a branch"):
            check_branch(branch)
