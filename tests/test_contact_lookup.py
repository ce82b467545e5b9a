"""The look-up: reference and key open a message for its reader, and for nobody else."""

import logging
import re
import statistics
import time

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from wagtail.models import ModelLogEntry

from contact import look_up
from contact.models import Message, Turn
from contact.models.turns import ANSWER_WAITS
from contact.references import ALPHABET, KEY_LETTERS, key_digest, new_key
from contact.views import PER_CLIENT
from harmhub import limits, mail
from harmhub.mail.models import Mail
from tests.fixtures.writing import CANARY, Pair, all_rows, codes_in, database_away
from tests.markup import Markup

pytestmark = pytest.mark.django_db
LOOK_UP, WRITE, DELETE = "/contact/look-up/", "/contact/look-up/write/", "/contact/look-up/delete/"
ANSWER = "The van comes on Tuesdays.\n\nAsk for Ana."


def answer(pair: Pair, text: str = ANSWER) -> None:
    """Answer as the team does, so long ago that it cannot be undone."""
    at = timezone.now() - ANSWER_WAITS
    Turn.objects.create(message=pair.message, kind=Turn.Kind.ANSWER, text=text, written_at=at)
    Message.objects.filter(pk=pair.message.pk).update(heard_at=at, answered_at=at)


def shown(client, pair: Pair, path: str = LOOK_UP, status: int = 200, **typed) -> str:
    response = client.post(path, pair.fields | typed)
    assert response.status_code == status
    return response.content.decode()


def state(client, pair: Pair) -> str:
    return re.findall(r"<dt>State</dt><dd>([^<.]+)", shown(client, pair))[0]


# --- reference and key


def test_keys_are_random_and_can_be_copied_by_hand():
    keys = {new_key() for _ in range(2000)}
    assert len(keys) == 2000
    assert {len(key) for key in keys} == {KEY_LETTERS + 4}
    assert all(re.fullmatch(rf"([{ALPHABET}]{{4}}-){{4}}[{ALPHABET}]{{4}}", key) for key in keys)
    assert len(ALPHABET) ** KEY_LETTERS > 2**96


def test_key_is_stored_nowhere(reader, sent):
    pair = sent()
    letters = pair.key.replace("-", "").lower()
    for table, rows in all_rows():
        assert letters not in rows.lower().replace("-", ""), table
    assert bytes(pair.message.secret_digest) == key_digest(*pair.fields.values())


def test_how_they_are_typed_makes_no_difference(reader, sent):
    pair = sent()
    for typed in (
        Pair(pair.reference.lower(), f" {pair.key.lower()} "),
        Pair(pair.reference.replace("-", ""), pair.key.replace("-", " ")),
        Pair(pair.reference, pair.key.translate(str.maketrans("23456789-", "٢٣٤٥٦٧٨٩–"))),
    ):
        assert "Received" in shown(reader, typed)


def test_key_opens_one_message_alone(reader, sent):
    first, second = sent(), sent(message="Another")
    shown(reader, Pair(first.reference, second.key), status=422)
    shown(reader, Pair(second.reference, first.key), status=422)


# --- what she sees


def test_answer_reaches_a_reader_who_left_no_address(reader, sent):
    pair = sent()
    assert state(reader, pair) == "Received"
    pair.message.turns.create(kind=Turn.Kind.NOTE, text="Canarynote of the team")
    answer(pair)
    page = shown(reader, pair)
    assert "<p>The van comes on Tuesdays.</p>" in page
    assert "Canarynote" not in page
    assert state(reader, pair).startswith("Answered on")
    assert Mail.objects.exclude(purpose="contact-notice").count() == 0


def test_own_words_are_hidden_from_who_looks_over_her_shoulder(reader, sent):
    closed = shown(reader, sent()).split("<details")[1].split("</details>")[0]
    assert CANARY in closed
    assert "open" not in closed.split(">")[0]


def test_words_of_both_are_shown_as_text(reader, sent):
    pair = sent(message="<b>x</b>")
    answer(pair, "<script>y</script>")
    page = shown(reader, pair)
    assert "<b>x" not in page
    assert "<script>y" not in page
    assert "&lt;script&gt;y" in page


def test_states_are_told_in_words(reader, sent, admin_user):
    pair = sent()
    Message.objects.update(assigned_to=admin_user)
    assert state(reader, pair) == "Somebody is working on the answer"
    answer(pair)
    assert state(reader, pair).startswith("Answered on")
    pair.message.close()
    assert state(reader, pair).startswith("Closed on")


