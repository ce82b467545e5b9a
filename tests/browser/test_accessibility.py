"""axe, and room for large text, on every public page: WCAG 2.2 AA, best practice, and the contrast of AAA."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.hub import Hub
from tests.browser.visits import Visit, answer_of, every_visit
from tests.fixtures.site import Site

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
ALL = {"runOnly": TAGS, "rules": {"color-contrast-enhanced": {"enabled": True}}}
COLOURS = {"runOnly": ["color-contrast", "color-contrast-enhanced", "link-in-text-block"]}
OPENED = "() => document.querySelectorAll('details').forEach(details => details.open = true)"
FITS = "() => document.documentElement.scrollWidth <= document.documentElement.clientWidth"
still = pytest.mark.browser_context_args(reduced_motion="reduce")  # axe would measure colours in between


@still
@every_visit
def test_axe_finds_nothing_at_any_width_and_scheme(visit: Visit, page: Page, hub: Hub, site_server: Site):
    answer_of(page, visit, hub, site_server)
    page.evaluate(OPENED)
    for width in (360, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        for scheme, checked in (("light", ALL), ("dark", COLOURS)):  # a scheme changes nothing but colours
            page.emulate_media(color_scheme=scheme)
            found = Axe().run(page, options=checked | {"resultTypes": ["violations"]})
            assert not found.response["violations"], f"{width} px, {scheme}:\n{found.generate_report()}"


@still
@every_visit
def test_nothing_is_cut_off_at_320_px_or_with_text_twice_as_large(
    visit: Visit, page: Page, hub: Hub, site_server: Site
):
    page.set_viewport_size({"width": 320, "height": 640})
    answer_of(page, visit, hub, site_server)
    page.evaluate(OPENED)
    assert page.evaluate(FITS), "320 px"
    for width in (640, 1280):
        page.set_viewport_size({"width": width, "height": 640})
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        assert page.evaluate(FITS), f"{width} px with text of 200 %"
