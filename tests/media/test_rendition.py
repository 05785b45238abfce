"""Renditions: pictures brought within a network's limits, and nothing else of them."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms

from threadsync.media import rendition
from threadsync.media.probe import probe
from threadsync.media.rendition import FOLDER, Made, RenditionProblem, Renditions, make, recipe_digest
from threadsync.model.capabilities import PictureLimits
from threadsync.model.ids import MediaDigest
from threadsync.model.post import MediaFacts

LIMITS = PictureLimits(("JPEG", "PNG"), 8_000_000, 320, 1440)
GPS, ORIENTATION, COMMENT = 0x8825, 0x0112, b"CANARY"


def encoded(picture: Image.Image, form: str, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, form, **options)
    return out.getvalue()


def noise(width: int, height: int, mode: str = "RGB") -> Image.Image:
    """A picture that hardly compresses, and is always the same."""
    wanted = width * height * len(mode)
    blocks = (hashlib.sha256(number.to_bytes(4, "big")).digest() for number in range(wanted // 32 + 1))
    return Image.frombytes(mode, (width, height), b"".join(blocks)[:wanted])


def flag(width: int = 1500, height: int = 1000) -> Image.Image:
    """Red above, blue below: which way it is turned can be seen."""
    picture = Image.new("RGB", (width, height), "red")
    picture.paste((0, 0, 255), (0, height // 2, width, height))
    return picture


def facts_of(tmp_path: Path, content: bytes) -> MediaFacts:
    path = tmp_path / "picture"
    path.write_bytes(content)
    found = probe(path)
    assert isinstance(found, MediaFacts), found
    return found


def made(tmp_path: Path, content: bytes, limits: PictureLimits = LIMITS) -> Made:
    return make(content, facts_of(tmp_path, content), limits)


def opened(result: Made) -> Image.Image:
    picture = Image.open(io.BytesIO(result.content))
    picture.load()
    assert (picture.format, picture.size) == (result.format, (result.width, result.height))
    return picture


def pixel(picture: Image.Image, x: float, y: float) -> tuple[int, ...]:
    at = (int(x * (picture.width - 1)), int(y * (picture.height - 1)))
    return cast("tuple[int, ...]", picture.getpixel(at))


# What is decided


SIDES = st.integers(1, 20_000)


@given(SIDES, SIDES, st.integers(1, 500), st.integers(500, 4000))
def test_a_fitted_size_is_within_the_limits_in_proportion_and_stays_as_it_is(
    width: int, height: int, narrowest: int, widest: int
) -> None:
    limits = PictureLimits(("JPEG",), 1, narrowest, widest)
    wide, high = limits.fitted_size(width, height)
    assert narrowest <= wide <= widest
    assert abs(high - height * wide / width) <= 1
    assert limits.fitted_size(wide, high) == (wide, high)
    if narrowest <= width <= widest:
        assert (wide, high) == (width, height)


@given(
    st.sampled_from(["JPEG", "PNG", "WEBP", "GIF"]),
    st.integers(1, 10_000_000),
    SIDES,
    st.booleans(),
    st.sampled_from(["image", "video", "unknown"]),
)
def test_only_a_still_picture_that_breaks_a_limit_is_fitted(
    form: str, size_bytes: int, width: int, animated: bool, kind: str
) -> None:
    facts = MediaFacts(MediaDigest(""), size_bytes, kind, form, width, 100, animated)
    breaks = form not in LIMITS.formats or size_bytes > 8_000_000 or not 320 <= width <= 1440
    assert LIMITS.needs_fitting(facts) is (kind == "image" and not animated and breaks)


def test_a_picture_whose_pixels_are_not_read_is_not_fitted() -> None:
    assert not LIMITS.needs_fitting(MediaFacts(MediaDigest(""), 9, "image", "HEIC", 0, 0))


# What is made


@pytest.mark.parametrize(
    ("form", "becomes"),
    [("JPEG", "JPEG"), ("PNG", "PNG"), ("WEBP", "JPEG"), ("GIF", "PNG"), ("BMP", "PNG"), ("TIFF", "PNG")],
)
def test_what_came_without_loss_stays_without_loss(tmp_path: Path, form: str, becomes: str) -> None:
    result = made(tmp_path, encoded(flag(), form))
    picture = opened(result)
    assert (result.format, picture.size) == (becomes, (1440, 960))
    red, blue = pixel(picture.convert("RGB"), 0.5, 0.1), pixel(picture.convert("RGB"), 0.5, 0.9)
    assert (red[0] > 240, red[2] < 60, blue[2] > 240, blue[0] < 60) == (True,) * 4


def test_too_many_bytes_cost_quality_before_size(tmp_path: Path) -> None:
    content = encoded(noise(1000, 600), "JPEG", quality=100, subsampling=0)
    limits = PictureLimits(("JPEG", "PNG"), 700_000, 320, 1440)
    assert len(content) > limits.bytes_max
    result = made(tmp_path, content, limits)
    assert len(result.content) <= limits.bytes_max
    assert (result.width, result.height) == (1000, 600)


def test_where_no_quality_is_small_enough_the_picture_gets_smaller(tmp_path: Path) -> None:
    limits = PictureLimits(("JPEG", "PNG"), 100_000, 320, 1440)
    result = made(tmp_path, encoded(noise(1000, 600), "PNG"), limits)
    assert result.format == "JPEG"
    assert len(result.content) <= limits.bytes_max
    assert 320 <= result.width < 1000
    assert abs(result.height - result.width * 0.6) <= 1


def test_of_all_qualities_and_sizes_the_best_that_is_small_enough_is_used(tmp_path: Path) -> None:
    content = encoded(noise(1000, 600), "JPEG", quality=100, subsampling=0)
    for bytes_max in (700_000, 150_000):
        limits = PictureLimits(("JPEG", "PNG"), bytes_max, 320, 1440)
        result = made(tmp_path, content, limits)
        assert 0.95 * bytes_max < len(result.content) <= bytes_max


def test_a_copy_that_has_to_keep_its_size_is_not_shrunk(tmp_path: Path) -> None:
    limits = PictureLimits(("JPEG",), 100_000, 1000, 1000)
    with pytest.raises(RenditionProblem, match="cannot be brought under"):
        made(tmp_path, encoded(noise(1000, 600), "JPEG"), limits)


def test_where_nothing_is_small_enough_that_is_said(tmp_path: Path) -> None:
    with pytest.raises(RenditionProblem, match="cannot be brought under 300 bytes"):
        made(tmp_path, encoded(noise(640, 640), "PNG"), PictureLimits(("JPEG", "PNG"), 300, 320, 1440))


def test_a_narrow_picture_is_made_as_wide_as_it_must_be(tmp_path: Path) -> None:
    result = made(tmp_path, encoded(flag(160, 100), "PNG"))
    assert (result.width, result.height) == (320, 200)


@pytest.mark.parametrize("form", ["JPEG", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_rendition_is_upright(tmp_path: Path, orientation: int, form: str) -> None:
    """Whichever way it lies in the file, red is where a viewer showed red, and nothing is squeezed."""
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    content = encoded(flag(3000, 2000), form, exif=exif)
    result = opened(made(tmp_path, content, PictureLimits(("JPEG",), 8_000_000, 320, 1440)))
    lies_on_its_side = orientation >= 5
    assert result.size == ((1440, 2160) if lies_on_its_side else (1440, 960))
    corners = {1: (0.5, 0.1), 2: (0.5, 0.1), 3: (0.5, 0.9), 4: (0.5, 0.9)}
    red_at = corners.get(orientation, (0.1, 0.5) if orientation in {5, 8} else (0.9, 0.5))
    assert pixel(result, *red_at)[0] > 240


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_nothing_but_pixels_goes_out(tmp_path: Path, form: str) -> None:
    exif = Image.Exif()
    exif[0x010E] = COMMENT.decode()
    exif.get_ifd(GPS)[29] = COMMENT.decode()
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    comment = {"comment": COMMENT} if form == "JPEG" else {}
    content = encoded(flag(), form, exif=exif, icc_profile=srgb, dpi=(72, 72), **comment)
    assert COMMENT in content
    result = made(tmp_path, content)
    picture = opened(result)
    assert COMMENT not in result.content
    assert not picture.getexif()
    assert not set(picture.info) & {"exif", "icc_profile", "comment", "dpi", "xmp"}


def test_colours_are_converted_to_srgb(tmp_path: Path) -> None:
    """A profile of its own means other colours by the same numbers; without it they must be sRGB's."""
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    swapped = swapped_red_and_blue(lab.tobytes())
    content = encoded(Image.new("RGB", (1500, 500), (255, 0, 0)), "PNG", icc_profile=swapped)
    red, _, blue = pixel(opened(made(tmp_path, content)).convert("RGB"), 0.5, 0.5)
    assert (blue > 240, red < 20) == (True, True)


