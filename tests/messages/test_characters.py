"""No cut goes through what a reader sees as one character, whatever it is made of."""

import pytest

from heartbeat_bot.rendering.split import Cut, LineKind, split, tear

ONE = {
    "a letter with marks": "e\u0301\u0323",
    "a family": "👩\u200d👩\u200d👧\u200d👦",
    "a skin tone": "👍🏽",
    "a flag": "🇳🇴",
    "a flag of tags": "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "a key": "5\ufe0f\u20e3",
    "a syllable of Hangul in parts": "\u1112\u1161\u11ab",
    "a conjunct of Devanagari": "क्षि",
    "a vowel sign of Thai": "น\u0e33",
    "a sign before a digit": "\u0600١",
}


@pytest.mark.parametrize("character", ONE.values(), ids=ONE)
@pytest.mark.parametrize("room", range(12, 19))
def test_a_character_is_never_cut_in_two(character: str, room: int) -> None:
    rest, heads = character * 12, list[str]()
    while rest:
        head, rest = tear(rest, lambda text: len(text) <= room)
        heads.append(head)
    assert all(len(head) % len(character) == 0 for head in heads)
    head, tail = split(character * 12, LineKind.PARAGRAPH, lambda text: len(text) <= room, cut=Cut.FORCED)
    assert len(head) % len(character) == len(tail) % len(character) == 0


def test_marks_that_never_end_are_cut_where_the_room_ends() -> None:
    assert tear("e" + "\u0301" * 500, lambda text: len(text) <= 100)[0] == "e" + "\u0301" * 99
