"""Jobs in every shape in which newsletters write them; the community is made up."""

import pytest

from heartbeat_bot.extract.items import Job
from heartbeat_bot.extract.jobs import find_jobs
from heartbeat_bot.issues.reading import read_issue

HEAD = "---\ntitle: May\ndate: 2026-05-10\n---\n\n"


def jobs(body: str, *, head: str = HEAD, patterns: tuple[str, ...] = ()) -> tuple[Job, ...]:
    return find_jobs(read_issue("may.md", (head + body).encode()), patterns)


def brief(found: tuple[Job, ...]) -> list[str]:
    """Each job in a line: title, company, place, link; a pointer after an arrow."""
    return [
        ("→ " if job.kind == "pointer" else "") + " | ".join([job.title, job.company or "-", job.location or "-", job.url or "-"])
        for job in found
    ]


SHAPES = [
    (
        "bare titles and one careers link",
        "All positions are [here](https://moss.example/careers):\n\n- Owl Engineer (Rust)\n- Director of Nests",
        ["Owl Engineer (Rust) | - | - | https://moss.example/careers", "Director of Nests | - | - | https://moss.example/careers"],
    ),
    (
        "a link, a company, a place and a day",
        "- [Research Software Engineer](https://j.example/1): Moss University, Oslo, Norway Posted: Apr 17, 2026",
        ["Research Software Engineer | Moss University | Oslo, Norway | https://j.example/1"],
    ),
    (
        "a place in brackets and a paragraph",
        "- [DevOps Engineer (Munich or Remote)](https://j.example/2)\n\n  You keep the nests warm.",
        ["DevOps Engineer | - | Munich or Remote | https://j.example/2"],
    ),
    (
        "a company in the title",
        "- [Engineer at Moss](https://moss.example/jobs/1)",
        ["Engineer | Moss | - | https://moss.example/jobs/1"],
    ),
    (
        "a bold title, duties, and where to apply",
        (
            "> **Principal Owl Engineer (Nests)**\n>\n> We look after nests.\n>\n> * Write and maintain nests\n> * Lead owls\n>\n"
            "> Please apply via [jobs.moss.example](https://jobs.moss.example/9)."
        ),
        ["Principal Owl Engineer (Nests) | - | - | https://jobs.moss.example/9"],
    ),
    (
        "one sought in a sentence",
        "Moss is looking for an *Owl Trainer and Engineer* to teach hooting (Remote USA).\n\nSee the [job description](https://moss.example/jobs/7).",
        ["Owl Trainer and Engineer | - | Remote USA | https://moss.example/jobs/7"],
    ),
    (
        "one that only points elsewhere",
        "Please see the latest [Who's Hiring thread](https://forum.example/hiring).",
        ["→ Who's Hiring thread | - | - | https://forum.example/hiring"],
    ),
    (
        "one that only says where",
        "[Use this link](https://moss.example/careers) to find all positions.",
        ["→ Open Positions | - | - | https://moss.example/careers"],
    ),
    (
        "a table",
        "| Role | Where |\n|---|---|\n| [Owl Engineer](https://j.example/5) | Oslo |",
        ["Owl Engineer | - | Oslo | https://j.example/5"],
    ),
    ("a link without words", "- [](https://j.example/1)\n\n[](https://j.example/2) **", []),
    ("nothing", "No positions this month.", []),
]


@pytest.mark.parametrize(("body", "expected"), [row[1:] for row in SHAPES], ids=[row[0] for row in SHAPES])
def test_a_job_is_read_in_the_shape_that_people_write(body: str, expected: list[str]) -> None:
    assert brief(jobs(f"## Open Positions\n\n{body}\n")) == expected


HEADINGS = [
    "Jobs", "We're still hiring!", "Careers", "THE OWL TEAM IS HIRING 💰", "Job board", "Stellenangebote", "Offene Stellen", "Offres d'emploi",
    "Nous recrutons", "Ofertas de empleo", "Vagas", "Offerte di lavoro", "Vacatures", "求人", "招聘", "채용", "Вакансии",
]  # fmt: skip


@pytest.mark.parametrize("heading", HEADINGS)
def test_a_heading_says_that_jobs_follow_in_many_languages(heading: str) -> None:
    assert brief(jobs(f"## {heading}\n\n- [Owl Engineer](https://j.example/1)\n")) == ["Owl Engineer | - | - | https://j.example/1"]


OTHER_HEADINGS = [
    "10 Most Important Jobs for ML Products", "Continuously Learning on the Job", "New Hires", "Jobs requiring GPUs!", "Batch jobs",
    "How we run cron jobs", "Hiring tips", "Q: Why do my jobs hang?", "News",
]  # fmt: skip


@pytest.mark.parametrize("heading", OTHER_HEADINGS)
def test_what_stands_below_other_headings_is_no_job(heading: str) -> None:
    body = (
        f"## {heading}\n\n- [Owl Engineer](https://j.example/1)\n\n**Ada Moss** joins us as an Owl Engineer.\n\n## News\n\nNone.\n"
    )
    assert jobs(body) == ()


def test_an_item_marked_as_a_job_is_one_wherever_it_stands() -> None:
    body = "## News\n\n- [Job: Owl Team Lead](https://j.example/3)\n- 💼 [Nest Engineer](https://j.example/4) at Moss\n- Job: fix the retry of builds\n"
    assert brief(jobs(body)) == ["Owl Team Lead | - | - | https://j.example/3", "Nest Engineer | Moss | - | https://j.example/4"]


def test_a_pattern_of_the_configuration_opens_other_headings() -> None:
    body = "## Nests wanted\n\n- [Owl Engineer](https://j.example/1)\n"
    assert jobs(body) == ()
    assert len(jobs(body, patterns=("nests? wanted",))) == 1
