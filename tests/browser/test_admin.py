"""The daily work of editors, in a browser, on the running site: write, look, publish, schedule, moderate."""

import contextlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import Group
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from procrastinate.exceptions import AlreadyEnqueued

from harmhub.tasks import publish_scheduled
from harmhub.users.models import User
from tests.browser.hub import HARM_REDUCTION, Hub
from tests.fixtures.door import App, app_of
from tests.fixtures.site import Site, wait_for
from tests.fixtures.smtp import text_of

PASSWORD = "a password of some length"
TOPIC = "Health › Harm Reduction"
# Wagtail notices changes only from two seconds after a form was opened: nobody types as early as a test does.
WATCH = """
document.addEventListener("w-unsaved:watch-edits", () => { document.documentElement.dataset.isWatched = "" })
"""
# Wagtail checks the preview once more while its last check still runs, on a busy machine.
KNOWN = "Axe is already running"
Desk = Callable[[str], Page]


@pytest.fixture
def desk(browser: Browser, site_server: Site) -> Iterator[Desk]:
    """A function that logs a new member of a group in and returns the browser's page.

    At the end, the admin's Content Security Policy may have refused nothing, and no script may have failed.
    """
    faults: list[str] = []
    contexts = []

    def log_in(group: str) -> Page:
        name = f"{group}-{len(contexts)}-{datetime.now(UTC):%H%M%S%f}"
        app = member(site_server, name, group)
        # Of what moves on its own account, the machine would draw each step.
        context = browser.new_context(viewport={"width": 1280, "height": 1000}, reduced_motion="reduce")
        context.set_default_timeout(30_000)
        contexts.append(context)
        context.add_init_script(WATCH)
        page = context.new_page()
        page.on("console", lambda said: "Content Security Policy" in said.text and faults.append(said.text))
        page.on("pageerror", lambda error: KNOWN not in str(error) and faults.append(f"{page.url}: {error}"))
        page.on(
            "response", lambda answer: answer.status >= 500 and faults.append(f"{answer.status} {answer.url}")
        )
        page.goto(f"{site_server.url}/admin/")
        page.get_by_label("Username").fill(name)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_label("Code").fill(app.code())
        page.get_by_role("button", name="Continue").click()
        expect(page.get_by_role("navigation", name="Main menu")).to_be_visible()
        return page

    yield log_in
    for context in contexts:
        context.close()
    assert faults == []


def member(site: Site, name: str, group: str) -> App:
    """Make a member of a group, with a password and an authenticator app, which is returned."""
    # The hasher of the tests is none that the running site accepts.
    password = PBKDF2PasswordHasher().encode(PASSWORD, "salt", iterations=1000)
    with site.orm():
        user = User.objects.create(username=name, email=f"{name}@example.org", password=password)
        user.groups.add(Group.objects.get(name=group))
        return app_of(user)


def photo() -> dict:
    """Return a picture as a file chosen in the browser."""
    out = BytesIO()
    Image.new("RGB", (1200, 800), "teal").save(out, "JPEG")
    return {"name": "bench.jpg", "mimeType": "image/jpeg", "buffer": out.getvalue()}


def begin_article(page: Page, title: str) -> None:
    """Open the form of a new article from the menu and fill in what is asked for."""
    page.get_by_role("navigation", name="Main menu").get_by_role("button", name="Work").click()
    page.get_by_role("link", name="Voices", exact=True).click()
    page.get_by_role("link", name="Add article (Voices)").click()
    page.locator("html[data-is-watched]").wait_for(state="attached")
    page.get_by_role("textbox", name="Title*", exact=True).fill(title)
    page.get_by_role("textbox", name="Summary*").fill("What it says.")
    page.get_by_role("combobox", name="Topic*").select_option(label=TOPIC)


def upload_picture(page: Page) -> None:
    page.get_by_role("button", name="Choose an image").click()
    chooser = page.get_by_role("dialog")
    chooser.get_by_role("tab", name="Upload").click()
    chooser.locator("input[type=file]").set_input_files(photo())
    expect(chooser.get_by_role("textbox", name="Title*")).to_have_value("bench")
    chooser.get_by_role("button", name="Upload").click()
    expect(page.get_by_role("region", name="Image")).to_contain_text("bench")


def draft_has_a_picture(site: Site) -> bool:
    """Tell whether the draft that was saved last has one."""
    newest = "SELECT content->>'image' FROM wagtailcore_revision ORDER BY id DESC LIMIT 1"
    return site.query(newest)[0][0] is not None


def write_text(page: Page, words: str) -> None:
    body = page.get_by_role("region", name="Body", exact=True)
    body.get_by_role("button", name="Insert a block").click()
    page.get_by_role("option", name="Text", exact=True).click()
    body.get_by_role("textbox").click()
    page.keyboard.type(words)


def act(page: Page, label: str) -> None:
    """Press an entry of the menu at the foot of the form."""
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("navigation", name="Actions (footer)").get_by_role("button", name=label).click()


def mails_to(site: Site, name: str) -> str:
    """Return the texts of all mails to those whose name begins so."""
    return "".join(text_of(mail) for mail in site.mail.messages if mail["To"].startswith(name))


