"""Signing up: one answer for everybody, and never more mail to an address than it can bear."""

import re
from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override
from django.utils.translation.trans_real import translation
from procrastinate.contrib.django.models import ProcrastinateJob
from wagtail.models import Locale

from harmhub import mail as mails
from harmhub.mail.models import Mail
from harmhub.sealing import address_digest
from newsletter.models import List, SignUp, Subscriber, Subscription, Suppression, Token
from newsletter.subscribing import erase
from newsletter.suppressing import suppress_refused
from newsletter.tasks import sign_ups
from newsletter.views import PER_CLIENT
from tests.factories import list_of
from tests.fixtures.writing import database_away

CANARY = "canary.reader@example.org"


@pytest.fixture
def health(tree):
    return tree.health


def sign_up(reader: Client, email: str = CANARY, client: int = 1, **fields):
    """Send the form as the client with this number, and let the worker look at it."""
    form = {"email": email, **fields}
    answer = reader.post("/newsletter/", form, REMOTE_ADDR=f"203.0.113.{client}")
    sign_ups()
    return answer


def waiting(address: str) -> None:
    """Store a sign-up for everything, as the form does."""
    SignUp.objects.create(address=address, language="en", wording="…").lists.set([list_of(None, "en")])


def later(span: timedelta) -> None:
    """Let all confirmations have been sent this much earlier."""
    Token.objects.update(created_at=F("created_at") - span)


def test_the_sign_up_bar_names_the_area_and_sends_its_number(reader, tree):
    page = reader.get(tree.drug_checking.url).content.decode()
    assert "Sign up to receive updates about our work in <b>Health</b>." in page
    assert f'<input type="hidden" name="topic" value="{tree.health.pk}">' in page
    page = reader.get(tree.justice.url).content.decode()
    assert "Sign up to receive updates from <b>Fennmark Foundation</b>." in page


def test_a_sign_up_becomes_a_pending_subscription_and_a_mail(reader, health):
    answer = sign_up(reader, topic=health.pk)
    assert answer.status_code == 200
    assert "Check your e-mail" in answer.content.decode()
    assert "nothing happens until you press Confirm" in answer.content.decode()
    subscription = Subscription.objects.pending().get()
    assert (subscription.list.page_id, subscription.pace, subscription.subscriber.address) == (
        health.pk,
        "weekly",
        CANARY,
    )
    assert subscription.consents.get().wording == "Sign up to receive updates about our work in Health."
    assert subscription.consents.get().day is None
    assert not SignUp.objects.exists()
    content = Mail.objects.get().content
    assert content["to"] == CANARY
    assert "http://testserver/newsletter/confirm/?t=" in content["text"]
    assert content["headers"]["Auto-Submitted"] == "auto-generated"
    assert "Health" not in content["subject"]


def words(page: str) -> str:
    return " ".join(re.sub("<[^>]*>", " ", page).split()).replace(" .", ".")


@pytest.fixture
def arabic(tree, monkeypatch):
    """The topic Health in Arabic, and the words of the forms as a translator could have put them."""
    page = tree.health.copy_for_translation(Locale.objects.create(language_code="ar"), copy_parents=True)
    page.title = "الصحة"
    page.save_revision().publish()
    put = {
        "Sign up to receive updates about our work in <b>%(list)s</b>.": "<b>%(list)s</b> بالبريد",
        "Send me updates about": "عن",
    }
    for message, text in put.items():
        monkeypatch.setitem(translation("ar")._catalog._catalogs[0], message, text)
    return page


@pytest.mark.parametrize("path", ["/topics/health/", "/", "/topics/justice/"])
def test_consent_is_the_sentence_of_the_bar_that_was_sent(reader, tree, path):
    page = reader.get(path).content.decode()
    bar = page.split('class="signup"')[1].split("</aside>")[0]
    chosen = dict(re.findall(r'name="(topic)" value="(\d+)"', bar))
    sign_up(reader, **chosen)
    wording = Subscription.objects.get().consents.get().wording
    assert wording.startswith("Sign up to receive updates ")
    assert wording in words(bar)


