"""What a reader does, in a real browser, on the running site with its worker and a mail server."""

import http.client
import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser.hub import EXIT, HARM_REDUCTION, Hub
from tests.browser.letters import heading, link_in, mail_to, states
from tests.fixtures.site import Site
from tests.fixtures.smtp import text_of

scripts_off = pytest.mark.browser_context_args(java_script_enabled=False)
TYPED = "\n  A space and a line before it, <b>ünïcode</b> & 'quotes'.\n\nThe last line."


@scripts_off
def test_reader_searches_for_a_mistyped_word_and_narrows_what_is_found(
    page: Page, hub: Hub, site_server: Site
):
    page.goto(f"{site_server.url}/topics/health/")
    page.get_by_role("banner").get_by_role("link", name="Search").click()
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("eveming")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Did you mean evening?")).to_be_visible()
    page.get_by_role("navigation", name="Filter results by type").get_by_role("link", name="Events").click()
    expect(page.locator(".card.event")).to_have_count(12)
    page.get_by_text("Narrow it down").click()
    page.get_by_label("Year").select_option("2024")
    page.get_by_role("search").get_by_role("button", name="Search").click()
    expect(page.locator(".card:not(.event)")).to_have_count(0)
    page.locator(".card").first.get_by_role("link").click()
    expect(heading(page)).to_contain_text("Evening")


@scripts_off
def test_reader_finds_an_old_event_and_writes_to_the_people_of_its_topic(
    page: Page, hub: Hub, site_server: Site
):
    page.goto(site_server.url)
    page.get_by_role("main").get_by_role("link", name="Health", exact=True).click()
    expect(heading(page)).to_have_text("Health")
    within = page.get_by_role("navigation", name="Topics within Health")
    within.get_by_role("link", name="Harm Reduction").click()
    page.get_by_role("link", name="Events 18").click()
    expect(page.locator(".card")).to_have_count(12)
    expect(page.locator(".card.event")).to_have_count(12)
    page.get_by_role("link", name="Older").click()
    expect(page).to_have_title(re.compile(r"^Harm Reduction: Events, .*2024"))
    page.get_by_role("link", name="Evening", exact=True).last.click()
    expect(page.get_by_text("Past event")).to_be_visible()
    page.get_by_role("navigation", name="Breadcrumb").get_by_role("link", name="Harm Reduction").click()
    page.get_by_role("link", name="Ask a question").click()
    page.get_by_text("Contact box", exact=True).click()

    page.locator("#c-email").fill("nora@")
    page.get_by_role("button", name="Send message").click()
    expect(page).to_have_title(re.compile("^Error: "))
    expect(page.get_by_role("alert")).to_be_focused()
    assert page.locator("#c-email").input_value() == "nora@"
    page.get_by_role("link", name="Write your message").click()
    assert page.url.endswith("#c-message")
    page.get_by_label("Your message").fill(TYPED)
    page.get_by_role("button", name="Send message").click()
    expect(page).to_have_title(re.compile("^Error: "))
    assert page.get_by_label("Your message").input_value() == TYPED
    page.locator("#c-email").fill("nora@example.org")
    page.get_by_role("button", name="Send message").click()

    expect(heading(page)).to_have_text("Message sent")
    reference = page.locator(".code").first.inner_text()
    rows = site_server.query("SELECT topic_id FROM contact_message WHERE reference = %s", (reference,))
    assert rows == [(hub.tree.harm_reduction.pk,)]
    notice = mail_to(site_server, "health@example.org", reference)
    assert "Harm Reduction" in text_of(notice)
    for part in ("ünïcode", "nora@"):
        assert part not in notice.as_string()
        assert part not in text_of(notice)
    assert page.context.cookies() == []


