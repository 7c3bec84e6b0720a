"""Every rule that `check` knows, with what it means and how to mend it; docs/checks.md says the same for people."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from heartbeat_bot.issues.model import Finding, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule: its name, how much it matters, and in a sentence each what it finds and how to mend it."""

    name: str
    severity: Severity
    says: str
    mend: str


def _rules(severity: Severity, **texts: tuple[str, str]) -> list[Rule]:
    return [Rule(name=name.replace("_", "-"), severity=severity, says=says, mend=mend) for name, (says, mend) in texts.items()]


_ERRORS = _rules(
    Severity.ERROR,
    unreadable=(
        "The file cannot be posted as an issue: it is no text, too large or too long, nested too deeply, or its front matter is broken.",
        "Mend what the message names, in the line it names; until then the issue is not posted.",
    ),
)
_WARNINGS = _rules(
    Severity.WARNING,
    ambiguous_date=(
        "A date such as 03/04/2026 can be two days; the message says which one it was read as, and why.",
        "Write it as 2026-04-03, or set `dates: day-first` or `dates: month-first` for the newsletter.",
    ),
    author_note=(
        "A note of the author to themselves was left in; it is not posted.",
        "Finish what the note asks for, or remove it.",
    ),
    bad_date=(
        "A date of the front matter cannot be read, so the day in the file's name counts, if any.",
        "Write it as 2026-01-31.",
    ),
    bad_flag=("A flag is neither true nor false; the issue is taken for a draft.", "Write true or false."),
    date_differs=(
        "The front matter's date and the day in the file's name are more than a week apart.",
        "Correct the one that is wrong; the front matter's counts.",
    ),
    direction_mark=(
        "An invisible character (U+202A to U+202E, U+2066 to U+2069) turns the direction of text round, so that it reads as another; it was left out.",
        "Remove it; Hebrew and Arabic need none.",
    ),
    empty_link=("A link has no target; its text is shown without a link.", "Write the target, or remove the brackets."),
    empty_section=("A heading has nothing below it.", "Write the section, or remove its heading."),
    encoding=("The file is not UTF-8; it was read as what it seems to be.", "Save it as UTF-8."),
    front_matter=("The front matter is odd; what could not be read was kept as text.", "Mend what the message names."),
    heading_swallowed=(
        "A heading follows an HTML block without a blank line: Markdown takes it for HTML, and a site shows it as text.",
        "Put a blank line before the heading.",
    ),
    link_with_user=(
        "A link's address has a user's name before its host (`https://name@host`), which many take for the host; Discord gets it without.",
        "Write the address without the name and the `@`.",
    ),
    link_without_scheme=("A link's target has no https://; it was read as a web address.", "Write https:// before it."),
    link_without_text=(
        "A link has no text, so nobody sees it on the site; its address is shown.",
        "Write the text, or remove the link.",
    ),
    long_description=("The description is longer than the cover has room for, and is cut.", "Shorten it."),
    many_messages=(
        "The issue takes more than 30 messages on Discord, all sent at once; of more than 100 none is.",
        "Look whether lines of code are taken for headings; else make it several issues.",
    ),
    mojibake=(
        "Characters were once decoded wrongly (`Ã©` for `é`); they were repaired for Discord.",
        "Save the file as UTF-8 from a sound copy.",
    ),
    no_date=(
        "The issue has no date, neither in its front matter nor in its path.",
        "Write `date: 2026-01-31` into the front matter.",
    ),
    no_title=("The issue has no title; one was made of its file's name.", "Write `title:` into the front matter."),
    not_a_file=(
        "A symbolic link, a pipe or a device stands where an issue could be; only regular files are read.",
        "Put the file itself there, or leave it: it is not posted.",
    ),
    picture_not_attached=(
        "A picture could not be uploaded (its kind, or its size); it is linked instead.",
        "Save it as PNG, JPEG, GIF or WebP, below the size that the message names.",
    ),
    placeholder_link=("A link's target is a placeholder; its text is shown without a link.", "Write the target."),
    shortcode=(
        "Something that the site fills in (a shortcode, an include, a variable) is not in the file, so Discord cannot show it.",
        "Write the content, or a plain link to it, into the issue.",
    ),
    todo_marker=("A mark of unfinished work (TODO, FIXME, lorem ipsum, a title that ends in dots) is in the text.", "Finish it."),
    unknown_key=("A key of the front matter is not known, and looks like one that is.", "Correct the key's spelling."),
    unlinkable=("Discord cannot link to the target (its scheme, or its form); it is shown as text.", "Write a web address."),
    unresolved_anchor=(
        "A link leads to a place on the issue's own page, whose address is not known.",
        "Set `issue_url`, or write the whole address.",
    ),
    unresolved_image=("A relative picture cannot be shown on Discord.", "Set `site_url` or `images`, or write its whole address."),
    unresolved_link=("A relative link cannot be followed from Discord.", "Set `site_url`, or write the whole address."),
    unresolved_media=("A video or frame has a target that Discord cannot show.", "Set `site_url`, or write the whole address."),
    vector_image=("A picture is an SVG, which Discord shows nowhere; it is a link instead.", "Offer a PNG."),
)
_INFOS = _rules(
    Severity.INFO,
    deep_heading=(
        "Headings lie too deep for Discord, which knows three levels; they are shown as bold lines.",
        "Nothing needs doing; fewer levels read better.",
    ),
    duplicate_heading=(
        "Two headings beside each other say the same, so their links differ by a number only.",
        "Make them tell what differs, or join the sections.",
    ),
    image_without_alt=(
        "A picture has no alternative text, so who cannot see it does not know what it shows.",
        "Describe it: `![what it shows](…)`.",
    ),
    link_names_another_host=(
        "A link's text names another address than its target, or one whose letters look like another's; its real host is shown beside it.",
        "Name the address that the link leads to, or say in words what is there.",
    ),
    long_heading=(
        "A heading is longer than a title on Discord may be (256 characters); it is shown as a line of text.",
        "Shorten it, and say the rest below it.",
    ),
    mention=(
        "A mention of Discord (@everyone, @here, a member or role) is shown as text and pings nobody.",
        "Leave it, or remove it.",
    ),
    very_long_section=(
        "A section does not fit into one message on Discord; the message says how many it takes.",
        "Nothing needs doing; two sections would read better.",
    ),
    wide_table=(
        "A table is too wide for Discord, or holds links, pictures or lists; it is shown as a list, a row at a time.",
        "Nothing needs doing; fewer or shorter columns of plain text would keep it a table.",
    ),
)

RULES: Final[Mapping[str, Rule]] = MappingProxyType({rule.name: rule for rule in (*_ERRORS, *_WARNINGS, *_INFOS)})
"""Every rule by its name, the gravest first."""


def finding(rule: str, line: int | None, message: str) -> Finding:
    """Return a finding of a rule, with the rule's severity. Raises KeyError for a rule that is not registered."""
    return Finding(rule=rule, severity=RULES[rule].severity, line=line, message=message)
