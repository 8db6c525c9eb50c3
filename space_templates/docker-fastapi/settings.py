"""What this service is called and about."""

import re

from item import PLURAL

TITLE = ${title}
ABOUT = ${about}
# It becomes a part of the address, so only letters, digits and hyphens are left of it.
RESOURCE = re.sub(r"[^a-z0-9]+", "-", str(${resource}).lower()).strip("-") or PLURAL
MOST_ITEMS = 10_000
