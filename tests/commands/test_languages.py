import re
from datetime import date
from string import Formatter
from typing import Any

import pytest
from town import JULY, Town

from discord_sandbox.world import User
from heartbeat_bot.languages import ENGLISH, Language, codes, language, own_texts, read_texts

OTHERS = [code for code in codes() if code != ENGLISH]

# Discord's rule for names of chat commands and options, in lower case where there is one.
NAME = re.compile(r"[-_'\w]{1,32}")


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def names(texts: dict[str, str]) -> dict[str, str]:
    """Return the names of commands and options by key, those of message commands left out."""
    return {
        key: text
        for key, text in texts.items()
        if re.fullmatch(r"commands\.[^.]+(\.options\.[^.]+)?\.name", key) and key != "commands.which.name"
    }


def wanted(words: Language) -> set[str]:
    """Return the keys of a language's texts, one for each text that counts something, which has all forms."""
    counted = {key.removesuffix(".other") for key in own_texts(ENGLISH) if key.endswith(".other")}
    for key in counted:
        assert {name.rpartition(".")[2] for name in words.own if name.rpartition(".")[0] == key} == set(words.forms), key
    return {key for key in words.own if key.rpartition(".")[0] not in counted and not key.startswith("plural.")} | counted


POLISH = """
plural: {forms: one few many, rule: "n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2"}
events:
  found: {one: 1 wydarzenie, few: "{count} wydarzenia", many: "{count} wydarzeń"}
"""


def test_a_language_may_have_more_forms_of_a_number_than_two() -> None:
    polish = Language(code="pl", own=read_texts(POLISH.encode()), english=language())
    said = [polish.say("events.found", count=count).split()[-1] for count in (0, 1, 2, 4, 5, 11, 12, 14, 21, 22, 25, 102, 112)]
    few, many = "wydarzenia", "wydarzeń"
    assert said == [many, "wydarzenie", few, few, many, many, many, many, many, few, many, few, many]


def test_what_a_language_has_no_text_for_is_english_with_the_forms_of_english() -> None:
    polish = Language(code="pl", own=read_texts(POLISH.encode()), english=language())
    assert [polish.say("hiring.found", count=count) for count in (1, 2, 5)] == ["1 position", "2 positions", "5 positions"]
    assert polish.say("events.none") == language().say("events.none")
    with pytest.raises(KeyError):
        polish.say("no.such.key", count=2)


@pytest.mark.parametrize("code", OTHERS)
def test_a_language_has_the_same_keys_and_fields_as_english(code: str) -> None:
    english, own = language(ENGLISH), language(code)
    assert wanted(own) == wanted(english)
    for key, text in own.own.items():
        if not key.startswith("plural."):
            counted = english.own.get(f"{key.rpartition('.')[0]}.other")
            # A form of one number only may write it as a word.
            assert fields(text) - {"count"} == fields(counted or english.own[key]) - {"count"}, key
            assert counted or fields(text) == fields(english.own[key]), key


@pytest.mark.parametrize("code", codes())
def test_names_and_descriptions_are_what_discord_takes(code: str) -> None:
    texts = dict(own_texts(code))
    for key, name in names(texts).items():
        assert NAME.fullmatch(name), key
        assert name == name.lower(), key
    for key, text in texts.items():
        if key.startswith("commands.") and key.endswith(".description"):
            assert 1 <= len(text) <= 100, key
        if ".choices." in key:
            assert 1 <= len(text) <= 100, key
    assert 1 <= len(texts["commands.which.name"]) <= 32
    commands = [name for key, name in names(texts).items() if ".options." not in key]
    assert len(set(commands)) == len(commands)
    for command in {key.split(".")[1] for key in names(texts)}:
        options = [name for key, name in names(texts).items() if key.startswith(f"commands.{command}.options.")]
        assert len(set(options)) == len(options)


