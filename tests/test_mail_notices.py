"""Mail that Django and Wagtail send by themselves goes through the queue, too."""

import pytest
from django.contrib.auth.models import Group
from django.core.mail import EmailMultiAlternatives, mailers
from wagtail.models import Workflow

from harmhub.mail.models import Mail
from harmhub.users.models import User
from tests.factories import Tree

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def queue(settings) -> None:
    """Use the site's own way for mail, which Django's test runner replaces."""
    settings.MAILERS = {"default": {"BACKEND": "harmhub.mail.backends.QueueBackend"}}


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


@pytest.mark.filterwarnings("ignore:get_connection")
def test_submitting_to_moderation_needs_no_mail_server(tree: Tree, django_capture_on_commit_callbacks):
    moderator = User.objects.create_user("moderator", "moderator@example.org")
    moderator.groups.add(Group.objects.get(name="Moderators"))
    voice = tree.voice(live=False)
    voice.save_revision()
    with django_capture_on_commit_callbacks(execute=True):
        Workflow.objects.get().start(voice, User.objects.create_user("editor", "editor@example.org"))
    assert "moderator@example.org" in {mail.content["to"] for mail in Mail.objects.all()}
