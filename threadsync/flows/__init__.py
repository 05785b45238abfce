"""Conversations with a network, as generators that touch nothing.

A *flow* is a generator. It yields an **effect** (a request, a note to put on record, a wait) and
is sent the **outcome** as a value. It opens no socket, reads no clock and draws no random number,
so the same flow runs in the program, in a test that answers from a list, and in a simulated world.

    def shelf(book: str) -> Flow[str]:
        answer = yield from send(Request("GET", f"/books/{book}"))
        match answer:
            case Response(status=200, json=found):
                return str(found["shelf"])
            case _:
                return "unknown"

``advance`` moves a flow by one step and is the only code that calls ``.send``; every driver (plain,
asyncio, the scheduler) is a loop around it. A forgotten ``yield from`` would do nothing, silently:
``tests/test_architecture.py`` looks for one.

A paused flow cannot be saved. What must outlive the process goes on record: a flow is handed the
notes of its earlier life and goes on after the last one.
"""