def swapped_red_and_blue(profile: bytes) -> bytes:
    """Let the profile's red be blue, and its blue red, by swapping two names in its table of tags."""
    assert profile.count(b"rXYZ") == profile.count(b"bXYZ") == 1
    return profile.replace(b"rXYZ", b"?XYZ").replace(b"bXYZ", b"rXYZ").replace(b"?XYZ", b"bXYZ")


def test_a_broken_profile_counts_as_none_as_viewers_take_it(tmp_path: Path) -> None:
    content = encoded(flag(), "PNG", icc_profile=b"no profile at all")
    assert pixel(opened(made(tmp_path, content)).convert("RGB"), 0.5, 0.1) == (255, 0, 0)


def test_transparency_stays_where_the_network_takes_it_and_lies_on_white_paper_where_not(
    tmp_path: Path,
) -> None:
    picture = Image.new("RGBA", (1500, 1000), (0, 0, 0, 0))
    for form in ("PNG", "WEBP"):
        result = opened(made(tmp_path, encoded(picture, form)))
        assert pixel(result, 0.5, 0.5)[3] == 0
    only_jpeg = PictureLimits(("JPEG",), 8_000_000, 320, 1440)
    result = opened(made(tmp_path, encoded(picture, "PNG"), only_jpeg))
    assert pixel(result, 0.5, 0.5) == (255, 255, 255)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "I;16"])
