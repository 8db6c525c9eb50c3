"""What a card may not do, whatever is written in it."""

import re

import pytest

from ui.parts.card import card

BASE = "https://huggingface.co/someone/something/resolve/main/"


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        '<img src=x onerror="alert(1)">',
        '<a href="javascript:alert(1)">x</a>',
        "[x](javascript:alert(1))",
        "[x](java\tscript:alert(1))",
        '<a href="&#106;avascript:alert(1)">x</a>',
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "[x](vbscript:msgbox)",
        '<iframe src="https://evil.example"></iframe>',
        '<form action="/api"><input name=a><button data-act="use" data-arg="x">go</button></form>',
        '<p style="position:fixed;inset:0" class="btn" id="idea" onclick="alert(1)">x</p>',
        "<style>*{display:none}</style>",
        '<svg><script>alert(1)</script></svg>',
        '<math><mtext><style><img src=x onerror=alert(1)></style></mtext></math>',
        '<base href="https://evil.example/"><meta http-equiv=refresh content="0;url=https://evil.example">',
        "```html\n<script>alert(1)</script>\n```",
        '<object data="x"></object><embed src="x"><link rel=stylesheet href="https://evil.example/a.css">',
    ],
)
def test_nothing_in_a_card_acts(hostile):
    drawn = str(card(hostile, base=BASE).html)
    assert not re.search(r"<(script|style|iframe|form|input|button|svg|math|object|embed|base|meta|link)\b", drawn, re.IGNORECASE)
    assert not re.search(r"<[^>]*\s(on\w+|style|class|id|data-\w+)\s*=", drawn, re.IGNORECASE)
    assert not re.search(r"""(?:href|src)\s*=\s*["']?\s*(?:javascript|data|vbscript)""", drawn, re.IGNORECASE)


def test_images_are_loaded_only_when_they_are_asked_for():
    text = "![a chart](chart.png) ![far](https://far.example/x.png) <img src='https://far.example/y.png' alt='third'>"
    without, with_them = card(text, base=BASE), card(text, base=BASE, images=True)
    assert "src=" not in without.html and "a chart" in without.html and "third" in without.html
    assert without.images == with_them.images == 3
    assert f'src="{BASE}chart.png"' in with_them.html and 'src="https://far.example/y.png"' in with_them.html
    assert with_them.html.count('referrerpolicy="no-referrer"') == 3


def test_links_open_elsewhere_without_telling_where_from():
    drawn = card("[far](https://far.example) [near](LICENSE) [here](#usage)", base=BASE).html
    assert drawn.count('target="_blank"') == 3 and drawn.count('rel="noopener noreferrer nofollow"') == 3
    assert f'href="{BASE}LICENSE"' in drawn and "#usage" not in drawn


def test_markdown_is_rendered():
    drawn = card("# Title\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```python\nx < 1\n```").html
    assert "<h1>Title</h1>" in drawn and "<td>1</td>" in drawn and "x &lt; 1" in drawn


def test_a_card_without_an_end_is_cut():
    assert len(card("x" * 500_000).html) < 81_000


def test_a_card_of_brackets_and_quotes_is_drawn_too():
    assert "<blockquote>" in card("> " * 400 + "deep").html
    assert "[[[" in card("[" * 20_000).html


def test_an_address_that_only_stands_there_is_a_link_and_none_inside_of_one():
    html = card("See http://127.0.0.1:9/hub/s/x/, [here http://a.b](https://c.d) and `https://e.f`.").html
    assert 'href="http://127.0.0.1:9/hub/s/x/"' in html and ">http://127.0.0.1:9/hub/s/x/</a>, " in html
    assert html.count("<a ") == 2 and "<code>https://e.f</code>" in html
    assert "<a " not in card("javascript:alert(1) and http:// nothing").html
