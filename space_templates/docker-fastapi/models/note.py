"""The fields of a note. Change them here; routes, database and page follow."""

from pydantic import BaseModel, Field

PLURAL = "notes"


class Item(BaseModel):
    title: str = Field(min_length=1, max_length=200, description="What it is about")
    text: str = Field("", max_length=10_000, description="The note itself")
    pinned: bool = Field(False, description="Keep it on top")


SAMPLES = [Item(title="Welcome", text="Change this note or add your own.", pinned=True), Item(title="Idea", text="Sketch the front page.")]
