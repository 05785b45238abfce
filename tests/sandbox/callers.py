"""A sandbox to call over a socket, and who calls it."""

from __future__ import annotations

import requests

from threadsync.sandbox.settings import SandboxSettings
from threadsync.sandbox.threads import Switches

NOON = 1_790_000_000.0
AT_ONCE = Switches(image_delay_seconds=0, carousel_delay_seconds=0, video_delay_seconds=0)
SETTINGS = SandboxSettings(seed=7, clock=lambda: NOON, switches=AT_ONCE)


class Caller:
    """A client with the token of one profile."""

    def __init__(self, sandbox, name="lift_report"):
        self._sandbox, self._token = sandbox, sandbox.token(name)

    def __call__(self, method, path, **params):
        with requests.request(
            method,
            self._sandbox.base_url + path,
            data=params if method == "POST" else None,
            params=params if method != "POST" else None,
            headers={"Authorization": f"Bearer {self._token}"},
            timeout=10,
        ) as answer:
            return answer

    def post(self, **params):
        container = self(
            "POST", "/v1.0/me/threads", **{"media_type": "TEXT", "text": "Lifts", **params}
        ).json()
        return self("POST", "/v1.0/me/threads_publish", creation_id=container["id"]).json()["id"]
