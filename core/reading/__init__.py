"""Read public services that are not the Hub: Semantic Scholar, arXiv, GitHub and their like. Bounded in every direction.

A `Source` says which one: its address, where its redirects may lead, and the key that only its own host is shown.
`Reader` asks it: no cookies, no proxies of the environment, no address outside the source's own list, one repeat,
one short wait; what takes longer is told to whoever asked instead of being slept through.
"""

from core.reading.reader import LONGEST_WAIT, Reader, abandon, tls
from core.reading.sitting import sitting
from core.reading.source import Read, Source, SourceUnavailable

__all__ = ["LONGEST_WAIT", "Read", "Reader", "Source", "SourceUnavailable", "abandon", "sitting", "tls"]