@pytest.mark.parametrize("typed", [{"website": "x"}, {"message": "http://a.b " * 4}])
def test_message_held_back_looks_like_any_other(reader, sent, typed):
    held, plain = sent(**typed), sent(message="Plain words")
    assert held.message.quarantined_at
    pages = [shown(reader, pair).replace(pair.reference, "").replace(pair.key, "") for pair in (held, plain)]
    words = [re.sub(r"(?s)<details.*?</details>", "", page) for page in pages]
    assert words[0] == words[1]


def test_message_held_back_can_be_deleted_and_takes_words_without_a_notice(reader, sent):
    pair = sent(website="x")
    assert "have arrived" in shown(reader, pair, WRITE, message="More")
    assert not Mail.objects.exists()
    assert pair.message.quarantined_at
    shown(reader, pair, DELETE, sure="yes")
    assert not Message.objects.exists()


def test_pages_are_kept_by_nobody_and_set_no_cookie(reader, sent):
    pair = sent()
    answers = [
        reader.get(LOOK_UP),
        reader.post(LOOK_UP, pair.fields),
        reader.post(LOOK_UP, {}),
        reader.post(DELETE, pair.fields),
        reader.post(DELETE, pair.fields | {"sure": "yes"}),
    ]
    assert [response.status_code for response in answers] == [200, 200, 422, 200, 200]
    for response in answers:
        assert response["Cache-Control"] == "no-store"
        assert response["X-Robots-Tag"] == "noindex"
        assert not response.cookies
        assert Markup(response.content.decode()).faults == []
        assert "Exit this page" in response.content.decode()


def test_no_secret_is_in_an_address_or_a_log(reader, sent, caplog):
    pair = sent()
    with caplog.at_level(logging.DEBUG):
        pages = [shown(reader, pair), shown(reader, pair, WRITE, message="More"), shown(reader, pair, DELETE)]
    assert pair.key not in caplog.text
    assert pair.reference not in caplog.text
    for page in pages:
        for target in re.findall(r'(?:href|action)="([^"]*)"', page):
            assert pair.key not in target
            assert pair.reference not in target


def test_get_asks_and_changes_nothing(reader, sent):
    pair = sent()
    for path in (LOOK_UP, WRITE, DELETE):
        page = reader.get(path, pair.fields | {"message": "x", "sure": "yes"}).content.decode()
        assert f'action="{LOOK_UP}"' in page
        assert pair.key not in page
    assert Message.objects.get().turns.count() == 0


def test_form_from_elsewhere_is_refused(client, sent):
    pair = sent()
    for path in (LOOK_UP, WRITE, DELETE):
        assert client.post(path, pair.fields | {"message": "x", "sure": "yes"}).status_code == 403
    assert Message.objects.exists()


def test_it_is_linked_from_box_form_answer_and_footer(reader, address, tree):
    pages = [
        reader.get(tree.harm_reduction.url),
        reader.get(address),
        reader.post(address, {"message": CANARY}),
        reader.get("/"),
    ]
    for page in pages:
        assert f'href="{LOOK_UP}"' in page.content.decode()


# --- guessing


def wrong_pairs(pair: Pair) -> list[Pair]:
    """Return what does not open a message: a wrong key, an unknown reference, nonsense, in one length."""
    other = pair.key.translate(str.maketrans("23456789A", "3456789A2"))
    return [Pair(pair.reference, other), Pair("2222-2222", pair.key), Pair("????-????", "'" * len(pair.key))]


def test_nothing_tells_whether_there_is_such_a_reference(reader, sent):
    pair, gone = sent(), sent(message="Gone")
    shown(reader, gone, DELETE, sure="yes")
    tries = [*wrong_pairs(pair), gone]
    for path, typed in ((LOOK_UP, {}), (WRITE, {"message": "More"}), (DELETE, {})):
        pages = set()
        for each in tries:
            page = shown(reader, each, path, status=422, **typed)
            assert "<title>Error: " in page
            assert 'role="alert" tabindex="-1" autofocus' in page
            assert f'value="{each.reference}"' in page
            quoted = each.key.replace("'", "&#x27;")
            pages.add(page.replace(each.reference, "R").replace(quoted, "K"))
        assert len(pages) == 1, path


