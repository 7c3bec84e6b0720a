"""Which file is which issue."""

import random
from collections import Counter
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heartbeat_bot.identity.doubts import DoubtCode
from heartbeat_bot.identity.evidence import Candidate, Known
from heartbeat_bot.identity.fingerprint import SIMILAR, Fingerprint, Likeness
from heartbeat_bot.identity.matching import are_plain_edits, identify
from heartbeat_bot.ids import IssueId
from heartbeat_bot.sources.snapshot import BlobId

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus"


def similarity(one: Fingerprint, other: Fingerprint) -> float:
    """Return how alike two texts are where nothing else is known."""
    return Likeness(Counter(), Counter(), known=0).of(one, other)


def words(seed: str, lines: int = 30) -> list[str]:
    chance = random.Random(seed)
    return [" ".join(chance.choices(["alpha", "beta", "gamma", "delta", "eps", "zeta", "eta"], k=12)) for _ in range(lines)]


def slug_of(path: str) -> str:
    return path.rsplit("/", 1)[-1].removesuffix(".md")


def known(number: int, path: str, lines: Sequence[str], **more: Any) -> Known:
    text = "\n".join([*lines, more.get("title", "")])
    about = {"explicit": None, "blob": BlobId(text), "slug": slug_of(path), "fingerprint": Fingerprint.of(text)} | more
    return Known(id=IssueId(number), path=path, **about)


def file(path: str, lines: Sequence[str], **more: Any) -> Candidate:
    text = "\n".join([*lines, more.get("title", "")])
    about = {"explicit": None, "blob": BlobId(text), "slug": slug_of(path), "fingerprint": Fingerprint.of(text)} | more
    return Candidate(path=path, **about)


def test_an_edit_in_place_keeps_the_identity_even_when_every_word_changed() -> None:
    found = identify([known(1, "a.md", words("old"))], [file("a.md", words("new"))])
    assert (found.issues, found.gone) == ({"a.md": 1}, frozenset())


def test_a_plain_move_keeps_the_identity() -> None:
    found = identify([known(1, "blog/a.md", words("a"))], [file("news/2026/a.md", words("a"))])
    assert found.issues == {"news/2026/a.md": 1}


def test_a_move_with_edits_keeps_the_identity() -> None:
    text = words("a")
    found = identify([known(1, "blog/a.md", text)], [file("b.md", [*text[:-5], *words("new", 5)])])
    assert found.issues == {"b.md": 1}


def test_a_new_issue_of_the_same_name_in_another_folder_is_new() -> None:
    found = identify([known(1, "2026/07/index.md", words("july"))], [file("2026/08/index.md", words("august"))])
    assert (found.issues, found.gone) == ({"2026/08/index.md": None}, {1})


def test_a_copy_of_an_issue_that_is_still_there_is_new() -> None:
    found = identify([known(1, "a.md", words("a"))], [file("a.md", words("a")), file("b.md", words("a"))])
    assert found.issues == {"a.md": 1, "b.md": None}


def test_an_issue_that_went_away_years_ago_is_recognised() -> None:
    text = words("a")
    found = identify([known(1, "blog/a.md", text, gone=True)], [file("updates/a.md", [*text, "Moved here."])])
    assert found.issues == {"updates/a.md": 1}


def test_an_explicit_id_wins_over_path_and_text() -> None:
    found = identify(
        [known(1, "a.md", words("a"), explicit="x"), known(2, "b.md", words("b"), explicit="y")],
        [file("a.md", words("c"), explicit="y"), file("b.md", words("d"), explicit="x")],
    )
    assert found.issues == {"a.md": 2, "b.md": 1}


def test_another_explicit_id_at_the_same_path_is_another_issue() -> None:
    found = identify([known(1, "latest.md", words("a"), explicit="july")], [file("latest.md", words("b"), explicit="august")])
    assert (found.issues, found.gone) == ({"latest.md": None}, {1})


def test_an_explicit_id_added_later_changes_nothing() -> None:
    found = identify([known(1, "a.md", words("a"))], [file("a.md", words("a"), explicit="x")])
    assert found.issues == {"a.md": 1}


def test_an_id_that_two_files_have_says_nothing_about_either() -> None:
    found = identify(
        [known(1, "b.md", words("b"), explicit="x")],
        [file("a.md", words("a"), explicit="x"), file("b.md", words("changed"), explicit="x")],
    )
    assert (found.issues, found.doubts) == ({"a.md": None, "b.md": 1}, {})


