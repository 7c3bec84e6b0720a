"""Findings for authors: what each rule finds, in which line, and what it leaves alone."""

import time

import pytest

from heartbeat_bot.errors import IssueError
from heartbeat_bot.issues.lint import lint
from heartbeat_bot.issues.model import Finding
from heartbeat_bot.issues.reading import read_issue
from heartbeat_bot.issues.rules import RULES
from heartbeat_bot.rendering.render import render

HEAD = "---\ntitle: Lamps\ndate: 2026-03-02\n---\n"


def found(body: str, head: str = HEAD, path: str = "2026-03-02-lamps.md") -> list[tuple[str, int | None]]:
    return [(finding.rule, finding.line) for finding in findings(body, head, path)]


def findings(body: str, head: str, path: str) -> list[Finding]:
    """What lint says, and what reading says of what only the site can fill in."""
    issue = read_issue(path, (head + body).encode())
    return [*lint(issue), *(finding for finding in issue.findings if finding.rule == "shortcode")]


def message(body: str, head: str = HEAD) -> str:
    (only,) = findings(body, head, "lamps.md")
    return only.message


SOUND = """
Hello, `@everyone` and @anna. A TODO list is for sale, and we fixed every FIXME of old.

![A lamp](https://example.org/a.png)

## News

- `{{< youtube id >}}` shows a video; so does `{% include x %}`
- TBD: a place for the party

### Rust {#rust}

Text.

## [Votes](https://example.org)

## Events

### Rust

<!-- {{< figure >}} TODO: more @everyone -->

```yaml
# TODO: mend ${{ secrets.TOKEN }} {{ x }} @here
```

<details>
<summary>More</summary>

## Even more

{% if x %}Text{% endif %} {# a remark #} {{/* nothing */}}
</details>
"""


def test_a_sound_issue_has_nothing_to_mend() -> None:
    assert found(SOUND) == []


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            "one\n\n![](a.png)\n\n## A\n\n<img src='b.png'> ![ ](c.png)",
            [("image-without-alt", 7)] + [("image-without-alt", 11)] * 2,
        ),
        ("## A\n\n## B\n\nx\n\n### C\n", [("empty-section", 5), ("empty-section", 11)]),
        ("## A\n\n### B\n\nx", []),
        ("## A\n\nx\n\n## a\n\ny\n\n### A\n\nz", [("duplicate-heading", 9)]),
        ("## A\n\n### C\n\nx\n\n## B\n\n### C\n\ny", []),
        ("## A\n\n### " + "long " * 60 + "\n\nx\n\n## B\n\nx", [("long-heading", 7)]),
        ("## A\n\n### " + "lamp " * 50 + "\n\nx\n\n## B\n\nx", []),
        ("## A\n\n### B\n\n#### C\n\nx\n\n#### D\n\n## E\n\nx", [("deep-heading", 9)]),
        ("one\ntwo @everyone three @everyone\n\n- @here", [("mention", 5), ("mention", 8)]),
        ("<@123456789012345678> and <@&123456789012345678>, me@here.org", [("mention", 5), ("mention", 5)]),
        ("<div></div>\n## A\n\nx\n\n## B\n\ny", [("heading-swallowed", 6)]),
        ("<iframe src='https://example.org'></iframe>\n\n## A\n\nx", []),
        ("<pre>\n# no heading\n</pre>\n<!--\n# none\n-->\n", []),
        ("one\n\n{{< youtube abc >}}\n\nx {% include y.html %}", [("shortcode", 9)]),
        ("one\ntwo {{ page.title }}\nthree {{% tip %}}x{{% /tip %}}", [("shortcode", 6)]),
        ("{{ site.url }}/a {{/* x */}} {# y #}\n\n{% comment %}\n\nz\n\n{% endcomment %}\n\ntext\n{: .note}", []),
        ("{% for x in site.data %}\n- a\n{% endfor %}", [("shortcode", 5)]),
        ("<div>\n{% include x %}\n</div>", [("shortcode", 6)]),
        ("<div>\n<!-- {% include x %} --> `{{ x }}`\n{% include x %}\n</div>", [("shortcode", 7)]),
        ("<Signup/>\n\ntwo <Chart data={x} />", [("shortcode", 5), ("shortcode", 7)]),
        ("TODO: write\n\n- see FIXME(anna)\n\nLorem ipsum dolor", [("todo-marker", 5), ("todo-marker", 7), ("todo-marker", 9)]),
        ("the TODO list, no `TODO:`", []),
    ],
)
def test_the_text_is_searched_and_each_finding_has_its_line(body: str, expected: list[tuple[str, int]]) -> None:
    assert sorted(found(body)) == sorted(expected)


