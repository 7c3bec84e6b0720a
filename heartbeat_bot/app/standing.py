"""What goes wrong again and again is said once, counted, and said to be over: not a line each time."""

import logging
import re
from collections.abc import Iterable, Iterator
from typing import Final

_NUMBERS: Final = re.compile(r"\d+")


class Standing:
    """The troubles of one newsletter that stand, from look to look."""

    def __init__(self) -> None:
        """Begin with none."""
        self._seen: dict[str, tuple[str, int]] = {}
        """The sentence and how many looks found it, by what is the same in it from look to look."""

    def __contains__(self, sentence: str) -> bool:
        """Tell whether the last pass found a trouble, whatever the times and numbers in its sentence."""
        return _key(sentence) in self._seen

    def news(self, sentences: Iterable[str]) -> Iterator[tuple[int, str]]:
        """Take what a pass found; yield what is to be logged, with its level (of ``logging``): what is new, and what is over."""
        found = {_key(sentence): sentence for sentence in sentences}
        for key, (sentence, looks) in list(self._seen.items()):
            if key not in found:
                del self._seen[key]
                if looks > 1:
                    yield logging.INFO, f"over, after {looks} looks: {sentence}"
        for key, sentence in found.items():
            looks = self._seen[key][1] if key in self._seen else 0
            self._seen[key] = (sentence, looks + 1)
            if not looks:
                yield logging.WARNING, sentence


def _key(sentence: str) -> str:
    return _NUMBERS.sub("0", sentence)
