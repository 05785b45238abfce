"""Every way of passing parameters that the network takes."""

from __future__ import annotations

import json

import pytest

from threadsync.sandbox.threads import token_digest
from threadsync.sandbox.wire import BODY_BYTES_MAX, MalformedBody, read_request

TEXT = "Zürich & Höfe #1 + 100 %\nzweite Zeile"
BOUNDARY = "xyz"
MULTIPART = (
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="text"\r\n\r\n{TEXT}\r\n'
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="access_token"\r\n\r\nt\r\n--{BOUNDARY}--\r\n'
)


def read(query="", body=b"", **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return read_request("POST", "/me/threads", query, named, body)


@pytest.mark.parametrize(
    "request_",
    [
        read("text=Z%C3%BCrich+%26+H%C3%B6fe+%231+%2B+100+%25%0Azweite+Zeile&access_token=t"),
        read(
            body=b"text=Z%C3%BCrich+%26+H%C3%B6fe+%231+%2B+100+%25%0Azweite+Zeile&access_token=t",
            content_type="application/x-www-form-urlencoded",
        ),
        read(body=MULTIPART.encode(), content_type=f"multipart/form-data; boundary={BOUNDARY}"),
        read(body=json.dumps({"text": TEXT, "access_token": "t"}).encode(), content_type="application/json"),
        read(
            body=json.dumps({"text": TEXT}).encode(),
            content_type="application/json; charset=utf-8",
            authorization="Bearer t",
        ),
    ],
    ids=["query", "form", "multipart", "json", "bearer"],
)
def test_parameters_come_by_every_road(request_):
    """Query, form, multipart, JSON; the token as a parameter or a header, and kept as digest."""
    assert dict(request_.params) == {"text": TEXT}
    assert request_.token == token_digest("t")


def test_json_values_become_what_a_form_would_hold():
    body = {"flag": True, "children": ["1", "2"], "poll": {"option_a": "a"}, "nothing": None, "n": 3}
    found = read(body=json.dumps(body).encode(), content_type="application/json").params
    assert found == {"flag": "true", "children": "1,2", "poll": '{"option_a": "a"}', "n": "3"}


def test_the_body_wins_over_the_query():
    assert read("text=old&x=1", b"text=new").params == {"text": "new", "x": "1"}


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"{", "application/json"),
        (b"[]", "application/json"),
        (b'{"text": "half a pair: \\ud83d"}', "application/json"),
        (b"\xff\xfe", "application/x-www-form-urlencoded"),
        (b"a=" + b"x" * BODY_BYTES_MAX, "application/x-www-form-urlencoded"),
        (
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="a"\r\n\r\n'.encode()
            + b"\xff\xfe\r\n--xyz--\r\n",
            f"multipart/form-data; boundary={BOUNDARY}",
        ),
    ],
    ids=["json", "list", "surrogate", "bytes", "large", "part"],
)
def test_bodies_that_are_not_what_they_say(body, kind):
    with pytest.raises(MalformedBody):
        read(body=body, content_type=kind)
