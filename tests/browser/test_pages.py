"""Every public page in a reader's browser: what it is given and asked to do, and whether all can read it.

axe judges by WCAG 2.2 AA, best practice, and the contrast of AAA.
"""

import json
import re
from dataclasses import dataclass, field

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from django.conf import settings
from playwright.sync_api import Page, Response

from tests.browser.hub import HARM_REDUCTION, Hub
from tests.browser.visits import VISITS, Visit, answer_of
from tests.fixtures.site import Site

STORED = """async () => [
    document.cookie.length, localStorage.length, sessionStorage.length,
    (await indexedDB.databases()).length, (await caches.keys()).length,
    (await navigator.serviceWorker.getRegistrations()).length,
]"""
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
FOUND = {"resultTypes": ["violations"], "preload": False}  # no style sheet lies outside the page
ALL = FOUND | {"runOnly": TAGS, "rules": {"color-contrast-enhanced": {"enabled": True}}}
COLOURS = FOUND | {"runOnly": ["color-contrast", "color-contrast-enhanced", "link-in-text-block"]}
# Nothing is hidden by the width of the window, so colours need no second look.
LAYOUT = ALL | {"rules": {rule: {"enabled": False} for rule in COLOURS["runOnly"]}}
RUN = "options => axe.run(document, options).then(found => found.violations)"
OPENED = "() => document.querySelectorAll('details').forEach(details => details.open = true)"
FITS = "() => document.documentElement.scrollWidth <= document.documentElement.clientWidth"
# In place of all that editors write; what the product itself says has no such words.
LONG_WORDS = """() => {
    const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (words.nextNode())
        if (words.currentNode.data.trim() && !words.currentNode.parentElement.closest(
            '.vh, .brand, label, button, .btn, summary, script, style'
        )) words.currentNode.data = 'Donaudampfschifffahrt'.repeat(6);
}"""
TIGHT = """() => [...document.querySelectorAll('body *')].filter(element => {
    const style = getComputedStyle(element), heading = element.closest('h1, h2, h3');
    return parseFloat(style.lineHeight) / parseFloat(style.fontSize) < (heading ? 1.44 : 1.79);
}).map(element => element.outerHTML.slice(0, 80))"""
# Only others are made of the first; only editors see the second, which shows a card by itself.
NO_PAGES = {"content/item.html", "content/card_preview.html"}
PUBLIC = re.compile(r'{% extends "(base|alone|content/item)\.html" %}')
LARGE = "() => document.documentElement.style.fontSize = '200%'"


@dataclass
class Seen:
    """What a visit showed: ``shown`` came with the page, ``answers`` with all it asked for; ``told`` is what
    the browser complained of."""

    page: Page
    answers: list[Response] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("response", lambda response: self.answers.append(response))
        self.page.on("console", lambda message: self.told.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.told.append(str(error)))


@pytest.mark.browser_context_args(reduced_motion="reduce")  # axe would measure colours in between
@pytest.mark.parametrize("visit", VISITS, ids=lambda visit: visit.name)
def test_page_keeps_nothing_asks_nobody_else_and_can_be_read_by_all(
    visit: Visit, page: Page, hub: Hub, site_server: Site
):
    seen = Seen(page)
    shown = answer_of(page, visit, hub, site_server)
    _asks_nobody_else(seen, site_server)
    _keeps_nothing(seen)
    # Chromium itself notes a status of 4xx; everything else would be a broken policy or script.
    status = f"Failed to load resource: the server responded with a status of {visit.status}"
    assert [line for line in seen.told if status not in line] == []
    _is_strict(shown.all_headers()["content-security-policy"])
    _axe_finds_nothing(page)
    _nothing_is_cut_off(page)


def _asks_nobody_else(seen: Seen, site: Site) -> None:
    assert {answer.url for answer in seen.answers if not answer.url.startswith(f"{site.url}/")} == set()


