"""What the superuser may do in spite of the modes of files, taken from a test for a while."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

VERSION_3 = 0x20080522
"""``_LINUX_CAPABILITY_VERSION_3``: https://man7.org/linux/man-pages/man2/capget.2.html"""
OVERRIDES = 1 << 1 | 1 << 2
"""``CAP_DAC_OVERRIDE`` and ``CAP_DAC_READ_SEARCH``: https://man7.org/linux/man-pages/man7/capabilities.7.html"""


@contextmanager
def modes_in_force() -> Iterator[None]:
    """Let the modes of files hold for this thread: for the superuser too, who may else read and write all."""
    if os.geteuid() != 0:
        yield
        return
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "capset"):
        pytest.skip("the superuser here cannot lay down rights: what a mode forbids is not tested")
    header = (ctypes.c_uint32 * 2)(VERSION_3, 0)
    rights = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable; and these of the rights from 32 on
    assert libc.capget(header, rights) == 0
    effective = rights[0]
    rights[0] = effective & ~OVERRIDES
    assert libc.capset(header, rights) == 0
    try:
        yield
    finally:
        rights[0] = effective
        assert libc.capset(header, rights) == 0
