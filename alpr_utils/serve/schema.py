"""What the OpenAPI page says about `POST /v1/read`."""

from typing import Any

from pydantic import BaseModel, ConfigDict

from alpr_utils.serve.bodies import FIELD, PictureInJson


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid")


class BoxPixels(_Record):
    """A box in whole pixels of the upright picture."""

    xmin: int
    ymin: int
    xmax: int
    ymax: int


class Alternative(_Record):
    """Another likely text."""

    text: str
    text_score: float


class Plate(_Record):
    """A plate as `alpr_utils.results.plate_record` makes it."""

    detection_score: float
    text: str
    text_score: float
    char_scores: list[float]
    rows: int
    country: str
    shown_text: str
    alternatives: list[Alternative]
    box_pixels: BoxPixels


class Picture(_Record):
    """A picture as `alpr_utils.results.picture_record` makes it."""

    image: str
    width: int
    height: int
    plates: list[Plate]


class Refusal(BaseModel):
    """Why there is no answer, in one sentence."""

    detail: str


_FILE = {"type": "string", "format": "binary"}
REQUEST: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "image/*": {"schema": _FILE},
            "application/octet-stream": {"schema": _FILE},
            "multipart/form-data": {
                "schema": {"type": "object", "properties": {FIELD: _FILE}, "required": [FIELD]},
            },
            "application/json": {"schema": PictureInJson.model_json_schema()},
        },
    }
}
RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"model": Picture, "description": "The plates, best first"},
    400: {"model": Refusal, "description": "The body is not what its content type says"},
    401: {"model": Refusal, "description": "The API key is missing or wrong"},
    408: {"model": Refusal, "description": "The body did not come in time"},
    413: {"model": Refusal, "description": "The body is too large"},
    422: {"description": "The picture, or a parameter, cannot be used"},
    429: {"model": Refusal, "description": "Too many requests are waiting; see Retry-After"},
    503: {"model": Refusal, "description": "The picture was not read in time; see Retry-After"},
}
