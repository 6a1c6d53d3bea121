"""The HTTP service: what it answers, what it refuses, what it does not say."""

import asyncio
import base64
import io
import json
import logging
import re
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
from coloured import TEXTS, ColourDetector, ColourReader, coloured_alpr, road
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from starlette.testclient import TestClient

from alpr_utils import ALPR
from alpr_utils.detect.detector import Detection
from alpr_utils.results import picture_record
from alpr_utils.serve.app import create_app
from alpr_utils.serve.schema import Picture
from alpr_utils.serve.service import Limits

TEXT = TEXTS[0]


def png(image: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


PICTURE = png(road((0, 40, 60)))
CROP = png(road((0, 40, 60))[40:60, 60:100])


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    limits = Limits(most_bytes=100_000, most_pixels=1_000_000)
    with TestClient(create_app(coloured_alpr(), limits), raise_server_exceptions=False) as client:
        yield client


def test_the_answer_is_the_line_of_the_command(client: TestClient, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(PICTURE)
    (result,) = coloured_alpr().read_many(tmp_path / "a.png")
    line = json.loads(json.dumps(picture_record(result)))
    assert line["plates"][0]["text"] == TEXT
    in_json = {"picture": base64.b64encode(PICTURE).decode()}
    answers = [
        client.post("/v1/read", params={"name": "a.png"}, content=PICTURE, headers={"Content-Type": "image/png"}),
        client.post("/v1/read", params={"name": "a.png"}, content=PICTURE),
        client.post("/v1/read", files={"picture": ("a.png", PICTURE)}),
        client.post("/v1/read", params={"name": "a.png"}, json=in_json),
    ]
    for answer in answers:
        assert (answer.status_code, answer.json()) == (200, line)
        Picture.model_validate(answer.json())
    whole = client.post("/v1/read", params={"crop": True}, content=CROP).json()
    assert (whole["image"], whole["plates"][0]["box_pixels"]["xmax"], whole["plates"][0]["text"]) == (
        "picture",
        40,
        TEXT,
    )


@pytest.mark.parametrize(
    ("request_of", "status", "sentence"),
    [
        ({"content": b""}, 422, "empty file"),
        ({"content": PICTURE[:60]}, 422, "picture: "),
        ({"content": png(np.zeros((1100, 1000, 3), np.uint8))}, 422, "smaller than 1 million pixels"),
        ({"content": bytes(100_001)}, 413, "larger than 100000 bytes"),
        ({"files": {"picture": ("a", bytes(100_001))}}, 413, "larger"),
        ({"files": {"photo": ("a", PICTURE)}}, 400, "no file in its field 'picture'"),
        ({"data": {"picture": "a"}, "files": {"x": b""}}, 400, "no file"),
        ({"content": b"--a", "headers": {"Content-Type": "multipart/form-data"}}, 400, "complete form"),
        ({"json": {"picture": "?"}}, 400, "base64"),
        ({"json": [1]}, 400, "base64"),
        ({"content": b"[" * 50_000, "headers": {"Content-Type": "application/json"}}, 400, "base64"),
        ({"params": {"crop": "maybe"}, "content": PICTURE}, 422, "boolean"),
    ],
)
def test_requests_that_are_refused(
    client: TestClient, request_of: dict[str, object], status: int, sentence: str
) -> None:
    answer = client.post("/v1/read", **request_of)  # type: ignore[arg-type]
    assert answer.status_code == status
    assert sentence in str(answer.json()["detail"])


HEADER = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60)
KINDS = st.sampled_from(
    ["application/json", "multipart/form-data; boundary=x", "multipart/form-data; boundary=x; charset=unicode_escape",
     "multipart/form-data; boundary=x; charset=a\\0", "image/jpeg", ""]
)  # fmt: skip
PART = b'--x\r\nContent-Disposition: form-data; name="picture"; filename="\\ud800"\r\n\r\n%s\r\n--x--\r\n'
BODIES = st.one_of(
    st.binary(max_size=300),
    st.binary(max_size=100).map(lambda content: PART % content),
    st.integers(0, len(PART)).map(lambda end: PART[:end]),
    st.tuples(st.integers(0, len(PICTURE) - 1), st.integers(0, 255)).map(
        lambda change: PICTURE[: change[0]] + bytes([change[1]]) + PICTURE[change[0] + 1 :]
    ),
    st.recursive(st.none() | st.text(max_size=9), lambda inner: st.dictionaries(st.just("picture"), inner)).map(
        lambda value: json.dumps(value).encode()
    ),
)


@settings(max_examples=100, deadline=None)
@given(body=BODIES, kind=KINDS | HEADER, name=st.text(max_size=20), key=HEADER)
def test_malformed_requests_never_break_it(client: TestClient, body: bytes, kind: str, name: str, key: str) -> None:
    headers = {"Content-Type": kind, "X-API-Key": key}
    answer = client.post("/v1/read", params={"name": name.encode("utf-8", "replace")}, content=body, headers=headers)
    assert answer.status_code in (200, 400, 422)
    assert client.get("/readyz").status_code == 200


class GatedDetector(ColourDetector):
    """Looks at a picture when it may."""

    def __init__(self) -> None:
        self.gate = threading.Event()

    def detect(self, image: np.ndarray, min_score: float | None = None) -> list[Detection]:
        assert self.gate.wait(20)
        return super().detect(image, min_score)


def _at_once(alpr: ALPR, limits: Limits, work: Callable[[httpx.AsyncClient], Awaitable[None]]) -> None:
    async def run() -> None:
        app = create_app(alpr, limits)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service") as client,
        ):
            await work(client)

    asyncio.run(run())


