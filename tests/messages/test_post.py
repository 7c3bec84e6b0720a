"""Bodies and digests of posts: what the store holds of messages that stand in channels must go on to fit."""

from heartbeat_bot.rendering.post import COVER, Embed, EmbedImage, File, Jump, Post, PostKey, is_of

MAY = Post(
    key=COVER,
    content="<@&7>",
    embeds=(
        Embed(
            title="May",
            url="https://example.org/may",
            description="Hello.",
            image=EmbedImage(url="attachment://p.png", alt="A lamp"),
            author="Ann",
            footer="2026/05/01",
        ),
    ),
    files=(File(name="p.png", path="p.png", blob="b", alt="A lamp"),),
    ping=7,
    jumps=(Jump(label="News", to=PostKey("news")),),
)


def test_a_post_has_the_digest_that_earlier_versions_gave_it() -> None:
    """Another one would edit every message of every issue."""
    assert MAY.digest() == "9ce1825cf342d0ec45954087d97acb59f9f3fbdb825cda37f075e4e509b50fd8"
    urls = {PostKey("news"): "https://discord.com/channels/1/2/3"}
    assert MAY.digest(urls) == "330b3ca19ad463ac75a85ba3ef4acebe25ef92bc59ea9dfb172667bf6eadb5ad"


def test_buttons_are_part_of_a_body_and_taking_the_last_one_away_is_said() -> None:
    row = {"type": 1, "components": [{"type": 2, "style": 3, "label": "Approve", "custom_id": "approve:7"}]}
    plain, notice, decided = (Post(key=COVER, content="x", components=rows) for rows in (None, (row,), ()))
    assert "components" not in plain.body()
    assert (notice.body()["components"], decided.body()["components"]) == ([row], [])
    assert len({plain.digest(), notice.digest(), decided.digest()}) == 3


def test_the_further_posts_of_a_section_are_of_it_and_another_section_s_are_not() -> None:
    keys = ["news", "news/2", "news/12", "news/all", "news~2", "old/news", "cover"]
    assert [key for key in keys if is_of(PostKey(key), [PostKey("news")])] == ["news", "news/2", "news/12"]
