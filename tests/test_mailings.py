"""Mails that editors write themselves: who gets them, once, and what is reported."""

import threading
from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from django.db import connection, transaction
from django.db.models.deletion import ProtectedError
from django.test import Client
from django.utils import timezone
from wagtail.models import CollectionViewRestriction, Locale

from harmhub.mail.bounces import record
from harmhub.mail.models import Bounce, Mail
from harmhub.mail.sending import send_due_mail
from harmhub.publishing import UnfinishedError
from harmhub.sealing import address_digest
from newsletter.mailings import WAITED_FOR, Sending, report_on
from newsletter.models import Delivery, List, Mailing, Subscriber, Suppression
from newsletter.subscribing import erase, leave
from tests.factories import Tree, list_of, pdf
from tests.fixtures import databases
from tests.fixtures.following import READER, Clock, gone, mails, secrets_in, texts_at_hand, told, written

pytestmark = pytest.mark.django_db
OTHER = "other@example.org"


# --- who gets it


def test_goes_to_who_follows_one_of_its_lists_once_at_whatever_pace(tree: Tree, clock: Clock):
    clock.follow(tree.health)
    clock.follow(tree.harm_reduction, "monthly")
    clock.follow(tree.health, "daily", OTHER)
    clock.follow(None, address="nobody@example.org")
    mailing = gone(written(tree.health, tree.harm_reduction))
    [mail], [other] = mails(), mails(OTHER)
    assert mail.told["subject"] == other.told["subject"] == "We have moved"
    assert "Come and see us." in mail.told["text"]
    assert "Come and see <b>us</b>." in mail.told["html"]
    assert "because you follow Harm Reduction" in mail.told["text"]
    assert "because you follow Harm Reduction" not in other.told["text"]
    assert mails("nobody@example.org") == []
    assert (mailing.mails, bool(mailing.ended_at)) == (2, True)
    gone(mailing)
    assert len(mails()) == 1


@pytest.mark.parametrize("state", ["paused", "suppressed", "left", "pending"])
def test_who_does_not_want_mail_now_gets_none_and_gets_it_never(tree: Tree, clock: Clock, state):
    subscription = clock.follow(tree.health)
    subscriber = subscription.subscriber
    if state == "paused":
        Subscriber.objects.update(paused_until=timezone.now() + timedelta(days=30))
    elif state == "suppressed":
        Suppression.objects.add_digest(bytes(subscriber.address_digest), Suppression.Reason.REFUSED)
    elif state == "left":
        subscription.left_at = timezone.now()
        subscription.save()
    else:
        subscription.confirmed_at = None
        subscription.save()
    mailing = gone(written(tree.health))
    Subscriber.objects.update(paused_until=None)
    gone(mailing)
    assert mails() == []
    assert mailing.ended_at


def test_who_subscribes_after_it_went_gets_none(tree: Tree, clock: Clock):
    clock.follow(tree.health)
    mailing = written(tree.health)
    mailing.begin()
    clock.now = timezone.now() + timedelta(seconds=1)
    clock.follow(tree.health, address=OTHER)
    gone(mailing)
    assert (len(mails()), len(mails(OTHER))) == (1, 0)


def test_one_that_was_cut_short_goes_on_with_who_has_none(tree: Tree, clock: Clock, monkeypatch):
    monkeypatch.setattr("newsletter.mailings.BATCH", 2)
    addresses = [f"reader{number}@example.org" for number in range(5)]
    for address in addresses:
        clock.follow(tree.health, address=address)
    mailing = written(tree.health)
    mailing.begin()
    answers = iter([False, True])
    Sending(mailing, should_stop=lambda: next(answers)).send()
    assert Delivery.objects.count() == 2
    mailing.refresh_from_db()
    assert mailing.ended_at is None
    gone(mailing)
    assert [len(mails(address)) for address in addresses] == [1] * 5
    assert (mailing.mails, bool(mailing.ended_at)) == (5, True)


def test_sending_keeps_no_text_that_it_has_written(tree: Tree, clock: Clock):
    clock.follow(tree.health)
    mailing = written(tree.health)
    mailing.begin()
    sending = Sending(mailing)
    sending.send()
    assert (len(mails()), texts_at_hand()) == (1, 0)