@scripts_off
def test_reader_signs_up_confirms_and_leaves(page: Page, hub: Hub, site_server: Site):
    address = f"reader-{hub.tree.home.pk}@example.org"
    page.goto(site_server.url + HARM_REDUCTION)
    bar = page.get_by_role("complementary", name="Newsletter")
    expect(bar).to_contain_text("Sign up to receive updates about our work in Health.")
    bar.get_by_label("E-mail address").fill(address)
    bar.get_by_role("button", name="Sign up").click()
    expect(heading(page)).to_have_text("Check your e-mail")

    link = link_in(mail_to(site_server, address), "confirm")
    assert address not in link
    before = states(site_server)
    for _time in range(2):
        page.goto(link)
    assert states(site_server) == before
    page.get_by_role("button", name="Confirm").click()
    expect(heading(page)).to_have_text("You are on the list")

    welcome = mail_to(site_server, address)
    assert welcome["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "<list-" in welcome["List-Id"]
    before = states(site_server)
    page.goto(link_in(welcome, "leave"))
    assert states(site_server) == before
    page.get_by_role("button", name="Leave").click()
    expect(heading(page)).to_have_text("You have left the list")
    assert states(site_server)[-1] == (True, True)
    assert page.context.cookies() == []


@scripts_off
def test_mail_program_leaves_by_one_post_again_and_again(page: Page, hub: Hub, site_server: Site):
    """RFC 8058: the mail program posts to the address in List-Unsubscribe, and needs nothing of a browser."""
    address = f"one-click-{hub.tree.home.pk}@example.org"
    page.goto(f"{site_server.url}/")
    page.get_by_role("complementary", name="Newsletter").get_by_label("E-mail address").fill(address)
    page.get_by_role("button", name="Sign up").click()
    page.goto(link_in(mail_to(site_server, address), "confirm"))
    page.get_by_role("button", name="Confirm").click()
    target = urlsplit(mail_to(site_server, address)["List-Unsubscribe"].strip("<>"))
    for _time in range(2):
        connection = http.client.HTTPConnection("127.0.0.1", site_server.port, timeout=10)
        form = {"Host": target.netloc, "Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", f"{target.path}?{target.query}", "List-Unsubscribe=One-Click", form)
        answer = connection.getresponse()
        assert (answer.status, answer.getheader("Set-Cookie")) == (200, None)
        connection.close()
    assert states(site_server)[-1] == (True, True)


@scripts_off
def test_panel_opens_and_closes_by_keyboard(page: Page, hub: Hub, site_server: Site):
    page.goto(site_server.url + HARM_REDUCTION)
    learn_more = page.get_by_role("heading", name="Learn More")
    expect(learn_more).to_be_visible()
    page.locator(".subtopics a").last.focus()
    page.keyboard.press("Tab")
    expect(page.locator(".panel > summary")).to_be_focused()
    for key in ("Enter", "Space"):
        page.keyboard.press(key)
        expect(learn_more).to_be_hidden()
        expect(page.get_by_text("Show info")).to_be_visible()
        expect(page.get_by_text("Hide info")).to_be_hidden()
        page.keyboard.press(key)
        expect(learn_more).to_be_visible()
        expect(page.get_by_text("Hide info")).to_be_visible()


@scripts_off
@pytest.mark.parametrize("path", [HARM_REDUCTION, "/newsletter/"])
def test_exit_is_a_plain_link_that_tells_nothing(path: str, page: Page, hub: Hub, site_server: Site):
    page.goto(site_server.url + path)
    link = page.get_by_role("navigation", name="Your safety").get_by_role("link", name="Exit this page")
    assert link.get_attribute("href") == EXIT
    assert link.get_attribute("rel") == "nofollow noreferrer"


@pytest.mark.parametrize("way", ["Shift three times", "the button"])
def test_with_scripts_leaving_takes_the_page_out_of_the_history(
    way: str, page: Page, hub: Hub, site_server: Site
):
    asked: list[dict] = []

    def answer(route):
        asked.append(route.request.headers)
        route.fulfill(body="<title>Elsewhere</title>", content_type="text/html")

    page.route(f"{EXIT}**", answer)
    page.goto(f"{site_server.url}/about/")
    page.goto(site_server.url + HARM_REDUCTION)
    if way == "the button":
        page.get_by_role("navigation", name="Your safety").get_by_role("link", name="Exit this page").click()
    else:
        for _time in range(3):
            page.keyboard.press("Shift")
    page.wait_for_url(EXIT)
    page.go_back()
    assert page.url == f"{site_server.url}/about/"
    assert "referer" not in asked[0]


def test_shift_in_ordinary_typing_does_not_leave(page: Page, hub: Hub, site_server: Site):
    page.goto(site_server.url + HARM_REDUCTION)
    page.get_by_role("complementary", name="Newsletter").get_by_label("E-mail address").click()
    page.keyboard.type("Nora Ana Ida")
    for _time in range(2):
        page.keyboard.press("Shift")
    page.keyboard.press("a")
    page.keyboard.press("Shift")
    assert page.url == site_server.url + HARM_REDUCTION
