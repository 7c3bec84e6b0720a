"""The plan, held against a model of a channel and against brute force."""

from collections.abc import Iterator, Sequence
from itertools import combinations

from channel_model import CHANNEL, GUILD, Channel, as_if_fresh
from hypothesis import given, settings
from hypothesis import strategies as st

from heartbeat_bot.ids import MessageId, message_url
from heartbeat_bot.rendering.post import COVER, UNKNOWN, Embed, Jump, Post, PostKey
from heartbeat_bot.sync.plan import Delete, Edit, Held, Publish, Rekey, Send

QUICK = settings(deadline=None, max_examples=150)


def section(name: str, text: str | None = None) -> Post:
    return Post(key=PostKey(name), content=name if text is None else text)


def cover(*names: str) -> Post:
    return Post(key=COVER, embeds=(Embed(title="Issue"),), jumps=tuple(Jump(label=name, to=PostKey(name)) for name in names))


@st.composite
def issues(draw: st.DrawFn, *, largest: int = 6) -> list[Post]:
    """Sections with few keys and few texts, so that texts move, repeat and change; mostly with a cover that leads to them."""
    names = draw(st.lists(st.sampled_from("abcdefgh"), unique=True, max_size=largest))
    posts = [section(name, draw(st.sampled_from([name, name, name + "!", "same"]))) for name in names]
    if posts and draw(st.booleans()):
        linked = draw(st.sets(st.sampled_from(names))) if draw(st.booleans()) else set(names)
        posts.insert(draw(st.sampled_from([0, 0, len(posts)])), cover(*sorted(linked)))
    return posts


def increasing_choices(posts: int, receipts: int) -> Iterator[tuple[int, ...]]:
    for k in range(min(posts, receipts) + 1):
        yield from combinations(range(receipts), k)


def fewest_requests(posts: Sequence[Post], receipts: Sequence[Held], *, publish: bool) -> tuple[int, int]:
    """Try every choice of carriers; return the least (requests, sends + deletes), jumps being paid for when they must be."""
    receipts = sorted(receipts, key=lambda receipt: receipt.message)
    costs: list[tuple[int, int]] = []
    for chosen in increasing_choices(len(posts), len(receipts)):
        k = len(chosen)
        urls = {post.key: message_url(GUILD, CHANNEL, receipts[i].message) for post, i in zip(posts, chosen, strict=False)}
        unsent = {post.key for post in posts[k:]}
        touched = len(receipts) - k + len(posts) - k
        requests = touched + (publish and len(posts) - k)
        requests += sum(any(jump.to in unsent for jump in post.jumps) for post in posts[k:])
        for post, i in zip(posts, chosen, strict=False):
            links_unknown = any(jump.to in unsent for jump in post.jumps)
            requests += links_unknown or post.digest(urls) != receipts[i].digest
            requests += publish and not receipts[i].published
        costs.append((requests, touched))
    return min(costs)


@QUICK
@given(history=st.lists(issues(), min_size=1, max_size=4), publish=st.booleans())
def test_after_any_edits_the_channel_reads_as_if_posted_fresh_in_the_fewest_requests(
    history: list[list[Post]],
    publish: bool,  # noqa: FBT001
) -> None:
    channel = Channel()
    for posts in history:
        least, _ = fewest_requests(posts, list(channel.receipts.values()), publish=publish)
        before = len(channel.requests)
        rounds = channel.reconcile(posts, publish=publish)
        assert channel.texts() == as_if_fresh(posts, channel)
        assert [channel.receipts[message].key for message in sorted(channel.messages)] == [post.key for post in posts]
        assert all(receipt.published for receipt in channel.receipts.values()) or not publish
        assert len(channel.requests) - before == least
        assert rounds <= 2
        assert channel.plan(posts, publish=publish) == ()


@QUICK
@given(
    history=st.lists(issues(), min_size=2, max_size=3),
    stops=st.lists(st.integers(0, 12), min_size=3, max_size=3),
    publish=st.booleans(),
)
def test_a_plan_cut_off_anywhere_converges_without_loss_or_doubling(
    history: list[list[Post]],
    stops: list[int],
    publish: bool,  # noqa: FBT001
) -> None:
    channel = Channel()
    for posts, stop in zip(history, stops, strict=False):
        channel.reconcile(posts, publish=publish, at_most=stop)
    channel.reconcile(history[-1], publish=publish)
    assert channel.texts() == as_if_fresh(history[-1], channel)


