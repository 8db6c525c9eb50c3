"""What this service is called and about."""

import re

from item import PLURAL

TITLE = ${title}
ABOUT = ${about}
# It becomes a part of the address, so only letters, digits and hyphens are left of it.
RESOURCE = re.sub(r"[^a-z0-9]+", "-", str(${resource}).lower()).strip("-") or PLURAL
# The front page's files and /health keep their addresses.
_PARTS = re.findall(r"[A-Za-z0-9_-]+", str(${route}))
ROUTE = "/" + "/".join(_PARTS if _PARTS and _PARTS[0] not in ("page", "health") else ["api", RESOURCE])
MOST_ITEMS = 10_000
