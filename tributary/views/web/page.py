"""The web page in one piece: the page of any project with the project's own parts inside."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

_FOLDER = Path(__file__).parent


def page(project: Path) -> tuple[str, str]:
    """The page, and the policy that lets the browser run its style and script and nothing else.

    A project's folder has `tiles.html`, numbers at the top; `cards.html`, the sections below; `page.css`, which is
    added to the style; and `page.js`, added to the script, which shows the figures: see the beginning of this folder's
    `page.js`.
    """
    html = _read(_FOLDER, "page.html")
    style = _read(_FOLDER, "page.css") + _read(project, "page.css")
    # One scope for both scripts, so that the project's can call the functions of the other.
    script = f'"use strict";\n(() => {{\n{_read(_FOLDER, "page.js")}\n{_read(project, "page.js")}}})();\n'
    parts = {
        "<!-- tiles -->": _read(project, "tiles.html"),
        "<!-- cards -->": _read(project, "cards.html"),
        "/* style */": style,
        "/* script */": script,
    }
    for mark, part in parts.items():
        html = html.replace(mark, part)
    policy = (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return html, policy


def _read(folder: Path, name: str) -> str:
    return (folder / name).read_text("utf-8")


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
