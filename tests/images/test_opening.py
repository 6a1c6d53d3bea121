"""Which pictures are opened, what damage is forgiven, and what files are left alone."""

import io
import logging
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from alpr_utils.errors import OutputError, PictureError
from alpr_utils.images import (
    DRAWING,
    decode_content,
    decode_picture,
    find_pictures,
    has_comment,
    opening,
    picture_size,
    read_image,
    to_rgb,
    upright_file,
    write_bytes,
    write_image,
)


@pytest.fixture
def colours() -> np.ndarray:
    """uint8 (40, 60, 3): four areas of different colours."""
    corners = np.array([[[250, 20, 20], [20, 250, 20]], [[20, 20, 250], [240, 240, 20]]], np.uint8)
    return corners.repeat(20, axis=0).repeat(30, axis=1)


@pytest.mark.parametrize("name", ["a.heic", "a.avif", "a.jp2", "a.jfif", "a.mpo", "a.Jpg"])
def test_what_telephones_write_is_read(tmp_path: Path, colours: np.ndarray, name: str) -> None:
    from pillow_heif import register_heif_opener

    register_heif_opener()
    Image.fromarray(colours).save(tmp_path / name)
    assert find_pictures(tmp_path) == ([tmp_path / name], [])
    image = read_image(tmp_path / name)
    assert image.shape == colours.shape
    assert np.abs(image[10, 15].astype(int) - colours[10, 15]).max() < 25


def test_only_named_formats_are_opened(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n%%EOF\n")
    with pytest.raises(PictureError, match="is not a picture"):
        read_image(tmp_path / "photo.jpg")


def test_a_header_that_claims_more_than_there_is(tmp_path: Path, colours: np.ndarray) -> None:
    content = bytearray(_jpeg(colours))
    sides = content.index(b"\xff\xc0") + 5
    content[sides : sides + 4] = 2 * (10_000).to_bytes(2, "big")
    with pytest.raises(PictureError, match=r"a\.jpg: is cut off or damaged"):
        decode_content(bytes(content), "a.jpg")
    plain = Image.new("RGB", (6000, 6000), (9, 200, 9))  # nothing is smaller
    plain.save(tmp_path / "p.jpg", quality=1, optimize=True, progressive=True)
    assert read_image(tmp_path / "p.jpg").shape == (6000, 6000, 3)


def _jpeg(image: np.ndarray, **options: object) -> bytes:
    content = io.BytesIO()
    Image.fromarray(image).save(content, "JPEG", **options)
    return content.getvalue()


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_a_jpeg_without_its_last_bytes_is_read_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, orientation: int
) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (400, 600, 3), np.uint8)
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = _jpeg(noise, exif=exif)
    path = tmp_path / "a.jpg"
    path.write_bytes(content[: -len(content) // 30])
    assert read_image(path).size == noise.size
    assert "a.jpg: its end is damaged" in caplog.text
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(PictureError, match="is cut off or damaged"):
        read_image(path)


def test_only_regular_files_of_a_sensible_size_are_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "1.jpg")
    with pytest.raises(PictureError, match="is not a regular file"):
        read_image(tmp_path / "1.jpg")
    with (tmp_path / "2.jpg").open("wb") as file:
        file.truncate(6_000_000_000)
    with pytest.raises(PictureError, match="is larger than 200 MB"):
        read_image(tmp_path / "2.jpg")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "I;16", "F", "CMYK", "P", "1"])
def test_very_large_pictures_are_kept_at_half_their_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, mode: str
) -> None:
    monkeypatch.setattr(opening, "_KEPT_PIXELS", 100_000)
    picture = Image.fromarray(np.full((601, 303), 77, np.uint8))
    if mode == "I;16":
        picture = Image.fromarray(np.full((601, 303), 77 * 257, np.uint16))
    elif mode != "L":
        picture = picture.convert("F" if mode == "F" else "RGB").convert(mode)
    try:
        picture.save(tmp_path / "large", kind)
    except OSError:
        pytest.skip(f"there is no {kind} of mode {mode}")
    decoded = decode_picture(tmp_path / "large")
    assert (decoded.height, decoded.width) == (601, 303)
    assert decoded.image.shape == (301, 152, 3)
    assert mode in ("1", "P") or abs(int(decoded.image[-1, -1, 0]) - 77) <= 3


def test_pictures_beyond_the_limit_are_refused(tmp_path: Path) -> None:
    Image.new("L", (1001, 1000)).save(tmp_path / "a.png")
    with pytest.raises(PictureError, match="is too large; make it smaller than 1 million pixels"):
        decode_content((tmp_path / "a.png").read_bytes(), "a.png", 1_000_000)


