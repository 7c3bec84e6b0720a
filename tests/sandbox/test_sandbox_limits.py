import io
from typing import Any

import aiohttp
import pytest
from sandbox_clients import Api

from discord_sandbox.world import Channel

URL = "https://example.org/"


def embed_with(part: str, text: str) -> dict[str, Any]:
    match part:
        case "author":
            return {"author": {"name": text}}
        case "footer":
            return {"footer": {"text": text}}
        case "field name":
            return {"fields": [{"name": text, "value": "v"}]}
        case "field value":
            return {"fields": [{"name": "n", "value": text}]}
        case "image description":
            return {"image": {"url": URL, "description": text}}
        case _:
            return {part: text}


PARTS = {
    "title": (256, ("title",)),
    "description": (4096, ("description",)),
    "author": (256, ("author", "name")),
    "footer": (2048, ("footer", "text")),
    "field name": (256, ("fields", "0", "name")),
    "field value": (1024, ("fields", "0", "value")),
    "image description": (4096, ("image", "description")),
}


async def test_content_may_have_2000_characters_and_no_more(api: Api, channel: Channel) -> None:
    assert (await api.send(channel, content="ä" * 2000)).status == 200
    refused = await api.send(channel, content="ä" * 2001)
    assert (refused.status, refused.code) == (400, 50035)
    assert refused.body["message"] == "Invalid Form Body"
    assert refused.body["errors"]["content"]["_errors"] == [
        {"code": "BASE_TYPE_MAX_LENGTH", "message": "Must be 2000 or fewer in length."}
    ]


async def test_white_space_at_the_ends_is_trimmed_before_counting(api: Api, channel: Channel) -> None:
    answer = await api.send(channel, content="  \n" + "x" * 2000 + " \n ")
    assert answer.body["content"] == "x" * 2000


async def test_characters_are_code_points(api: Api, channel: Channel) -> None:
    assert (await api.send(channel, content="🎉" * 2000)).status == 200


@pytest.mark.parametrize("part", PARTS)
async def test_each_part_of_an_embed_has_its_limit(api: Api, channel: Channel, part: str) -> None:
    most, path = PARTS[part]
    good = await api.send(channel, embeds=[embed_with(part, "x" * most)])
    bad = await api.send(channel, embeds=[embed_with(part, "x" * (most + 1))])
    assert good.status == 200
    assert (bad.status, bad.code) == (400, 50035)
    assert bad.errors_at("embeds", "0", *path) == ["BASE_TYPE_MAX_LENGTH"]


async def test_a_message_may_have_ten_embeds(api: Api, channel: Channel) -> None:
    assert (await api.send(channel, embeds=[{"title": "t"}] * 10)).status == 200
    assert (await api.send(channel, embeds=[{"title": "t"}] * 11)).errors_at("embeds") == ["BASE_TYPE_MAX_LENGTH"]


async def test_all_embeds_together_may_have_6000_characters(api: Api, channel: Channel) -> None:
    embeds = [{"title": "t" * 100, "description": "d" * 2900} for _ in range(2)]
    assert (await api.send(channel, embeds=embeds)).status == 200
    embeds[0]["footer"] = {"text": "f"}
    assert (await api.send(channel, embeds=embeds)).errors_at("embeds") == ["MAX_EMBED_SIZE_EXCEEDED"]


async def test_an_embed_may_have_25_fields(api: Api, channel: Channel) -> None:
    field = {"name": "n", "value": "v"}
    assert (await api.send(channel, embeds=[{"fields": [field] * 25}])).status == 200
    assert (await api.send(channel, embeds=[{"fields": [field] * 26}])).errors_at("embeds", "0", "fields")


async def test_a_field_needs_name_and_value(api: Api, channel: Channel) -> None:
    answer = await api.send(channel, embeds=[{"fields": [{"name": "n"}]}])
    assert answer.errors_at("embeds", "0", "fields", "0", "value") == ["BASE_TYPE_REQUIRED"]


@pytest.mark.parametrize(
    ("embed", "place"),
    [
        ({"title": "t", "url": "ftp://example.org"}, ("url",)),
        ({"title": "t", "url": ""}, ("url",)),
        ({"title": "t", "url": "/relative"}, ("url",)),
        ({"author": {"name": "a", "url": "attachment://a.png"}}, ("author", "url")),
        ({"image": {"url": "data:image/png;base64,AAAA"}}, ("image", "url")),
        ({"title": "t", "footer": {"text": "f", "icon_url": "javascript:1"}}, ("footer", "icon_url")),
    ],
)
async def test_a_url_needs_an_allowed_scheme(api: Api, channel: Channel, embed: Any, place: tuple[str, ...]) -> None:
    answer = await api.send(channel, embeds=[embed])
    assert answer.errors_at("embeds", "0", *place) == ["URL_TYPE_INVALID_SCHEME"]


