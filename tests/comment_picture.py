"""Draws a golden file's comment as GitHub shows it: `python -m tests.comment_picture` writes the README's picture."""

from __future__ import annotations

import base64
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.chromium import ARGUMENTS, find_chromium
from tests.rendering import render

HERE = Path(__file__).parent
STYLE = HERE / "github_markdown" / "github-markdown-light.css"
# Few machines that draw have a font for these; readers' own do.
EMOJI = HERE / "github_markdown" / "emoji.ttf"
COMMENT = HERE / "golden" / "comment.md"
PICTURE = HERE.parent / "docs" / "images" / "comment.png"
# A comment's box as it stands in a conversation, around GitHub's own style of the text.
BOX = """
@font-face { font-family: "Emoji"; src: url("data:font/ttf;base64,%s");
  unicode-range: U+2705, U+274C, U+2754, U+1F4A5; }
body { margin: 0; padding: 12px; background: #ffffff; width: max-content; }
.box { width: 920px; border: 1px solid #d1d9e0; border-radius: 6px; overflow: hidden; }
.box .title, .box .markdown-body { font-family: Emoji, -apple-system, "Noto Sans", "Segoe UI", Helvetica, Arial,
  sans-serif; font-size: 14px; }
.title { background: #f6f8fa; border-bottom: 1px solid #d1d9e0; padding: 8px 16px; color: #59636e; }
.title b { color: #1f2328; }
.title i { border: 1px solid #d1d9e0; border-radius: 2em; padding: 0 6px; font-size: 12px; font-style: normal; }
.box .markdown-body { padding: 16px; }
"""
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><style>{style}</style>
<body><div class="box"><div class="title"><b>github-actions</b> <i>bot</i> commented now</div>
<article class="markdown-body">{comment}</article></div></body></html>"""


def draw(comment: str, picture: Path) -> None:
    """Write *comment*, which is Markdown, to *picture* as it is shown when all of it is folded that can be."""
    style = STYLE.read_text(encoding="utf-8") + BOX % base64.b64encode(EMOJI.read_bytes()).decode()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS)
        page = browser.new_page(device_scale_factor=1.5)
        page.set_content(PAGE.format(style=style, comment=render(comment)))
        page.locator("body").screenshot(path=picture)
        browser.close()


if __name__ == "__main__":
    draw(COMMENT.read_text(encoding="utf-8"), Path(sys.argv[1]) if sys.argv[1:] else PICTURE)
