"""Local networks to publish to: nothing leaves the machine, and everything can be made to go wrong.

Each network is a pure model in a folder of its own (``threads/``), written from that network's public
documentation and from nothing of ours, so that a wrong reading on either side shows as a failing test.
:mod:`threadsync.sandbox.server` puts an HTTP server and a page around the models; the simulated world
runs the same models without sockets.
"""