@QUICK
@given(old=issues(), new=issues(), stop=st.integers(0, 12), publish=st.booleans())
def test_cutting_a_plan_off_costs_no_request_more(old: list[Post], new: list[Post], stop: int, publish: bool) -> None:  # noqa: FBT001
    channel = Channel()
    channel.reconcile(old, publish=publish)
    least, _ = fewest_requests(new, list(channel.receipts.values()), publish=publish)
    before = len(channel.requests)
    channel.reconcile(new, publish=publish, at_most=stop)
    channel.reconcile(new, publish=publish)
    assert len(channel.requests) - before <= least


@QUICK
@given(old=issues(), new=issues())
def test_no_more_messages_come_and_go_than_the_fewest_requests_need(old: list[Post], new: list[Post]) -> None:
    channel = Channel()
    channel.reconcile(old)
    _, touched = fewest_requests(new, list(channel.receipts.values()), publish=False)
    before = len(channel.requests)
    channel.reconcile(new)
    assert sum(isinstance(request, Send | Delete) for request in channel.requests[before:]) == touched


@QUICK
@given(posts=issues(), lost=st.sets(st.integers(0, 6)), unknown=st.sets(st.integers(0, 6)))
def test_messages_that_vanished_or_read_otherwise_are_made_good(posts: list[Post], lost: set[int], unknown: set[int]) -> None:
    channel = Channel()
    channel.reconcile(posts)
    for number, message in enumerate(sorted(channel.messages)):
        if number in lost:
            del channel.messages[message], channel.receipts[message]
        elif number in unknown:
            channel.messages[message]["content"] = "scribble"
            channel.receipts[message] = Held(message=message, key=channel.receipts[message].key, digest=UNKNOWN)
    channel.reconcile(posts)
    assert channel.texts() == as_if_fresh(posts, channel)


def test_a_fresh_issue_is_sent_in_order_and_its_cover_edited_once() -> None:
    channel = Channel()
    posts = [cover("a", "b"), section("a"), section("b")]
    channel.reconcile(posts)
    assert [type(request).__name__ for request in channel.requests] == ["Send", "Send", "Send", "Edit"]
    assert channel.texts()[0] == (
        "|**In this issue**\n- [a](https://discord.com/channels/1/2/101)\n- [b](https://discord.com/channels/1/2/102)"
    )


def test_a_section_inserted_in_the_middle_shifts_texts_and_appends_one_message() -> None:
    channel = Channel()
    channel.reconcile([section("a"), section("b"), section("c")])
    channel.requests.clear()
    channel.reconcile([section("a"), section("x"), section("b"), section("c")])
    assert channel.texts() == ["a|", "x|", "b|", "c|"]
    assert [type(request).__name__ for request in channel.requests] == ["Send", "Edit", "Edit"]


def test_a_shift_never_takes_a_text_away_before_it_stands_elsewhere() -> None:
    channel = Channel()
    old = [section("a"), section("b"), section("c")]
    channel.reconcile(old)
    for operation in channel.plan([section("x"), *old]):
        channel.carry_out(operation)
        assert {"a|", "b|", "c|"} <= set(channel.texts())


def test_a_corrected_word_is_one_edit() -> None:
    channel = Channel()
    channel.reconcile([cover("a", "b"), section("a"), section("b")])
    channel.requests.clear()
    channel.reconcile([cover("a", "b"), section("a"), section("b", "better")])
    assert [type(request).__name__ for request in channel.requests] == ["Edit"]


def test_a_section_taken_out_is_one_delete_after_the_cover_was_mended() -> None:
    channel = Channel()
    channel.reconcile([cover("a", "b"), section("a"), section("b")])
    channel.requests.clear()
    channel.reconcile([cover("b"), section("b")])
    assert [type(request).__name__ for request in channel.requests] == ["Edit", "Delete"]


def test_a_retracted_issue_goes_from_its_end_to_its_cover() -> None:
    channel = Channel()
    channel.reconcile([cover("a", "b"), section("a"), section("b")])
    assert channel.plan([]) == (Delete(message=MessageId(102)), Delete(message=MessageId(101)), Delete(message=MessageId(100)))


def test_messages_are_published_in_order_once_the_cover_has_its_links() -> None:
    channel = Channel()
    channel.reconcile([cover("a"), section("a")], publish=True)
    assert channel.requests[-3:] == [
        Edit(
            message=MessageId(100),
            post=cover("a"),
            urls={PostKey("cover"): "https://discord.com/channels/1/2/100", PostKey("a"): "https://discord.com/channels/1/2/101"},
        ),
        Publish(message=MessageId(100)),
        Publish(message=MessageId(101)),
    ]


def test_a_renamed_key_alone_makes_no_request() -> None:
    channel = Channel()
    channel.reconcile([section("a", "text")])
    assert channel.plan([section("b", "text")]) == (Rekey(message=MessageId(100), key=PostKey("b")),)