@pytest.mark.parametrize("chosen", ["", "Health"])
def test_consent_is_question_and_answer_of_the_page_that_was_sent(reader, tree, chosen):
    shown = words(reader.get("/newsletter/").content.decode())
    sign_up(reader, **({"topic": tree.health.pk} if chosen else {"everything": "on"}), on_page="on")
    question, answer = Subscription.objects.get().consents.get().wording.split(": ")
    assert question == "Send me updates about"
    assert answer == (chosen or "All topics – Everything from Fennmark Foundation")
    assert question in shown
    assert answer.replace(" – ", " ") in shown
    assert 'name="on_page" value="on"' in reader.get("/newsletter/").content.decode()


def test_consent_is_in_the_language_of_the_form_and_its_page_offers_lists_of_that_language(
    reader, tree, arabic
):
    page = reader.get("/ar/newsletter/").content.decode()
    assert f'value="{arabic.pk}"' in page
    assert f'value="{tree.health.pk}"' not in page
    assert f'value="{arabic.pk}"' not in reader.get("/newsletter/").content.decode()
    bar = reader.get(arabic.url).content.decode().split('class="signup"')[1]
    assert 'action="/ar/newsletter/"' in bar
    for number, shown in enumerate([{}, {"on_page": "on"}]):
        reader.post("/ar/newsletter/", {"email": f"{number}@example.org", "topic": arabic.pk, **shown})
    assert set(SignUp.objects.values_list("wording", flat=True)) == {"الصحة بالبريد", "عن: الصحة"}
    other = reader.post("/ar/newsletter/", {"email": CANARY, "topic": tree.health.pk})
    assert other.status_code == 422


def test_only_public_topics_with_a_list_of_their_own_are_offered(reader, tree):
    offered = lambda: re.findall(r'name="topic" value="(\d+)"', reader.get("/newsletter/").content.decode())  # noqa: E731
    assert offered() == [str(tree.health.pk)]
    tree.health.unpublish()
    assert offered() == []
    assert reader.post("/newsletter/", {"email": CANARY, "topic": tree.health.pk}).status_code == 422


def test_without_a_list_the_whole_organisation_is_meant(reader, tree):
    sign_up(reader)
    assert Subscription.objects.get().list == list_of(None, "en")
    assert "Fennmark Foundation" in Mail.objects.get().content["text"]


