"""A few passes of what `make soak` makes thousands of, with a seed that meets much in a short time."""

from soak import folder_in_memory, soak


async def test_some_days_of_weather_leave_each_channel_as_if_its_issues_had_just_been_posted() -> None:
    with folder_in_memory() as folder:
        bound, verdict = await soak(folder, 9, seconds=60, passes=24)
    assert verdict.wrong == [], "\n".join(bound.lines(verdict))
    assert bound.figures["sent"]
