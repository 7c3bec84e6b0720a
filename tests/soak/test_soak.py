"""A few passes of what `make soak` makes thousands of, with a seed that meets much in a short time."""

from pathlib import Path

from soak import soak


async def test_some_days_of_weather_leave_each_channel_as_if_its_issues_had_just_been_posted(tmp_path: Path) -> None:
    bound, verdict = await soak(tmp_path, 9, seconds=60, passes=30)
    assert verdict.wrong == [], "\n".join(bound.lines(verdict))
    assert bound.figures["sent"]
