import asyncio
import os
import sys

from fastapi import FastAPI, Request, Response, WebSocket
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, StreamingResponse

app = FastAPI()


@app.get("/", response_class=HTMLResponse)
def page():
    return '<!DOCTYPE html><html><head><title>App</title></head><body><a href="/go">go</a><img src="//cdn.example/x.png"></body></html>'


@app.get("/seen")
def seen(request: Request):
    return {"headers": request.headers.raw and [[n.decode(), v.decode()] for n, v in request.headers.raw], "url": str(request.url)}


@app.get("/process")
def process():
    return {"environment": dict(os.environ), "arguments": sys.argv, "pid": os.getpid(), "descriptors": len(os.listdir("/proc/self/fd"))}


@app.get("/go")
def go(to: str = "/there?x=1"):
    return RedirectResponse(to)


@app.get("/there")
def there():
    return PlainTextResponse("there")


@app.get("/cookie")
def cookie(request: Request, response: Response):
    response = JSONResponse({"got": request.cookies})
    response.set_cookie("seat", "mine")
    response.headers["Clear-Site-Data"] = '"*"'
    response.headers["Access-Control-Allow-Origin"] = "https://evil.example"
    response.headers["Content-Security-Policy"] = "default-src *"
    response.headers["Service-Worker-Allowed"] = "/"
    response.headers["X-Frame-Options"] = "DENY"
    response.headers["Link"] = "</x>; rel=preload"
    response.headers["Refresh"] = "0; url=https://evil.example"
    return response


@app.get("/stream")
async def stream():
    async def lines():
        for number in range(4):
            yield f"data: {number}\n\n"
            await asyncio.sleep(0.15)

    return StreamingResponse(lines(), media_type="text/event-stream")


@app.get("/events")
async def events():
    async def lines():
        while True:
            yield "data: tick\n\n"
            await asyncio.sleep(0.05)

    return StreamingResponse(lines(), media_type="text/event-stream")


gone = asyncio.Event()


@app.get("/forever")
async def forever():
    async def lines():
        try:
            while True:
                yield "tick\n"
                await asyncio.sleep(0.05)
        finally:
            gone.set()

    return StreamingResponse(lines())


@app.get("/was-left")
async def was_left():
    await asyncio.wait_for(gone.wait(), 5)
    return True


@app.api_route("/echo/{rest:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def echo(request: Request, rest: str):
    body = await request.body()
    return {"raw": request.scope["raw_path"].decode(), "query": request.url.query, "size": len(body), "method": request.method}


@app.get("/slow")
async def slow():
    await asyncio.sleep(30)


@app.get("/broken")
def broken():
    raise RuntimeError("on purpose")


@app.websocket("/ws")
async def ws(socket: WebSocket):
    await socket.accept(subprotocol="second" if "second" in socket.scope["subprotocols"] else None)
    await socket.send_json({"origin": socket.headers.get("origin"), "cookie": socket.headers.get("cookie")})
    while True:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            return
        if message.get("text") == "bye":
            await socket.close(4001, "as asked")
            return
        if message.get("bytes") is not None:
            await socket.send_bytes(message["bytes"][::-1])
        else:
            await socket.send_text("echo " + message["text"])
