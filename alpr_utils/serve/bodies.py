"""The picture in the body of a request, which never touches the disk."""

import base64
from collections.abc import AsyncGenerator

from fastapi import HTTPException, Request
from pydantic import BaseModel, ConfigDict
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

FIELD = "picture"  # of a form or of JSON
_MOST_NAME = 255


class PictureInJson(BaseModel):
    """The body of a JSON request."""

    model_config = ConfigDict(extra="forbid")

    picture: str


class _FormInMemory(MultiPartParser):
    spool_max_size = 1 << 40


async def _chunks(request: Request, most_bytes: int) -> AsyncGenerator[bytes, None]:
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > most_bytes:
            raise HTTPException(413, f"The request is larger than {most_bytes} bytes.", {"Connection": "close"})
        yield chunk


async def drain(request: Request, most_bytes: int) -> None:
    """Receive a body and forget it: who is still sending would not see the answer.

    Raises:
        HTTPException: 413, too large.
    """
    async for _ in _chunks(request, most_bytes):
        pass


async def picture_of(request: Request, most_bytes: int) -> tuple[bytes, str]:
    """The bytes of the picture file, and its name in a form, if it has one.

    Raises:
        HTTPException: 400 the body is not what its content type says; 413 it is too large.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    chunks = _chunks(request, most_bytes)
    if kind == "multipart/form-data":
        return await _of_form(request, chunks, most_bytes)
    content = b"".join([chunk async for chunk in chunks])
    return (_of_json(content) if kind == "application/json" else content), ""


async def _of_form(request: Request, chunks: AsyncGenerator[bytes, None], most_bytes: int) -> tuple[bytes, str]:
    parser = _FormInMemory(request.headers, chunks, max_files=1, max_fields=8, max_part_size=most_bytes)
    try:
        form = await parser.parse()
    except (MultiPartException, ValueError, LookupError):  # the latter two for impossible encodings
        raise HTTPException(400, "The body is not a complete form.") from None
    file = form.get(FIELD)
    if not isinstance(file, UploadFile):
        raise HTTPException(400, f"The form has no file in its field '{FIELD}'.")
    name = (file.filename or "")[:_MOST_NAME].encode("utf-8", "replace").decode()
    return await file.read(), name


def _of_json(content: bytes) -> bytes:
    try:
        return base64.b64decode(PictureInJson.model_validate_json(content).picture, validate=True)
    except ValueError:  # of pydantic and base64
        raise HTTPException(400, f'The body is not {{"{FIELD}": "<base64>"}}.') from None