def test_unknown_and_wrong_ask_the_database_the_same(reader, sent):
    tries = wrong_pairs(sent())
    reader.post(LOOK_UP, tries[0].fields)  # what all pages share is remembered
    asked: list[list[str]] = []
    for each in tries:
        with CaptureQueriesContext(connection) as queries:
            reader.post(LOOK_UP, each.fields)
        asked.append([re.sub(r"'[^']*'", "?", query["sql"]) for query in queries])
    assert asked[0] == asked[1] == asked[2]
    assert not any('"reference" =' in sql for sql in asked[0])


def test_time_tells_nothing(sent):
    pair = sent()
    for number in range(200):
        Message.objects.create(language="en", text="x", secret_digest=number.to_bytes(32))
    wrong, unknown = wrong_pairs(pair)[:2]
    took: dict[Pair, list[float]] = {wrong: [], unknown: []}
    for _round in range(300):
        for each, times in took.items():
            began = time.perf_counter()
            assert not Message.objects.opened_by(*each.fields.values()).exists()
            times.append(time.perf_counter() - began)
    slow, quick = sorted(statistics.median(times) for times in took.values())[::-1]
    assert slow - quick < 0.0002


def test_guessing_ends_and_keeps_what_was_typed(reader, sent):
    pair = sent()
    wrong = wrong_pairs(pair)[0]
    for _try in range(look_up.TRIES_PER_CLIENT):
        shown(reader, wrong, status=422)
    for path, typed in ((LOOK_UP, {}), (WRITE, {"message": "More <words>"}), (DELETE, {"sure": "yes"})):
        response = reader.post(path, pair.fields | typed)
        page = response.content.decode()
        assert response.status_code == 429
        assert 0 < int(response["Retry-After"]) <= 3600
        assert "<title>Error: " in page
        assert f'value="{pair.reference}"' in page
        assert f'value="{pair.key}"' in page
        assert "message" not in typed or "More &lt;words&gt;" in page
    assert pair.message.turns.count() == 0
    assert reader.post(LOOK_UP, pair.fields, REMOTE_ADDR="203.0.113.9").status_code == 200


def test_guessing_by_all_together_is_limited(reader, sent, monkeypatch):
    pair, real = sent(), limits.allow

    def many_tried(form, request, *, per_client, in_all):
        return in_all != look_up.TRIES_IN_ALL and real(form, request, per_client=per_client, in_all=in_all)

    monkeypatch.setattr(limits, "allow", many_tried)
    shown(reader, pair, status=429)


def test_who_has_the_key_is_never_counted(reader, sent):
    pair = sent()
    for _look in range(look_up.TRIES_PER_CLIENT + 5):
        shown(reader, pair)


def test_what_is_missing_is_said(reader):
    page = reader.post(LOOK_UP, {"reference": "K7Q4-M2XD"}).content.decode()
    assert '<a href="#k-key">Write the key</a>' in page
    assert 'value="K7Q4-M2XD"' in page


# --- writing again


def test_further_words_reach_the_people_and_open_the_message_again(reader, sent):
    pair = sent()
    answer(pair)
    pair.message.close()
    Mail.objects.all().delete()
    before = pair.message.heard_at
    page = shown(reader, pair, WRITE, message="Canarymore\r\nwords")
    assert "Your words have arrived" in page
    assert "<textarea" in page
    assert "Canarymore" not in page.split("<textarea")[1]
    message = pair.message
    assert message.closed_at is None
    assert message.heard_at > before
    assert message in Message.objects.waiting()
    assert [(turn.kind, turn.text) for turn in message.turns.all()][1:] == [("reader", "Canarymore\nwords")]
    notice = Mail.objects.get().content
    assert notice["to"] == "health@example.org"
    assert pair.reference in notice["subject"]
    assert f"/admin/messages/inspect/{message.pk}/" in notice["text"]
    assert "canary" not in str(notice).lower()
    assert [entry.action for entry in ModelLogEntry.objects.all()] == ["contact.reopen"]


def test_same_words_twice_are_taken_once(reader, sent):
    pair = sent()
    shown(reader, pair, WRITE, message="More")
    assert "We have these words already" in shown(reader, pair, WRITE, message="More")
    assert pair.message.turns.count() == 1


