"""Requests from the service's own description and from hostile hands: it lives, never says 500, and stays small.

``SERVICE_REQUESTS`` is the number of requests of each kind; before a release 10000.
"""

import os
import random
import re
import socket
import threading
import urllib.request
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from served import PICTURE, served

REQUESTS = int(os.environ.get("SERVICE_REQUESTS", "60"))
KEY = "open"
MOST_GROWTH_MB = 60.0
PATIENCE_S = 0.2


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a service that asks for a key and takes requests of up to 0.1 MB."""
    key: Path = tmp_path_factory.mktemp("key") / "key.txt"
    key.write_text(KEY)
    limits = ["--most-megabytes", "0.1", "--timeout", "5"]
    with served("--port", "0", "--api-key-file", str(key), *limits) as (process, address):
        for said in (process.stdout, process.stderr):  # a full pipe would stop the service
            threading.Thread(target=deque, args=(said, 0), daemon=True).start()
        yield address
        assert process.poll() is None


@pytest.mark.parametrize("mode", ["POSITIVE", "NEGATIVE"])
def test_requests_of_the_description(service: str, mode: str) -> None:
    schemathesis = pytest.importorskip("schemathesis", reason="schemathesis, for Python 3.11 and newer, is missing")
    from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

    about_data = [negative_data_rejection, positive_data_acceptance]  # a description cannot say what is a picture

    def check(case: Any) -> None:
        case.call_and_validate(headers={"X-API-Key": KEY}, excluded_checks=about_data)

    rules = settings(max_examples=REQUESTS, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    operations = [found.ok() for found in schemathesis.openapi.from_url(f"{service}/openapi.json").get_all_operations()]
    assert len(operations) == 4
    for operation in operations:
        if mode == "POSITIVE" or operation.method == "post":  # others take nothing
            cases = operation.as_strategy(generation_mode=schemathesis.GenerationMode[mode])
            rules(given(cases)(check))()


def _hostile(chance: random.Random) -> bytes:
    """A request that was damaged as text, so that lengths, headers and bodies do not fit."""
    kind = chance.choice(["image/png", "application/json", "multipart/form-data; boundary=x", "multipart/form-data"])
    body = chance.choice(
        [
            PICTURE, b'{"picture": "%s"}' % chance.randbytes(9).hex().encode(), b"[" * 9000, chance.randbytes(200),
            b'--x\r\nContent-Disposition: form-data; name="picture"; filename="a"\r\n\r\n' + PICTURE + b"\r\n--x--\r\n",
        ]
    )  # fmt: skip
    head = f"POST /v1/read HTTP/1.1\r\nHost: a\r\nX-API-Key: {KEY}\r\nContent-Type: {kind}\r\nConnection: close\r\n"
    request = bytearray(head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    for _ in range(chance.randrange(4)):
        start = chance.randrange(len(request))
        request[start : start + chance.choice([0, 1, 9, 999])] = chance.choice(
            [b"", b"\0", b"\r\n", b"\xff\xfe", b"9" * 30, b"-1", b"Transfer-Encoding: chunked\r\n", chance.randbytes(5)]
        )
    return bytes(request)


def _status(address: str, request: bytes) -> str:
    """What the service answers, "" when it closes the connection or waits for more."""
    place = urlsplit(address)
    with socket.create_connection((place.hostname, place.port), timeout=20) as connection:
        connection.settimeout(PATIENCE_S)
        try:
            connection.sendall(request)
            answer = connection.recv(4096)
        except (ConnectionError, TimeoutError):
            return ""
    return answer[9:12].decode("ascii", "replace")


def _megabytes(address: str) -> float:
    with urllib.request.urlopen(f"{address}/metrics", timeout=20) as answer:
        return float(re.findall(r"^process_resident_memory_bytes (\S+)", answer.read().decode(), re.MULTILINE)[0]) / 1e6


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the metric exists on Linux only")
def test_hostile_requests(service: str) -> None:
    chance, statuses = random.Random(0), set()
    with ThreadPoolExecutor(8) as pool:
        for count in (50, REQUESTS):  # memory after the first few is what it needs
            before_mb = _megabytes(service)
            statuses |= set(pool.map(partial(_status, service), [_hostile(chance) for _ in range(count)]))
    assert {"200", "400", "422"} <= statuses <= {"", "200", "400", "401", "404", "405", "408", "413", "422", "501"}
    assert _status(service, b"GET /readyz HTTP/1.0\r\n\r\n") == "200"
    assert _megabytes(service) - before_mb < MOST_GROWTH_MB