def _keeps_nothing(seen: Seen) -> None:
    assert [answer.url for answer in seen.answers if "set-cookie" in answer.all_headers()] == []
    assert seen.page.context.cookies() == []
    assert not any(seen.page.evaluate(STORED))


def _is_strict(policy: str) -> None:
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert "unsafe-" not in policy
    assert "*" not in policy
    assert "//" not in policy


def _axe_finds_nothing(page: Page) -> None:
    page.evaluate(AXE_SCRIPT)
    page.evaluate(OPENED)
    # A scheme changes nothing but colours, and a width changes none.
    for width, scheme, checks in ((360, "light", ALL), (360, "dark", COLOURS), (1280, "light", LAYOUT)):
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=scheme)
        page.evaluate("scrollTo(0, 0)")  # further down, what sticks to the top lies over something
        found = page.evaluate(RUN, checks)
        assert not found, f"{width} px, {scheme}: {json.dumps(found, indent=1)}"


def _nothing_is_cut_off(page: Page) -> None:
    page.set_viewport_size({"width": 320, "height": 640})
    assert page.evaluate(FITS), "320 px"
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 800, "height": 640})
    assert page.evaluate(FITS), "on paper, where what is wider makes all of it smaller"
    page.emulate_media(media="screen")
    page.evaluate(LARGE)
    for width in (640, 1280):
        page.set_viewport_size({"width": width, "height": 640})
        assert page.evaluate(FITS), f"{width} px with text of 200 %"
    page.evaluate(LONG_WORDS)
    page.set_viewport_size({"width": 320, "height": 640})
    assert page.evaluate(FITS), "320 px, with text of 200 % and words that are wider"


def test_every_public_template_is_visited():
    folder = settings.BASE_DIR / "templates"
    public = {
        str(template.relative_to(folder))
        for template in folder.rglob("*.html")
        if PUBLIC.match(template.read_text())
    }
    assert public - NO_PAGES == {visit.template for visit in VISITS}


@pytest.mark.browser_context_args(java_script_enabled=False)
def test_every_page_can_be_reached_and_read_without_scripts(page: Page, hub: Hub, site_server: Site):
    for visit in VISITS:
        if visit.status >= 500:
            continue  # these pages have no script, and each takes the database away once more
        answer_of(page, visit, hub, site_server)
        assert page.locator("h1").is_visible(), visit.name


def test_arabic_script_has_room_between_its_lines(page: Page, hub: Hub, site_server: Site):
    for path in (HARM_REDUCTION, "/contact/look-up/", "/newsletter/"):
        page.goto(f"{site_server.url}/ar{path}")
        assert page.evaluate(TIGHT) == [], path


# Whether the first letter is larger than the others, and whether words in <i> slant.
FIRST_LETTER = """() => {
    const first = document.querySelector('.prose.opens > p'), slanted = document.createElement('i');
    first.append(slanted);
    return [
        getComputedStyle(first, '::first-letter').fontWeight > getComputedStyle(first).fontWeight,
        getComputedStyle(slanted).fontStyle,
    ];
}"""


def test_arabic_script_is_not_taken_apart_nor_slanted(page: Page, hub: Hub, site_server: Site):
    article = hub.paths["Voices article"]
    page.goto(site_server.url + article)
    assert page.evaluate(FIRST_LETTER) == [True, "italic"]
    page.goto(f"{site_server.url}/ar{article}")
    assert page.evaluate(FIRST_LETTER) == [False, "normal"]


def test_on_paper_what_is_said_beside_a_fact_is_no_larger_than_the_fact(
    page: Page, hub: Hub, site_server: Site
):
    page.goto(site_server.url + hub.paths["coming event"])
    page.emulate_media(media="print")
    sizes = "found => found.map(element => parseFloat(getComputedStyle(element).fontSize))"
    facts = page.locator(".facts dd").evaluate_all(sizes)
    beside = page.locator(".facts dd .small, .facts dt").evaluate_all(sizes)
    assert beside
    assert max(beside) <= min(facts)
