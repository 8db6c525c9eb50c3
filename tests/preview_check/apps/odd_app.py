"""Answers that no app should give."""

import asyncio

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, RedirectResponse, StreamingResponse

app = FastAPI()


@app.get("/", response_class=HTMLResponse)
def page():
    return "<title>Odd</title><h1>Odd</h1>"


@app.get("/circle")
def circle(request: Request):
    return RedirectResponse("circle")


@app.get("/slow")
async def slow():
    await asyncio.sleep(600)


@app.get("/error", response_class=HTMLResponse)
def error():
    return HTMLResponse("<h1>Broken</h1>", 500)


@app.get("/large", response_class=HTMLResponse)
def large():
    return "<title>Large</title><h1>Large</h1><pre>" + "x" * 79 * 12 + "\n" + ("y" * 79 + "\n") * 650_000 + "</pre>"


@app.get("/endless")
async def endless():
    async def pieces():
        yield b"<title>Endless</title><h1>Endless</h1>"
        while True:
            yield b"<p>more</p>"
            await asyncio.sleep(0.05)

    return StreamingResponse(pieces(), media_type="text/html")


@app.get("/download")
def download():
    return HTMLResponse("data", headers={"content-disposition": "attachment; filename=data.txt", "content-type": "application/octet-stream"})
