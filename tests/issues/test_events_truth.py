"""What is found in real newsletters against what people read there: floors that only rise. See benchmarks/events.py for the table."""

import pytest
from truth import SHARED, Tally, tallies, truths

CORPUS = SHARED / "corpus"
pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="the real newsletters (../shared/corpus) are not here")


@pytest.fixture(scope="module")
def measured() -> dict[str, Tally]:
    return tallies(truths(held_out=False), CORPUS)


@pytest.mark.parametrize(
    ("kind", "precision", "recall"),
    [("list", 0.95, 0.95), ("prose", 0.85, 0.85), ("deadlines", 0.95, 0.95), ("jobs", 0.95, 0.9), ("pointers", 0.95, 0.95)],
)
def test_what_is_found_is_there_and_what_is_there_is_found(
    measured: dict[str, Tally], kind: str, precision: float, recall: float
) -> None:
    tally = measured[kind]
    assert tally.expected
    assert (tally.precision >= precision, tally.recall >= recall) == (True, True), "\n".join(tally.slips)


@pytest.mark.parametrize("kind", ["list", "prose", "deadlines"])
def test_the_days_and_times_of_what_is_found_are_right(measured: dict[str, Tally], kind: str) -> None:
    tally = measured[kind]
    assert tally.share("dates") >= 0.97, "\n".join(tally.slips)
    assert tally.share("places") >= 0.9, "\n".join(tally.slips)
    assert tally.share("links") >= 0.9, "\n".join(tally.slips)


def test_issues_that_the_rules_were_not_made_with_are_read_nearly_as_well() -> None:
    measured = tallies(truths(held_out=True), CORPUS)
    for kind, floor in (("list", 0.95), ("prose", 0.85), ("jobs", 0.95)):
        tally = measured[kind]
        assert tally.precision >= floor, "\n".join(tally.slips)
        assert tally.share("dates") >= 0.95, "\n".join(tally.slips)
