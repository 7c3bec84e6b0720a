"""A file of a newsletter → its preview, with that newsletter's settings: what `preview`, `check` and the service all go through."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from heartbeat_bot.config import NewsletterConfig
from heartbeat_bot.errors import IssueError
from heartbeat_bot.issues.issue import Issue
from heartbeat_bot.issues.lint import lint
from heartbeat_bot.issues.model import Finding
from heartbeat_bot.issues.reading import read_issue
from heartbeat_bot.issues.rules import finding
from heartbeat_bot.issues.tree import elements, line_of
from heartbeat_bot.rendering.blocks import BlockConverter
from heartbeat_bot.rendering.composition import Composition
from heartbeat_bot.rendering.layouts import LAYOUTS
from heartbeat_bot.rendering.links import Links, folder_url
from heartbeat_bot.rendering.pieces import picture_targets
from heartbeat_bot.rendering.post import COVER, File, is_of
from heartbeat_bot.rendering.preview import Preview

_MOST_OF_A_RULE: Final = 20
_MANY: Final = 30
_FLOOD: Final = 100
"""Messages of an issue; of 120 real ones, of up to 32 kB, the longest takes 12."""
_WIDE: Final = (
    "The table is too wide for Discord, or holds links, pictures or lists, and is shown as a list, row by row. "
    "Fewer or shorter columns of plain text would keep it a table."
)


def render(
    path: str,
    data: bytes,
    newsletter: NewsletterConfig | None = None,
    *,
    site_url: str = "",
    files: Mapping[str, File] | None = None,
) -> Preview:
    """Read and compose a file; ``site_url`` wins over the newsletter's.

    ``files`` maps the targets of pictures to the files that are uploaded; all other pictures are linked. Raises IssueError when the
    file cannot be read, or would flood a channel.
    """
    issue = read_issue(path, data, newsletter.dates if newsletter else None)
    site = site_url or (newsletter.site_url if newsletter else None) or ""
    page = newsletter.page_url(slug=issue.slug, path=issue.path, day=issue.day) if newsletter else ""
    images = (newsletter.images.base_url if newsletter else None) or ""
    shown = _without_skipped(issue, newsletter)
    composition = LAYOUTS[newsletter.announce.layout if newsletter else "embeds"](
        shown,
        site=folder_url(site),
        page=page,
        images=folder_url(images),
        ping=newsletter.announce.ping_role if newsletter else None,
        files=files,
    )
    if len(composition.posts) > _FLOOD:
        raise IssueError(
            f"the issue would take {len(composition.posts)} messages on Discord, all at once; look whether lines of code are taken for "
            f"headings (a block that nothing opens or closes), or make it several issues: up to {_FLOOD} messages are sent",
            path=issue.path,
            line=issue.body_line,
        )
    return Preview(issue=issue, url=page, composition=composition, findings=_in_order(issue, composition))


def shown_pictures(path: str, data: bytes) -> Sequence[str]:
    """Return the targets of an issue's pictures, as written."""
    return list(picture_targets(read_issue(path, data)))


def links_of(newsletter: NewsletterConfig, page: str) -> Links:
    """Return what resolves the targets of a newsletter's issue, whose address is ``page``, as its messages do."""
    site = folder_url(newsletter.site_url or "")
    return Links(site=site, page=page, images=folder_url(newsletter.images.base_url or "") or site)


def _without_skipped(issue: Issue, newsletter: NewsletterConfig | None) -> Issue:
    patterns = newsletter.sections.skip if newsletter else ()
    if not patterns:
        return issue
    kept = tuple(section for section in issue.sections if not any(pattern.search(section.title) for pattern in patterns))
    return replace(issue, sections=kept)


def _in_order(issue: Issue, composition: Composition) -> tuple[Finding, ...]:
    """Return what there is to say about an issue, each once, by line; of a kind that has no end, the first ones and how many more."""
    findings = {*issue.findings, *composition.findings, *lint(issue), *_shapes(issue, composition)}
    told: Counter[str] = Counter()
    counts = Counter(one.rule for one in findings)
    kept: list[Finding] = []
    for one in sorted(findings, key=lambda one: (one.line or 0, one.rule, one.message)):
        told[one.rule] += 1
        more = counts[one.rule] - told[one.rule]
        if told[one.rule] <= _MOST_OF_A_RULE or (told[one.rule] == _MOST_OF_A_RULE + 1 and not more):
            kept.append(one)
        elif told[one.rule] == _MOST_OF_A_RULE + 1:
            kept.append(replace(one, message=f"{one.message} There are {more} more of this kind below."))
    return tuple(kept)


def _shapes(issue: Issue, composition: Composition) -> Iterator[Finding]:
    """Say where an issue looks other on Discord than on its site: many messages, long sections and wide tables."""
    if len(composition.posts) > _MANY:
        message = f"The issue takes {len(composition.posts)} messages on Discord, all sent at once."
        yield finding("many-messages", issue.body_line, message)
    for line, key in ((issue.body_line, COVER), *((line_of(heading), key) for heading, key in composition.firsts)):
        count = sum(is_of(post.key, {key}) for post in composition.posts)
        if count > 1:
            what = "The introduction" if key == COVER else "The section"
            yield finding("very-long-section", line, f"{what} takes {count} messages on Discord. Two sections would read better.")
    converter = BlockConverter(Links())
    parts = [part for section in issue.sections for part in (section, *section.subsections)]
    for block in (*issue.intro, *(block for part in parts for block in part.blocks)):
        for table in [block] if block.name == "table" else elements(block, {"table"}):
            if "```\n" not in converter.table(table):
                yield finding("wide-table", line_of(table), _WIDE)
