"""Which files are posts, wherever the project lies."""

from __future__ import annotations

from pathlib import Path

from tests.content.support import probe
from threadsync.content.media import MediaFinder
from threadsync.content.walking import walk
from threadsync.model.diagnostic import Diagnostic, Location


def test_a_project_may_be_the_root_of_a_disk(tmp_path: Path) -> None:
    """There the folder's name ends with a separator: so does every drive of Windows."""
    posts = tmp_path.resolve()
    (posts / "a.md").write_text("Hello.")
    (posts / "b.md").symlink_to("a.md")
    found = walk("/", str(posts))
    assert found.findings == ()
    assert [(each.file, each.key) for each in found.files] == [
        (f"{posts}/a.md"[1:], "a"),
        (f"{posts}/b.md"[1:], "b"),
    ]
    media = MediaFinder(Path("/"), probe).find(f"{posts}/b.md", "", Location("a.md"))
    assert not isinstance(media, Diagnostic), media
    assert media[0] == f"{posts}/b.md"[1:]
