"""Style bundles: small sheets, minified, inlined into each page, and allowed by hash.

Each page inlines one bundle (``{% styles "stream" %}``), so a page is one request and the policy needs no
``unsafe-inline``. This module is imported by the settings: it must not import Django's models or settings.
"""

import base64
import hashlib
import re
from functools import cache
from pathlib import Path

STATIC = Path(__file__).resolve().parent.parent / "static"
COMMON = ("tokens", "base", "layout", "masthead", "crumbs", "button", "form", "exit", "footer")
STREAM = ("signup", "panel", "subtopics", "jump", "kind", "card", "tabs", "facets", "pager")
BUNDLES: dict[str, tuple[str, ...]] = {
    "stream": (*COMMON, *STREAM),
    "profile": (*COMMON, *STREAM, "article", "portrait"),
    "home": (*COMMON, *STREAM, "directory", "dates", "entries"),
    "read": (*COMMON, "signup", "panel", "kind", "card", "article", "facts", "notice"),
    "search": (*COMMON, "search", "kind", "card", "tabs", "pager", "entries", "directory"),
    "desk": (*COMMON, "choices", "directory", "errors", "facts", "notice"),
}


def minify(css: str) -> str:
    """Return the sheet without comments and needless white space; selectors and calc() stay as they are."""
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.S)
    css = re.sub(r"\s+", " ", css)
    css = re.sub(r"\s*([{};,>])\s*", r"\1", css)
    css = re.sub(r":\s+(?=[^{}]*[;}])", ":", css)
    return css.replace(";}", "}").strip()


@cache
def _sheet(name: str) -> str:
    path = STATIC / "css" / f"{name}.css"
    return minify((path if path.exists() else STATIC / "css" / "components" / f"{name}.css").read_text())


@cache
def bundle(name: str) -> str:
    """Return the style sheet of one bundle, minified. KeyError: there is no such bundle."""
    return "".join(_sheet(sheet) for sheet in BUNDLES[name])


@cache
def exit_script() -> str:
    """Return the one optional script of the public site, which makes leaving quicker."""
    return (STATIC / "js" / "exit.js").read_text().strip()


@cache
def work_script() -> str:
    """Return the script of the one page that asks readers to wait, which spares them that."""
    return (STATIC / "js" / "work.js").read_text().strip()


def work_hash() -> str:
    """Return the CSP source expression of that script; only that page's own policy has it."""
    return _hash(work_script())


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def style_hashes(kind: str) -> list[str]:
    """Return the CSP source expressions (CSP Level 3, hash-source) of all bundles ("css") or of the script
    ("js")."""
    return [_hash(exit_script())] if kind == "js" else [_hash(bundle(name)) for name in BUNDLES]
