"""axe, and room for large text, on every public page: WCAG 2.2 AA, best practice, and the contrast of AAA."""

import json

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

from tests.browser.hub import Hub
from tests.browser.visits import Visit, answer_of, every_visit
from tests.fixtures.site import Site

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
ALL = {"runOnly": TAGS, "rules": {"color-contrast-enhanced": {"enabled": True}}}
COLOURS = {"runOnly": ["color-contrast", "color-contrast-enhanced", "link-in-text-block"]}
RUN = "options => axe.run(document, options).then(found => found.violations)"
OPENED = "() => document.querySelectorAll('details').forEach(details => details.open = true)"
FITS = "() => document.documentElement.scrollWidth <= document.documentElement.clientWidth"
LARGE = "() => document.documentElement.style.fontSize = '200%'"


@pytest.mark.browser_context_args(reduced_motion="reduce")  # axe would measure colours in between
@every_visit
def test_axe_finds_nothing_and_nothing_is_cut_off(visit: Visit, page: Page, hub: Hub, site_server: Site):
    answer_of(page, visit, hub, site_server)
    page.evaluate(AXE_SCRIPT)
    page.evaluate(OPENED)
    for width in (360, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        for scheme, checked in (("light", ALL), ("dark", COLOURS)):  # a scheme changes nothing but colours
            page.emulate_media(color_scheme=scheme)
            found = page.evaluate(RUN, checked | {"resultTypes": ["violations"]})
            assert not found, f"{width} px, {scheme}: {json.dumps(found, indent=1)}"
    page.set_viewport_size({"width": 320, "height": 640})
    assert page.evaluate(FITS), "320 px"
    page.evaluate(LARGE)
    for width in (640, 1280):
        page.set_viewport_size({"width": width, "height": 640})
        assert page.evaluate(FITS), f"{width} px with text of 200 %"
