"""Whether a picture's file says more than its pixels: where and when it was taken, by what, of whom.

What a viewer needs for the colours and the size is no metadata. Markers and chunks are those of ISO/IEC
10918-1 (JPEG, with JFIF, ICC.1 and Adobe's own marker) and of https://www.w3.org/TR/png-3/.
"""

from __future__ import annotations

import os
from io import BufferedReader

_APPLICATION = range(0xE0, 0xF0)
_COMMENT, _SCAN = 0xFE, 0xDA
_PLAIN_SEGMENTS = {0xE0: b"JFIF\0", 0xE2: b"ICC_PROFILE\0", 0xEE: b"Adobe"}
_PLAIN_CHUNKS = frozenset(
    b"IHDR PLTE IDAT IEND tRNS gAMA cHRM sRGB iCCP cICP sBIT bKGD hIST sPLT pHYs acTL fcTL fdAT".split()
)


def has_metadata(file: BufferedReader, form: str) -> bool:
    """Whether the whole picture in *file* has any; only JPEG and PNG are looked into."""
    match form:
        case "JPEG":
            return _jpeg_has(file)
        case "PNG":
            return _png_has(file)
        case _:
            return False


def _jpeg_has(file: BufferedReader) -> bool:
    file.seek(2)
    while len(header := file.read(4)) == 4 and header[0] == 0xFF and header[1] != _SCAN:
        marker, length = header[1], int.from_bytes(header[2:], "big") - 2
        start = file.read(max(0, min(length, 12)))
        plain = _PLAIN_SEGMENTS.get(marker)
        if marker == _COMMENT or (marker in _APPLICATION and (plain is None or not start.startswith(plain))):
            return True
        file.seek(length - len(start), os.SEEK_CUR)
    # Phones put a short film, or a second picture, behind the first; both can say where they were taken.
    file.seek(-2, os.SEEK_END)
    return file.read(2) != b"\xff\xd9"


def _png_has(file: BufferedReader) -> bool:
    file.seek(8)
    while len(header := file.read(8)) == 8:
        kind = header[4:]
        if kind not in _PLAIN_CHUNKS:
            return True
        file.seek(int.from_bytes(header[:4], "big") + 4, os.SEEK_CUR)
        if kind == b"IEND":
            return file.read(1) != b""
    return False
