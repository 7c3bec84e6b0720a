"""Why a file may not be the news that it looks like: what identity leaves to a moderator. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from heartbeat_bot.ids import IssueId


class DoubtCode(StrEnum):
    """What makes it unsure which issue a file is, and whether it is one. Beside each: what its :class:`Doubt` says of the other one."""

    TEMPLATE = "template"
    """Its name, or its folder's, is that of a template."""
    UNDERSCORE = "underscore"
    """Its name begins with an underscore, as those of files that sites do not show."""
    ABOUT_REPOSITORY = "about_repository"
    """Its name is that of a page about the repository, such as a README."""
    LITTLE_TEXT = "little_text"
    """It contains almost only text that other files share."""
    TRANSLATION = "translation"
    """It looks like a translation of ``path``."""
    OTHER_FORMAT = "other_format"
    """It looks like ``path`` in another format."""
    COPY = "copy"
    """It says the same as ``path``."""
    UNFINISHED_COPY = "unfinished_copy"
    """It began as a copy of ``path``, and still says much of what that says."""
    OTHER_ID = "other_id"
    """It has the path and the day of ``title``, and another id."""
    NEXT_ISSUE = "next_issue"
    """It has the path of ``title``, which is no issue's own, and looks like the next issue."""
    ALL_DIFFERENT = "all_different"
    """It has the path of ``title``, and title, date and text are all different."""
    SAME_TITLE = "same_title"
    """It has the title of ``title``, which was in ``path``."""
    SAME_DATE = "same_date"
    """It has the date of ``title``, which was in ``path``."""
    SAME_NUMBER = "same_number"
    """It has the number of ``title``, which was in ``path``."""
    REMAINS = "remains"
    """It says much of what ``title`` said, which was in ``path``."""
    UNKNOWN = "unknown"
    """An earlier version of the program wrote down why, as a sentence of its own: ``title``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """Why a file may not be news. ``issue`` is the known issue that it may be, None when that is as new as the file.

    ``title`` and ``path`` are those of the other issue or file, None where the code says nothing of them.
    """

    code: DoubtCode
    issue: IssueId | None = None
    title: str | None = None
    path: str | None = None
