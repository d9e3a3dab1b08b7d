"""The gateway's own pages for people: a preview that wakes, that answers, that failed or that is not there."""

from __future__ import annotations

import base64
import hashlib
from html import escape

from starlette.responses import HTMLResponse, Response

from greenroom_services.errors import HostError, PreviewAbsent, PreviewFailed
from greenroom_services.previews import Address, PreviewState

REFRESH_SECONDS = 2
LOG_LINES = 40
STYLE = """
:root { color-scheme: light dark; --ink: #1c2321; --paper: #fbfcfb; --faint: #5a6662; --line: #d5dcd9;
  --accent: #1b6b4a; --bad: #a32020; --code: #eef2f0 }
@media (prefers-color-scheme: dark) { :root { --ink: #e6ebe8; --paper: #151a18; --faint: #9aa8a2; --line: #333d39;
  --accent: #6cc79c; --bad: #ff9a92; --code: #1f2724 } }
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif }
main { max-width: 44rem; margin: 0 auto; padding: 2.5rem 1.25rem }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .5rem; overflow-wrap: anywhere }
h2 { font-size: 1rem; margin: 2rem 0 .5rem }
.slot { color: var(--faint); margin: 0 0 .25rem; overflow-wrap: anywhere }
a { color: var(--accent) }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.25rem; margin: 1.5rem 0 0;
  border-top: 1px solid var(--line); padding-top: 1rem }
dt { color: var(--faint) }
dd { margin: 0; font-family: ui-monospace, monospace; font-size: .9rem; overflow-wrap: anywhere }
pre { background: var(--code); border: 1px solid var(--line); border-radius: 6px; padding: .75rem 1rem; margin: 0;
  overflow-x: auto; font: .85rem/1.5 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere }
.failed h1 { color: var(--bad) }
progress { width: 100%; height: 6px; margin-top: 1.5rem; accent-color: var(--accent) }
""".strip()
DIGEST = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{DIGEST}'; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Robots-Tag": "noindex",
    "Cache-Control": "no-store",
}


def show_waking(address: Address) -> Response:
    """Return the page that asks again by itself until the preview answers."""
    body = (
        "<h1>This preview is waking up</h1>"
        "<p>It slept because nobody had asked it for a while, or its host has just started."
        " This page looks again by itself, and shows the preview as soon as it answers.</p>"
        '<progress aria-label="The preview is waking up"></progress>'
    )
    head = f'<meta http-equiv="refresh" content="{REFRESH_SECONDS}">'
    return _page(address, "Waking up", body, status=202, head=head, retry=True)


def show_awake(state: PreviewState, *, address: str, token: bool) -> Response:
    """Return the page that says which model answers at *address*, and how to ask it."""
    model = state.model
    facts = {
        "Model": " ".join(filter(None, (model.get("name"), model.get("version")))),
        "Digest": model.get("digest"),
        "Commit": state.sha,
    }
    rows = "".join(f"<dt>{name}</dt><dd>{escape(value)}</dd>" for name, value in facts.items() if value)
    body = (
        f"<h1>This preview answers</h1><p>A candidate model is running here, so that anybody can try it.</p>"
        f"<dl>{rows}</dl><h2>Ask which columns it takes</h2>{_code(_curl(address, 'describe', '{}', token))}"
        f"<h2>Ask it to predict</h2>{_code(_curl(address, 'predict', ROWS, token))}"
        '<h2>More</h2><p><a href="docs.json">docs.json</a> describes its whole API,'
        ' <a href="metrics">metrics</a> counts what it was asked.</p>'
    )
    return _page(Address(project=state.project, slot=state.slot), "Preview", body)


def show_failed(address: Address, error: PreviewFailed) -> Response:
    """Return the page that says why nothing answers, with the last lines that the preview wrote."""
    lines = "\n".join(error.log.strip().splitlines()[-LOG_LINES:])
    shown = f"<h2>The last lines of its log</h2>{_code(lines)}" if lines else ""
    body = f"<h1>This preview has failed</h1><p>{escape(_sentence(error))}</p>{shown}"
    return _page(address, "Failed", body, status=502, kind="failed")


def show_nothing(address: Address, error: PreviewAbsent) -> Response:
    body = (
        f"<h1>There is no preview here</h1><p>{escape(_sentence(error))}</p>"
        "<p>A preview ends with its pull request; the review in the portal says what became of it.</p>"
    )
    return _page(address, "No preview", body, status=404)


ROWS = '{"rows": [{"COLUMN": VALUE}]}'


def _curl(address: str, question: str, data: str, token: bool) -> str:
    parts = [f"curl {address}/{question}", "-H 'Content-Type: application/json'", f"-d '{data}'"]
    if token:
        parts.insert(1, '-H "Authorization: Bearer $TOKEN"')
    return " \\\n  ".join(parts)


def _code(text: str) -> str:
    return f'<pre tabindex="0">{escape(text, quote=False)}</pre>'


def _sentence(error: HostError) -> str:
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."


def _page(
    address: Address,
    title: str,
    body: str,
    *,
    status: int = 200,
    kind: str = "",
    head: str = "",
    retry: bool = False,
) -> Response:
    slot = escape(str(address))
    text = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">{head}'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title} · {slot}</title>'
        f'<style>{STYLE}</style></head><body class="{kind}"><main><p class="slot">{slot}</p>{body}</main></body></html>'
    )
    headers = {**HEADERS, "Retry-After": str(REFRESH_SECONDS)} if retry else HEADERS
    return HTMLResponse(text, status, headers=headers)
