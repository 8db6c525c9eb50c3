"""The fields of a bookmark. Change them here; routes, database and page follow."""

from pydantic import BaseModel, Field

PLURAL = "bookmarks"


class Item(BaseModel):
    title: str = Field(min_length=1, max_length=200)
    address: str = Field(max_length=2_000, pattern=r"^https?://\S+$", description="https://…")
    tags: str = Field("", max_length=200, description="Commas between them")


SAMPLES = [Item(title="Hugging Face", address="https://huggingface.co", tags="ai, models"), Item(title="FastAPI", address="https://fastapi.tiangolo.com", tags="python")]