def test_who_cannot_be_read_is_waited_for_but_not_for_ever(tree: Tree, clock: Clock):
    clock.follow(tree.health)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE newsletter_subscriber SET address = 'unreadable'")
    mailing = gone(written(tree.health))
    assert not mailing.ended_at
    Mailing.objects.update(begun_at=timezone.now() - WAITED_FOR - timedelta(minutes=1))
    assert gone(mailing).ended_at
    assert mails() == []


def test_who_asks_for_discretion_gets_a_neutral_subject(tree: Tree, clock: Clock):
    clock.follow(tree.health)
    Subscriber.objects.update(is_discreet=True)
    gone(written(tree.health))
    [mail] = mails()
    assert mail.told["subject"] == "Something new to read"
    assert "Health" not in mail.told["from"]
    assert "We have moved" in mail.told["html"]


def test_shows_its_works_in_order_but_for_what_is_not_public(tree: Tree, clock: Clock):
    clock.follow(tree.health)
    works = [tree.voice(title="Second"), tree.voice(title="Draft", live=False), tree.voice(title="First")]
    gone(written(tree.health, works=works))
    assert told() == ["Second", "First"]


def test_links_in_it_lead_to_the_site_and_its_text_can_be_read_without_html(
    tree: Tree, clock: Clock, settings
):
    settings.PUBLIC_URL = "https://hub.example.org"
    clock.follow(tree.health)
    body = (
        f'<h3>News</h3><p>See <a linktype="page" id="{tree.health.pk}">our page</a><br/>'
        '<a href="https://example.com/?a=1&amp;b=2">elsewhere</a></p><ul><li>one<ul><li>inner</li></ul></li>'
        "<li>two</li></ul><ol><li>first</li></ol>"
    )
    gone(written(tree.health, body=body))
    [mail] = mails()
    assert 'href="https://hub.example.org/topics/health/"' in mail.told["html"]
    assert (
        "News\n\nSee our page (https://hub.example.org/topics/health/)\nelsewhere (https://example.com/?a=1&b=2)"
        "\n\n- one\n  - inner\n- two\n\n1. first"
    ) in mail.told["text"]


@pytest.mark.usefixtures("indexes")
def test_document_that_it_links_to_is_given_out_once_it_goes(tree: Tree, clock: Clock, client: Client):
    clock.follow(tree.health)
    document = pdf("leaflet.pdf")
    body = f'<p><a linktype="document" id="{document.pk}">The leaflet</a></p>'
    mailing = written(tree.health, body=body)
    assert client.get(document.url).status_code == 404
    gone(mailing)
    [mail] = mails()
    assert f'href="http://testserver{document.url}"' in mail.told["html"]
    assert client.get(document.url).streaming
    assert client.get(pdf("other.pdf").url).status_code == 404


@pytest.mark.usefixtures("indexes")
def test_document_of_a_private_collection_stays_private_where_it_links_to_it(
    tree: Tree, clock: Clock, client: Client
):
    clock.follow(tree.health)
    document = pdf("leaflet.pdf")
    gone(written(tree.health, body=f'<p><a linktype="document" id="{document.pk}">The leaflet</a></p>'))
    CollectionViewRestriction.objects.create(collection=document.collection, restriction_type="login")
    answer = client.get(document.url)
    assert answer.status_code == 302
    assert "login" in answer.url


# --- when it goes


def test_waits_ten_minutes_in_which_it_can_be_taken_back(tree: Tree, clock: Clock):
    clock.follow(tree.health)
    mailing = gone(written(tree.health), minutes=9)
    assert mails() == []
    mailing.unpublish()
    gone(mailing)
    assert mails() == []
    mailing.save_revision().publish()
    gone(mailing)
    assert len(mails()) == 1


def test_goes_at_the_time_that_was_set(tree: Tree, clock: Clock):
    clock.follow(tree.health)
    at = timezone.now() + timedelta(hours=1)
    mailing = gone(written(tree.health, go_live_at=at))
    assert (mailing.live, mailing.goes_at) == (False, at)
    Mailing.objects.update(go_live_at=timezone.now() - timedelta(seconds=1))
    mailing.refresh_from_db()
    mailing.save_revision().publish()
    gone(mailing, minutes=0)
    assert len(mails()) == 1


def test_one_that_was_published_under_a_clock_that_was_ahead_goes_now(tree: Tree, clock: Clock):
    clock.follow(tree.health)
    mailing = written(tree.health)
    Mailing.objects.update(last_published_at=timezone.now() + timedelta(days=1))
    gone(mailing, minutes=0)
    assert len(mails()) == 1