async def test_a_url_may_have_2048_characters(api: Api, channel: Channel) -> None:
    assert (await api.send(channel, embeds=[{"title": "t", "url": URL.ljust(2048, "x")}])).status == 200
    answer = await api.send(channel, embeds=[{"title": "t", "url": URL.ljust(2049, "x")}])
    assert answer.errors_at("embeds", "0", "url") == ["BASE_TYPE_MAX_LENGTH"]


async def test_every_fault_is_told_at_once_and_nested_by_place(api: Api, channel: Channel) -> None:
    embeds = [{"title": "ok"}, {"title": "x" * 257, "color": 1 << 24}]
    answer = await api.send(channel, content="x" * 2001, embeds=embeds)
    assert set(answer.body["errors"]) == {"content", "embeds"}
    assert answer.errors_at("embeds", "1", "title") == ["BASE_TYPE_MAX_LENGTH"]
    assert answer.errors_at("embeds", "1", "color") == ["NUMBER_TYPE_MAX"]


@pytest.mark.parametrize("body", [{"content": ""}, {"content": " \n "}, {"embeds": [{}]}, {"embeds": []}])
async def test_a_message_that_shows_nothing_is_refused(api: Api, channel: Channel, body: Any) -> None:
    answer = await api.send(channel, body)
    assert (answer.status, answer.code) == (400, 50006)


async def test_text_beyond_the_hidden_ceiling_in_bytes_fails_with_500(api: Api, channel: Channel) -> None:
    assert (await api.send(channel, embeds=[{"description": "あ" * 3390}])).status == 200
    answer = await api.send(channel, embeds=[{"description": "あ" * 3391}])
    assert (answer.status, answer.code) == (500, 0)


async def test_an_unpaired_surrogate_fails_with_500(api: Api, channel: Channel) -> None:
    answer = await api.call(
        "POST",
        f"/channels/{channel.id}/messages",
        data=b'{"content": "a\\ud800b"}',
        headers={"Content-Type": "application/json"},
    )
    assert answer.status == 500


@pytest.mark.parametrize("nonce", ["n" * 25, 2**63 - 1, -(2**63)])
async def test_a_nonce_is_a_short_text_or_an_int64(api: Api, channel: Channel, nonce: Any) -> None:
    assert (await api.send(channel, content="x", nonce=nonce)).body["nonce"] == nonce


@pytest.mark.parametrize("nonce", ["n" * 26, 2**63])
async def test_a_longer_nonce_is_refused(api: Api, channel: Channel, nonce: Any) -> None:
    assert (await api.send(channel, content="x", nonce=nonce)).errors_at("nonce")


def form_with(files: list[tuple[str, bytes]], payload: str = "{}") -> aiohttp.FormData:
    form = aiohttp.FormData(quote_fields=False)
    form.add_field("payload_json", payload)
    for index, (name, data) in enumerate(files):
        form.add_field(f"files[{index}]", io.BytesIO(data), filename=name, content_type="application/octet-stream")
    return form


async def test_a_message_may_have_ten_files(api: Api, channel: Channel) -> None:
    path = f"/channels/{channel.id}/messages"
    good = await api.call("POST", path, data=form_with([(f"{n}.txt", b"x") for n in range(10)]))
    bad = await api.call("POST", path, data=form_with([(f"{n}.txt", b"x") for n in range(11)]))
    assert len(good.body["attachments"]) == 10
    assert (bad.status, bad.code) == (400, 30015)


async def test_a_file_may_have_ten_mebibytes_and_a_request_twenty_five(api: Api, channel: Channel) -> None:
    path = f"/channels/{channel.id}/messages"
    whole, over = bytes(10 * 1024 * 1024), bytes(10 * 1024 * 1024 + 1)
    assert (await api.call("POST", path, data=form_with([("a.bin", whole)]))).status == 200
    too_large = await api.call("POST", path, data=form_with([("a.bin", over)]))
    assert (too_large.status, too_large.code) == (400, 50045)
    too_much = await api.call("POST", path, data=form_with([(f"{n}.bin", whole) for n in range(3)]))
    assert (too_much.status, too_much.code) == (413, 40005)


@pytest.mark.parametrize(
    ("mentions", "place"),
    [
        ({"parse": ["roles"], "roles": ["1"]}, "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE"),
        ({"parse": ["users"], "users": ["1"]}, "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE"),
    ],
)
async def test_parse_and_ids_of_the_same_kind_exclude_each_other(api: Api, channel: Channel, mentions: Any, place: str) -> None:
    assert (await api.send(channel, content="x", allowed_mentions=mentions)).errors_at("allowed_mentions") == [place]


