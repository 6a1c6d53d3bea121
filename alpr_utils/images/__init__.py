"""Pictures in and out: opened in one place, written in one place; every error about a picture is born here.

May import: `boxes`, `errors`.
"""

from alpr_utils.images.crops import CROP_MARGIN, HIDE_MARGIN, crop_plate, crop_window, hide_boxes
from alpr_utils.images.files import (
    BLURRED,
    CROP,
    DRAWING,
    PICTURE_SUFFIXES,
    VIDEO_SUFFIXES,
    check_video,
    find_pictures,
    frame_count,
    has_comment,
    is_video,
    natural_key,
    new_folder,
    video_frames,
    write_bytes,
    write_image,
    written_whole,
)
from alpr_utils.images.opening import (
    MOST_PIXELS,
    DecodedPicture,
    PictureInput,
    decode_content,
    decode_picture,
    picture_size,
    read_image,
    to_rgb,
    upright_file,
)

__all__ = [
    "BLURRED",
    "CROP",
    "CROP_MARGIN",
    "DRAWING",
    "HIDE_MARGIN",
    "MOST_PIXELS",
    "PICTURE_SUFFIXES",
    "VIDEO_SUFFIXES",
    "DecodedPicture",
    "PictureInput",
    "check_video",
    "crop_plate",
    "crop_window",
    "decode_content",
    "decode_picture",
    "find_pictures",
    "frame_count",
    "has_comment",
    "hide_boxes",
    "is_video",
    "natural_key",
    "new_folder",
    "picture_size",
    "read_image",
    "to_rgb",
    "upright_file",
    "video_frames",
    "write_bytes",
    "write_image",
    "written_whole",
]
