"""An app calls its own address, whatever client it uses, and a server that binds a port is served on the inherited socket."""

import httpx
import pytest

APP = b'''
import http.client, socket, urllib.request
import aiohttp, httpx
from fastapi import FastAPI
from websockets.asyncio.client import connect
from fastapi import WebSocket

app = FastAPI()
URL = "http://127.0.0.1:7860/answer"

@app.get("/answer")
def answer():
    return "mine"

@app.get("/urllib")
def by_urllib():
    return urllib.request.urlopen(URL).read().decode()

@app.get("/http.client")
def by_http_client():
    connection = http.client.HTTPConnection("localhost", 7860)
    connection.request("GET", "/answer")
    return connection.getresponse().read().decode()

@app.get("/httpx")
def by_httpx():
    with httpx.Client() as client:
        return [client.get(URL).text for _ in range(3)][-1]

@app.get("/httpx.AsyncClient")
async def by_httpx_async():
    async with httpx.AsyncClient() as client:
        return (await client.get("http://localhost:7860/answer")).text

@app.get("/aiohttp")
async def by_aiohttp():
    async with aiohttp.ClientSession() as session, session.get(URL) as answer:
        return await answer.text()

@app.websocket("/ws")
async def ws(socket: WebSocket):
    await socket.accept()
    await socket.send_text("mine")

@app.get("/websockets")
async def by_websockets():
    async with connect("ws://127.0.0.1:7860/ws") as connection:
        return await connection.recv()

early = ""
try:
    socket.create_connection(("127.0.0.1", 7860))
except ConnectionRefusedError as error:
    early = str(error)

@app.get("/early")
def early_call():
    return early
'''
CLIENTS = ["urllib", "http.client", "httpx", "httpx.AsyncClient", "aiohttp", "websockets"]


@pytest.fixture(scope="module")
def app(house):
    preview = house.start({"main.py": APP})
    yield preview
    house.stop(preview)


@pytest.mark.parametrize("client", CLIENTS)
def test_its_own_address_answers(house, app, client):
    answer = httpx.get(house.url(app, client), timeout=20)
    assert (answer.status_code, "mine" in answer.text) == (200, True), answer.text


def test_before_its_server_runs_the_refusal_says_so(house, app):
    assert "its server is not running" in httpx.get(house.url(app, "early")).text


def test_a_server_of_the_standard_library_gets_the_inherited_socket(house):
    server = b"""
import http.server, socketserver, threading
class Handler(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(repr((self.client_address, self.server.server_address)).encode())
http.server.ThreadingHTTPServer(("0.0.0.0", 7860), Handler).serve_forever()
"""
    preview = house.start({"app.py": server, "Dockerfile": b'FROM python\nCOPY . .\nCMD ["python", "app.py"]'})
    try:
        assert preview.address.socket is not None
        assert httpx.get(house.url(preview)).text == "(('127.0.0.1', 0), ('127.0.0.1', 7860))"
        assert '127.0.0.1 - - [' in "\n".join(line.text for line in preview.logs.lines())
    finally:
        house.stop(preview)
