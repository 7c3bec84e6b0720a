"""Versions, and how small a change must be to need no second approval."""

from dataclasses import replace
from datetime import date

import pytest

from heartbeat_bot.policy.approval import (
    Difference,
    Version,
    difference,
    dump,
    is_same,
    is_small,
    seal,
    text_of,
    unseen,
    version_of,
)
from heartbeat_bot.rendering.post import COVER, Embed, File, Post, PostKey, Rendered
from heartbeat_bot.sources.snapshot import BlobId

TEXT = (
    "# A heading\nThe miller recieved [his sails](https://example.org/sails) on May 3. Ask <@1> or @here, see www.example.org.\n"
    "**A part**\nA `word` of code, 12 of them, and :wave: *stress*."
)


def issue(text: str = TEXT, *, title: str = "Title", picture: str = "p", key: str = "news") -> list[Post]:
    files = (File(name="a.png", path="a.png", blob=picture),)
    return [
        Post(key=COVER, embeds=(Embed(title=title, description="Hello."),)),
        Post(key=PostKey(key), embeds=(Embed(description=text),), files=files),
    ]


def test_a_version_is_of_the_text_and_of_the_pictures_in_their_order_wherever_they_are() -> None:
    posts = issue()
    version = version_of(BlobId("b"), posts)
    assert text_of(version) == "b"
    assert version != version_of(BlobId("b"), issue(picture="q"))
    assert version != version_of(BlobId("c"), posts)
    moved = [posts[0], Post(key=PostKey("news"), files=(File(name="b.png", path="elsewhere/b.png", blob="p"),))]
    assert version == version_of(BlobId("b"), moved)
    assert version_of(BlobId("b"), posts[:1]) == "b"
    assert len(seal(version)) == 20


def test_a_version_is_of_what_the_path_may_say_and_at_its_own_path_however_it_is_rendered() -> None:
    placed = Rendered(path="a.md", title="A", date=None, url="https://example.org/a", posts=(), findings=())
    version = version_of(BlobId("b"), issue(), placed)
    assert text_of(version) == "b"
    for same in ({}, {"path": "c.md"}, {"url": "https://example.com/a"}, {"title": "Rendered otherwise"}):
        assert is_same(version, version_of(BlobId("b"), issue(), replace(placed, **same)))
    for other in ({"title": "C"}, {"date": date(2026, 6, 6)}, {"url": "https://example.org/c"}):
        renamed = version_of(BlobId("b"), issue(), replace(placed, path="c.md", **other))
        assert difference(version, renamed) is Difference.PLACE
    assert difference(version, version_of(BlobId("b"), issue(picture="q"), placed)) is Difference.PICTURES
    assert difference(version, version_of(BlobId("c"), issue(), placed)) is Difference.TEXT
    for before in (version_of(BlobId("b"), issue()), Version("b+?")):
        assert is_same(before, version)
    assert is_same(unseen(BlobId("b"), "a.md"), version_of(BlobId("b"), (), placed))
    assert not is_same(unseen(BlobId("b"), "a.md"), version_of(BlobId("b"), (), replace(placed, path="c.md")))
    assert not is_same(Version("b"), version)


def test_what_was_let_through_before_versions_were_kept_is_known_by_its_text_alone() -> None:
    assert is_same(Version("b+?"), version_of(BlobId("b"), issue()))
    assert is_same(Version("b+?"), Version("b"))
    assert not is_same(Version("b+?"), Version("c"))
    assert not is_same(Version("b"), version_of(BlobId("b"), issue()))
    assert not is_same(None, Version("b"))


@pytest.mark.parametrize(
    ("old", "new"),
    [("recieved", "received"), ("The", "Teh"), ("of them", "of, them"), ("miller", "mller"), ("miller", "millers"), ("", "")],
)
def test_a_corrected_typo_is_a_small_change(old: str, new: str) -> None:
    assert is_small(dump(issue()), issue(TEXT.replace(old, new, 1) if old else TEXT))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("recieved", "gave away"),
        ("miller", "mi\u200bller"),
        ("miller", "m\u202eller"),
        ("May 3", "May 4"),
        ("sails](", "sail](" ),
        ("org/sails", "org/sale"),
        ("<@1>", "<@2>"),
        ("@here", "@her"),
        ("www.example", "www.exampl"),
        ("A heading", "A headin"),
        ("**A part**", "**A pert**"),
        ("`word`", "`ward`"),
        (":wave:", ":wav:"),
        ("*stress*", "stress"),
        ("The miller", "The\nmiller"),
        ("The miller", "- The miller"),
        ("code,", "code.x"),
        ("code,", "code http:x"),
    ],
)  # fmt: skip
def test_a_change_of_a_link_picture_mention_heading_number_or_mark_is_none(old: str, new: str) -> None:
    assert old in TEXT
    assert not is_small(dump(issue()), issue(TEXT.replace(old, new, 1)))


def test_changes_in_two_places_of_titles_pictures_and_sections_are_none() -> None:
    before = dump(issue())
    assert not is_small(before, issue(TEXT.replace("miller", "mller").replace("code", "cod")))
    assert not is_small(before, issue(title="Titel"))
    assert not is_small(before, issue(picture="q"))
    assert not is_small(before, issue(key="new"))
    assert not is_small(before, issue()[:1])
