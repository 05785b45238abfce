"""Those who listen for changes of the page, and how they are told from another worker."""

from __future__ import annotations

import asyncio

from msgspec import Struct, field

from threadsync.web.showing import Change

LISTENERS_MAX = 32
"""So many pages may be open at once."""
WAITING_MAX = 16
"""So many changes wait for one page; one that takes them no faster is loaded anew instead."""


class Listener(Struct, eq=False):
    """One open page."""

    loop: asyncio.AbstractEventLoop
    waiting: asyncio.Queue[Change | None] = field(default_factory=asyncio.Queue)

    async def next(self) -> Change | None:
        """Return the next change; None at the end."""
        return await self.waiting.get()

    def put(self, change: Change | None) -> None:
        """Let it be told; called in its own loop."""
        if self.waiting.qsize() >= WAITING_MAX and change is not None:
            while not self.waiting.empty():
                self.waiting.get_nowait()
            change = Change(change.version, whole=True)
        self.waiting.put_nowait(change)


class Hub(Struct, eq=False):
    """Every open page."""

    listeners: set[Listener] = field(default_factory=set)
    is_over: bool = False

    def join(self) -> Listener | None:
        """Return a new listener of the running loop; None where there are too many, or at the end."""
        if self.is_over or len(self.listeners) >= LISTENERS_MAX:
            return None
        listener = Listener(asyncio.get_running_loop())
        self.listeners.add(listener)
        return listener

    def leave(self, listener: Listener) -> None:
        """Forget *listener*."""
        self.listeners.discard(listener)

    def tell(self, change: Change | None) -> None:
        """Tell every listener, from any worker; None is the end."""
        self.is_over = self.is_over or change is None
        for listener in tuple(self.listeners):
            if not listener.loop.is_closed():
                listener.loop.call_soon_threadsafe(listener.put, change)
