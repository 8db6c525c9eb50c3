"""Odd requests of every kind: each gets an answer in the Hub's shape, none a server error."""

from __future__ import annotations

import http.client
import itertools
import shutil
import socket
import time

import pytest

from tests.hub.conftest import TOKENS

ODD = ["", "%00", "%2F", "..", "%2e%2e", "a%2Fb", "x" * 3000, "%ff", "%C3%A9", "-1", "~", "refs%2Fpr%2F1", "{}", "'", "a/../../b"]


@pytest.fixture(scope="module")
def repo(hub) -> str:
    return hub.api().create_repo("anna/odd", exist_ok=True).repo_id


def raw(hub, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
    """A request exactly as written: a client library would tidy the path."""
    connection = http.client.HTTPConnection("127.0.0.1", hub.port, timeout=30)
    try:
        connection.putrequest(method, path, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name.replace("_", "-"), value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answered = connection.getresponse()
        return answered.status, answered.read()
    finally:
        connection.close()


def test_odd_names_revisions_and_paths(hub, repo):
    login = {"Authorization": f"Bearer {TOKENS['anna']}"}
    shapes = [
        "/api/models/{}", "/api/models/anna/{}", "/api/models/{}/odd", f"/api/models/{repo}/revision/{{}}",
        f"/api/models/{repo}/tree/{{}}", f"/api/models/{repo}/tree/main/{{}}", f"/api/models/{repo}/commits/{{}}",
        f"/{repo}/resolve/{{}}/a", f"/{repo}/resolve/main/{{}}", f"/{repo}/raw/main/{{}}", f"/{repo}/{{}}", "/{}/info/refs",
        f"/api/models/{repo}/compare/{{}}", f"/api/models/{repo}/tree/main?limit={{}}", f"/api/models/{repo}/tree/main?cursor={{}}",
        f"/api/models/{repo}?expand={{}}", f"/api/models/{repo}/commits/main?p={{}}&limit={{}}", "/{}", "/api/{}",
    ]  # fmt: skip
    for shape, odd in itertools.product(shapes, ODD):
        path = shape.format(*[odd] * shape.count("{}"))
        try:
            status, body = raw(hub, "GET", path, **login)
        except http.client.HTTPException as error:
            raise AssertionError(path) from error
        assert status < 500 or status == 501, (path, body)
        assert b"Traceback" not in body


@pytest.mark.parametrize("path", ["preupload/main", "commit/main", "paths-info/main", "branch/x", "tag/main", "settings"])
def test_odd_bodies(hub, repo, path):
    method = "PUT" if path == "settings" else "POST"
    bodies = [b"", b"null", b"[]", b'"x"', b"{", b"\xff" * 100, b"[" * 200_000, b'{"files": [{"path": 5}]}', b'{"tag": null}',
              b'{"a":' * 5000, b'{"visibility": "secret", "files": {}, "tag": {}, "startingPoint": 7}']  # fmt: skip
    client = hub.http()
    for body, kind in itertools.product(bodies, ("application/json", "application/x-www-form-urlencoded")):
        answered = client.request(method, f"/api/models/{repo}/{path}", content=body, headers={"Content-Type": kind})
        assert answered.status_code < 500, (path, body[:50], answered.text)
        assert answered.headers["Content-Type"].startswith("application/json") and "Traceback" not in answered.text
    for branch in client.get(f"/api/models/{repo}/refs").json()["branches"]:
        if branch["name"] != "main":
            client.delete(f"/api/models/{repo}/branch/{branch['name']}")


def test_a_body_larger_than_its_kind_is_refused(hub, repo):
    answered = hub.http().post(f"/api/models/{repo}/preupload/main", content=b" " * 4_000_001)
    assert answered.status_code == 413 and answered.json()["error"]


def test_an_upload_the_disk_cannot_hold_is_refused_before_it_starts(hub, repo):
    headers = {"Authorization": f"Bearer {TOKENS['anna']}", "Content_Type": "application/x-ndjson"}
    announced = shutil.disk_usage(hub.data).free
    status, body = raw(hub, "POST", f"/api/models/{repo}/commit/main", None, **headers, Content_Length=str(announced))
    assert status == (413 if announced > 50 * 1000**3 else 507) and b"error" in body


def test_a_client_that_goes_away_leaves_nothing(hub, repo):
    head = f"POST /api/models/{repo}/commit/main HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKENS['anna']}\r\n"
    with socket.create_connection(("127.0.0.1", hub.port)) as client:
        client.sendall(f"{head}Content-Length: 5000000\r\n\r\n".encode() + b"x" * 2_000_000)
        time.sleep(0.3)
    until = time.monotonic() + 10
    while list((hub.data / "incoming").iterdir()) and time.monotonic() < until:
        time.sleep(0.05)
    assert not list((hub.data / "incoming").iterdir())
    assert hub.api().list_repo_files(repo) == [".gitattributes"]


def test_addresses_are_the_clients_own(hub, name):
    """The Hub may be reached by several names at once; each client gets addresses below the one it used."""
    host = f"localhost:{hub.port}"
    made = hub.http().post("/api/repos/create", json={"name": name}, headers={"Host": host}).json()
    assert made["url"] == f"http://{host}/anna/{name}"
    assert hub.http().post("/api/repos/create", json={"name": name + "x"}, headers={"Host": "a b/c"}).status_code == 400
    assert not hub.api().repo_exists(f"anna/{name}x")
