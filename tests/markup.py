"""Reading a page as a browser's parser would have to: what is wrong in its markup, in sentences."""

from collections import Counter
from html.parser import HTMLParser

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
NOT_IN_P = {"address", "article", "aside", "blockquote", "details", "div", "dl", "fieldset", "figure"}
NOT_IN_P |= {"footer", "form", "h1", "h2", "h3", "header", "hr", "main", "nav", "ol", "p", "pre", "section"}
NOT_IN_P |= {"table", "ul"}
REFERENCES = ("for", "aria-labelledby", "aria-describedby", "aria-controls")


class Markup(HTMLParser):
    """``Markup(text).faults``: one sentence for each; empty where all is well.

    ``root``: the attributes of the html element. ``levels``: those of the headings, in order.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.faults: list[str] = []
        self.root: dict[str, str | None] = {}
        self.levels: list[int] = []
        self.ids: Counter[str] = Counter()
        self.references: set[str] = set()
        self._open: list[str] = []
        self.feed(text)
        self.close()
        self._conclude()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Note an element and what it refers to."""
        given = dict(attributes)
        self._note(tag, given, len(attributes))
        if "p" in self._open and tag in NOT_IN_P:
            self.faults.append(f"<{tag}> in <p>, at {self.getpos()}")
        if self._open and self._open[-1] in ("ul", "ol") and tag != "li":
            self.faults.append(f"<{tag}> right in a list, at {self.getpos()}")
        if tag in ("a", "button") and {"a", "button"} & set(self._open):
            self.faults.append(f"<{tag}> in what can be pressed, at {self.getpos()}")
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close an element: it must be the innermost one."""
        if not self._open or self._open.pop() != tag:
            self.faults.append(f"</{tag}> closes something else, at {self.getpos()}")

    def _note(self, tag: str, given: dict[str, str | None], number: int) -> None:
        if number != len(given):
            self.faults.append(f"<{tag}> has an attribute twice, at {self.getpos()}")
        if tag == "html":
            self.root = given
        if len(tag) == 2 and tag[0] == "h" and tag[1].isdigit():
            self.levels.append(int(tag[1]))
        if "id" in given:
            self.ids[given["id"] or ""] += 1
        for name in REFERENCES:
            self.references |= set((given.get(name) or "").split())
        if tag == "a" and (given.get("href") or "").startswith("#"):
            self.references.add((given["href"] or "")[1:])

    def _conclude(self) -> None:
        if self._open:
            self.faults.append(f"not closed: {self._open}")
        self.faults += [f"id {name!r} {number} times" for name, number in self.ids.items() if number > 1]
        self.faults += [f"nothing has the id {name!r}" for name in self.references - set(self.ids)]
        first = 1 if "errors" in self.ids else 0  # the summary of errors stands before everything
        if self.levels.count(1) != 1 or self.levels.index(1) != first:
            self.faults.append(f"headings do not begin with the only h1: {self.levels}")
        steps = zip(self.levels, self.levels[1:], strict=False)
        self.faults += [f"h{after} after h{before}" for before, after in steps if after > before + 1]