def test_pixels_of_every_kind_of_png_are_understood(tmp_path: Path, mode: str) -> None:
    plain = Image.new("L", (1500, 1000), 200)
    picture = Image.new("I;16", (1500, 1000), 200 * 257) if mode == "I;16" else plain.convert(mode)
    shown = pixel(opened(made(tmp_path, encoded(picture, "PNG"))).convert("RGB"), 0.01, 0.01)
    assert all(abs(value - (255 if mode == "1" else 200)) <= 2 for value in shown)


def test_sixteen_bits_in_either_order_of_bytes_are_understood(tmp_path: Path) -> None:
    for mode in ("I;16", "I;16B"):
        content = encoded(Image.new(mode, (1500, 1000), 200 * 257), "TIFF")
        assert pixel(opened(made(tmp_path, content)), 0.5, 0.5) == (200, 200, 200), mode


def test_a_transparent_colour_that_eight_bits_cannot_name_is_a_problem(tmp_path: Path) -> None:
    """It would come out opaque, and nobody would have been told."""
    content = encoded(Image.new("I;16", (1500, 1000), 30_000), "PNG", transparency=30_000)
    with pytest.raises(RenditionProblem, match="one colour of 16 bits transparent"):
        made(tmp_path, content)
    content = encoded(Image.new("RGB", (1500, 1000), (1, 2, 3)), "PNG", transparency=(1, 2, 3))
    assert pixel(opened(made(tmp_path, content)), 0.5, 0.5)[3] == 0


def test_cmyk_is_understood(tmp_path: Path) -> None:
    content = encoded(flag().convert("CMYK"), "JPEG")
    assert pixel(opened(made(tmp_path, content)).convert("RGB"), 0.5, 0.1)[0] > 240


def test_pixels_of_a_kind_that_nobody_shows_are_a_problem(tmp_path: Path) -> None:
    with pytest.raises(RenditionProblem, match=r"pixels of a kind \(F\)"):
        made(tmp_path, encoded(Image.new("F", (1500, 1000)), "TIFF"))


