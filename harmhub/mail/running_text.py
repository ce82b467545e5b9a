"""An editor's rich text as it stands in a mail: as HTML with full addresses, and as plain text."""

from textwrap import indent

from bs4 import BeautifulSoup, NavigableString, Tag
from django.utils.safestring import SafeString, mark_safe
from wagtail.rich_text import expand_db_html

from harmhub.mail import public_url


def html_of(rich_text: str) -> SafeString:
    """Return the text as HTML for a mail: every link leads to the site, or is none where its page is not
    public."""
    return mark_safe(str(_expanded(rich_text)))  # noqa: S308 - an editor's, as Wagtail cleaned it


def plain_of(rich_text: str) -> str:
    """Return the text without marks: paragraphs with a line between them, addresses behind what is linked."""
    soup = _expanded(rich_text)
    for line in soup.find_all("br"):
        line.replace_with("\n")
    for link in soup.find_all("a"):
        address = str(link["href"]).removeprefix("mailto:")
        words = link.get_text()
        link.replace_with(words if words == address else f"{words} ({address})")
    blocks = [_plain(block) for block in soup.find_all(["p", "h2", "h3", "h4", "ul", "ol"], recursive=False)]
    return "\n\n".join(block for block in blocks if block)


def _expanded(rich_text: str) -> BeautifulSoup:
    soup = BeautifulSoup(expand_db_html(rich_text), "html.parser")
    for link in soup.find_all("a"):
        try:
            link["href"] = public_url(str(link["href"]))
        except (KeyError, ValueError):  # to nowhere, or to what is no address (http://[x)
            link.unwrap()
    return soup


def _plain(block: Tag) -> str:
    if block.name not in ("ul", "ol"):
        return "\n".join(line.strip() for line in block.get_text().split("\n")).strip()
    lines = []
    for number, item in enumerate(block.find_all("li", recursive=False), 1):
        mark = f"{number}." if block.name == "ol" else "-"
        inner = [_plain(each) for each in item.find_all(["ul", "ol"], recursive=False)]
        own = "".join(
            str(each) if isinstance(each, NavigableString) else each.get_text()
            for each in item.contents
            if not (isinstance(each, Tag) and each.name in ("ul", "ol"))
        )
        lines += [f"{mark} {own.strip()}", *(indent(each, "  ") for each in inner)]
    return "\n".join(lines)