@pytest.mark.parametrize("code", codes())
def test_days_and_spans_of_days_read_well(code: str) -> None:
    words = language(code)
    assert len(words.texts["dates.weekdays"].split()) == 7
    assert len(words.texts["dates.months"].split()) == 12
    spans = {
        "en": ["Mon 3 Aug 2026", "Mon 3 – Wed 5 Aug 2026", "Fri 31 Jul – Sun 2 Aug 2026", "Thu 31 Dec 2026 – Fri 1 Jan 2027"],
        "de": ["Mo 3. Aug 2026", "Mo 3. – Mi 5. Aug 2026", "Fr 31. Juli – So 2. Aug 2026", "Do 31. Dez 2026 – Fr 1. Jan 2027"],
    }
    days = [
        (date(2026, 8, 3), date(2026, 8, 3)),
        (date(2026, 8, 3), date(2026, 8, 5)),
        (date(2026, 7, 31), date(2026, 8, 2)),
        (date(2026, 12, 31), date(2027, 1, 1)),
    ]
    assert [words.days(first, last) for first, last in days] == spans[code]


async def test_discord_is_told_every_name_description_option_and_choice_in_every_language(mill: Town) -> None:
    (put,) = [exchange for exchange in mill.sandbox.log if exchange.method == "PUT" and exchange.path.endswith("/commands")]
    sent: list[dict[str, Any]] = put.body
    assert len(sent) > 8
    for command in sent:
        name = "which" if command["name"] == "What issue is this?" else command["name"]
        for code in OTHERS:
            own = own_texts(code)
            assert command["name_localizations"][code] == own[f"commands.{name}.name"]
            if command["type"] == 1:
                assert command["description_localizations"][code] == own[f"commands.{name}.description"]
            for option in command.get("options", ()):
                assert option["name_localizations"][code] in own.values()
                assert option["description_localizations"][code] in own.values()
                for choice in option.get("choices", ()):
                    assert choice["name_localizations"][code] in own.values()


def speaker(mill: Town, locale: str) -> User:
    return mill.sandbox.create_user(mill.guild, f"one-{locale}", locale=locale)


async def test_answers_are_in_the_language_of_who_asks(mill: Town) -> None:
    without_a_file = next(locale for locale in ("fr", "it", "pl", "cs", "fi", "ko") if locale not in codes())
    german, british, french = (speaker(mill, locale) for locale in ("de", "en-GB", without_a_file))
    answer = await mill.call("events", by=german)
    said = mill.shown(answer)
    assert "Kommende Veranstaltungen" in said
    assert "Mo 3. – Mi 5. Aug 2026" in said
    assert "In den Kalender…" in mill.labels(answer)
    assert "Öffne die Datei" in mill.shown(await mill.press(answer, "In den Kalender…", values=["all"]))
    answer = await mill.call("latest", by=german, share=True)
    theirs = await mill.press(answer, "Weiter ▶", by=british)
    assert "Next ▶" in mill.labels(theirs)
    assert "Weiter ▶" in mill.labels(answer)
    assert "Keine Ausgabe heißt" in mill.shown(await mill.call("issue", issue="zzz", by=german))
    assert "Was ich hier tue" in mill.shown(await mill.call("help", by=german))
    for person in (british, french):
        assert "Upcoming events" in mill.shown(await mill.call("events", by=person))
    assert (await mill.choices("issue", "issue", "juli", by=german))[0]["name"] == "July's Heat · Mo 6. Juli 2026"


async def test_what_moderators_decide_is_answered_whole_in_their_language_and_written_down_in_english(town: Town) -> None:
    town.moderation = town.moderation[:-1] + ", approval: true}"
    udo = town.sandbox.create_user(town.guild, "udo", roles=[town.moderators], locale="de")
    async with town.running():
        town.write("june", JULY.replace("July", "June").replace("2026-07", "2026-06"))
        town.write("copy", JULY)
        await town.sync()
        status = town.shown(await town.call("status", by=udo, channel=town.office))
        assert "**June's Heat**: wartet auf einen Moderator (jede Ausgabe dieses Newsletters wartet auf die Freigabe" in status
        assert "unsicher, welche Ausgabe es ist (sie sagt dasselbe wie july." in status
        said = town.shown(await town.call("approve", by=udo, channel=town.office, issue="june"))
        assert said == "**June's Heat**: gepostet (sie ist angekündigt).\n- June's Heat: 4 gesendet, 1 geändert, 4 veröffentlicht"
        said = town.shown(await town.call("sync", by=udo, channel=town.office))
        assert said == "- mill: nichts zu tun"
        (approved,) = [one for one in await town.opened.store.actions.latest(9) if one.verb == "approve"]
        assert approved.outcome == "posted (it has been announced); June's Heat: 4 sent, 1 edited, 4 published"
