from hypothesis import given
from hypothesis import strategies as st

from heartbeat_bot.interactions.components import written
from heartbeat_bot.interactions.custom_ids import Query


@given(st.text(max_size=400))
def test_a_query_is_one_line_that_fits_its_button(typed: str) -> None:
    cut = Query(most=60).cut(typed)
    assert len(written(cut)) <= 60
    assert cut == " ".join(cut.split())
    assert Query(most=60).cut(cut) == cut


def test_a_query_that_is_too_long_ends_after_a_word() -> None:
    assert Query(most=12).cut("one two three") == "one two"
    assert Query(most=13).cut("one two three") == "one two three"
    assert Query(most=7).cut("one two three") == "one two"
    assert Query(most=4).cut("wordswithoutend") == "word"
    assert Query(most=4).cut("||||") == "||"
    assert Query(most=4).cut(None) == ""
