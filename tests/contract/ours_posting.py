"""How our client publishes, deletes and is refused."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, Unpack

from tests.contract import setting_up
from tests.contract.stage import Json, Play, Stage, Steps
from threadsync.errors import ApiError
from threadsync.providers.threads import api as threads

TEXT = "12 lifts were broken."


def published(stage: Stage, container: threads.Created) -> str:
    """Publish *container* once Threads has made it ready."""
    status = stage.client.run(threads.container_status(container.id))
    assert status.status == "FINISHED"
    return stage.client.run(threads.publish_container(container.id)).id


def text_with(**carries: Unpack[threads.Carries]) -> Steps:
    """Publish a text that carries something."""

    def steps(stage: Stage) -> Json:
        made = threads.create_container("TEXT", text=TEXT, **carries)
        return published(stage, stage.client.run(made))

    return steps


def picture(stage: Stage) -> Json:
    made = threads.create_container("IMAGE", text=TEXT, image_url=stage.given["picture"])
    return published(stage, stage.client.run(made))


def alt_text(stage: Stage) -> Json:
    url, alt = stage.given["picture"], "Closed lift door"
    made = threads.create_container("IMAGE", text=TEXT, image_url=url, alt_text=alt)
    return published(stage, stage.client.run(made))


def hidden_picture(stage: Stage) -> Json:
    url = stage.given["picture"]
    made = threads.create_container("IMAGE", text=TEXT, image_url=url, is_spoiler_media=True)
    return published(stage, stage.client.run(made))


def video(stage: Stage) -> Json:
    made = threads.create_container("VIDEO", text=TEXT, video_url=stage.given["film"])
    return published(stage, stage.client.run(made))


def _carousel(stage: Stage, *names: Literal["picture", "film"]) -> Json:
    children = []
    for name in names:
        kind: Literal["IMAGE", "VIDEO"] = "IMAGE" if name == "picture" else "VIDEO"
        key = "image_url" if name == "picture" else "video_url"
        url = {key: stage.given[name]}
        child = stage.client.run(
            threads.create_container(
                kind, image_url=url.get("image_url"), video_url=url.get("video_url"), is_carousel_item=True
            )
        )
        assert stage.client.run(threads.container_status(child.id)).status == "FINISHED"
        children.append(child.id)
    made = threads.create_container("CAROUSEL", text=TEXT, children=children)
    return published(stage, stage.client.run(made))


def carousel(stage: Stage) -> Json:
    return _carousel(stage, "picture", "film")


def carousel_of_20(stage: Stage) -> Json:
    return _carousel(stage, *("picture",) * 20)


def reply(stage: Stage) -> Json:
    made = threads.create_container("TEXT", text=TEXT, reply_to_id=stage.given["post"])
    return published(stage, stage.client.run(made))


def chain(stage: Stage) -> Json:
    posts: list[str] = []
    for text in ("One.", "Two.", "Three."):
        parent = posts[-1] if posts else None
        made = threads.create_container("TEXT", text=text, reply_to_id=parent)
        posts.append(published(stage, stage.client.run(made)))
    return posts


def quote(stage: Stage) -> Json:
    made = threads.create_container("TEXT", text=TEXT, quote_post_id=stage.given["post"])
    return published(stage, stage.client.run(made))


def repost(stage: Stage) -> Json:
    return stage.client.run(threads.repost_media(stage.given["post"])).id


def countries(stage: Stage) -> Json:
    made = threads.create_container("TEXT", text=TEXT, allowlisted_country_codes=["CH", "DE"])
    published(stage, stage.client.run(made))
    listed = stage.client.run(threads.own_threads(fields="id,allowlisted_country_codes"))
    return [list(post.allowlisted_country_codes or ()) for post in listed.data]


def one_call(stage: Stage) -> Json:
    return stage.client.run(threads.create_container("TEXT", text=TEXT, auto_publish_text=True)).id


def container_status(stage: Stage) -> Json:
    good = stage.client.run(threads.create_container("TEXT", text=TEXT))
    return [stage.client.run(threads.container_status(good.id)).status]


def delete(stage: Stage) -> Json:
    return stage.client.run(threads.delete_media(stage.given["post"])).success


def refusal(stage: Stage) -> Json:
    """A token that nobody gave."""
    try:
        stage.other(token="nobody").run(threads.create_container("TEXT", text=TEXT))
    except ApiError as error:
        return [error.fault.code, error.fault.subcode]
    raise AssertionError("it was not refused")


LONG = "Lifts. " * 100
PLAYS: Mapping[str, Play] = MappingProxyType(
    {
        "text": Play(text_with()),
        "picture": Play(picture),
        "video": Play(video),
        "carousel": Play(carousel),
        "carousel-of-20": Play(carousel_of_20),
        "alt-text": Play(alt_text),
        "reply": Play(reply, setting_up.a_post),
        "chain": Play(chain),
        "reply-control": Play(text_with(reply_control="accounts_you_follow")),
        "link": Play(text_with(link_attachment="https://example.org/lifts")),
        "quote": Play(quote, setting_up.a_post_of_another),
        "repost": Play(repost, setting_up.a_post_of_another),
        "topic": Play(text_with(topic_tag="transit")),
        "countries": Play(countries),
        "poll": Play(text_with(poll_attachment=("Hafen", "Mühle"))),
        "gif": Play(text_with(gif_id="l0HlBO7eyXzSZkJri")),
        "place": Play(text_with(location_id="12345")),
        "hidden-text": Play(text_with(text_entities=[threads.Styled(3, 5)])),
        "hidden-picture": Play(hidden_picture),
        "long-text": Play(
            text_with(text_attachment=LONG, text_attachment_styles=[threads.Styled(0, 5, ("bold",))])
        ),
        "ghost": Play(text_with(is_ghost_post=True)),
        "story": Play(text_with(crossreshare_to_ig=True)),
        "one-call": Play(one_call),
        "container-status": Play(container_status),
        "delete": Play(delete, setting_up.a_post),
        "refusal": Play(refusal),
    }
)