def test_an_id_that_every_issue_has_says_nothing() -> None:
    past = [known(number, f"{number}.md", words(f"{number}"), explicit="update", gone=number > 1) for number in range(1, 4)]
    found = identify(past, [file("1.md", words("1"), explicit="update"), file("4.md", words("4"), explicit="update")])
    assert found.issues == {"1.md": 1, "4.md": None}


def test_an_id_left_over_from_the_issue_it_was_copied_from_does_not_merge_the_two() -> None:
    old = known(1, "01.md", words("1"), explicit="x", title="January", date=date(2026, 1, 5))
    found = identify([old], [file("02.md", words("2"), explicit="x", title="February", date=date(2026, 2, 2))])
    assert (found.issues, found.gone) == ({"02.md": None}, {1})


def test_of_equal_files_the_one_with_the_same_slug_is_the_issue() -> None:
    found = identify([known(1, "old/b.md", words("a"))], [file("new/a.md", words("a")), file("new/b.md", words("a"))])
    assert found.issues == {"new/a.md": None, "new/b.md": 1}


def test_the_better_match_wins_whatever_the_order() -> None:
    text = words("a")
    close, closer = [*text[:-6], *words("x", 6)], [*text[:-2], *words("y", 2)]
    found = identify([known(1, "a.md", text)], [file("b.md", close), file("c.md", closer)])
    assert found.issues == {"b.md": None, "c.md": 1}


def test_files_without_text_are_not_alike() -> None:
    assert identify([known(1, "a.md", [])], [file("b.md", ["---"])]).issues == {"b.md": None}


_lines = st.lists(st.sampled_from(["one", "two two", "three three three", "four", "five", " One!", ""]), max_size=8)


@settings(deadline=None, max_examples=100)
@given(one=_lines, other=_lines)
def test_similarity_is_symmetric_bounded_and_survives_being_stored(one: list[str], other: list[str]) -> None:
    a, b = Fingerprint.of("\n".join(one)), Fingerprint.of("\n".join(other))
    assert similarity(a, b) == similarity(b, a)
    assert 0 <= similarity(a, b) <= 1
    assert similarity(a, a) == (1 if a.weight else 0)
    assert Fingerprint.load(a.dump()) == a


_paths = st.lists(st.sampled_from([f"{folder}/{name}.md" for folder in "xyz" for name in "abc"]), unique=True, max_size=6)


@settings(deadline=None, max_examples=100)
@given(old=_paths, new=_paths, data=st.data())
def test_matching_is_one_to_one_whole_and_independent_of_order(old: list[str], new: list[str], data: st.DataObject) -> None:
    texts = st.sampled_from([words("1"), words("2"), [*words("1", 20), *words("3", 6)], []])
    ids = st.sampled_from([None, None, "p", "q"])
    explicit = [data.draw(ids) for _ in old]
    explicit = [name if name not in explicit[:number] else None for number, name in enumerate(explicit)]
    issues = [
        known(number, path, data.draw(texts), explicit=explicit[number], gone=data.draw(st.booleans()))
        for number, path in enumerate(old)
    ]
    files = [file(path, data.draw(texts), explicit=data.draw(ids)) for path in new]
    found = identify(issues, files)
    matched = [issue for issue in found.issues.values() if issue is not None]
    assert len(matched) == len(set(matched))
    assert set(matched) | found.gone == {issue.id for issue in issues}
    assert set(found.issues) == set(new)
    assert found.absorbed == frozenset()
    assert found == identify(data.draw(st.permutations(issues)), data.draw(st.permutations(files)))


@settings(deadline=None, max_examples=60)
@given(paths=_paths, moves=st.data())
def test_any_plain_moves_are_followed_when_texts_differ(paths: list[str], moves: st.DataObject) -> None:
    issues = [known(number, path, words(path)) for number, path in enumerate(paths)]
    moved = {issue.id: f"new/{moves.draw(st.integers(0, 9))}-{issue.id}.md" for issue in issues}
    found = identify(issues, [file(moved[issue.id], words(issue.path)) for issue in issues])
    assert found.issues == {moved[issue.id]: issue.id for issue in issues}


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the shared corpus of newsletters is not beside the checkout")
def test_no_two_issues_of_a_real_newsletter_are_taken_for_one() -> None:
    for folder in sorted(path for path in CORPUS.iterdir() if path.is_dir()):
        prints = [Fingerprint.of(path.read_text(errors="replace")) for path in sorted(folder.glob("*.md"))]
        alike = [similarity(one, other) for number, one in enumerate(prints) for other in prints[:number]]
        assert max(alike, default=0) < SIMILAR, folder.name


MARCH, APRIL = date(2026, 3, 2), date(2026, 4, 6)


