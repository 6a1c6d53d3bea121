"""Pictures of every kind come in upright and as RGB; bad ones are refused in one sentence."""

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from alpr_utils.errors import OutputError, PictureError
from alpr_utils.images import find_pictures, is_video, read_image, to_rgb, video_frames, write_image

RED, WHITE = (255, 0, 0), (255, 255, 255)


def test_grey_becomes_rgb(tmp_path: Path) -> None:
    Image.new("L", (6, 4), 77).save(tmp_path / "grey.png")
    image = read_image(tmp_path / "grey.png")
    assert (image.shape, image.dtype) == ((4, 6, 3), np.uint8)
    assert (image == 77).all()


def test_transparency_lies_over_white(tmp_path: Path) -> None:
    picture = Image.new("RGBA", (2, 1), (255, 0, 0, 255))
    picture.putpixel((1, 0), (0, 0, 0, 0))
    picture.save(tmp_path / "rgba.png")
    assert read_image(tmp_path / "rgba.png")[0].tolist() == [list(RED), list(WHITE)]


def test_palette_with_transparency(tmp_path: Path) -> None:
    picture = Image.new("P", (2, 1))
    picture.putpalette([255, 0, 0, 0, 0, 255])
    picture.putpixel((1, 0), 1)
    picture.save(tmp_path / "palette.png", transparency=1)
    assert read_image(tmp_path / "palette.png")[0].tolist() == [list(RED), list(WHITE)]


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_16_bit_grey_is_scaled(tmp_path: Path, suffix: str) -> None:
    values = np.array([[0, 257 * 100, 65535]], np.uint16)
    cv2.imwrite(str(tmp_path / f"deep{suffix}"), values)
    assert read_image(tmp_path / f"deep{suffix}")[0, :, 0].tolist() == [0, 100, 255]


def test_16_bit_colour_is_scaled(tmp_path: Path) -> None:
    values = np.zeros((1, 2, 3), np.uint16)
    values[0, 1] = (0, 0, 65535)  # OpenCV writes blue, green, red
    cv2.imwrite(str(tmp_path / "deep.png"), values)
    assert read_image(tmp_path / "deep.png")[0].tolist() == [[0, 0, 0], list(RED)]


def test_cmyk(tmp_path: Path) -> None:
    Image.new("CMYK", (8, 8), (0, 255, 255, 0)).save(tmp_path / "print.jpg", quality=100)
    assert np.abs(read_image(tmp_path / "print.jpg")[0, 0].astype(int) - RED).max() <= 3


@pytest.mark.parametrize(("orientation", "place"), [(1, (0, 0)), (3, (3, 5)), (6, (0, 3)), (8, (5, 0))])
def test_exif_rotation(tmp_path: Path, orientation: int, place: tuple[int, int]) -> None:
    picture = Image.new("RGB", (6, 4), "black")
    picture.putpixel((0, 0), RED)
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture.save(tmp_path / "turned.png", exif=exif)
    image = read_image(tmp_path / "turned.png")
    assert image.shape[:2] == ((4, 6) if orientation in (1, 3) else (6, 4))
    assert image[place].tolist() == list(RED)


def test_first_frame_of_an_animation(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (4, 4), colour) for colour in (RED, (0, 0, 255))]
    frames[0].save(tmp_path / "moving.webp", save_all=True, append_images=frames[1:], lossless=True)
    assert read_image(tmp_path / "moving.webp")[0, 0].tolist() == list(RED)


def test_8k_and_1x1(tmp_path: Path) -> None:
    Image.new("RGB", (7680, 4320), RED).save(tmp_path / "8k.bmp")
    assert read_image(tmp_path / "8k.bmp").shape == (4320, 7680, 3)
    Image.new("RGB", (1, 1)).save(tmp_path / "tiny.png")
    assert read_image(tmp_path / "tiny.png").shape == (1, 1, 3)


