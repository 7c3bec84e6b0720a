"""Nodes are counted from above, and a text's are the sum of its lines'."""

from hypothesis import given
from hypothesis import strategies as st

from heartbeat_bot.rendering.nodes import count_nodes, weighs_at_most, weight

TEXTS = st.lists(
    st.sampled_from(
        ["a", "*", "**", "_", "__", "~~", "|", "`", "\\", "[x](https://x.org)", "<https://x.org>", "🎉", "1\ufe0f\u20e3"]
    )
    | st.sampled_from(["\n- ", "\n> ", "\n# ", "\n1. ", " ", "https://x.org", "語"]),
    max_size=40,
).map("".join)


@given(TEXTS, TEXTS)
def test_texts_that_a_line_break_joins_weigh_what_they_weigh_alone(one: str, two: str) -> None:
    assert weight(f"{one}\n{two}") == weight(one) + weight(two)


@given(TEXTS, st.integers(-2, 60))
def test_the_quick_answer_is_the_exact_one(text: str, most: int) -> None:
    assert weighs_at_most(text, most) == (weight(text) <= most)
    assert count_nodes(text) == (weight(text) + 1) // 2