@pytest.mark.parametrize("largest", [1.0, 255, 1023, 4095, 16383, 65535])
def test_deep_grey_is_scaled_by_the_range_that_is_used(tmp_path: Path, largest: float) -> None:
    numbers = np.array([[0, 0.5, 1]]) * largest
    picture = Image.fromarray(numbers.astype(np.float32) if largest == 1 else numbers.round().astype(np.uint16))
    picture.save(tmp_path / "deep.tif")
    assert np.abs(read_image(tmp_path / "deep.tif")[0, :, 0] - np.array([0, 127.5, 255])).max() <= 1


@pytest.mark.parametrize("orientation", range(1, 9))
def test_size_and_upright_file(tmp_path: Path, colours: np.ndarray, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / "a.jpg"
    path.write_bytes(_jpeg(colours, exif=exif, quality=95))
    image = read_image(path)
    assert picture_size(path) == (*image.shape[:2], orientation >= 5)
    content, form = upright_file(path)
    assert form == "jpeg"
    assert (content == path.read_bytes()) == (orientation == 1)
    stored = np.asarray(Image.open(io.BytesIO(content)))
    assert np.abs(stored.astype(int) - image).mean() < 3


def test_open_files_are_read(tmp_path: Path, colours: np.ndarray) -> None:
    write_image(tmp_path / "a.png", colours)
    with (tmp_path / "a.png").open("rb") as file:
        assert (to_rgb(file) == colours).all()
    assert (to_rgb(io.BytesIO((tmp_path / "a.png").read_bytes())) == colours).all()
    with pytest.raises(PictureError, match="is open for text"):
        to_rgb(io.StringIO("text"))  # type: ignore[arg-type]


def test_own_drawings_are_no_inputs(tmp_path: Path, colours: np.ndarray, caplog: pytest.LogCaptureFixture) -> None:
    write_image(tmp_path / "a.jpg", colours)
    write_image(tmp_path / "a_drawn.jpg", colours, DRAWING)
    assert has_comment(tmp_path / "a_drawn.jpg", DRAWING) and not has_comment(tmp_path / "a.jpg", DRAWING)
    assert find_pictures(tmp_path) == ([tmp_path / "a.jpg"], [])
    assert find_pictures(tmp_path / "*.jpg") == ([tmp_path / "a.jpg"], [])
    assert "left out 1 drawing of an earlier run" in caplog.text


def test_what_is_left_out_is_named_with_its_number(
    tmp_path: Path, colours: np.ndarray, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    for name in ("b.CR2", "c.cr2", "d.psd", "labels.xml", "plates.csv"):
        (tmp_path / name).write_bytes(b"x")
    write_image(tmp_path / "a.jpg", colours)
    assert find_pictures(tmp_path)[0] == [tmp_path / "a.jpg"]
    assert "left out files that are neither picture nor video: 2 .cr2, 1 .psd." in caplog.text


def test_results_are_whole_or_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def half(path: Path, content: bytes) -> None:
        with path.open("wb") as file:
            file.write(content[:2])
        raise OSError(28, "No space left on device")

    target = tmp_path / "a.json"
    write_bytes(target, b"before")
    monkeypatch.setattr(Path, "write_bytes", half)
    with pytest.raises(OutputError, match="No space left on device"):
        write_bytes(target, b"afterwards")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a.json": b"before"}


@pytest.mark.slow
def test_memory_is_bounded_for_the_largest_picture(tmp_path: Path) -> None:
    Image.new("RGB", (13_300, 9_000), (90, 120, 90)).save(tmp_path / "a.jpg", progressive=True, subsampling=0)
    code = (
        "import sys; from alpr_utils import ALPR; from alpr_utils.runtime.memory import peak_mb;"
        "ALPR(reader='crnn_small').read(sys.argv[1]); print(peak_mb())"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "a.jpg")], capture_output=True, text=True)
    assert float(done.stdout) < 1200, done.stderr


def test_what_a_decoder_says_in_two_lines_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def load(picture: Image.Image) -> None:
        raise ValueError("box at 416\nout of bounds\n")

    write_image(tmp_path / "a.png", np.zeros((20, 40, 3), np.uint8))
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", load)
    with pytest.raises(PictureError, match=r"^.*a\.png: .*box at 416 out of bounds .*again\.$"):
        read_image(tmp_path / "a.png")