@pytest.mark.parametrize("name", ["Улаанбаатар зураг.png", "서울 주차장.jpg", "with space #1 (copy).webp"])
def test_names_in_other_scripts(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "Миний зураг 사진"
    write_image(folder / name, np.full((5, 7, 3), 200, np.uint8))
    assert read_image(folder / name).shape == (5, 7, 3)
    assert find_pictures([folder])[0] == find_pictures(str(folder))[0] == [folder / name]


def _missing(path: Path) -> None:
    pass


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _text(path: Path) -> None:
    path.write_text("no picture at all")


def _truncated_jpeg(path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[:1500])


def _truncated_png(path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    Image.fromarray(noise).save(path, "PNG")
    path.write_bytes(path.read_bytes()[:3000])


def _damaged_png(path: Path) -> None:
    Image.new("RGB", (64, 64), RED).save(path, "PNG")
    content = bytearray(path.read_bytes())
    content[40:60] = b"\xff" * 20
    path.write_bytes(content)


def _header_only(path: Path) -> None:
    path.write_bytes(b"\xff\xd8\xff\xe0")


def _zero_by_zero(path: Path) -> None:
    path.write_bytes(b"P6 0 0 255\n")


def _bomb(path: Path) -> None:
    header = struct.pack(">II5B", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    start = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", len(header)) + chunk + struct.pack(">I", zlib.crc32(chunk))
    path.write_bytes(start + struct.pack(">I", 9) + b"IDAT123456789" + bytes(4))


def _folder(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (_missing, "does not exist"),
        (_empty, "is an empty file"),
        (_text, "is not a picture"),
        (_truncated_jpeg, "is cut off or damaged"),
        (_truncated_png, "is cut off or damaged"),
        (_damaged_png, "damaged"),
        (_header_only, "is no picture|damaged"),
        (_zero_by_zero, "damaged|no picture|pixels"),
        (_bomb, "is too large"),
        (_folder, "is a folder"),
    ],
)
def test_bad_pictures_are_named_with_a_remedy(tmp_path: Path, make: Callable[[Path], None], message: str) -> None:
    path = tmp_path / "photo.jpg"
    make(path)
    with pytest.raises(PictureError, match=message) as error:
        read_image(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)
    assert str(error.value).endswith(".")


def _forbid(*_: object, **__: object) -> None:
    raise PermissionError(13, "Permission denied")


def test_file_without_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "secret.jpg"
    path.write_bytes(b"x")
    monkeypatch.setattr(Path, "open", _forbid)
    with pytest.raises(PictureError, match=r"secret\.jpg: cannot be opened \(Permission denied\)"):
        read_image(path)


def test_folder_without_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "iterdir", _forbid)
    found, (problem,) = find_pictures([tmp_path])
    assert found == []
    assert f"{tmp_path}: cannot be listed (Permission denied)" in str(problem)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("10.jpg", "2.jpg", "1.PNG", "notes.txt", "clip.mp4"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "3.jpg").write_bytes(b"x")
    return tmp_path


def test_folder_is_flat_and_counts_like_people(folder: Path) -> None:
    found, problems = find_pictures([folder])
    assert [path.name for path in found] == ["1.PNG", "2.jpg", "10.jpg", "clip.mp4"]
    assert problems == []


def test_files_and_globs_once_each(folder: Path) -> None:
    found, problems = find_pictures([folder / "10.jpg", str(folder / "*.jpg"), str(folder / "**" / "3.*")])
    assert [path.name for path in found] == ["10.jpg", "2.jpg", "3.jpg"]
    assert problems == []


def test_file_whose_name_looks_like_a_glob(tmp_path: Path) -> None:
    (tmp_path / "car [1].jpg").write_bytes(b"x")
    assert find_pictures([tmp_path / "car [1].jpg"])[0] == [tmp_path / "car [1].jpg"]


def test_paths_to_nowhere_do_not_stop_the_rest(folder: Path) -> None:
    (folder / "empty").mkdir()
    found, problems = find_pictures([folder / "99.jpg", folder / "2.jpg", folder / "*.gif", folder / "empty"])
    assert [path.name for path in found] == ["2.jpg"]
    assert [str(p).split(": ")[1].split(";")[0] for p in problems] == [
        "does not exist",
        "matches no file",
        "holds no picture or video (subfolders are not searched)",
    ]


@pytest.mark.parametrize("source", ["rtsp://10.0.0.5/stream", "http://10.0.0.5/a.mjpg", "0"])
def test_streams_and_cameras_are_to_be_watched(source: str) -> None:
    found, (problem,) = find_pictures([source])
    assert found == []
    assert str(problem) == f"{source}: is an address or a camera, not a file; give it to 'alpr watch'."


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 10, (64, 48))
    for brightness in (0, 50, 100, 150, 200):
        writer.write(np.full((48, 64, 3), (0, 0, brightness), np.uint8))
    writer.release()
    return path


