"""What a reader does, in a real browser, on the running site with its worker and a mail server."""

import http.client
import re
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.db.models import F
from django.utils import timezone
from playwright.sync_api import Page, expect

from harmhub.waking import wake
from newsletter.models import Subscription, Update
from newsletter.tasks import updates
from tests.browser.hub import EXIT, HARM_REDUCTION, Hub
from tests.fixtures.site import Site, wait_for
from tests.fixtures.smtp import text_of

scripts_off = pytest.mark.browser_context_args(java_script_enabled=False)
TYPED = "\n  A space and a line before it, <b>ünïcode</b> & 'quotes'.\n\nThe last line."


def mail_to(site: Site, address: str, words: str = "") -> EmailMessage:
    """Wait for a mail to the address with these words, and forget all that have come; return it."""

    def found() -> list[EmailMessage]:
        return [mail for mail in site.mail.messages if mail["To"] == address and words in text_of(mail)]

    wait_for(found, 30, f"No mail came to {address}.")
    mail = found()[0]
    site.mail.clear()
    return mail


def link_in(mail: EmailMessage, path: str) -> str:
    found = re.search(rf"http\S+/newsletter/{path}/\?t=\S+", text_of(mail))
    assert found, text_of(mail)
    return found.group()


def heading(page: Page):
    return page.get_by_role("heading", level=1)


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
def test_subscriber_gets_what_is_published_and_leaves_by_its_mail(page: Page, hub: Hub, site_server: Site):
    address = f"follower-{hub.tree.home.pk}@example.org"
    page.goto(f"{site_server.url}/newsletter/")
    page.get_by_label("Health").check()
    page.get_by_label("At once").check()
    page.get_by_label("E-mail address").fill(address)

    def is_taken() -> bool:
        """Press the button; who is quicker than people are is asked to press it again."""
        page.get_by_role("button", name="Sign up").click()
        return heading(page).text_content() == "Check your e-mail"

    wait_for(is_taken, 15, "The sign-up is not taken.")
    page.goto(link_in(mail_to(site_server, address), "confirm"))
    expect(page.get_by_role("definition").nth(1)).to_contain_text("At once")
    page.get_by_role("button", name="Confirm").click()
    mail_to(site_server, address)

    with site_server.orm():
        new = hub.tree.voice(title="The night van", published_on=timezone.localdate())
        wake(updates)
        wait_for(lambda: Update.objects.filter(item=new).exists(), 10, "It is not found.")
        # As if an hour had gone by.
        Subscription.objects.update(confirmed_at=F("confirmed_at") - timedelta(hours=1))
        Update.objects.filter(item=new).update(goes_at=F("goes_at") - timedelta(minutes=30))
        wake(updates)
    mail = mail_to(site_server, address)
    assert mail["Subject"] == "Health: The night van"
    assert re.fullmatch(r"<list-\d+\.localhost>", mail["List-Id"])
    text, html = (mail.get_body((kind,)).get_content() for kind in ("plain", "html"))
    assert text.count("The night van") == html.count("The night van</a>") == 1

    before = states(site_server)
    page.goto(link_in(mail, "leave"))
    assert states(site_server) == before
    expect(page.get_by_role("main")).to_contain_text("no more updates of the list Health")
    page.get_by_role("button", name="Leave").click()
    expect(heading(page)).to_have_text("You have left the list")
    assert states(site_server)[-1] == (True, True)


@scripts_off
def test_subscriber_changes_what_she_gets_by_a_fresh_link(page: Page, hub: Hub, site_server: Site):
    address = f"manager-{hub.tree.home.pk}@example.org"
    page.goto(f"{site_server.url}{HARM_REDUCTION}voices/")
    page.get_by_role("link", name="Get what is new here by e-mail").click()
    expect(page.get_by_label("Harm Reduction · Voices")).to_be_checked()
    page.get_by_label("E-mail address").fill(address)

    def is_taken() -> bool:
        page.get_by_role("button", name="Sign up").click()
        return heading(page).text_content() == "Check your e-mail"

    wait_for(is_taken, 15, "The sign-up is not taken.")
    page.goto(link_in(mail_to(site_server, address), "confirm"))
    page.get_by_role("button", name="Confirm").click()

    page.goto(link_in(mail_to(site_server, address), "link"))
    page.get_by_role("button", name="Send me the link").click()
    page.goto(link_in(mail_to(site_server, address), "manage"))
    page.get_by_label("Harm Reduction · Voices").select_option("Monthly")
    page.get_by_text("Follow more").click()
    page.get_by_label("Health", exact=True).select_option("Daily")
    page.get_by_label("Pause").select_option("For 2 months")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_have_text("Saved.")
    expect(page.get_by_label("Harm Reduction · Voices")).to_have_value("monthly")
    expect(page.get_by_label("Health", exact=True)).to_have_value("daily")
    expect(page.get_by_role("main")).to_contain_text("You get none until")
    with page.expect_download() as download:
        page.get_by_role("link", name="Take all we know").click()
    assert address in Path(download.value.path()).read_text()
    page.get_by_role("link", name="Erase my address").click()
    page.get_by_role("button", name="Erase my address").click()
    expect(heading(page)).to_have_text("Your address is erased")
    page.go_back()
    page.reload()
    expect(heading(page)).to_have_text("This link does not work")
    assert page.context.cookies() == []


def states(site: Site) -> list[tuple]:
    """Return of each subscription, the oldest first, whether it was confirmed, and left."""
    return site.query(
        "SELECT confirmed_at IS NOT NULL, left_at IS NOT NULL FROM newsletter_subscription ORDER BY id"
    )


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
    page.get_by_role("link", name="Follow", exact=True).focus()
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
