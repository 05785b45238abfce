"""Pages read into a tree, and a network with one of every kind of post."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from html.parser import HTMLParser

from threadsync.sandbox.threads import Profile, add_profile, apply
from threadsync.sandbox.threads.values import FetchedMedia, MediaKind

VOID = {"meta", "link", "img", "input", "br", "hr", "track"}
ORIGIN = "sandbox:seed-7"


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    parent: Element | None
    children: list[Element] = field(default_factory=list)
    words: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())

    def all(self, tag: str = "", **attributes: str) -> list[Element]:
        """Every element below with this tag, class or attributes, in order."""
        wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
        found = []
        for child in self.children:
            classes = child.attributes.get("class", "").split()
            fits = all(
                value in classes if name == "class" else child.attributes.get(name) == value
                for name, value in wanted.items()
            )
            if tag in {"", child.tag} and fits:
                found.append(child)
            found += child.all(tag, **attributes)
        return found

    def one(self, tag: str = "", **attributes: str) -> Element:
        found = self.all(tag, **attributes)
        assert len(found) == 1, f"{tag} {attributes}: {len(found)}"
        return found[0]

    def within(self, tag: str) -> bool:
        return self.parent is not None and (self.parent.tag == tag or self.parent.within(tag))


class Reader(HTMLParser):
    """Reads a page into a tree, and refuses one whose elements are not closed in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.root = self._here = Element("", {}, None)
        self.feed(page)
        self.close()
        assert self._here is self.root, f"<{self._here.tag}> is never closed"

    def handle_starttag(self, tag, attrs):
        made = Element(tag, {name: value or "" for name, value in attrs}, self._here)
        self._here.children.append(made)
        if tag not in VOID:
            self._here = made

    def handle_endtag(self, tag):
        assert self._here.tag == tag, f"</{tag}> closes <{self._here.tag}>"
        assert self._here.parent is not None
        self._here = self._here.parent

    def handle_data(self, data):
        above: Element | None = self._here
        while above is not None:
            above.words.append(data)
            above = above.parent


def texts(page: Element) -> list[str]:
    return [found.text for found in page.one("main").all("p", class_="text")]


def film(net, url="http://127.0.0.1/a.mp4"):
    net.media[url] = FetchedMedia(MediaKind.VIDEO, "MP4", 900, "film.mp4", 720, 900, "still.jpg")
    return url


def carousel(net, count=3, **params):
    """Put up a carousel of pictures and one film."""
    kinds = [("IMAGE", "image_url", net.picture()) for _ in range(count - 1)]
    kinds.insert(1, ("VIDEO", "video_url", film(net)))
    children = [
        net.create(media_type=kind, is_carousel_item="true", alt_text=f"Number {n}", **{name: url})
        for n, (kind, name, url) in enumerate(kinds)
    ]
    net.now += 5
    container = net.create(media_type="CAROUSEL", children=",".join(children), **params)
    net.now += 5
    return net.publish(container).body["id"]


def picture(net, **params):
    container = net.create(media_type="IMAGE", image_url=net.picture(), **params)
    net.now += 5
    return net.publish(container).body["id"]


def video(net, **params):
    container = net.create(media_type="VIDEO", video_url=film(net), **params)
    net.now += 5
    return net.publish(container).body["id"]


HOSTILE = "<script>alert(1)</script>\" onmouseover='x' \u202e& </p></article> javascript:alert(1) {{ 7*7 }}"


def everything(net):
    """Put up one of each kind of post, each with a hostile text; return a root with answers."""
    apply(
        net.state,
        add_profile(Profile("lift_report", is_eligible_for_geo_gating=True, has_instagram=True)),
        net.now,
    )
    root = net.post(f"{HOSTILE} @harbour_desk @nobody https://example.org/?a=1&b= #transit")
    second = net.post("2/2", reply_to_id=root)
    net.post("thanks", who="harbour_desk", reply_to_id=second)
    picture(net, alt_text=HOSTILE, text="picture")
    picture(net, text="no alt", is_spoiler_media="true")
    video(net, alt_text="A lift moves")
    carousel(net, 4, text=HOSTILE)
    carousel(net, is_spoiler_media="true")
    net.post("hidden words here", text_entities=json.dumps([spoiler(7, 5)]))
    net.post("ask", poll_attachment=json.dumps({"option_a": HOSTILE[:25], "option_b": "No"}))
    net.post("gif", gif_attachment=json.dumps({"gif_id": HOSTILE, "provider": "GIPHY"}))
    styled = [{"offset": 0, "length": 4, "styling_info": ["bold"]}]
    attachment = {
        "plaintext": HOSTILE,
        "text_with_styling_info": styled,
        "link_attachment_url": "https://e.org",
    }
    net.post("long", text_attachment=json.dumps(attachment))
    net.post("card", link_attachment="https://example.org/\"'<b>")
    net.post("quote", quote_post_id=root)
    net.post("geo", allowlisted_country_codes="CH", reply_control="followers_only", location_id=HOSTILE)
    net.post("shared", crossreshare_to_ig="true", topic_tag="<b>")
    net.post("ghost", is_ghost_post="true")
    approving = net.post("approving", enable_reply_approvals="true")
    net.post(HOSTILE, who="harbour_desk", reply_to_id=approving)
    net.call("DELETE", f"/{net.post(HOSTILE)}")
    net.call("POST", f"/{root}/repost", "harbour_desk")
    net.arm("publish#3:answer-lost:2", "list:slow:always:2", "any:request-lost:10%")
    net.switch(texts_typeset=True)
    return root


def spoiler(offset, length):
    return {"entity_type": "SPOILER", "offset": offset, "length": length}
