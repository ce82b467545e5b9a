"""Mail that Django and Wagtail send by themselves goes through the queue, too."""

import pytest
from django.contrib.auth.models import Group
from django.core.mail import EmailMessage, EmailMultiAlternatives, mailers
from django.test import Client
from django.urls import reverse
from wagtail.models import Workflow
from wagtail.test.utils.form_data import querydict_from_html

from harmhub.mail.models import Mail
from harmhub.mail.sending import send_due_mail
from harmhub.users.models import User
from tests.factories import Tree

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def queue(settings) -> None:
    """Use the site's own way for mail, which Django's test runner replaces."""
    queued = {"BACKEND": "harmhub.mail.backends.QueueBackend"}
    settings.MAILERS = settings.MAILERS | {"default": queued}


def test_message_of_others_becomes_a_row_for_each_recipient():
    message = EmailMultiAlternatives(
        "A notice", "Text", "from@example.org", ["a@example.org"], cc=["b@example.org"]
    )
    message.attach_alternative("<p>Text</p>", "text/html")
    assert mailers.default.send_messages([message]) == 1
    rows = [mail.content for mail in Mail.objects.all()]
    assert {row["to"] for row in rows} == {"a@example.org", "b@example.org"}
    assert {(row["subject"], row["text"], row["html"]) for row in rows} == {
        ("A notice", "Text", "<p>Text</p>")
    }
    assert {row["from"] for row in rows} == {"from@example.org"}


def test_named_recipient_reply_address_and_headers_survive_the_queue(mail_server):
    EmailMessage(
        "A notice",
        "Text",
        to=["Ana <ana@example.org>"],
        reply_to=["desk@example.org"],
        headers={"X-Kind": "notice", "Message-ID": "<another@example.org>"},
    ).send()
    assert send_due_mail() == 1
    (message,) = mail_server.messages
    assert mail_server.recipients == [["ana@example.org"]]
    assert (message["Reply-To"], message["X-Kind"]) == ("desk@example.org", "notice")
    assert message["Message-ID"] == Mail.objects.get().message_id


def test_attachment_is_refused_rather_than_lost():
    message = EmailMessage("A notice", "Text", to=["ana@example.org"])
    message.attach("report.csv", "a,b", "text/csv")
    with pytest.raises(ValueError, match="attachments"):
        message.send()


@pytest.mark.filterwarnings("ignore:get_connection")
@pytest.mark.parametrize("host", ["127.0.0.1", "mail.invalid"])
def test_moderators_hear_of_a_page_submitted_while_the_mail_server_was_away(
    tree: Tree, client: Client, mail_server, settings, host
):
    User.objects.create_user("m", "moderator@example.org").groups.set(Group.objects.filter(name="Moderators"))
    editor = User.objects.create_user("editor", "editor@example.org")
    editor.groups.set(Group.objects.filter(name="Editors"))
    client.force_login(editor)
    voice = tree.voice(live=False)
    reachable = settings.MAILERS
    options = {"host": host, "port": mail_server.port, "timeout": 2}
    settings.MAILERS = reachable | {"outgoing": reachable["outgoing"] | {"OPTIONS": options}}
    mail_server.stop()
    address = reverse("wagtailadmin_pages:edit", args=[voice.pk])
    html = client.get(address).content.decode()
    form = querydict_from_html(html, form_id="page-edit-form").dict()
    form |= {"body-count": "0", "action-submit": "yes"}
    assert client.post(address, form).status_code == 302
    assert send_due_mail() == 0
    mail_server.start()
    settings.MAILERS = reachable
    assert send_due_mail() > 0
    assert ["moderator@example.org"] in mail_server.recipients


@pytest.mark.filterwarnings("ignore:get_connection")
def test_submitting_to_moderation_needs_no_mail_server(tree: Tree, django_capture_on_commit_callbacks):
    moderator = User.objects.create_user("moderator", "moderator@example.org")
    moderator.groups.add(Group.objects.get(name="Moderators"))
    voice = tree.voice(live=False)
    voice.save_revision()
    with django_capture_on_commit_callbacks(execute=True):
        Workflow.objects.get(name="Moderators approval").start(
            voice, User.objects.create_user("editor", "editor@example.org")
        )
    assert "moderator@example.org" in {mail.content["to"] for mail in Mail.objects.all()}