@pytest.mark.parametrize("text", ["", "x" * 10_001])
def test_words_that_cannot_be_taken_come_back(reader, sent, text):
    pair = sent()
    page = shown(reader, pair, WRITE, status=422, message=text)
    assert "<title>Error: " in page
    assert '<a href="#k-message">' in page
    assert f"&#10;{text}</textarea>" in page or f"\n{text}</textarea>" in page
    assert pair.message.turns.count() == 0
    assert "have arrived" in shown(reader, pair, WRITE, message="Shorter")


def test_further_words_count_with_the_messages_of_the_hour(reader, sent):
    pair = sent()
    for number in range(PER_CLIENT - 1):
        shown(reader, pair, WRITE, message=f"Number {number}")
    page = shown(reader, pair, WRITE, status=429, message="One more")
    assert "One more</textarea>" in page
    assert pair.message.turns.count() == PER_CLIENT - 1


def test_words_and_notice_are_stored_together_or_not_at_all(reader, sent, monkeypatch):
    pair = sent()

    def fail(**given):
        raise ZeroDivisionError

    with monkeypatch.context() as broken:
        broken.setattr(mail, "post", fail)
        with pytest.raises(ZeroDivisionError):
            reader.post(WRITE, pair.fields | {"message": "More"})
    assert pair.message.turns.count() == 0
    assert "have arrived" in shown(reader, pair, WRITE, message="More")


# --- deleting


def test_deleting_asks_first_and_then_leaves_nothing_but_a_note_that_it_was_done(reader, sent):
    pair = sent(email="canary@example.org")
    answer(pair)
    by_mail = mail.post(
        purpose="contact-answer", to="canary@example.org", template="contact-further", context={}
    )
    pair.message.turns.update(mail=by_mail)
    shown(reader, pair, WRITE, message="More")
    number = pair.message.pk
    assert "Delete for good" in shown(reader, pair, DELETE)
    assert Message.objects.exists()
    assert "<h1>Deleted</h1>" in shown(reader, pair, DELETE, sure="yes")
    assert not Message.objects.exists()
    assert not Turn.objects.exists()
    assert not Mail.objects.to("canary@example.org").exists()
    entry = ModelLogEntry.objects.get(action="contact.erase")
    assert (entry.object_id, entry.label, entry.user_id) == (str(number), pair.reference, None)
    assert entry.data == {}


def test_deleting_answers_the_same_again_and_again(reader, sent):
    pair = sent()
    pages = {shown(reader, pair, DELETE, sure="yes") for _time in range(3)}
    pages |= {shown(reader, each, DELETE, sure="yes") for each in wrong_pairs(pair)}
    assert len(pages) == 1
    assert ModelLogEntry.objects.count() == 1


# --- while the database is away


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("path", "typed"), [(LOOK_UP, {}), (WRITE, {"message": f"{CANARY} <b>"}), (DELETE, {"sure": "yes"})]
)
def test_while_the_database_is_away_all_that_was_typed_comes_back(reader, sent, path, typed):
    pair = sent()
    with database_away():
        response = reader.post(path, pair.fields | typed)
    page = response.content.decode()
    assert response.status_code == 503
    assert response["Retry-After"]
    assert response["Cache-Control"] == "no-store"
    assert "Nothing was sent, and nothing was deleted" in page
    again = dict(re.findall(r'name="([^"]+)"[^>]*? value="([^"]*)"', page))
    assert again["key"] == pair.key
    assert again["reference"] == pair.reference
    assert f'action="{path}"' in page
    assert "message" not in typed or "&lt;b&gt;</textarea>" in page
    assert again.get("sure") == typed.get("sure")
    assert Markup(page).faults == []
    assert reader.post(path, pair.fields | typed).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_while_the_database_is_away_no_try_is_counted(reader, sent):
    pair = sent()
    with database_away():
        for _look in range(look_up.TRIES_PER_CLIENT + 1):
            assert reader.post(LOOK_UP, pair.fields).status_code == 503
    shown(reader, pair)


def test_look_up_speaks_the_language_of_its_address(reader, tree):
    with_prefix = reverse("contact:look_up").replace("/contact", "/ar/contact")
    assert Markup(reader.get(with_prefix).content.decode()).root == {"lang": "ar", "dir": "rtl"}


def test_repeat_of_a_message_shows_no_key(reader, sent, address):
    sent()
    assert codes_in(reader.post(address, {"message": CANARY}).content.decode()) == []
