from hypothesis import given
from hypothesis import strategies as st

from heartbeat_bot.interactions.components import pages, press, read_press
from heartbeat_bot.rendering import limits
from heartbeat_bot.rendering.nodes import count_nodes

ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.text(max_size=8), st.lists(ANY_TEXT.map(lambda text: text[:20]), max_size=3))
def test_what_a_button_asks_for_is_read_back_as_it_was(verb: str, arguments: list[str]) -> None:
    does = press(verb, *arguments)
    try:
        written = does.custom_id()
    except ValueError:
        return
    assert len(written) <= limits.CUSTOM_ID
    assert read_press(written) == does


@given(st.lists(st.one_of(st.text("日本🎉", max_size=300), st.text("[a](https://e.org) *b*", max_size=300)), max_size=40))
def test_pages_keep_the_order_and_every_limit_of_a_text(entries: list[str]) -> None:
    dealt = pages(entries, most=10, characters=3400)
    assert [entry for page in dealt for entry in page] == entries
    for page in dealt:
        text = "\n".join(page)
        assert 1 <= len(page) <= 10
        if len(page) > 1:
            assert len(text) <= 3400
            assert len(text.encode()) <= limits.MESSAGE_BYTES * 2 // 3
            assert count_nodes(text) <= limits.NODES * 2 // 3 + 1