@pytest.mark.parametrize(
    ("fields", "fault"), [({"subject": ""}, "subject"), ({"body": ""}, "text"), ({}, "to the lists")]
)
def test_unfinished_one_is_not_published(tree: Tree, fields, fault):
    mailing = written(*([tree.health] if fields else []), publish=False, **fields)
    with pytest.raises(UnfinishedError, match=fault):
        mailing.save_revision(clean=False).publish()


def test_one_is_in_one_language(tree: Tree):
    french = List.about(None)
    french.locale = Locale.objects.create(language_code="fr")
    mailing = written(tree.health, List.objects.kept(french), publish=False)
    with pytest.raises(UnfinishedError, match="several languages"):
        mailing.save_revision().publish()


def test_what_has_gone_out_stays_as_it_was(tree: Tree, clock: Clock):
    clock.follow(tree.health)
    mailing = gone(written(tree.health))
    mailing.subject = "Another one"
    revision = mailing.save_revision()
    with pytest.raises(UnfinishedError, match="gone out"):
        revision.publish()
    with pytest.raises(ProtectedError):
        mailing.delete()
    assert Mailing.objects.get().subject == "We have moved"


# --- leaving


def test_its_links_leave_its_lists_and_no_other(tree: Tree, clock: Clock):
    for followed in (tree.health, tree.harm_reduction, None):
        clock.follow(followed)
    mailing = gone(written(tree.health, tree.harm_reduction))
    Mail.objects.update(sent_at=timezone.now())
    secret = secrets_in(mails()[0])[-1]
    leave(secret)
    active = Subscriber.objects.get().subscriptions.active()
    assert [each.list.page for each in active] == [None]
    leave(secret)
    mailing.refresh_from_db()
    assert mailing.left == 1


def test_who_leaves_before_it_is_sent_gets_it_only_for_her_other_list(tree: Tree, clock: Clock):
    for followed in (tree.health, tree.harm_reduction):
        clock.follow(followed)
    clock.follow(tree.health, address=OTHER)
    mailing = gone(written(tree.health, tree.harm_reduction))
    for address in (READER, OTHER):
        leave(secrets_in(mails(address)[0])[0], str(list_of(tree.health).pk))
    [mail] = mails()
    assert "because you follow Harm Reduction" in mail.told["text"]
    assert "because you follow Health" not in mail.told["text"]
    assert mails(OTHER) == []
    assert report_on(mailing).withdrawn == 1


# --- the report


def test_report_tells_what_was_sent_delayed_refused_and_left(tree: Tree, clock: Clock, mail_server):
    addresses = ["sent@example.org", "r@refused.example", "r@delayed.example", "left@example.org"]
    for address in addresses:
        clock.follow(tree.health, address=address)
    mailing = gone(written(tree.health))
    leave(secrets_in(mails("left@example.org")[0])[0])
    mail_server.refuse_at("refused.example", "550 5.1.1 no")
    mail_server.refuse_at("delayed.example", "451 later")
    send_due_mail()
    report = report_on(gone(mailing))
    assert (report.due, report.sent, report.waiting, report.delayed) == (4, 1, 1, 1)
    assert (report.refused, report.withdrawn, report.left) == (1, 1, 0)
    assert mailing.settled_at is None
    Mail.objects.waiting().update(failed_at=timezone.now())
    record(Bounce.Kind.HARD, mail_id=mails("sent@example.org")[0].pk)
    report = report_on(gone(mailing))
    assert (report.sent, report.returned) == (1, 1)
    assert mailing.settled_at
    for subscriber in Subscriber.objects.all():
        erase(subscriber)
    after = report_on(mailing)
    assert (after.due, after.sent, after.refused) == (report.due, report.sent, report.refused)
    assert (report.due, report.sent, report.refused, report.waiting) == (4, 1, 2, 0)


def test_report_counts_what_was_sent_also_to_who_is_erased_before_all_is_done(tree: Tree, clock: Clock):
    clock.follow(tree.health)
    clock.follow(tree.health, address=OTHER)
    mailing = gone(written(tree.health))
    Mail.objects.filter(pk=mails()[0].pk).update(sent_at=timezone.now())
    erase(Subscriber.objects.first())
    mailing.refresh_from_db()
    assert (report_on(mailing).sent, report_on(mailing).withdrawn) == (1, 0)
    Mail.objects.waiting().update(sent_at=timezone.now())
    gone(mailing)
    assert (mailing.sent, mailing.withdrawn) == (2, 0)