@pytest.mark.parametrize(
    ("head", "path", "expected"),
    [
        ("---\ntitle: A\n---\n", "a.md", [("no-date", 1)]),
        ("---\ntitle: A\n---\n", "2026/03/a.md", [("no-date", 1)]),
        ("---\ntitle: A\n---\n", "2026-03-02-a.md", []),
        ("---\ntitle: A\ndate: soon\n---\n", "a.md", []),
        ("---\ntitle: A\ndate: 2026-03-12\n---\n", "2026-03-02-a.md", [("date-differs", 3)]),
        ("---\ntitle: A\ndate: 2027-03-02\n---\n", "2026-03-02-a.md", [("date-differs", 3)]),
        ("---\ntitle: A\ndate: 2026-03-09\n---\n", "2026-03-02-a.md", []),
        ("---\nditle: A\ndate: 2026-03-02\n---\n# A\n", "a.md", [("unknown-key", 2)]),
        ("+++\ntitle = 'A'\ndate = 2026-03-02\ndescripton = 'x'\n+++\n", "a.md", [("unknown-key", 4)]),
        ("---\ntitle: A\ndate: 2026-03-02\nautor: Ann\ntasg: [x]\n---\n", "a.md", [("unknown-key", 4), ("unknown-key", 5)]),
        ("---\ntitle: A\ndate: 2026-03-02\nlayout: x\ntype: y\ntitles: z\nsubtitle: w\n---\n", "a.md", []),
        ("---\ntitle: A\ndate: 2026-03-02\nsummary: x\nsumary: y\n---\n", "a.md", []),
        ("---\ntitle: '#294: ...'\ndate: 2026-03-02\n---\n", "a.md", [("todo-marker", 2)]),
        ("---\ntitle: TODO\ndate: 2026-03-02\n---\n", "a.md", [("todo-marker", 2)]),
        ("---\ntitle: To be continued…\ndate: 2026-03-02\n---\n", "a.md", []),
    ],
)
def test_the_front_matter_is_searched(head: str, path: str, expected: list[tuple[str, int]]) -> None:
    assert sorted(found("text", head, path)) == expected


def test_the_nearest_key_is_named() -> None:
    assert "was 'title' meant" in message("# A", "---\nditle: A\ndate: 2026-03-02\n---\n")


def test_messages_quote_what_they_mean() -> None:
    assert "'{{< chart abc >}}'" in message("{{< chart abc >}}")
    assert "shows nothing" in message("{{< chart abc >}}")
    assert "is shown as it stands" in message("{{ page.title }}")
    assert "2 headings are" in message("## A\n\nx\n\n## B\n\n### C\n\n#### D\n\nx\n\n#### E\n\nx")


@pytest.mark.parametrize("mark", ["{% ", "{{< ", "{{ x ", "<!-- {{ ", "`` ` {{ ", "TODO ", "@everyone ", "{% x %} "])
def test_thousands_of_marks_are_searched_in_a_moment(mark: str) -> None:
    start = time.process_time()
    found(f"<div>\n{mark * 20_000}\n</div>\n")
    assert time.process_time() - start < 10, "seconds of computing; under one on an idle machine"


def shown(body: str) -> list[Finding]:
    return list(render("2026-03-02-lamps.md", (HEAD + body).encode()).findings)


def test_what_looks_other_on_discord_is_said_in_the_preview() -> None:
    wide = "| " + " | ".join(["a column of some width"] * 6) + " |\n" + "|---" * 6 + "|\n| " + " | ".join(["words"] * 6) + " |\n"
    body = f"## A\n\n{wide}\n\n## B\n\n" + "A sentence of some words. " * 400 + "\n\n| a |\n|---|\n| b |\n"
    findings = shown(body)
    assert [(finding.rule, finding.line) for finding in findings] == [("wide-table", 7), ("very-long-section", 12)]
    assert "takes 2 messages" in findings[1].message


def test_an_issue_that_would_flood_a_channel_is_told_and_then_refused() -> None:
    sections = "## A part\n\nOf some words.\n\n"
    assert "many-messages" not in {finding.rule for finding in shown(sections * 29)}
    assert [finding.message for finding in shown(sections * 30) if finding.rule == "many-messages"] == [
        "The issue takes 31 messages on Discord, all sent at once."
    ]
    assert len(render("a.md", (HEAD + sections * 99).encode()).composition.posts) == 100
    with pytest.raises(IssueError, match=r"a\.md:\d+: the issue would take 101 messages .* up to 100 messages are sent") as caught:
        render("a.md", (HEAD + sections * 100).encode())
    assert caught.value.line == HEAD.count("\n") + 1


def test_findings_are_told_once_in_the_order_of_lines_with_their_rules_severity() -> None:
    findings = shown("@everyone ![](a.png) [x]() [y]()\n\n{To add} more\n\n<br>\n## A\n")
    assert findings == sorted(findings, key=lambda finding: (finding.line or 0, finding.rule, finding.message))
    assert len(set(findings)) == len(findings)
    assert all(finding.severity is RULES[finding.rule].severity for finding in findings)
    assert {finding.rule for finding in findings} >= {
        "mention",
        "image-without-alt",
        "empty-link",
        "author-note",
        "heading-swallowed",
    }


def test_a_kind_of_finding_without_end_is_told_twenty_times_and_then_counted() -> None:
    findings = shown("![](a.png)\n\n" * 30)
    pictures = [finding for finding in findings if finding.rule == "image-without-alt"]
    assert [finding.line for finding in pictures] == list(range(5, 47, 2))
    assert pictures[-1].message.endswith("There are 9 more of this kind below.")
