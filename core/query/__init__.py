"""Programs over the Hub (code mode): a short async program joins, ranks and counts what helpers bring.

Knows the contract of such programs, the helpers, their limits, and the sandbox they run in. Knows neither who
asks (it is given a token and a client) nor how results are shown.
"""

from core.query.capabilities import capabilities
from core.query.contract import check
from core.query.gallery import gallery
from core.query.runtime import Outcome, run
from core.query.sandbox import Sandbox
from core.query.tables import HELPERS
from core.query.writing import conversation, program_of

__all__ = ["HELPERS", "Outcome", "Sandbox", "capabilities", "check", "conversation", "gallery", "program_of", "run"]
