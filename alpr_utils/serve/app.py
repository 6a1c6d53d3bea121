"""The HTTP application: plates of pictures as JSON, its health and its counts."""

import asyncio
import json
import logging
import secrets
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timezone
from typing import Annotated, Any

import uvicorn
from fastapi import APIRouter, FastAPI, HTTPException, Query, Request, Security
from fastapi.responses import JSONResponse, Response
from fastapi.security import APIKeyHeader
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import ClientDisconnect

from alpr_utils.alpr import ALPR
from alpr_utils.errors import AlprError
from alpr_utils.results import picture_record
from alpr_utils.serve.bodies import drain, picture_of
from alpr_utils.serve.schema import REQUEST, RESPONSES
from alpr_utils.serve.service import Limits, Service

_KEY = APIKeyHeader(name="X-API-Key", auto_error=False)
_LAST_ANSWERS_S = 20

requests_log = logging.getLogger("alpr_utils.requests")  # one JSON object a request, level INFO


def create_app(alpr: ALPR, limits: Limits, api_key: str = "", log_texts: bool = False) -> FastAPI:
    """The application.

    Args:
        alpr: finds and reads.
        limits: what is taken.
        api_key: what the header ``X-API-Key`` has to say; empty: nothing.
        log_texts: names of pictures and texts of plates go to the log, too.

    Raises:
        ModelError: a model cannot be opened.
    """
    service = Service(alpr, limits)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        await asyncio.to_thread(service.stop)

    app = FastAPI(title="Licence plates", version="1", lifespan=lifespan, redoc_url=None)
    app.include_router(_reading(service, api_key, log_texts))
    app.include_router(_health(service))
    return app


def _reading(service: Service, api_key: str, log_texts: bool) -> APIRouter:
    router = APIRouter(dependencies=[Security(_KEY)] if api_key else None)  # only for the description

    @router.post(
        "/v1/read", responses=RESPONSES, openapi_extra=REQUEST, summary="Find and read the plates of a picture"
    )
    async def read(
        request: Request,
        crop: Annotated[bool, Query(description="The picture is one plate; nothing is detected.")] = False,
        name: Annotated[str, Query(max_length=255, description="What the answer calls the picture.")] = "",
    ) -> Response:
        start_s = time.monotonic()
        try:
            answer: Response = JSONResponse(record := await _record(service, request, crop, name, api_key))
        except HTTPException as error:
            record = {}
            answer = JSONResponse({"detail": error.detail}, error.status_code, error.headers)
        seconds = time.monotonic() - start_s
        service.metrics.requests.labels(answer.status_code).inc()
        service.metrics.seconds.observe(seconds)
        requests_log.info(_log_line(answer.status_code, seconds, record, log_texts))
        return answer

    return router


async def _record(service: Service, request: Request, crop: bool, name: str, api_key: str) -> dict[str, Any]:
    """What is answered.

    Raises:
        HTTPException: there is no answer.
    """
    limits, key = service.limits, request.headers.get(_KEY.model.name, "")
    refusal = None
    if api_key and not secrets.compare_digest(key.encode(), api_key.encode()):
        refusal = HTTPException(401, "The header X-API-Key is missing or wrong.", {"WWW-Authenticate": "ApiKey"})
    elif service.full:
        refusal = HTTPException(429, "Too many requests are waiting; come again later.", service.retry_after)
    if refusal:
        await _in_time(drain(request, limits.most_bytes), limits.timeout_s)
        raise refusal
    with service:
        content, own_name = await _in_time(picture_of(request, limits.most_bytes), limits.timeout_s)
        result = await service.read(content, crop)
    return picture_record(replace(result, name=name or own_name or result.name))


async def _in_time(coming: Any, timeout_s: float) -> Any:
    """The body, unless it comes too slowly or not at all."""
    try:
        return await asyncio.wait_for(coming, timeout_s)
    except asyncio.TimeoutError:
        detail = f"The request did not come within {timeout_s:g} seconds."
        raise HTTPException(408, detail, {"Connection": "close"}) from None
    except ClientDisconnect:
        raise HTTPException(400, "The request was cut off.") from None


def _log_line(status: int, seconds: float, record: dict[str, Any], texts: bool) -> str:
    line: dict[str, Any] = {
        "time": datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
        "status": status,
        "seconds": round(seconds, 4),
        **{key: record[key] for key in ("width", "height") if key in record},
        "plates": len(record.get("plates", ())),
    }
    if texts and record:
        line |= {"image": record["image"], "texts": [plate["text"] for plate in record["plates"]]}
    return json.dumps(line, ensure_ascii=False)


def _health(service: Service) -> APIRouter:
    router = APIRouter()

    @router.get("/healthz", summary="The process is alive")
    async def alive() -> dict[str, str]:
        return {"status": "alive"}

    @router.get("/readyz", summary="A picture would be taken now", responses={503: {"description": "Not now"}})
    async def ready() -> JSONResponse:
        return JSONResponse({"status": "ready" if service.ready else "busy"}, 200 if service.ready else 503)

    @router.get("/metrics", summary="Counts for Prometheus", response_class=Response)
    async def metrics() -> Response:
        return Response(generate_latest(service.metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return router


def listen(host: str, port: int) -> socket.socket:
    """The address to serve at, taken now.

    Raises:
        AlprError: it is taken by another program, or may not be used.
    """
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise AlprError(
            f"{host}:{port}: cannot be served at ({error.strerror}); choose another port or host."
        ) from None


def run(app: FastAPI, place: socket.socket) -> None:
    """Serve until the process is told to end; requests that are in work then are answered."""
    config = uvicorn.Config(
        app, log_config=None, log_level="warning", access_log=False, server_header=False,
        timeout_graceful_shutdown=_LAST_ANSWERS_S,
    )  # fmt: skip
    uvicorn.Server(config).run(sockets=[place])
