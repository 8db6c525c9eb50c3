"""The routes. Types say what comes in and goes out; /openapi.json says the same to programs."""

from pathlib import Path as File
from typing import Annotated

from fastapi import FastAPI, HTTPException, Path, Query, Response
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles

from item import Item
from settings import ABOUT, RESOURCE, ROUTE, TITLE
from store import Full, Store

PAGE = File(__file__).with_name("page")
Id = Annotated[int, Path(ge=1, le=2**53)]


class Stored(Item):
    """An item as the database keeps it."""

    id: int


# The interactive docs load their code from elsewhere; the front page does without.
app = FastAPI(title=TITLE, description=ABOUT, version="1.0.0", docs_url=None, redoc_url=None)
store = Store()


@app.get("/health", tags=["service"])
def health() -> dict[str, str]:
    """Say that the service is up."""
    return {"status": "ok"}


@app.get(ROUTE, tags=[RESOURCE])
def list_items(
    response: Response,
    search: Annotated[str, Query(max_length=100)] = "",
    skip: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> list[Stored]:
    """List items, newest first; the header X-Total-Count holds how many there are."""
    response.headers["X-Total-Count"] = str(store.count())
    return store.list(search, skip, limit)


@app.get(ROUTE + "/{id}", tags=[RESOURCE])
def read_item(id: Id) -> Stored:
    """Read one item."""
    return found(store.get(id), id)


@app.post(ROUTE, status_code=201, tags=[RESOURCE])
def create_item(item: Item) -> Stored:
    """Add an item."""
    try:
        return store.add(item)
    except Full:
        raise HTTPException(507, "There is no room for more items; delete some first.") from None


@app.put(ROUTE + "/{id}", tags=[RESOURCE])
def replace_item(id: Id, item: Item) -> Stored:
    """Replace an item."""
    return found(store.replace(id, item), id)


@app.delete(ROUTE + "/{id}", status_code=204, tags=[RESOURCE])
def delete_item(id: Id) -> None:
    """Delete an item."""
    found(store.delete(id) or None, id)


@app.get("/", include_in_schema=False)
def front_page() -> FileResponse:
    return FileResponse(PAGE / "index.html")


app.mount("/page", StaticFiles(directory=PAGE), name="page")


def found(item, id: int):
    if item is None:
        raise HTTPException(404, f"There is no item {id}.")
    return item
