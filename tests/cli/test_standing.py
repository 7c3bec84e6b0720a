"""A trouble that stands is said once and counted, and said to be over."""

from logging import INFO, WARNING

from heartbeat_bot.app.standing import Standing

AWAY = "the source is away; tried again at {}"


def test_a_trouble_that_stands_is_said_once_whatever_the_times_in_it() -> None:
    standing = Standing()
    assert list(standing.news([AWAY.format("10:00")])) == [(WARNING, AWAY.format("10:00"))]
    for minute in range(1, 50):
        assert list(standing.news([AWAY.format(f"10:{minute}")])) == []
        assert AWAY.format("11:11") in standing
    assert list(standing.news([])) == [(INFO, f"over, after 50 looks: {AWAY.format('10:49')}")]
    assert list(standing.news([])) == []
    assert list(standing.news([AWAY.format("12:00")])) == [(WARNING, AWAY.format("12:00"))]


def test_what_one_look_found_is_said_and_its_end_is_not() -> None:
    standing = Standing()
    assert list(standing.news(["a new issue waits"])) == [(WARNING, "a new issue waits")]
    assert list(standing.news([])) == []


def test_another_trouble_is_said_beside_the_one_that_stands() -> None:
    standing = Standing()
    assert list(standing.news(["a"])) == [(WARNING, "a")]
    assert list(standing.news(["a", "b"])) == [(WARNING, "b")]
    assert list(standing.news(["b"])) == [(INFO, "over, after 2 looks: a")]
