"""Importing subscribers and looking at their numbers, in a browser, on the running site."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.models import Group
from playwright.sync_api import Page, expect

from harmhub.users.models import User
from newsletter.models import Subscription, Update
from tests.browser.hub import Hub
from tests.browser.test_admin import Desk, desk  # noqa: F401 (a fixture)
from tests.factories import Tree
from tests.fixtures.following import follow_now, written
from tests.fixtures.site import Site, wait_for
from tests.fixtures.smtp import text_of


def assert_accessible(page: Page) -> None:
    """Fail with what axe finds in the page's own part, and where it looked at nothing."""
    page.wait_for_load_state()  # it may be just arriving
    found = Axe().run(page, context="main").response
    assert found["passes"]
    assert [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]] == []


def test_a_file_is_looked_at_and_brought_in_and_the_chart_shows_it(
    desk: Desk,  # noqa: F811
    hub: Hub,
    site_server: Site,
):
    page = desk("Moderators")
    page.goto(f"{site_server.url}/admin/subscribers/")
    page.get_by_role("link", name="Import").click()
    page.wait_for_url("**/import/")
    assert_accessible(page)
    names = ("address;source", "brought@example.org;Paper", "also-brought@example.org;Paper", "nobody;Paper")
    file = {"name": "people.csv", "mimeType": "text/csv", "buffer": "\n".join(names).encode()}
    page.get_by_label("CSV file").set_input_files(file)
    page.get_by_label("List").select_option(label="Health (English)")
    page.get_by_label("On which day they agreed").fill("2024-05-06")
    page.get_by_label("They have confirmed elsewhere").check()
    page.get_by_role("button", name="See what would happen").click()
    expect(page.get_by_text("Line 4:")).to_be_visible()
    assert_accessible(page)
    page.get_by_role("button", name="Import 2 subscriptions").click()
    expect(page.get_by_text("The import has begun.")).to_be_visible()
    wait_for(lambda: len(site_server.mail.messages) >= 2, 90, "No mail tells those who were brought in.")
    [mail] = [each for each in site_server.mail.messages if each["To"].startswith("brought@")]
    assert "/newsletter/leave/?t=" in text_of(mail)
    page.reload()
    expect(page.get_by_role("heading", name="Imported on")).to_be_visible()
    with site_server.orm():
        about = Subscription.objects.active().latest("pk").list_id
    page.goto(f"{site_server.url}/admin/lists/inspect/{about}/")
    expect(page.get_by_role("img", name="Subscribers From")).to_be_visible()
    page.get_by_text("The same as a table").click()
    assert page.get_by_role("row").nth(1).get_by_role("cell").all_inner_texts()[3] == "2"
    assert_accessible(page)
    page.get_by_role("link", name="A year, by weeks").click()
    expect(page.get_by_text("Each week")).to_be_visible()


@pytest.mark.django_db(transaction=True)
def test_a_title_without_spaces_leaves_the_buttons_of_its_update_in_sight(tree: Tree, open_as):
    Update.objects.create(item=tree.voice(title="W" * 255), goes_at=None)
    Update.objects.create(item=tree.voice(title="A title of some words that is not short"), note="More " * 28)
    user = User.objects.create_superuser("boss", password="boss", email="boss@example.org")
    page = open_as(user, "/admin/updates/", "light")
    for width in (1280, 800):
        page.set_viewport_size({"width": width, "height": 900})
        for button in page.get_by_role("button", name="Do not send").all():
            box = button.bounding_box()
            assert box["x"] + box["width"] <= width


@pytest.mark.filterwarnings("ignore:get_connection")
@pytest.mark.django_db(transaction=True)
def test_a_moderator_approves_a_mailing_in_its_form(tree: Tree, open_as):
    editor, moderator = (User.objects.create_user(name, f"{name}@example.org", "x") for name in ("ed", "mo"))
    moderator.groups.add(Group.objects.get(name="Moderators"))
    follow_now(tree.health)
    mailing = written(
        tree.health, works=[tree.voice()], publish=False, body="<h3>Now</h3><p>Come <b>and</b> see.</p>"
    )
    mailing.save_revision(user=editor)
    mailing.get_workflow().start(mailing, editor)
    page = open_as(moderator, f"/admin/mailings/edit/{mailing.pk}/")
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("button", name="Approve and Publish").click()
    page.wait_for_url("**/admin/mailings/")
    mailing.refresh_from_db()
    assert mailing.live
    assert mailing.latest_revision.user == moderator
