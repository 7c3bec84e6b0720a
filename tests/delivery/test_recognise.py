"""Which messages of a channel are which posts of an issue."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from heartbeat_bot.ids import MessageId
from heartbeat_bot.ports import SeenMessage
from heartbeat_bot.rendering.post import COVER, Embed, Jump, Post, PostKey
from heartbeat_bot.sync.recovery import is_same, posts_of_issues, recognise


def cover(title: str, *sections: str, url: str = "", text: str = "") -> Post:
    jumps = tuple(Jump(label=name, to=PostKey(name)) for name in sections)
    return Post(key=COVER, embeds=(Embed(title=title, url=url, description=text),), jumps=jumps)


def section(text: str) -> Post:
    return Post(key=PostKey(text), content=text)


def seen(number: int, post: Post, **places: int) -> SeenMessage:
    """Return a message that shows a post, its jumps leading to other messages."""
    body = post.body({PostKey(name): f"https://discord.com/channels/1/2/{place}" for name, place in places.items()})
    components = body.get("components", ())
    return SeenMessage(message=MessageId(number), content=body["content"], embeds=body["embeds"], components=components)


def found(
    posts: Sequence[Post], own: Sequence[SeenMessage], *, claimed: Iterable[int] = (), cover: int | None = None
) -> list[tuple[int | None, int]]:
    known = None if cover is None else MessageId(cover)
    matches = recognise([post.body() for post in posts], own, claimed={MessageId(number) for number in claimed}, cover=known)
    return [(match.post, match.seen.message) for match in matches]


MAY = (cover("May", "a", "b"), section("a"), section("b"))
JUNE = (cover("June", "a", "b"), section("a"), section("b"))


def test_an_issue_that_was_posted_is_found_whole_with_or_without_its_jumps() -> None:
    assert found(MAY, [seen(5, MAY[0], a=6, b=7), seen(6, MAY[1]), seen(7, MAY[2])]) == [(0, 5), (1, 6), (2, 7)]
    assert found(MAY, [seen(5, MAY[0]), seen(6, MAY[1])]) == [(0, 5), (1, 6)]


def test_a_section_that_reads_like_last_month_s_is_left_alone_without_the_issue_s_own_cover() -> None:
    assert found(JUNE, [seen(5, MAY[0], a=6, b=7), seen(6, MAY[1]), seen(7, MAY[2])]) == []


def test_of_two_issues_with_sections_in_common_each_finds_its_own() -> None:
    channel = [seen(number, post) for number, post in enumerate((*MAY, *JUNE), start=1)]
    assert found(MAY, channel) == [(0, 1), (1, 2), (2, 3)]
    assert found(JUNE, channel) == [(0, 4), (1, 5), (2, 6)]


def test_what_is_claimed_is_not_found_again() -> None:
    channel = [seen(number, post) for number, post in enumerate(MAY, start=1)]
    assert found(MAY, channel, claimed=(1, 2), cover=1) == [(2, 3)]
    assert found(MAY, channel, claimed=(1, 2, 3), cover=1) == []


def test_what_the_cover_leads_to_is_the_issue_s_however_it_reads_and_nothing_else_is() -> None:
    channel = [seen(5, MAY[0], a=6, b=9), seen(6, section("old a")), seen(7, section("a notice")), seen(9, section("b"))]
    assert found(MAY, channel) == [(0, 5), (None, 6), (2, 9)]
    assert found(MAY, channel, claimed=(5,), cover=5) == [(None, 6), (2, 9)]


def test_a_cover_that_was_edited_is_known_by_its_link_and_not_by_its_title() -> None:
    old = cover("News", url="https://example.org/1", text="Helo.")
    assert found([cover("News", url="https://example.org/1", text="Hello.")], [seen(5, old)]) == [(0, 5)]
    assert found([cover("News", url="https://example.org/2", text="Hello.")], [seen(5, old)]) == []
    assert found([cover("News", text="Hello.")], [seen(5, cover("News", text="Helo."))]) == []


def test_messages_from_before_the_cover_are_not_the_issue_s() -> None:
    assert found(MAY, [seen(4, MAY[1]), seen(5, MAY[0])]) == [(0, 5)]


def test_an_issue_without_posts_finds_nothing() -> None:
    assert found((), [seen(5, MAY[0])]) == []


def notice(post: Post, *labels: str) -> Post:
    """Return a post with buttons."""
    buttons = [{"type": 2, "style": 3, "label": label, "custom_id": label} for label in labels]
    return replace(post, components=({"type": 1, "components": buttons},) if labels else ())


def test_a_message_with_buttons_is_no_post_whatever_it_says_and_the_other_way_round() -> None:
    may = cover("May", url="https://example.org/may", text="Hello.")
    told = notice(may, "Approve", "Hold")
    assert found([may], [seen(5, told)]) == []
    assert found([told], [seen(5, may)]) == []
    assert found([told], [seen(5, may), seen(6, told)]) == [(0, 6)]
    assert found([may, section("a")], [seen(4, told), seen(5, may), seen(6, notice(section("a"), "x"))]) == [(0, 5)]


def test_a_notice_that_says_something_else_by_now_is_known_by_its_link_as_long_as_it_has_buttons() -> None:
    may = cover("May", url="https://example.org/may", text="Hello.")
    told, decided = notice(may, "Approve"), notice(cover("May", url="https://example.org/may", text="Approved."))
    assert found([decided], [seen(5, told)]) == [(0, 5)]
    assert found([told], [seen(5, decided)]) == []
    assert found([decided], [seen(5, cover("May", url="https://example.org/may", text="Posted."))]) == []


def test_what_discord_adds_to_buttons_tells_nothing_and_what_they_say_does() -> None:
    told = notice(cover("May"), "Approve")
    row: dict[str, Any] = {
        "id": 1,
        "type": 1,
        "components": [{"id": 2, "type": 2, "style": 3, "label": "Approve", "custom_id": "Approve"}],
    }
    shown = SeenMessage(message=MessageId(5), content="", embeds=told.body()["embeds"], components=[row])
    assert is_same(told.body(), shown)
    row["components"][0]["disabled"] = True
    assert not is_same(told.body(), shown)


def test_posts_of_issues_are_told_from_notices_notes_and_whatever_else_the_bot_says() -> None:
    begin = "https://example.org/blog/"
    listed = seen(1, cover("May", "a", "b"), a=2, b=3)
    linked = seen(2, cover("May", url=f"{begin}may"))
    titled = seen(3, cover("May"))
    notice = seen(4, Post(key=COVER, embeds=linked_embeds(f"{begin}may"), components=({"components": [{"custom_id": "x"}]},)))
    note = seen(5, section(f"{begin}may was approved"))
    own = [listed, linked, titled, notice, note]
    assert [one.message for one in posts_of_issues(own, begin=begin)] == [1, 2]
    assert [one.message for one in posts_of_issues(own, begin="")] == [1, 2, 3]


def linked_embeds(url: str) -> tuple[Embed, ...]:
    return (Embed(title="May", url=url),)