def titles_on_topic(page: Page, site: Site) -> list[str]:
    page.goto(site.url + HARM_REDUCTION)
    return page.locator("#recent .card h3").all_inner_texts()


def test_article_with_a_picture_is_written_previewed_and_published(
    desk: Desk, page: Page, hub: Hub, site_server: Site
):
    editor = desk("Moderators")
    begin_article(editor, "A Bench for Everybody")
    write_text(editor, "Nobody is waiting.")
    # Wagtail's autosave passes over what is changed while it is under way. The picture comes last, as one
    # change: the preview is drawn anew after each, which would pass over the choice of what to preview.
    expect(editor.get_by_text("Saved", exact=True)).to_be_visible(timeout=20_000)
    upload_picture(editor)
    wait_for(lambda: draft_has_a_picture(site_server), 30, "The picture is not saved.")
    expect(editor.get_by_text("Saved", exact=True)).to_be_visible()
    editor.get_by_role("button", name="Toggle preview").click()
    preview = editor.frame_locator("#w-preview-iframe")
    expect(preview.get_by_role("heading", name="A Bench for Everybody")).to_be_visible()
    expect(preview.get_by_text("Nobody is waiting.")).to_be_visible()
    editor.get_by_label("Preview mode").select_option(label="Card in lists")
    expect(preview.get_by_role("heading", name="Among the newest")).to_be_visible()
    act(editor, "Publish")
    expect(editor.get_by_text("published", exact=False).first).to_be_visible()
    assert titles_on_topic(page, site_server)[0] == "A Bench for Everybody"
    picture = page.locator("#recent .card").first.locator("img")
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
    page.get_by_role("link", name="A Bench for Everybody").click()
    expect(page.get_by_text("Nobody is waiting.")).to_be_visible()


def test_scheduled_article_appears_at_its_time(desk: Desk, page: Page, hub: Hub, site_server: Site):
    editor = desk("Moderators")
    begin_article(editor, "A Bench at Last")
    editor.get_by_role("button", name="Toggle status").click()
    editor.get_by_role("button", name="Set schedule").click()
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    dialog = editor.get_by_role("dialog")
    dialog.get_by_role("textbox", name="Go live date/time").fill(f"{tomorrow:%Y-%m-%d %H:%M}")
    dialog.get_by_role("button", name="Save schedule").press("Enter")  # the calendar may lie over it
    act(editor, "Schedule to publish")
    expect(editor.get_by_text("scheduled for publishing").first).to_be_visible()
    assert "A Bench at Last" not in titles_on_topic(page, site_server)
    a_day_passes(site_server, "A Bench at Last")
    wait_for(
        lambda: "A Bench at Last" in titles_on_topic(page, site_server),
        30,
        "It was not published at its time.",
    )


def a_day_passes(site: Site, title: str) -> None:
    """Put the time of a scheduled page a day back, and run the minutely job now."""
    site.query(
        "UPDATE wagtailcore_revision SET approved_go_live_at = now() - interval '1 minute', content ="
        " jsonb_set(content, '{go_live_at}', to_jsonb(now() - interval '1 minute')) WHERE object_str = %s",
        (title,),
    )
    site.query(
        "UPDATE wagtailcore_page SET go_live_at = now() - interval '1 minute' WHERE draft_title = %s",
        (title,),
    )
    with site.orm(), contextlib.suppress(AlreadyEnqueued):
        publish_scheduled.defer(timestamp=0)


def test_article_goes_to_moderation_and_back_and_is_published(
    desk: Desk, page: Page, hub: Hub, site_server: Site
):
    title = "A Bench on Trial"
    editor, moderator = desk("Editors"), desk("Moderators")
    begin_article(editor, title)
    act(editor, "Submit to Moderators approval")
    expect(editor.get_by_text("submitted for moderation").first).to_be_visible()
    assert title not in titles_on_topic(page, site_server)

    moderator.goto(f"{site_server.url}/admin/")
    moderator.get_by_role("link", name=title).first.click()
    act(moderator, "Request changes")
    moderator.get_by_role("dialog").get_by_role("textbox", name="Comment").fill("Who says so?")
    moderator.get_by_role("dialog").get_by_role("button", name="Request changes").click()
    expect(moderator.get_by_text("has been updated")).to_be_visible()
    wait_for(lambda: "Who says so?" in mails_to(site_server, "Editors"), 30, "The editor was not told.")

    editor.goto(f"{site_server.url}/admin/")
    editor.get_by_role("link", name=title).first.click()
    expect(editor.get_by_text("asks for changes: Who says so?")).to_be_visible()
    editor.get_by_role("textbox", name="Summary*").fill("What the nurses say.")
    act(editor, "Resubmit to Moderators approval")
    expect(editor.get_by_text("has been submitted for moderation")).to_be_visible()

    moderator.goto(f"{site_server.url}/admin/")
    moderator.get_by_role("link", name=title).first.click()
    act(moderator, "Approve and Publish")
    expect(moderator.get_by_text("has been updated")).to_be_visible()
    assert titles_on_topic(page, site_server)[0] == title
    expect(page.get_by_text("What the nurses say.")).to_be_visible()
