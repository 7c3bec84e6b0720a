"""Makes up newsletters and what befalls them: texts by a seed, and a hazard by each name that real repositories gave it."""

import random
from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
_WORDS = [
    "lamp", "harbour", "quorum", "release", "spindle", "meadow", "compiler", "kettle", "parser", "winter", "garden", "signal",
    "thread", "window", "copper", "review", "bridge", "planet", "module", "orchid", "packet", "silver", "summer", "ticket",
    "velvet", "walnut", "yonder", "zephyr", "anchor", "button", "candle", "desert",
]  # fmt: skip
BOILERPLATE = (
    "Subscribe to this newsletter on our site and tell a friend about it.\n\nUntil next time, the editors of the newsletter.\n"
)


def body(seed: str, lines: int = 8) -> str:
    """Return some sections of text that only this seed gives, and the boilerplate that every issue has."""
    chance = random.Random(seed)

    def line() -> str:
        return " ".join(chance.choices(_WORDS, k=11)).capitalize() + "."

    parts = [
        f"## {' '.join(chance.choices(_WORDS, k=2)).title()}\n\n" + "\n\n".join(line() for _ in range(lines)) for _ in range(3)
    ]
    return "\n\n".join(parts) + "\n\n" + BOILERPLATE


def issue(seed: str, day: datetime | str | None, *, title: str | None = None, style: str = "yaml", **more: object) -> str:
    """Return an issue's file: front matter in the style of YAML, TOML or Pelican's header, and a text by its seed."""
    when = f"{day:%Y-%m-%d}" if isinstance(day, datetime) else day
    fields: dict[str, object] = {"title": title or f"News of {seed}"}
    if when is not None:
        fields["date"] = when
    fields |= more
    if style == "toml":
        lines = [
            f"{key} = {value if key == 'date' else str(value).lower() if isinstance(value, bool) else repr(value)}"
            for key, value in fields.items()
        ]
        return "+++\n" + "\n".join(lines) + "\n+++\n\n" + body(seed)
    lines = [f"{key}: {str(value).lower() if isinstance(value, bool) else value}" for key, value in fields.items()]
    if style == "pelican":
        return "\n".join(line[0].upper() + line[1:] for line in lines) + "\n\n" + body(seed)
    return "---\n" + "\n".join(lines) + "\n---\n\n" + body(seed)


def reworded(text: str, share: float, seed: str = "again") -> str:
    """Return a text with a share of its paragraphs written anew."""
    chance = random.Random(seed)
    paragraphs = text.split("\n\n")
    for number in chance.sample(range(1, len(paragraphs)), round(share * (len(paragraphs) - 1))):
        if paragraphs[number].startswith("#"):
            continue
        paragraphs[number] = " ".join(chance.choices(_WORDS, k=12)).capitalize() + "!"
    return "\n\n".join(paragraphs)
