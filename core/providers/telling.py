"""What is told of a run when it is over: what it cost, and why nobody answered. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from core.errors import NoModelFits, OverBudget, ProviderFailed, SpacesError, Unauthorized
from core.providers.values import Attempt, Skipped


def sums(attempts: Sequence[Attempt]) -> tuple[float | None, float | None]:
    """What all attempts cost, None when one of them is unknown; and then what that probably is, None when nobody can say."""
    known = guessed = 0.0
    unknown = unguessed = False
    for attempt in attempts:
        if attempt.cost_usd is not None:
            known += attempt.cost_usd
        elif attempt.estimate_usd is not None:
            unknown, guessed = True, guessed + attempt.estimate_usd
        else:
            unknown = unguessed = True
    return (None, None if unguessed else known + guessed) if unknown else (known, None)


def why_nobody(attempts: Sequence[Attempt], errors: Sequence[SpacesError], skipped: Sequence[Skipped], over_budget: OverBudget | None) -> SpacesError:
    """Why nobody answered, as one error."""
    tried = [attempt for attempt in attempts if attempt.error]
    if len(errors) == 1:
        return errors[0]
    if tried:
        said = "; ".join(str(attempt.error["message"]).rstrip(".") for attempt in tried[:4] if attempt.error)
        return ProviderFailed(f"The one attempt failed: {said}." if len(tried) == 1 else f"None of the {len(tried)} attempts was answered: {said}.")
    if over_budget:
        return over_budget
    if errors:
        return errors[0]
    reasons = {skip.reason for skip in skipped}
    if all("no key" in reason for reason in reasons):
        return Unauthorized("There is no key for any provider that could answer.", "Add a key on the Keys tab.")
    listed = "; ".join(f"{skip.provider}: {skip.reason}" for skip in skipped[:4])
    return NoModelFits(f"No configured model may answer this: {listed}.")
