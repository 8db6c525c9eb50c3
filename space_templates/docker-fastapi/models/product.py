"""The fields of a product. Change them here; routes, database and page follow."""

from pydantic import BaseModel, Field

PLURAL = "products"


class Item(BaseModel):
    name: str = Field(min_length=1, max_length=200)
    quantity: int = Field(0, ge=0, le=1_000_000, description="Pieces in stock")
    price: float = Field(0, ge=0, le=1_000_000, description="For one piece")


SAMPLES = [Item(name="Desk lamp", quantity=12, price=39), Item(name="Notebook", quantity=140, price=4.5)]
