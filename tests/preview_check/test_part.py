"""What a checked app says of itself is text on our page, whatever it says."""

from ui.parts.check import check

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'"
FOUND = {
    "ready_ms": 1234,
    "steps": [{"step": 1, "do": "use", "ok": True, "text": HOSTILE}],
    "screenshot": {"mime": "image/png", "base64": 'AAAA" onload="alert(1)'},
    "verdict": {"ok": False, "problems": [HOSTILE], "notes": [HOSTILE], "checks": [{"name": "starts", "ok": True, "text": HOSTILE}]},
}


def test_everything_an_app_says_is_escaped():
    drawn = check(running=True, found=FOUND) + check(running=True, error={"message": HOSTILE, "fix": HOSTILE})
    assert "<script" not in drawn and "<img" not in drawn and "onload" not in drawn
    assert drawn.count("&lt;script&gt;") == 6


def test_a_picture_is_shown_only_as_its_own_bytes():
    shown = {**FOUND, "screenshot": {"mime": "image/png", "base64": "iVBORw0KGgo="}}
    assert 'src="data:image/png;base64,iVBORw0KGgo="' in check(running=True, found=shown)
    assert "<img" not in check(running=True, found={**FOUND, "screenshot": {"mime": "text/html", "base64": "AAAA"}})


def test_nothing_stands_there_while_nothing_runs():
    assert check(running=False) == ""
    assert "data-act=\"inspect\"" in check(running=True) and "disabled" in check(running=True, working=True)