def test_a_picture_whose_pixels_are_damaged_is_a_problem(tmp_path: Path) -> None:
    content = encoded(noise(400, 400), "BMP")
    with pytest.raises(RenditionProblem, match="damaged"):
        made(tmp_path, content[: len(content) // 2])


def test_a_rendition_is_the_same_every_time(tmp_path: Path) -> None:
    content = encoded(noise(1500, 400), "JPEG")
    assert made(tmp_path, content) == made(tmp_path, content)


def test_a_large_jpeg_is_decoded_smaller_and_comes_out_alike(tmp_path: Path) -> None:
    content = encoded(flag(6000, 4000), "JPEG")
    picture = opened(made(tmp_path, content)).convert("RGB")
    assert picture.size == (1440, 960)
    assert pixel(picture, 0.5, 0.45)[0] > 240
    assert pixel(picture, 0.5, 0.55)[2] > 240


# What is kept


@pytest.fixture
def wide(tmp_path: Path) -> MediaFacts:
    (tmp_path / "posts").mkdir()
    (tmp_path / "posts/map.png").write_bytes(encoded(flag(), "PNG"))
    found = probe(tmp_path / "posts/map.png")
    assert isinstance(found, MediaFacts)
    return found


def test_a_rendition_is_kept_by_the_digest_of_its_picture_and_its_recipe(
    tmp_path: Path, wide: MediaFacts
) -> None:
    found = Renditions(tmp_path).of("posts/map.png", wide, LIMITS)
    assert found.path == f"{FOLDER}/{wide.digest}-{recipe_digest(LIMITS)}.png"
    assert probe(tmp_path / found.path) == found.facts
    assert [file.name for file in (tmp_path / FOLDER).iterdir()] == [Path(found.path).name]


def test_what_was_made_is_remembered_whatever_would_be_made_now(
    tmp_path: Path, wide: MediaFacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another Pillow makes other bytes; what an interrupted run was about to send stays what it was."""
    first = Renditions(tmp_path).of("posts/map.png", wide, LIMITS)

    def unasked(*_: object) -> Made:
        raise AssertionError("it was made again")

    monkeypatch.setattr(rendition, "make", unasked)
    assert Renditions(tmp_path).of("posts/map.png", wide, LIMITS) == first


def test_other_limits_are_another_recipe(tmp_path: Path, wide: MediaFacts) -> None:
    narrow = PictureLimits(("JPEG", "PNG"), 8_000_000, 320, 1000)
    one = Renditions(tmp_path).of("posts/map.png", wide, LIMITS)
    other = Renditions(tmp_path).of("posts/map.png", wide, narrow)
    assert (one.facts.width, other.facts.width) == (1440, 1000)
    assert one.path != other.path


def test_a_damaged_rendition_is_made_again(tmp_path: Path, wide: MediaFacts) -> None:
    first = Renditions(tmp_path).of("posts/map.png", wide, LIMITS)
    content = (tmp_path / first.path).read_bytes()
    (tmp_path / first.path).write_bytes(content[: len(content) // 2])
    assert Renditions(tmp_path).of("posts/map.png", wide, LIMITS) == first
    assert (tmp_path / first.path).read_bytes() == content


def test_where_it_cannot_be_stored_it_can_still_be_shown(tmp_path: Path, wide: MediaFacts) -> None:
    """A plan needs no right to write."""
    (tmp_path / ".threadsync").write_text("a file, not a folder")
    found = Renditions(tmp_path).of("posts/map.png", wide, LIMITS)
    assert (found.facts.width, found.facts.height) == (1440, 960)
    assert not (tmp_path / found.path).exists()


def test_a_picture_that_changes_meanwhile_is_not_sent_under_its_old_name(
    tmp_path: Path, wide: MediaFacts
) -> None:
    (tmp_path / "posts/map.png").write_bytes(encoded(flag(1600, 900), "PNG"))
    with pytest.raises(RenditionProblem, match="changed while it was read"):
        Renditions(tmp_path).of("posts/map.png", wide, LIMITS)
    (tmp_path / "posts/map.png").unlink()
    with pytest.raises(RenditionProblem, match="cannot be read: No such file"):
        Renditions(tmp_path).of("posts/map.png", wide, LIMITS)


def test_only_what_is_needed_is_kept(tmp_path: Path, wide: MediaFacts) -> None:
    renditions = Renditions(tmp_path)
    renditions.keep(frozenset())  # nothing there yet
    found = renditions.of("posts/map.png", wide, LIMITS)
    (tmp_path / FOLDER / "of-a-picture-that-is-gone.jpg").touch()
    renditions.keep(frozenset({found.path}))
    assert [file.name for file in (tmp_path / FOLDER).iterdir()] == [Path(found.path).name]
    renditions.keep(frozenset())
    assert list((tmp_path / FOLDER).iterdir()) == []
