"""HEIC where its decoder, whose wheels are GPL, is not installed."""

import sys
from pathlib import Path

import pytest
from PIL import Image

from alpr_utils.errors import PictureError
from alpr_utils.images import read_image


def test_heic_without_its_decoder_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pillow_heif import register_heif_opener

    register_heif_opener()
    Image.new("RGB", (40, 20)).save(tmp_path / "a.heic")
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(PictureError, match=r"a\.heic: is HEIC; install its decoder with .* or save it as JPEG"):
        read_image(tmp_path / "a.heic")