# --- what goes wrong


@pytest.mark.parametrize("link", ["http://[bad", "https://[::1", "https://ex]ample.org/[x"])
def test_malformed_link_is_plain_text(tree: Tree, clock: Clock, link: str):
    clock.follow(tree.health)
    gone(written(tree.health, body=f'<p>See <a href="{link}">this</a>.</p>'))
    assert "See this." in mails()[0].told["html"]


def test_mailing_that_cannot_be_sent_holds_up_no_other(tree: Tree, clock: Clock, caplog):
    clock.follow(tree.health)
    broken, sound = written(tree.health, subject="Broken"), written(tree.health, subject="Sound")
    with pytest.MonkeyPatch.context() as patched:
        whole = Sending.send

        def send(self: Sending) -> None:
            if self.mailing.pk == broken.pk:
                raise ValueError(READER)
            whole(self)

        patched.setattr(Sending, "send", send)
        gone(sound)
    assert [mail.told["subject"] for mail in mails()] == ["Sound"]
    assert f"Mailing {broken.pk} cannot be sent (ValueError)" in caplog.text
    assert READER not in caplog.text


def test_who_cannot_be_read_gets_it_when_her_key_is_there(tree: Tree, clock: Clock, settings):
    clock.follow(tree.health)
    clock.follow(tree.health, address=OTHER)
    keys = settings.SEALING_KEYS
    hidden = Subscriber.objects.get(address_digest=address_digest(READER))
    settings.SEALING_KEYS = [Fernet.generate_key().decode(), *keys]
    hidden.address = READER
    hidden.save()
    settings.SEALING_KEYS = keys
    mailing = gone(written(tree.health))
    assert (len(mails(OTHER)), len(mails()), mailing.ended_at) == (1, 0, None)
    hidden.address = READER
    hidden.save()
    gone(mailing)
    assert len(mails()) == 1
    assert mailing.ended_at


def test_published_one_that_is_given_a_time_goes_then_as_it_is_then(tree: Tree, clock: Clock):
    clock.follow(tree.health)
    mailing = written(tree.health)
    mailing.subject, mailing.go_live_at = "Corrected", timezone.now() + timedelta(days=2)
    mailing.save_revision().publish()
    gone(mailing)
    assert mails() == []
    assert (mailing.live, mailing.goes_at) == (False, mailing.scheduled_for)
    Mailing.objects.update(go_live_at=None)
    revision = mailing.scheduled_revision
    revision.content |= {"go_live_at": (timezone.now() - timedelta(seconds=5)).isoformat()}
    revision.save()
    revision.refresh_from_db()
    revision.publish()
    gone(mailing, minutes=0)
    assert [mail.told["subject"] for mail in mails()] == ["Corrected"]


def test_one_that_somebody_published_after_its_time_waits_ten_minutes(tree: Tree, clock: Clock):
    clock.follow(tree.health)
    mailing = gone(written(tree.health, go_live_at=timezone.now() - timedelta(hours=2)), minutes=9)
    assert mails() == []
    assert mailing.goes_at == mailing.last_published_at + timedelta(minutes=10)
    gone(mailing)
    assert len(mails()) == 1


def test_one_that_was_published_anew_meanwhile_is_not_begun(tree: Tree, clock: Clock):
    mailing = written(tree.health)
    mailing.begin(timezone.now() + timedelta(minutes=9))
    assert mailing.begun_at is None
    mailing.begin(timezone.now() + timedelta(minutes=11))
    assert mailing.begun_at


@pytest.mark.django_db(transaction=True)
def test_one_that_is_just_being_taken_back_does_not_begin(tree: Tree):
    mailing = written(tree.health)
    begun: list[Mailing] = []

    def begin() -> None:
        other = Mailing.objects.get(pk=mailing.pk)
        other.begin()
        begun.append(other)
        connection.close()

    with transaction.atomic():
        assert not mailing.has_gone()
        thread = threading.Thread(target=begin)
        thread.start()
        databases.wait_for_a_lock()
        mailing.unpublish()
    thread.join()
    assert [each.begun_at for each in begun] == [None]