def march(number: int = 1, path: str = "posts/march.md", lines: Sequence[str] | None = None, **more: Any) -> Known:
    return known(number, path, lines or words("march"), **({"title": "March", "date": MARCH} | more))


def test_boilerplate_that_many_issues_share_says_nothing() -> None:
    footer = words("footer", 30)
    past = [known(number, f"{number}.md", [*words(f"{number}", 8), *footer], title=f"No. {number}") for number in range(20)]
    files = [file(f"{number}.md", [*words(f"{number}", 8), *footer], title=f"No. {number}") for number in range(1, 20)]
    assert similarity(past[0].fingerprint, past[1].fingerprint) > SIMILAR
    found = identify(past, [*files, file("20.md", [*words("20", 8), *footer], title="No. 20")])
    assert found.issues["20.md"] is None
    assert (found.doubts, found.gone) == ({}, {0})


def test_a_file_in_the_place_of_another_issue_is_unsure_when_title_day_and_text_all_changed() -> None:
    found = identify([march(path="latest.md")], [file("latest.md", words("april"), title="April", date=APRIL)])
    assert found.issues == {"latest.md": None}
    assert found.doubts["latest.md"].issue == 1
    assert found.doubts["latest.md"].code is DoubtCode.ALL_DIFFERENT


@pytest.mark.parametrize("kept", [{"title": "March"}, {"date": MARCH}, {"lines": words("march")}])
def test_one_thing_that_stayed_is_enough_in_the_same_place(kept: dict[str, Any]) -> None:
    new = {"lines": words("april"), "title": "April", "date": APRIL} | kept
    assert identify([march(path="latest.md")], [file("latest.md", **new)]).issues == {"latest.md": 1}


def test_an_issue_whose_fate_is_open_is_whatever_its_file_says() -> None:
    found = identify([march(path="latest.md", settled=False)], [file("latest.md", words("april"), title="April", date=APRIL)])
    assert found.issues == {"latest.md": 1}


def test_an_issue_rewritten_and_renamed_at_once_is_found_by_title_and_day_or_leaves_a_doubt() -> None:
    sure = identify([march()], [file("other.md", words("new"), title="March", date=MARCH)])
    unsure = identify([march()], [file("other.md", words("new"), title="March")])
    moved = identify([march()], [file("other.md", words("new"), title="March", date=APRIL)])
    other = identify([march(gone=True)], [file("other.md", words("new"), title="March", date=date(2027, 3, 1))])
    assert [found.issues["other.md"] for found in (sure, unsure, moved, other)] == [1, None, None, None]
    assert [len(found.doubts) for found in (sure, unsure, moved, other)] == [0, 1, 1, 0]


def test_a_title_that_every_issue_has_leaves_no_doubt() -> None:
    past = [march(number, f"{number}.md", words(f"{number}"), date=date(2025, number, 1), gone=number < 3) for number in (1, 2, 3)]
    found = identify(past, [file("4.md", words("4"), title="March", date=date(2025, 4, 1))])
    assert (found.issues, found.doubts) == ({"4.md": None}, {})


def test_a_corrected_title_and_date_are_followed_when_the_text_has_just_left_its_place_and_doubted_later() -> None:
    text = [*words("march")[:-3], "a line that all have", *words("mended", 2)]
    past = [march(2, "feb.md", [*words("feb"), "a line that all have"], title="February", date=date(2026, 2, 2))]
    before = march(lines=[*words("march"), "a line that all have"])
    here = file("feb.md", [*words("feb"), "a line that all have"], title="February", date=date(2026, 2, 2))
    new = [here, file("april.md", text, title="April", date=APRIL)]
    assert identify([before, *past], new).issues == {"feb.md": 2, "april.md": 1}
    gone = march(gone=True, lines=[*words("march"), "a line that all have"])
    later = identify([gone, *past], new)
    assert later.issues == {"feb.md": 2, "april.md": None}
    assert later.doubts["april.md"].issue == 1


def test_a_swap_of_names_is_a_move_of_both() -> None:
    past = [known(1, "1.md", words("1"), title="Weekly"), known(2, "2.md", words("2"), title="Weekly")]
    found = identify(past, [file("1.md", words("2"), title="Weekly"), file("2.md", words("1"), title="Weekly")])
    assert found.issues == {"1.md": 2, "2.md": 1}


def test_a_second_copy_that_goes_again_takes_nothing_from_the_original() -> None:
    mended = [*words("march")[:-1], *words("mended", 1)]
    copy = march(2, "old-name.md", mended, settled=False, doubtful=True)
    found = identify([march(), copy], [file("posts/march.md", mended, title="March", date=MARCH)])
    assert (found.issues, found.gone) == ({"posts/march.md": 1}, {2})


