"""The fields of a book (or film, or record). Change them here; routes, database and page follow."""

from pydantic import BaseModel, Field

PLURAL = "books"


class Item(BaseModel):
    title: str = Field(min_length=1, max_length=200)
    author: str = Field("", max_length=120, description="Who made it")
    year: int | None = Field(None, ge=-3000, le=2100)
    rating: int = Field(0, ge=0, le=5, description="0 (none) to 5")


SAMPLES = [Item(title="Frankenstein", author="Mary Shelley", year=1818, rating=5), Item(title="Emma", author="Jane Austen", year=1815, rating=4)]