def test_the_form_stores_one_row_and_wakes_the_worker_once(reader, tree, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        reader.post("/newsletter/", {"email": CANARY})
    assert SignUp.objects.count() == 1
    job = ProcrastinateJob.objects.get(task_name="newsletter.tasks.sign_ups")
    assert job.args == {}
    assert not Subscriber.objects.exists()


def test_answers_are_equal_byte_by_byte_and_query_by_query_for_every_kind_of_address(
    reader, health, django_capture_on_commit_callbacks
):
    _make_confirmed("confirmed@example.org", health)
    sign_up(reader, "pending@example.org", topic=health.pk)
    for reason in Suppression.Reason:
        digest = address_digest(f"{reason}@example.org")
        Suppression.objects.add_digest(digest, reason)
    seen = set()
    addresses = ["new", "pending", "confirmed", *Suppression.Reason.values]
    reader.get("/newsletter/")  # fills what the process remembers
    for number, name in enumerate(addresses, start=50):
        ProcrastinateJob.objects.all()._raw_delete("default")
        with CaptureQueriesContext(connection) as queries, django_capture_on_commit_callbacks(execute=True):
            answer = reader.post(
                "/newsletter/",
                {"email": f"{name}@example.org", "topic": health.pk},
                REMOTE_ADDR=f"203.0.113.{number}",
            )
        seen.add((answer.status_code, answer.content, tuple(answer.headers.items()), len(queries)))
    assert len(seen) == 1


def test_the_repeat_of_a_sign_up_is_answered_alike_and_stored_once(reader, tree):
    answers = [reader.post("/newsletter/", {"email": CANARY}).content for _ in range(2)]
    assert answers[0] == answers[1]
    assert SignUp.objects.count() == 1


def test_a_thousand_sign_ups_for_one_address_send_one_mail_an_hour_and_three_a_day(tree):
    everything = list_of(None, "en")

    def flood(number: int) -> None:
        spellings = [CANARY, CANARY.upper()] * (number // 2)
        wishes = [SignUp(address=spelling, language="en", wording="…") for spelling in spellings]
        chosen = SignUp.lists.through
        chosen.objects.bulk_create(
            chosen(signup=wish, list=everything) for wish in SignUp.objects.bulk_create(wishes)
        )
        assert SignUp.objects.waiting().count() == number
        sign_ups()

    flood(1000)
    assert Mail.objects.count() == 1
    assert not SignUp.objects.exists()
    for hour in range(1, 24):
        later(timedelta(hours=1))
        flood(2)
        assert Mail.objects.count() == min(hour + 1, 3)
    later(timedelta(hours=2))
    flood(2)
    assert Mail.objects.count() == 4


def test_a_sign_up_for_another_list_waits_for_its_turn(reader, tree, health):
    sign_up(reader, topic=health.pk)
    sign_up(reader)
    assert Mail.objects.count() == 1
    assert SignUp.objects.count() == 1
    later(timedelta(hours=1))
    sign_ups()
    assert Mail.objects.count() == 2
    assert Subscription.objects.filter(list__page=None).exists()
    assert not SignUp.objects.exists()


def test_confirmations_from_a_clock_that_ran_ahead_lock_nobody_out(reader, tree):
    sign_up(reader)
    later(-timedelta(days=1))
    sign_up(reader, client=2)
    assert Mail.objects.count() == 2


def test_who_complained_gets_no_mail(reader, tree):
    Suppression.objects.add_digest(address_digest(CANARY), Suppression.Reason.COMPLAINT)
    sign_up(reader, "Canary.Reader@EXAMPLE.org")
    assert not Mail.objects.exists()
    assert not Subscriber.objects.exists()
    assert not SignUp.objects.exists()


@pytest.mark.parametrize("reason", ["left", "erased", "refused"])
def test_who_left_was_erased_or_could_not_be_reached_can_sign_up_again(reader, tree, reason):
    Suppression.objects.add_digest(address_digest(CANARY), reason)
    sign_up(reader)
    assert Mail.objects.count() == 1
    assert Suppression.objects.exists()


def test_nothing_that_was_typed_but_the_address_stands_in_the_mail(reader, health):
    sign_up(reader, topic=health.pk, sender="Canaryname", message="Canarywords", t="Canarywords")
    assert "canary" not in str(Mail.objects.get().content | {"to": ""}).lower()


def test_no_address_lies_in_the_database_in_plain(reader, health):
    sign_up(reader, topic=health.pk)
    sign_up(reader)
    sign_up(reader, "canary.trapped@example.org", website="x")
    with connection.cursor() as cursor:
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT * FROM "{table}"')
            for cell in (cell for row in cursor.fetchall() for cell in row):
                text = bytes(cell).decode("latin-1") if isinstance(cell, bytes | memoryview) else str(cell)
                assert "canary" not in text.lower(), table


def test_only_a_hash_of_the_secret_is_stored(reader, tree):
    sign_up(reader)
    secret = Mail.objects.get().content["text"].split("?t=")[1].split()[0]
    assert len(secret) == 43
    token = Token.objects.get()
    assert len(token.digest) == 32
    assert secret.encode() not in bytes(token.digest)
    assert timedelta(hours=47) < token.expires_at - timezone.now() <= timedelta(hours=48)


def test_a_sprung_trap_holds_the_sign_up_and_answers_as_ever(reader, tree):
    answer = sign_up(reader, website="x")
    assert "Check your e-mail" in answer.content.decode()
    assert not Mail.objects.exists()
    held = SignUp.objects.held().get()
    held.restore()
    sign_ups()
    assert Mail.objects.count() == 1


@pytest.mark.parametrize("email", ["", "n.lopes@", "a@b.org, c@d.org", "a@localhost"])
def test_what_is_no_address_is_an_error_that_keeps_it(reader, health, email):
    answer = reader.post("/newsletter/", {"email": email, "topic": health.pk})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "<title>Error: " in page
    assert 'tabindex="-1" autofocus' in page
    assert f'value="{email}"' in page
    assert f'value="{health.pk}" checked' in page
    assert not SignUp.objects.exists()


def test_every_error_of_the_list_leads_to_what_can_take_focus_and_says_it(reader, tree):
    wrong = {"email": "broken@", "kind": "song", "pace": "never", "on_page": "on"}
    page = BeautifulSoup(reader.post("/newsletter/", wrong).content, "html.parser")
    links = page.select("#errors a")
    assert len(links) == 4
    for link in links:
        led_to = page.select_one(link["href"])
        assert led_to.name == "input" or led_to["tabindex"] == "-1"
        said = [page.find(id=name).text for name in led_to["aria-describedby"].split()]
        assert link.text in said


def test_only_public_lists_can_be_chosen(reader, tree, health):
    for chosen in (tree.justice.pk, 999_999, "x", "9" * 40):
        answer = reader.post("/newsletter/", {"email": CANARY, "topic": chosen})
        assert answer.status_code == 422
        assert "Choose one of the lists" in answer.content.decode()
    health.unpublish()
    assert reader.post("/newsletter/", {"email": CANARY, "topic": health.pk}).status_code == 422


def test_the_page_of_its_own_offers_every_list(reader, health):
    answer = reader.get("/newsletter/")
    page = answer.content.decode()
    assert answer.status_code == 200
    assert f'value="{health.pk}"' in page
    assert 'name="opened"' in page
    assert "Exit this page" in page
    assert answer["Cache-Control"] == "no-store"
    assert answer["X-Robots-Tag"] == "noindex"
    assert not answer.cookies


def test_too_many_sign_ups_keep_what_was_typed(reader, tree):
    for number in range(PER_CLIENT):
        assert reader.post("/newsletter/", {"email": f"a{number}@example.org"}).status_code == 200
    answer = reader.post("/newsletter/", {"email": CANARY})
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 0
    assert f'value="{CANARY}"' in answer.content.decode()


@pytest.mark.django_db(transaction=True)
def test_while_the_database_is_away_the_address_comes_back(reader, tree, health):
    with database_away():
        answer = reader.post("/newsletter/", {"email": CANARY, "topic": health.pk, "on_page": "on"})
    page = answer.content.decode()
    assert answer.status_code == 503
    assert answer["Retry-After"]
    assert "You are not signed up yet" in page
    assert f'value="{CANARY}"' in page
    assert f'name="topic" value="{health.pk}"' in page
    assert 'name="on_page" value="on"' in page
    assert not SignUp.objects.exists()
    assert reader.post("/newsletter/", {"email": CANARY, "topic": health.pk}).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_a_sign_up_that_cannot_be_worked_off_does_not_hold_up_the_others(tree, caplog):
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO newsletter_signup (address, language, wording, is_discreet, received_at)"
            " VALUES ('unreadable', 'en', '', false, now())"
        )
    waiting(CANARY)
    sign_ups()
    assert Mail.objects.count() == 1
    assert "InvalidToken" in caplog.text
    assert "canary" not in caplog.text


def test_the_language_is_that_of_the_form(reader, tree):
    with override("ar"):
        address = reverse("newsletter:sign_up")
    reader.post(address, {"email": CANARY})
    sign_ups()
    assert Subscriber.objects.get().language == "ar"
    assert "http://testserver/ar/newsletter/confirm/?t=" in Mail.objects.get().content["text"]


def test_an_address_refused_for_good_is_suppressed(reader, tree):
    sign_up(reader)
    mails.refused.send(sender=Mail, mail=Mail.objects.get())
    assert Suppression.objects.get().reason == Suppression.Reason.REFUSED
    assert bytes(Suppression.objects.get().address_digest) == address_digest(CANARY)


def test_the_refused_notice_of_a_message_suppresses_nobody(tree):
    notice = Mail(purpose="contact-notice", recipient=address_digest("desk@example.org"))
    suppress_refused(sender=Mail, mail=notice)
    assert not Suppression.objects.exists()


def test_a_complaint_is_never_weakened(tree):
    digest = address_digest(CANARY)
    Suppression.objects.add_digest(digest, Suppression.Reason.LEFT)
    Suppression.objects.add_digest(digest, Suppression.Reason.COMPLAINT)
    Suppression.objects.add_digest(digest, Suppression.Reason.ERASED)
    Suppression.objects.lift(digest)
    assert Suppression.objects.get().reason == Suppression.Reason.COMPLAINT


def test_erasing_leaves_only_a_digest(reader, health):
    sign_up(reader, topic=health.pk)
    sign_up(reader)
    sign_up(reader, website="x", client=3)
    assert SignUp.objects.count() == 2
    erase(Subscriber.objects.get())
    for model in (SignUp, Subscriber, Subscription, Token, Mail):
        assert not model.objects.exists(), model
    assert bytes(Suppression.objects.get().address_digest) == address_digest(CANARY)


def test_a_list_is_subscribed_to_once(health):
    subscriber = Subscriber.objects.create(
        address=CANARY, address_digest=address_digest(CANARY), language="en"
    )
    for followed in (list_of(health), list_of(None, "en")):
        Subscription.objects.create(subscriber=subscriber, list=followed)
        with pytest.raises(IntegrityError), transaction.atomic():
            Subscription.objects.create(subscriber=subscriber, list=followed)
    for page in (health, None):
        with pytest.raises(IntegrityError), transaction.atomic():
            List.about(page, "en").save()


def test_the_database_keeps_what_rows_promise(health):
    subscriber = Subscriber.objects.create(
        address=CANARY, address_digest=address_digest(CANARY), language="en"
    )
    Subscription.objects.create(subscriber=subscriber, list=list_of(health))
    with pytest.raises(IntegrityError), transaction.atomic():
        Subscriber.objects.create(address="x", address_digest=address_digest(CANARY), language="en")
    with pytest.raises(IntegrityError), transaction.atomic():
        Subscription.objects.update(left_at=timezone.now())
    with pytest.raises(IntegrityError), transaction.atomic():
        Token.issue(subscriber, Token.Purpose.CONFIRM)
    with pytest.raises(IntegrityError), transaction.atomic():
        Token.issue(subscriber, Token.Purpose.LEAVE, lives=timedelta(hours=1))
    with pytest.raises(IntegrityError), transaction.atomic():
        Suppression.objects.bulk_create(
            [Suppression(address_digest=b"x" * 32, reason="left") for _ in range(2)]
        )


def _make_confirmed(address: str, topic) -> Subscription:
    subscriber = Subscriber.objects.create(
        address=address, address_digest=address_digest(address), language="en"
    )
    followed = list_of(topic)
    return Subscription.objects.create(subscriber=subscriber, list=followed, confirmed_at=timezone.now())


def test_pace_is_chosen_on_the_form_s_own_page_and_kept_by_the_bar(reader, tree):
    subscriber = Subscriber.objects.create(
        address="r@example.org", address_digest=address_digest("r@example.org"), language="en"
    )
    subscription = subscriber.subscriptions.create(
        list=list_of(tree.health), pace="daily", confirmed_at=timezone.now()
    )
    for asked, kept in (({}, "daily"), ({"pace": "monthly"}, "monthly")):
        Token.objects.all().delete()
        assert (
            reader.post(
                "/newsletter/", {"email": "r@example.org", "topic": tree.health.pk} | asked
            ).status_code
            == 200
        )
        sign_ups()
        subscription.refresh_from_db()
        assert subscription.pace == "daily", "Nobody has confirmed yet."
        text = Mail.objects.order_by("created_at").last().content["text"]
        reader.post(re.search(r"http://testserver(/newsletter/confirm/\S+)", text)[1])
        subscription.refresh_from_db()
        assert subscription.pace == kept
    assert reader.post("/newsletter/", {"email": "r@example.org", "pace": "hourly"}).status_code == 422
