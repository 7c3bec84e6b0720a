"""Times as moderators type them, where the clocks change between now and then too, and whatever zone the machine is in."""

import os
import subprocess
import sys
from datetime import datetime, timedelta

import pytest

from heartbeat_bot.extract.moments import read_time

SPRING, THAT_NIGHT = "2026-03-28T10:00+00:00", "2026-03-29T00:30+00:00"
AUTUMN, THAT_AUTUMN_NIGHT = "2026-10-24T10:00+00:00", "2026-10-25T00:45+00:00"
ROWS = [
    (SPRING, "2026-03-29 09:00", "2026-03-29T09:00+00:00"),
    (SPRING, "tomorrow 9am Europe/Berlin", "2026-03-29T07:00+00:00"),
    (SPRING, "in 24 hours Europe/Berlin", "2026-03-29T10:00+00:00"),
    (SPRING, "2026-03-29 02:30 Europe/Berlin", "2026-03-29T01:30+00:00"),  # an hour that the clocks leave out
    (THAT_NIGHT, "tomorrow 2:30 Europe/Berlin", "2026-03-30T00:30+00:00"),
    (THAT_NIGHT, "in 3 hours Europe/Berlin", "2026-03-29T03:30+00:00"),
    (AUTUMN, "tomorrow 9am Europe/Berlin", "2026-10-25T08:00+00:00"),
    (AUTUMN, "tomorrow 9am CET", "2026-10-25T08:00+00:00"),
    (AUTUMN, "tomorrow 9:00 America/New_York", "2026-10-25T13:00+00:00"),
    (AUTUMN, "2026-10-25 02:30 Europe/Berlin", "2026-10-25T00:30+00:00"),  # an hour that the clocks show twice
    (THAT_AUTUMN_NIGHT, "2026-10-25 02:30 Europe/Berlin", "2026-10-25T01:30+00:00"),
    (THAT_AUTUMN_NIGHT, "in 90 minutes Europe/Berlin", "2026-10-25T02:15+00:00"),
    (AUTUMN, "2027-03-14 02:30 America/New_York", "2027-03-14T07:30+00:00"),
]


@pytest.mark.parametrize(("now", "typed", "meant"), ROWS)
def test_a_time_is_the_one_on_the_clock_of_its_place_when_the_clocks_change_too(now: str, typed: str, meant: str) -> None:
    assert read_time(typed, now=datetime.fromisoformat(now), longest=timedelta(days=366)) == datetime.fromisoformat(meant)


@pytest.mark.parametrize("zone", ["America/New_York", "Australia/Lord_Howe"])
def test_the_zone_of_the_machine_makes_no_difference(zone: str) -> None:
    script = (
        "import sys, json; from datetime import datetime, timedelta; from heartbeat_bot.extract.moments import read_time\n"
        "for now, typed, meant in json.loads(sys.argv[1]):\n"
        "    assert read_time(typed, now=datetime.fromisoformat(now), longest=timedelta(days=366)) == datetime.fromisoformat(meant), typed\n"
    )
    rows = str(ROWS).replace("(", "[").replace(")", "]").replace("'", '"')
    subprocess.run([sys.executable, "-W", "ignore", "-c", script, rows], check=True, env=os.environ | {"TZ": zone})
