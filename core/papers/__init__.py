"""Papers for research: found, read by section, followed along their citations, and what the Hub holds of them.

Asks the Hub, Semantic Scholar, arXiv and ar5iv; says of each what it could not tell. Knows no model and no page.
"""

from core.papers.desk import Desk, Question, desk
from core.papers.ids import PaperId, paper_id
from core.papers.operations import OPERATIONS, answer

__all__ = ["OPERATIONS", "Desk", "PaperId", "Question", "answer", "desk", "paper_id"]