def test_a_copy_takes_the_place_of_its_original_when_that_goes() -> None:
    copy = march(2, "better-name.md", settled=False, doubtful=True)
    found = identify([march(), copy], [file("better-name.md", words("march"), title="March", date=MARCH)])
    assert (found.issues, found.absorbed, found.gone) == ({"better-name.md": 1}, {2}, frozenset())


def test_a_doubt_that_is_no_more_leaves_an_issue_with_its_number() -> None:
    copy = march(2, "april.md", settled=False, doubtful=True)
    here = file("posts/march.md", words("march"), title="March", date=MARCH)
    found = identify([march(), copy], [here, file("april.md", words("april"), title="April", date=APRIL)])
    assert (found.issues, found.doubts) == ({"posts/march.md": 1, "april.md": 2}, {})


@pytest.mark.parametrize(
    ("path", "doubted"),
    [
        ("posts/march.fr.md", True),
        ("posts/march.pt-BR.md", True),
        ("posts/zh-cn/march.md", True),
        ("de/posts/march.md", True),
        ("posts/march.Rmd", True),
        ("posts/march.en.extra.md", False),
        ("posts/march-it.md", False),
        ("news/march.md", False),
    ],
)
def test_what_stands_beside_an_issue_in_another_language_or_format_is_doubted(path: str, *, doubted: bool) -> None:
    here = file("posts/march.md", words("march"), title="March", date=MARCH)
    found = identify([march()], [here, file(path, words("another language"), title="Mars", date=MARCH)])
    assert found.issues == {"posts/march.md": 1, path: None}
    assert bool(found.doubts) is doubted


def test_ten_thousand_issues_that_move_and_gain_a_line_are_followed_without_comparing_all_pairs() -> None:
    count = 10_000
    past = [
        known(number, f"a/{number}.md", [f"{number} is a line of its own, long enough to count", "all have this"])
        for number in range(count)
    ]
    new = [
        file(f"b/{number}.md", [f"{number} is a line of its own, long enough to count", "all have this", "and this"])
        for number in range(count)
    ]
    assert identify(past, new).issues == {f"b/{number}.md": number for number in range(count)}


def test_an_id_put_right_in_its_place_changes_nothing_while_title_or_text_stay_and_leaves_a_doubt_when_only_the_day_does() -> None:
    past = [march(explicit="feb")]
    assert identify(past, [file("posts/march.md", words("new"), title="March", explicit="march")]).issues == {"posts/march.md": 1}
    assert identify(past, [file("posts/march.md", words("march"), title="New", explicit="march")]).issues == {"posts/march.md": 1}
    unsure = identify(past, [file("posts/march.md", words("new"), title="New", date=MARCH, explicit="march")])
    assert unsure.doubts["posts/march.md"].issue == 1
    assert identify(past, [file("posts/march.md", words("new"), title="New", date=APRIL, explicit="march")]).doubts == {}


@settings(deadline=None, max_examples=100)
@given(data=st.data())
def test_plain_edits_are_what_a_full_look_finds_too(data: st.DataObject) -> None:
    titles = st.sampled_from(["No. 1", "No. 2", "No. 3", "no 1!", "Three", ""])
    texts = st.sampled_from(["1", "2", "3"])
    paths = ["a.md", "b.md", "c.md"]
    past = [known(n, path, words(data.draw(texts)), title=data.draw(titles)) for n, path in enumerate(paths)]
    files = [file(path, words(data.draw(texts)), title=data.draw(titles), blob=BlobId(f"new {path}")) for path in paths]
    edits = [(new, old.explicit, old.title) for new, old in zip(files, past, strict=True)]
    if are_plain_edits(edits, [issue.title for issue in past]):
        found = identify(past, files)
        assert (found.issues, found.doubts) == ({path: n for n, path in enumerate(paths)}, {})


def test_a_posted_issue_that_gets_the_bytes_of_a_copy_that_is_gone_stays_itself() -> None:
    mended = words("mended")
    copy = march(2, "old-name.md", mended, gone=True, settled=False, date=date(2026, 2, 2))
    found = identify([march(), copy], [file("posts/march.md", mended, title="March", date=MARCH)])
    assert (found.issues, found.gone) == ({"posts/march.md": 1}, {2})
    other = identify([march(), copy], [file("posts/march.md", mended, title="March (mended)", date=APRIL)])
    assert other.issues["posts/march.md"] != 2
