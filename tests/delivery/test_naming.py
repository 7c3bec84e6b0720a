"""What the names of files say."""

import pytest

from heartbeat_bot.identity.paths import edition_tokens, is_rolling, unpublished


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Issue 087", ("87",)),
        ("News of May 2026", ("may", "2026")),
        ("Neues im März", ("märz",)),
        ("2026-w07", ("2026", "7")),
        ("Decembrist marches", ()),
        ("This month", ()),
        ("", ()),
    ],
)
def test_numbers_and_months_tell_one_edition_from_the_others(name: str, told: tuple[str, ...]) -> None:
    assert edition_tokens(name) == told


@pytest.mark.parametrize(
    ("path", "rolling"),
    [
        ("latest.md", True),
        ("README.md", True),
        ("2026/latest.de.md", True),
        ("2026/03/index.md", False),
        ("issue-7.md", False),
        ("2026/march.md", False),
    ],
)
def test_a_path_without_more_than_a_year_is_no_editions_own(path: str, *, rolling: bool) -> None:
    assert is_rolling(path) is rolling


@pytest.mark.parametrize(
    ("path", "dated", "shown"),
    [
        ("posts/spring.md", False, True),
        ("_posts/2026-03-02-template.md", True, True),
        ("posts/_spring.md", True, False),
        ("posts/template.md", True, False),
        ("archetypes/default.md", True, False),
        ("CODE-OF-CONDUCT.md", False, False),
        ("README.md", False, False),
        ("README.md", True, True),
        ("issues/87/README.md", False, True),
        ("issues/87/_index.md", False, True),
        ("issues/_index.md", False, False),
        ("news/security.md", True, True),
    ],
)
def test_what_sites_do_not_show_is_known_by_its_name(path: str, *, dated: bool, shown: bool) -> None:
    assert (unpublished(path, dated=dated) is None) is shown
