"""The page about mail and the DNS can be read by all: in both themes, on phones, by screen readers."""

import json

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from django.contrib.auth import get_user_model
from playwright.sync_api import expect

from harmhub.mail.keys import record_of
from tests.fixtures.names import site_key

RUN = "axe.run(document.querySelector('.dns')).then(found => found.violations)"
FITS = """() => [document.documentElement, ...document.querySelectorAll(".dns, .dns *")].every(
    each => each.scrollWidth <= each.clientWidth || getComputedStyle(each).display === "inline")"""


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_findings_can_be_read_by_all(open_as, well_named_site, theme):
    well_named_site.text("mail.example.org", f"v=spf1 include:{'long-name-' * 6}x.example.net +all")
    well_named_site.text("spring._domainkey.mail.example.org")
    well_named_site.records["mail.example.org", "MX"] = ["0 ."]
    user = get_user_model().objects.create_superuser("boss", password="boss", email="boss@example.org")
    page = open_as(user, "/admin/mails/dns/", theme)
    page.evaluate(AXE_SCRIPT)
    for width in (1280, 360):
        page.set_viewport_size({"width": width, "height": 900})
        found = page.evaluate(RUN)
        assert not found, f"{width} px, {theme}: {json.dumps(found, indent=1)}"
        assert page.evaluate(FITS), f"{width} px"
    section = page.get_by_role("region", name="DKIM")
    expect(section.get_by_role("listitem")).to_contain_text("Missing")
    assert record_of(site_key()) in section.inner_text()
    # What was missing is there when one asks again.
    well_named_site.text("spring._domainkey.mail.example.org", record_of(site_key()))
    page.get_by_role("link", name="Check again").click()
    expect(section.get_by_role("listitem")).to_contain_text(
        "Mail is signed, and the public key is published."
    )