async def test_allowed_mentions_take_a_hundred_ids_and_an_empty_list_beside_parse(api: Api, channel: Channel) -> None:
    hundred = [str(number) for number in range(1, 101)]
    assert (await api.send(channel, content="x", allowed_mentions={"roles": hundred})).status == 200
    assert (await api.send(channel, content="x", allowed_mentions={"parse": ["roles"], "roles": []})).status == 200
    answer = await api.send(channel, content="x", allowed_mentions={"roles": [*hundred, "101"]})
    assert answer.errors_at("allowed_mentions", "roles")
    unknown = await api.send(channel, content="x", allowed_mentions={"parse": ["friends"]})
    assert unknown.errors_at("allowed_mentions", "parse", "0")


def texts(number: int) -> list[dict[str, Any]]:
    return [{"type": 10, "content": "x"} for _ in range(number)]


async def test_components_v2_hold_forty_components_nested_ones_included(api: Api, channel: Channel) -> None:
    flags = 1 << 15
    good = await api.send(channel, flags=flags, components=[{"type": 17, "components": texts(39)}])
    bad = await api.send(channel, flags=flags, components=[{"type": 17, "components": texts(39)}, *texts(1)])
    assert good.status == 200
    assert bad.errors_at("components")


async def test_components_v2_hold_4000_characters_of_text(api: Api, channel: Channel) -> None:
    flags = 1 << 15
    assert (await api.send(channel, flags=flags, components=[{"type": 10, "content": "x" * 4000}])).status == 200
    two = [{"type": 10, "content": "x" * 4000}, {"type": 10, "content": "x"}]
    assert (await api.send(channel, flags=flags, components=two)).errors_at("components")


async def test_components_v2_exclude_content_and_embeds_and_need_their_flag(api: Api, channel: Channel) -> None:
    mixed = await api.send(channel, flags=1 << 15, content="x", embeds=[{"title": "t"}], components=texts(1))
    assert mixed.errors_at("content")
    assert mixed.errors_at("embeds")
    assert (await api.send(channel, components=texts(1))).errors_at("components", "0", "type")


@pytest.mark.parametrize(
    ("component", "place"),
    [
        ({"type": 1, "components": []}, ("components",)),
        ({"type": 1, "components": [{"type": 2, "style": 1, "label": "l"}]}, ("components", "0", "custom_id")),
        ({"type": 1, "components": [{"type": 2, "style": 5, "label": "l"}]}, ("components", "0", "url")),
        (
            {"type": 1, "components": [{"type": 2, "style": 1, "label": "l" * 81, "custom_id": "c"}]},
            ("components", "0", "label"),
        ),
        ({"type": 9, "components": texts(1)}, ("accessory",)),
        ({"type": 9, "components": texts(4), "accessory": {"type": 11, "media": {"url": URL}}}, ("components",)),
        ({"type": 12, "items": [{"media": {"url": URL}}] * 11}, ("items",)),
        ({"type": 13, "file": {"url": URL}}, ("file", "url")),
        ({"type": 14, "spacing": 3}, ("spacing",)),
        ({"type": 17, "components": [{"type": 17, "components": texts(1)}]}, ("components", "0", "type")),
    ],
)
async def test_each_component_has_its_rules(api: Api, channel: Channel, component: Any, place: tuple[str, ...]) -> None:
    answer = await api.send(channel, flags=1 << 15, components=[component])
    assert answer.errors_at("components", "0", *place)


async def test_an_image_of_an_attachment_needs_the_attachment(api: Api, channel: Channel) -> None:
    path = f"/channels/{channel.id}/messages"
    payload = '{"embeds": [{"image": {"url": "attachment://a.png"}}]}'
    missing = await api.send(channel, embeds=[{"image": {"url": "attachment://a.png"}}])
    assert missing.errors_at("embeds", "0") == ["UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND"]
    there = await api.call("POST", path, data=form_with([("a.png", b"png")], payload))
    assert there.status == 200
    assert there.body["attachments"] == []
    async with api.session.get(there.body["embeds"][0]["image"]["url"]) as file:
        assert await file.read() == b"png"


async def test_an_embed_shows_images_only(api: Api, channel: Channel) -> None:
    payload = '{"embeds": [{"image": {"url": "attachment://a.pdf"}}]}'
    answer = await api.call("POST", f"/channels/{channel.id}/messages", data=form_with([("a.pdf", b"x")], payload))
    assert answer.errors_at("embeds", "0") == ["UNFURLED_MEDIA_ITEM_INVALID_TYPE"]
