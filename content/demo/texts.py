"""The texts of the demo site, read from the files beside this one.

Tables (``topics.toml`` and others) are TOML. Items and information pages are Markdown with a TOML head
between lines of ``+++``; the file's name is the slug. Of Markdown they use ``## heading``, ``- list``,
``> quotation`` (its last line ``> — who said it``), ``**bold**`` and ``[text](page:slug)``. A paragraph of
lines that begin with ``! `` is a note; its first line is the title.
"""

import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path

FOLDER = Path(__file__).parent
Link = Callable[[str], str]


@dataclass(frozen=True)
class Text:
    """One file: its slug, what its head says, and its body in Markdown."""

    slug: str
    head: dict
    body: str


def table(name: str) -> dict:
    """Return the content of a TOML file, by its name without the ending."""
    return tomllib.loads((FOLDER / f"{name}.toml").read_text("utf-8"))


def read(kind: str, slug: str) -> Text:
    """Return one text of the folder ``items`` or ``info``."""
    _, head, body = (FOLDER / kind / f"{slug}.md").read_text("utf-8").split("+++\n", 2)
    return Text(slug, tomllib.loads(head), body.strip())


def items() -> list[Text]:
    """Return all items, in the order of their slugs."""
    return [read("items", path.stem) for path in sorted((FOLDER / "items").glob("*.md"))]


def paragraphs(body: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the paragraphs of a body as (what it is, its lines without their marks)."""
    marks = {"## ": "heading", "- ": "list", "> ": "quote", "! ": "callout"}
    for part in re.split(r"\n\s*\n", body.strip()):
        mark = next((mark for mark in marks if part.startswith(mark)), "")
        lines = [line.removeprefix(mark.strip()).strip() for line in part.splitlines()]
        yield marks.get(mark, "text"), lines


def blocks(body: str, link: Link) -> list[tuple[str, object]]:
    """Return the body as values of its blocks; text and lists between two others become one block."""
    found: list[tuple[str, object]] = []
    for kind, lines in paragraphs(body):
        if kind == "heading":
            found.append((kind, lines[0]))
        elif kind == "quote":
            *words, source = lines if lines[-1].startswith("— ") else [*lines, ""]
            found.append((kind, {"text": " ".join(words), "source": source.removeprefix("— ")}))
        elif kind == "callout":
            found.append((kind, {"title": lines[0], "text": f"<p>{inline(' '.join(lines[1:]), link)}</p>"}))
        elif found and found[-1][0] == "text":
            found[-1] = ("text", f"{found[-1][1]}{_markup(kind, lines, link)}")
        else:
            found.append(("text", _markup(kind, lines, link)))
    return found


def html(body: str, link: Link) -> str:
    """Return a body of paragraphs and lists as rich text."""
    return "".join(_markup(kind, lines, link) for kind, lines in paragraphs(body) if body.strip())


def _markup(kind: str, lines: list[str], link: Link) -> str:
    if kind == "list":
        return f"<ul>{''.join(f'<li>{inline(line, link)}</li>' for line in lines)}</ul>"
    return f"<p>{inline(' '.join(lines), link)}</p>"


def inline(text: str, link: Link) -> str:
    """Return a line as HTML; ``link`` turns an address such as ``page:privacy`` into attributes."""
    text = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", escape(text, quote=False))
    return re.sub(r"\[(.+?)\]\((.+?)\)", lambda found: f"<a {link(found[2])}>{found[1]}</a>", text)


def plain(text: str) -> str:
    """Return a line without its marks."""
    return re.sub(r"\[(.+?)\]\(.+?\)", r"\1", text).replace("**", "")
