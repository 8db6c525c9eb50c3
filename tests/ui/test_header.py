"""The bar: what was spent of what may be."""

from ui.parts import header


def test_the_bar_says_what_was_spent_of_the_sessions_limit():
    def bar(budget) -> str:
        return header.header(projects=[], project=None, hub="x", local=True, account=None, budget=budget)

    def session(spent, limit) -> dict:
        return {"session": {"limit": limit, "spent": spent, "left": None if limit is None else limit - spent}}

    assert "$0.03 of $1.00" in bar(session(0.03, 1.0)) and "is-warning" not in bar(session(0.03, 1.0)).split("spent-chip")[0][-40:]
    assert "$0.95 of $1.00" in bar(session(0.95, 1.0)) and 'is-warning" id="spent-chip"' in bar(session(0.95, 1.0))
    assert "&lt;$0.01 spent" in bar(session(0.00001, None)) and "$0 of $0" in bar(session(0, 0))
    assert "spent-chip" not in bar(None)