def test_video_frames(video: Path) -> None:
    frames = list(video_frames(video, every=2))
    assert is_video(video)
    assert [number for number, _ in frames] == [0, 2, 4]
    assert frames[2][1].shape == (48, 64, 3)
    assert abs(int(frames[2][1][20, 20, 0]) - 200) < 12
    assert frames[2][1][20, 20, 2] < 12


def test_video_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").write_bytes(b"no video")
    with pytest.raises(PictureError, match=r"clip\.mp4: holds no frame"):
        list(video_frames(tmp_path / "clip.mp4"))
    with pytest.raises(PictureError, match="does not exist"):
        list(video_frames(tmp_path / "other.mp4"))


def test_written_pictures_come_back(tmp_path: Path) -> None:
    image = np.random.default_rng(0).integers(0, 255, (9, 11, 3), np.uint8)
    write_image(tmp_path / "new" / "a.png", image)
    assert (read_image(tmp_path / "new" / "a.png") == image).all()


def test_output_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    image = np.zeros((2, 2, 3), np.uint8)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match=r"a\.png: cannot be written"):
        write_image(tmp_path / "file" / "a.png", image)
    with pytest.raises(OutputError, match=r"a\.xyz: has no picture suffix"):
        write_image(tmp_path / "a.xyz", image)
    monkeypatch.setattr(Path, "write_bytes", _forbid)
    with pytest.raises(OutputError, match=r"cannot be written \(Permission denied\)"):
        write_image(tmp_path / "a.png", image)


@pytest.mark.parametrize(
    "array",
    [
        np.full((4, 6), 51, np.uint8),
        np.full((4, 6, 1), 51, np.uint8),
        np.full((4, 6, 3), 51, np.uint8),
        np.full((4, 6), 51 * 257, np.uint16),
        np.full((4, 6, 3), 51 * 257, np.uint16),
        np.full((4, 6, 3), 0.2, np.float32),
        np.full((4, 6), 0.2, np.float64),
        np.dstack([np.full((4, 6, 3), 51, np.uint8), np.full((4, 6), 255, np.uint8)]),
    ],
)
def test_arrays_of_every_kind_become_rgb(array: np.ndarray) -> None:
    image = to_rgb(array)
    assert (image.shape, image.dtype) == ((4, 6, 3), np.uint8)
    assert (image == 51).all()


def test_transparent_arrays_lie_over_white() -> None:
    assert (to_rgb(np.zeros((2, 2, 4), np.uint8)) == 255).all()


def test_paths_bytes_and_pillow_pictures(tmp_path: Path) -> None:
    Image.new("L", (6, 4), 77).save(tmp_path / "grey.png")
    path = tmp_path / "grey.png"
    for picture in (path, str(path), path.read_bytes(), Image.open(path)):
        assert (to_rgb(picture) == 77).all()


@pytest.mark.parametrize(
    ("picture", "message"),
    [
        (np.full((4, 6, 3), 51.0), "floats outside 0..1; divide them by 255"),
        (np.full((4, 6, 3), np.nan), "floats outside 0..1"),
        (np.zeros((4, 6, 3), np.int64), "is of int64; convert it to uint8"),
        (np.zeros((3, 40, 60), np.uint8), r"has the shape \(3, 40, 60\); give \(H, W\)"),
        (np.zeros((0, 6, 3), np.uint8), "has the shape"),
        (None, "NoneType: cannot be read as a picture; give a path"),
        ([[1, 2], [3, 4]], "list: cannot be read as a picture"),
        (b"", "bytes: is an empty file"),
        (b"nonsense", "bytes: is not a picture"),
    ],
)
def test_other_things_are_refused_in_one_sentence(picture: object, message: str) -> None:
    with pytest.raises(PictureError, match=message) as caught:
        to_rgb(picture)  # type: ignore[arg-type]
    assert len(str(caught.value).splitlines()) == 1
