"""A reader without an address is answered, in a browser with scripts off, and leaves no trace."""

import time

import pytest
from playwright.sync_api import Page, expect

from harmhub.public_forms import SOONEST
from tests.browser.hub import HARM_REDUCTION, Hub
from tests.browser.ways import answer_message, codes
from tests.fixtures.site import Site, wait_for
from tests.fixtures.smtp import text_of

scripts_off = pytest.mark.browser_context_args(java_script_enabled=False)


def heading(page: Page):
    return page.get_by_role("heading", level=1)


def open_message(page: Page, pair: dict[str, str]) -> None:
    """Go the way of the footer to the look-up, and open a message there."""
    page.get_by_role("link", name="See the answer").last.click()
    page.get_by_label("Reference").fill(pair["reference"])
    page.get_by_label("Key").fill(pair["key"])
    page.get_by_label("Key").press("Enter")


@scripts_off
def test_answer_reaches_a_reader_who_left_no_address(page: Page, hub: Hub, site_server: Site):
    page.goto(site_server.url + HARM_REDUCTION)
    page.get_by_text("Contact box", exact=True).click()
    box = page.locator(".contact-box")
    expect(box).to_contain_text("not an emergency service")
    box.get_by_role("link", name="How we answer").click()
    expect(page.get_by_role("main")).to_contain_text("In Lisbon call 112.")
    opened = time.monotonic()
    page.get_by_label("Only on this site").check()
    page.get_by_label("Please be discreet").check()
    page.get_by_label("Your message").fill("When does the van come?\nI cannot walk far.")
    wait_for(lambda: time.monotonic() - opened > SOONEST + 1, 10, "People take some seconds to write.")
    page.get_by_role("button", name="Send message").click()
    expect(heading(page)).to_have_text("Message sent")
    pair = codes(page)

    page.goto(f"{site_server.url}/")
    open_message(page, pair)
    expect(page.get_by_role("definition").nth(1)).to_contain_text("Received.")
    answer_message(site_server, pair["reference"], "On Tuesdays, to your door.\n\nAsk for Ana.")
    page.goto(site_server.url + HARM_REDUCTION)
    open_message(page, pair | {"key": pair["key"].lower().replace("-", " ")})
    expect(page.get_by_text("On Tuesdays, to your door.")).to_be_visible()
    expect(page.get_by_text("I cannot walk far.")).to_be_hidden()
    page.get_by_text("Show what you wrote").click()
    expect(page.get_by_text("I cannot walk far.")).to_be_visible()

    site_server.mail.clear()
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page).to_have_title("Error: Your message – Fennmark Foundation")
    expect(page.get_by_role("alert")).to_be_focused()
    page.get_by_label("What you want to add").fill("Thank you. And in winter?")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("Your words have arrived")

    def notices() -> list:
        return [mail for mail in site_server.mail.messages if pair["reference"] in mail["Subject"]]

    wait_for(notices, 30, "Nobody was told.")
    assert "in winter" not in text_of(notices()[0])

    assert pair["key"] not in page.url
    page.get_by_role("button", name="Delete my message").click()
    page.get_by_role("button", name="Delete for good").click()
    expect(heading(page)).to_have_text("Deleted")
    page.reload()  # sends it once more
    expect(heading(page)).to_have_text("Deleted")
    open_message(page, pair)
    expect(page).to_have_title("Error: See the answer – Fennmark Foundation")
    assert page.get_by_label("Key").input_value() == pair["key"]
    reference = pair["reference"]
    assert site_server.query("SELECT 1 FROM contact_message WHERE reference = %s", (reference,)) == []
    assert page.context.cookies() == []


def test_reference_and_key_are_printed_and_break_only_between_groups(page: Page, hub: Hub, site_server: Site):
    page.goto(site_server.url + hub.contact_path)
    page.set_viewport_size({"width": 320, "height": 640})
    page.goto(site_server.url + HARM_REDUCTION)
    page.get_by_text("Contact box", exact=True).click()
    page.get_by_label("Your message").fill("What is printed?")
    page.get_by_role("button", name="Send message").click()
    page.emulate_media(media="print")
    for code in page.locator(".code").all():
        expect(code).to_be_visible()
    expect(page.get_by_role("link", name="Exit this page").last).to_be_hidden()
    fits = "() => document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    assert page.evaluate(fits)
