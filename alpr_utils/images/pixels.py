"""Any Pillow picture or array as uint8 (H, W, 3) RGB, in little memory."""

import numpy as np
from PIL import ExifTags, Image

from alpr_utils.errors import PictureError

_STRIPE_ROWS = 256  # converted at a time, so that no second picture of a wide mode is ever in memory
_DEEP = ("I", "F")  # modes of Pillow with one number a pixel that is not 0..255; all that begin with I;16 besides
_ALPHA = ("RGBA", "LA", "PA", "RGBa", "La")
_BIT_DEPTHS = (8, 10, 12, 14, 16)
# By the EXIF orientation: what turns an array upright.
_UPRIGHT = {
    2: lambda array: array[:, ::-1],
    3: lambda array: array[::-1, ::-1],
    4: lambda array: array[::-1],
    5: lambda array: array.swapaxes(0, 1),
    6: lambda array: array[::-1].swapaxes(0, 1),
    7: lambda array: array[::-1, ::-1].swapaxes(0, 1),
    8: lambda array: array[:, ::-1].swapaxes(0, 1),
}


def orientation_of(picture: Image.Image) -> int:
    """The EXIF orientation, 1 for upright and for what makes no sense."""
    found = picture.getexif().get(ExifTags.Base.Orientation, 1)
    return found if found in _UPRIGHT else 1


def upright(image: np.ndarray, orientation: int) -> np.ndarray:
    """The pixels of a picture as they are in its file, turned upright."""
    turn = _UPRIGHT.get(orientation)
    return np.ascontiguousarray(turn(image)) if turn else image


def from_pillow(picture: Image.Image, reduction: int = 1) -> np.ndarray:
    """Any Pillow mode to uint8 (H, W, 3) RGB; transparency is laid over white."""
    if picture.mode == "RGB" and reduction == 1 and "transparency" not in picture.info:
        return np.array(picture)
    deep = picture.mode in _DEEP or picture.mode.startswith("I;16")
    scale = _scale_to_8_bits(picture) if deep else 1.0
    width, height = picture.size
    image = np.empty((-(-height // reduction), -(-width // reduction), 3), np.uint8)
    rows = _STRIPE_ROWS * reduction
    for top in range(0, height, rows):
        stripe = picture.crop((0, top, width, min(top + rows, height)))
        stripe.info = picture.info
        part = _deep_stripe(stripe, scale) if deep else _shallow_stripe(stripe)
        part = part.reduce(reduction) if reduction > 1 else part
        image[top // reduction : top // reduction + part.height] = np.asarray(part)
    return image


def _shallow_stripe(stripe: Image.Image) -> Image.Image:
    if stripe.mode in _ALPHA or "transparency" in stripe.info:
        layer = stripe.convert("RGBA")
        stripe = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
    return stripe.convert("RGB")


def _deep_stripe(stripe: Image.Image, scale: float) -> Image.Image:
    grey = np.nan_to_num(np.asarray(stripe, np.float32)) * np.float32(scale)
    return Image.fromarray(np.clip(np.rint(grey), 0, 255).astype(np.uint8)).convert("RGB")


def _scale_to_8_bits(picture: Image.Image) -> float:
    """The factor from the range that a picture of whole numbers or floats uses to 0..255."""
    numbers = np.asarray(picture)
    finite = numbers[np.isfinite(numbers)] if picture.mode == "F" else numbers
    return _scale_of_range(float(finite.max()) if finite.size else 0.0, picture.mode == "F")


def _scale_of_range(largest: float, floats: bool) -> float:
    """255 / the end of the range in which ``largest`` lies: 0..1, or 8, 10, 12, 14 or 16 bits."""
    if floats and largest <= 1:
        return 255.0
    ends = (2**bits - 1 for bits in _BIT_DEPTHS)
    return 255.0 / next((end for end in ends if largest <= end), max(largest, 1.0))


def from_array(array: np.ndarray) -> np.ndarray:
    """Grey, RGB or RGBA of 8 bits, 16 bits or float 0..1 to uint8 (H, W, 3) RGB."""
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)) or array.size == 0:
        raise PictureError(f"array: has the shape {array.shape}; give (H, W), (H, W, 3) or (H, W, 4).")
    if array.dtype == np.uint16:
        array = np.rint(array / np.float32(257)).astype(np.uint8)
    elif np.issubdtype(array.dtype, np.floating):
        if not (array.min() >= 0 and array.max() <= 1):  # also refuses NaN
            raise PictureError("array: has floats outside 0..1; divide them by 255 or convert them to uint8.")
        array = np.rint(array * 255).astype(np.uint8)
    elif array.dtype != np.uint8:
        raise PictureError(f"array: is of {array.dtype}; convert it to uint8, uint16 or float 0..1.")
    if array.ndim == 3 and array.shape[2] == 3:
        return np.ascontiguousarray(array)
    return from_pillow(Image.fromarray(array[..., 0] if array.shape[2:] == (1,) else array))
