"""Whether all can read a page of the admin: in both themes, on desks and on phones."""

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

WIDTHS = (1280, 360)
FOUND = {"resultTypes": ["violations"], "preload": False}  # no rule of these looks into style sheets
COLOURS = FOUND | {"runOnly": ["color-contrast", "link-in-text-block"]}
# What fades from one colour to the other is at its end at once.
RUN = """([part, options]) => {
    document.getAnimations().forEach(each => each instanceof CSSTransition && each.finish());
    return axe.run(document.querySelector(part), options).then(found => found.violations);
}"""
NO_ROOM = "does not fit"
FITS = "() => document.documentElement.scrollWidth <= document.documentElement.clientWidth"


def faults_in(page: Page, part: str, *, fits: str = FITS, **options) -> dict[str, object]:
    """Return what axe finds in a part of a page, by width and theme; and at which width it does not fit.

    The page follows the browser's scheme, as Wagtail's theme “system” does. The scheme changes nothing but
    colours, so that the other rules are asked in one of them. options: those of axe.
    """
    page.evaluate(AXE_SCRIPT)
    faults: dict[str, object] = {}
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        for scheme, checks in (("light", FOUND | options), ("dark", COLOURS)):
            page.emulate_media(color_scheme=scheme)
            if found := page.evaluate(RUN, [part, checks]):
                faults[f"{width} px, {scheme}"] = found
        if not page.evaluate(fits):
            faults[f"{width} px"] = NO_ROOM
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": WIDTHS[0], "height": 900})
    return faults
