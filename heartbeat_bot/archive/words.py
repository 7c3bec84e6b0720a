"""Words as people compare them."""

import re
import unicodedata
from collections.abc import Collection
from typing import Final

UNSPACED: Final = re.compile(
    "[\u0e00-\u0eff\u1000-\u11ff\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3031-\u4dbf\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff"
    "\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff]"
)
"""A character of the scripts that put no spaces between words, or join to words what others write apart: Thai, Lao, Burmese, Khmer,
Chinese, Japanese, Korean."""

_WORD = re.compile(r"\d+(?:-\d+)+|[^\W_]+")


def begins_words_of(wanted: Collection[str], text: str) -> bool:
    """Tell whether each of some folded words begins a word of a text."""
    there = folded_words(text)
    return all(any(word.startswith(one) for word in there) for one in wanted)


def folded_words(text: str) -> list[str]:
    """Return the words of a text without accents and case. Numbers joined by hyphens, as in dates, are one word."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return _WORD.findall("".join(c for c in decomposed if not unicodedata.combining(c)))
