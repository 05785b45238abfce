"""Forges (GitHub, GitLab, Forgejo): where files are reviewed, and where a plan is shown beside them.

What is asked of a forge are flows, as with networks: nothing here opens a socket, and the one transport
sends. A comment is no post; nothing of the promise hangs on it, and none of it is in the state.
"""
