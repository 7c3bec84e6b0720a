"""What a channel or thread may be called, and which tags a forum's post may have (docs, *Channel resource*)."""

from typing import Final

from discord_sandbox.rules.form import Form
from discord_sandbox.world import Channel

NAME: Final = 100
TAGS: Final = 5
AUTO_ARCHIVE: Final = (60, 1440, 4320, 10080)
"""Minutes after which a thread may be told to fall asleep (docs, *Threads*)."""


def read_thread(form: Form) -> tuple[str, int | None]:
    """Read a new thread's name, and after how many minutes it falls asleep."""
    name = form.text("name", least=1, most=NAME, required=True) or ""
    form.integer("rate_limit_per_user", least=0, most=21600)
    return name, form.choice("auto_archive_duration", AUTO_ARCHIVE)


def read_tags(form: Form, forum: Channel) -> list[int]:
    """Read the tags of a post."""
    tags = form.snowflakes("applied_tags", most=TAGS) or []
    known = {tag.id for tag in forum.tags}
    for index, number in enumerate(tags):
        if number not in known:
            form.fault(("applied_tags", str(index)), "BASE_TYPE_CHOICES", f"{number} is no tag of this forum.")
    return tags
