"""The page about mail and the DNS can be read by all: in both themes, on phones, by screen readers."""

import json

import pytest
from django.contrib.auth import get_user_model
from playwright.sync_api import expect

from harmhub.mail.keys import record_of
from tests.browser.readable import faults_in
from tests.fixtures.names import site_key

FITS = """() => [document.documentElement, ...document.querySelectorAll(".dns, .dns *")].every(
    each => each.scrollWidth <= each.clientWidth || getComputedStyle(each).display === "inline")"""


@pytest.mark.django_db(transaction=True)
def test_findings_can_be_read_by_all(open_as, well_named_site):
    well_named_site.text("mail.example.org", f"v=spf1 include:{'long-name-' * 6}x.example.net +all")
    well_named_site.text("spring._domainkey.mail.example.org")
    well_named_site.records["mail.example.org", "MX"] = ["0 ."]
    user = get_user_model().objects.create_superuser("boss", password="boss", email="boss@example.org")
    page = open_as(user, "/admin/mails/dns/")
    faults = faults_in(page, ".dns", fits=FITS)
    assert not faults, json.dumps(faults, indent=1)
    section = page.get_by_role("region", name="DKIM")
    expect(section.get_by_role("listitem")).to_contain_text("Missing")
    assert record_of(site_key()) in section.inner_text()
    # What was missing is there when one asks again.
    well_named_site.text("spring._domainkey.mail.example.org", record_of(site_key()))
    page.get_by_role("link", name="Check again").click()
    expect(section.get_by_role("listitem")).to_contain_text(
        "Mail is signed, and the public key is published."
    )
