"""Numbers"""

import math
import statistics
from typing import Literal

_UNITS = {
    "m": ("length", 1), "km": ("length", 1000), "cm": ("length", 0.01), "mm": ("length", 0.001), "mi": ("length", 1609.344), "ft": ("length", 0.3048), "in": ("length", 0.0254), "yd": ("length", 0.9144),
    "kg": ("mass", 1), "g": ("mass", 0.001), "t": ("mass", 1000), "lb": ("mass", 0.45359237), "oz": ("mass", 0.028349523125),
    "l": ("volume", 1), "ml": ("volume", 0.001), "gal": ("volume", 3.785411784), "cup": ("volume", 0.2365882365),
    "s": ("time", 1), "min": ("time", 60), "h": ("time", 3600), "d": ("time", 86400),
    "kB": ("data", 1e3), "MB": ("data", 1e6), "GB": ("data", 1e9), "MiB": ("data", 2**20), "GiB": ("data", 2**30),
}  # fmt: skip


def convert_unit(value: float = 10, source: str = "km", target: str = "mi") -> dict:
    """Convert a value between units of length, mass, volume, time, data or temperature.

    Args:
        value: the figure to convert.
        source: unit it is given in: m km cm mm mi ft in yd kg g t lb oz l ml gal cup s min h d kB MB GB MiB GiB C F K.
        target: unit wanted, of the same kind.
    """
    heat = {"C": (1, 273.15), "F": (5 / 9, 459.67 * 5 / 9), "K": (1, 0)}
    if source in heat and target in heat:
        (a, b), (c, d) = heat[source], heat[target]
        return {"value": round((value * a + b - d) / c, 6), "unit": target}
    if source not in _UNITS or target not in _UNITS or _UNITS[source][0] != _UNITS[target][0]:
        raise ValueError(f"{source} cannot be converted to {target}.")
    return {"value": round(value * _UNITS[source][1] / _UNITS[target][1], 9), "unit": target}


def describe_numbers(numbers: list[float]) -> dict:
    """Work out count, sum, mean, median, spread, smallest and largest of a list of numbers.

    Args:
        numbers: at least one number.
    """
    if not numbers:
        raise ValueError("Give at least one number.")
    spread = statistics.stdev(numbers) if len(numbers) > 1 else 0.0
    return {"count": len(numbers), "sum": math.fsum(numbers), "mean": statistics.fmean(numbers), "median": statistics.median(numbers), "standard_deviation": spread, "min": min(numbers), "max": max(numbers)}


def loan_payment(amount: float = 20000, yearly_rate: float = 4.5, years: float = 5, rhythm: Literal["monthly", "quarterly", "yearly"] = "monthly") -> dict:
    """Work out the payment of a loan with equal payments, and the interest in all.

    Args:
        amount: what is borrowed.
        yearly_rate: interest in percent a year.
        years: how long.
        rhythm: how often is paid.
    """
    times = {"monthly": 12, "quarterly": 4, "yearly": 1}[rhythm]
    count, rate = round(years * times), yearly_rate / 100 / times
    if count < 1 or amount <= 0:
        raise ValueError("Amount and years must be above zero.")
    payment = amount / count if rate == 0 else amount * rate / (1 - (1 + rate) ** -count)
    return {"payment": round(payment, 2), "payments": count, "interest": round(payment * count - amount, 2)}
