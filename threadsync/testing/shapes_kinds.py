"""A story for every kind of post that Threads knows; most publish in the same way as a text does."""

from __future__ import annotations

from threadsync.testing.networks import ThreadsNetwork
from threadsync.testing.shape import BY_HAND, EARLIER, Shape, chain, expected, film, picture
from threadsync.testing.world import World

TEXT = "With something to it"


def _film(world: World) -> None:
    world.write("posts/film.mp4", film())
    world.post("a", f"{TEXT}\n\n![a film](film.mp4)")


def _mixed(world: World) -> None:
    world.write("posts/film.mp4", film())
    world.write("posts/red.jpg", picture("red"))
    world.post("a", f"{TEXT}\n\n![red](red.jpg)\n\n![a film](film.mp4)")


def _poll(world: World) -> None:
    world.post("a", TEXT, poll="{options: [Yes, No, Maybe]}")


def _gif(world: World) -> None:
    world.post("a", TEXT, threads="{gif: l0HlBO7eyXzSZkJri}")


def _card(world: World) -> None:
    world.post("a", TEXT, link="https://example.org/lifts")


def _dressed(world: World) -> None:
    world.write("posts/red.jpg", picture("red"))
    world.post(
        "a",
        f"{TEXT}: the gardener\n\n![red](red.jpg)",
        who_can_reply="mentioned",
        threads="{topic: transit, location: '110001', reply_approvals: true, countries: [AT, CH], "
        "spoiler: {media: true, text: [the gardener]}, instagram_story: dark}",
    )


def _long_text(world: World) -> None:
    world.post("a", TEXT, threads='{long_text: {text: "All **of** it", link: "https://example.org"}}')


def _ghost(world: World) -> None:
    world.post("a", TEXT, threads="{ghost: true}")


def _quote(world: World) -> None:
    world.post("a", TEXT, quote="earlier")


def _quote_by_hand(world: World) -> None:
    network = world.network
    assert isinstance(network, ThreadsNetwork)
    world.post("a", TEXT, quote=network.permalink_of(BY_HAND))


def _reply_by_id(world: World) -> None:
    (post,) = [each for each in world.network.live() if each.text == BY_HAND]
    world.post("a", TEXT, reply_to=f"id:{post.remote_id}")


def _both(world: World) -> None:
    world.post("first", "What is quoted")
    world.post("a", TEXT, quote="first")


def _repost(world: World) -> None:
    world.post("a", "", repost="earlier")


def _unposted(world: World) -> None:
    world.post("a", "", repost="earlier", withdraw="true")


def _numbered(world: World) -> None:
    world.post("a", chain("One", "Two"), number="'{i}/{n}'")


def _numbered_more(world: World) -> None:
    world.post("a", chain("One", "Two", "Three"), number="'{i}/{n}'", on_change="replace")


_LONG = (
    '{"plaintext": "All of it", "link_attachment_url": "https://example.org", '
    '"text_with_styling_info": [{"offset": 4, "length": 2, "styling_info": ["bold"]}]}'
)
_REPOST = f"Repost of: {EARLIER}"


def _carrying(carries: str) -> dict[str, str]:
    return {TEXT: carries}


KIND_SHAPES = (
    Shape("video", _film, expected((TEXT,), carries=_carrying("of: video")), same_calls=True),
    Shape(
        "mixed-carousel", _mixed, expected((TEXT,), carries=_carrying("of: image, video")), same_calls=True
    ),
    Shape("poll", _poll, expected((TEXT,), carries=_carrying("poll: Yes / No / Maybe")), same_calls=True),
    Shape("gif", _gif, expected((TEXT,), carries=_carrying("gif: l0HlBO7eyXzSZkJri")), same_calls=True),
    Shape(
        "link-card",
        _card,
        expected((TEXT,), carries=_carrying("link: https://example.org/lifts")),
        same_calls=True,
    ),
    Shape(
        "dressed",
        _dressed,
        expected(
            (f"{TEXT}: the gardener",),
            carries={
                f"{TEXT}: the gardener": "topic: transit; at: 110001; replies from: mentioned_only; "
                "countries: AT, CH; hidden: the gardener; media: hidden; approves replies: yes; story: dark"
            },
        ),
        same_calls=True,
    ),
    Shape(
        "long-text", _long_text, expected((TEXT,), carries=_carrying(f"long text: {_LONG}")), same_calls=True
    ),
    Shape("ghost", _ghost, expected((TEXT,), carries=_carrying("ghost: yes")), short=True),
    Shape("quote", _quote, expected((TEXT,), carries=_carrying(f"quotes: {EARLIER}")), same_calls=True),
    Shape(
        "quote-by-permalink",
        _quote_by_hand,
        expected((TEXT,), carries=_carrying(f"quotes: {BY_HAND}")),
        same_calls=True,
    ),
    Shape("reply-by-id", _reply_by_id, expected((TEXT,), parents={TEXT: BY_HAND}), same_calls=True),
    Shape(
        "quote-of-new",
        _both,
        expected(("What is quoted",), (TEXT,), carries=_carrying("quotes: What is quoted")),
    ),
    Shape("repost", _repost, expected((_REPOST,)), short=True),
    Shape("undo-repost", _unposted, expected(taken_down=(_REPOST,)), _repost),
    Shape(
        "numbered-grows",
        _numbered_more,
        expected(("One\n\n1/3", "Two\n\n2/3", "Three\n\n3/3"), taken_down=("One\n\n1/2", "Two\n\n2/2")),
        _numbered,
        same_calls=True,
    ),
)