def test_a_full_queue_says_when_to_come_again() -> None:
    detector = GatedDetector()

    async def work(client: httpx.AsyncClient) -> None:
        first = [asyncio.create_task(client.post("/v1/read", content=PICTURE)) for _ in range(3)]
        while (await client.get("/readyz")).status_code == 200:
            await asyncio.sleep(0.01)
        late = await client.post("/v1/read", content=PICTURE)
        assert late.status_code == 429
        assert int(late.headers["retry-after"]) >= 1
        assert (await client.get("/healthz")).status_code == 200
        assert "alpr_waiting 3.0" in (await client.get("/metrics")).text
        detector.gate.set()
        assert [answer.status_code for answer in await asyncio.gather(*first)] == [200] * 3
        assert (await client.post("/v1/read", content=PICTURE)).status_code == 200
        counts = (await client.get("/metrics")).text
        assert 'alpr_requests_total{status="429"} 1.0' in counts
        assert "alpr_plates_total 4.0" in counts

    _at_once(ALPR(detector, ColourReader()), Limits(most_waiting=3), work)


def test_what_takes_too_long_is_given_up() -> None:
    detector = GatedDetector()

    async def slow() -> AsyncIterator[bytes]:
        yield PICTURE[:9]
        await asyncio.sleep(5)

    async def work(client: httpx.AsyncClient) -> None:
        late = await client.post("/v1/read", content=PICTURE)
        assert (late.status_code, "retry-after" in late.headers) == (503, True)
        assert (await client.post("/v1/read", content=slow())).status_code == 408
        detector.gate.set()
        assert (await client.get("/readyz")).status_code == 200
        assert (await client.post("/v1/read", content=PICTURE)).json()["plates"][0]["text"] == TEXT

    _at_once(ALPR(detector, ColourReader()), Limits(timeout_s=0.3), work)


def test_a_picture_that_breaks_a_model_costs_only_itself() -> None:
    class Fragile(ColourDetector):
        def detect(self, image: np.ndarray, min_score: float | None = None) -> list[Detection]:
            if image.shape[0] == 7:
                raise RuntimeError("secret")
            return super().detect(image, min_score)

    with TestClient(create_app(ALPR(Fragile(), ColourReader()), Limits())) as client:
        answer = client.post("/v1/read", content=png(np.zeros((7, 9, 3), np.uint8)))
        assert answer.status_code == 500
        assert "secret" not in answer.text
        for _ in range(3):
            assert client.post("/v1/read", content=PICTURE).json()["plates"][0]["text"] == TEXT


def test_a_key(tmp_path: Path) -> None:
    with TestClient(create_app(coloured_alpr(), Limits(), api_key="open")) as client:
        for key in ({}, {"X-API-Key": "opem"}, {"X-API-Key": "ö"}):
            headers = {name: value.encode("latin-1") for name, value in key.items()}
            assert client.post("/v1/read", content=PICTURE, headers=headers).status_code == 401  # type: ignore[arg-type]
        assert client.post("/v1/read", content=PICTURE, headers={"X-API-Key": "open"}).status_code == 200
        assert client.get("/healthz").status_code == 200


def test_without_a_reader_there_are_no_crops() -> None:
    with TestClient(create_app(ALPR(ColourDetector(), None), Limits())) as client:
        assert client.post("/v1/read", content=PICTURE).json()["plates"][0]["text"] == ""
        assert "no reader" in client.post("/v1/read?crop=1", content=CROP).json()["detail"]


@pytest.mark.parametrize("asked", [False, True])
def test_logs_say_no_text_unless_asked(asked: bool, caplog: pytest.LogCaptureFixture) -> None:
    with (
        caplog.at_level(logging.DEBUG),
        TestClient(create_app(coloured_alpr(), Limits(), log_texts=asked)) as client,
    ):
        client.post("/v1/read", files={"picture": ("secret.png", PICTURE)})
        client.post("/v1/read", params={"name": "secret.png"}, content=PICTURE[:-30])
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("alpr_utils")]
    assert [(line["status"], line["plates"]) for line in map(json.loads, ours)] == [(200, 1), (422, 0)]
    assert (TEXT in "".join(ours), "secret" in "".join(ours)) == (asked, asked)


def test_the_description_is_complete(client: TestClient) -> None:
    description = client.get("/openapi.json").json()
    assert set(description["paths"]) == {"/v1/read", "/healthz", "/readyz", "/metrics"}
    body = description["paths"]["/v1/read"]["post"]["requestBody"]["content"]
    assert {"multipart/form-data", "application/json", "application/octet-stream"} <= set(body)
    for key in ("", "open"):
        described = create_app(coloured_alpr(), Limits(), key).openapi()["paths"]["/v1/read"]["post"]
        assert bool(described.get("security")) == bool(key)


@pytest.mark.skipif(sys.platform != "linux", reason="the metric exists on Linux only")
def test_memory_stays_flat(client: TestClient) -> None:
    content = png(np.full((300, 600, 3), 90, np.uint8))

    def megabytes_after(count: int) -> float:
        for _ in range(count):
            assert client.post("/v1/read", content=content).status_code == 200
        metrics = client.get("/metrics").text
        return float(re.findall(r"^process_resident_memory_bytes (\S+)", metrics, re.MULTILINE)[0]) / 1e6

    before = megabytes_after(50)
    assert megabytes_after(200) - before < 50  # one picture in memory has 0.5 MB
