"""Mend an app that does not work: known errors by rules, then a second try, then a model; never keeps a worse state.

Owns the table of known errors and what to do about them. Knows files and what was seen of the app; knows neither projects,
previews nor providers: it is given hands to look, write, go back and ask.
"""

from core.repair.asking import answer_of, conversation
from core.repair.fixes.packages import package_of
from core.repair.ladder import MOST_RUNGS, Hands, repair
from core.repair.rules import Fix, Rule, fixes, rules
from core.repair.values import Answer, Look, Outcome, Rung, Stage

__all__ = ["MOST_RUNGS", "Answer", "Fix", "Hands", "Look", "Outcome", "Rule", "Rung", "Stage", "answer_of", "conversation", "fixes", "package_of", "repair", "rules"]
