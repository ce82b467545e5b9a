"""Messages that were sent twice: closed as doubles, answered together, kept apart."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.models import Group
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from contact.models import Message, Turn
from harmhub.mail.models import Mail
from tests.fixtures.inbox import ANSWER, client_of, do, logged, member, undo, written

MAIN, DOUBLE = "Mainwords", "Doublewords"


@pytest.fixture
def pair(tree) -> tuple[Message, Message]:
    return written(tree.harm_reduction, text=MAIN), written(tree.justice, text=DOUBLE)


def merge(client, double: Message, main: Message):
    return do(client, double, "merge", reference=main.reference.lower())


def test_a_double_is_closed_and_points_to_the_other(desk, pair):
    main, double = pair
    page = merge(desk, double, main)
    double.refresh_from_db()
    assert double.double_of == main
    assert double in Message.objects.closed()
    assert main.reference in page.content.decode()
    assert MAIN not in page.content.decode()
    assert double.reference in desk.get(reverse("message:inspect", args=[main.pk])).content.decode()
    assert logged(double) == ["merge"]
    undo(desk, page)
    double.refresh_from_db()
    assert (double.double_of, double.closed_at) == (None, None)


def test_an_answer_goes_to_both_readers_and_no_word_of_one_to_the_other(desk, pair):
    main, double = pair
    Message.objects.filter(pk=double.pk).update(answer_by="mail")
    double.refresh_from_db()
    double.address = "nora@example.org"
    double.save()
    merge(desk, double, main)
    page = do(desk, main, "answer", text=ANSWER, doubles=[str(double.pk)])
    assert [turn.text for turn in double.turns.all()] == [turn.text for turn in main.turns.all()] == [ANSWER]
    mail = Mail.objects.get().told
    assert double.reference in mail["subject"]
    assert main.reference not in str(mail)
    assert MAIN not in str(mail)
    assert logged(double) == ["merge", "answer"]
    undo(desk, page)
    double.refresh_from_db()
    assert double.answered_at is None
    assert not Turn.objects.exists()
    assert not Mail.objects.exists()


def test_the_box_that_sends_to_the_double_too_can_be_left(desk, pair):
    main, double = pair
    merge(desk, double, main)
    do(desk, main, "answer", text=ANSWER)
    assert not double.turns.exists()


def test_words_of_the_reader_stay_with_her_message(desk, pair):
    main, double = pair
    merge(desk, double, main)
    main.turns.create(kind=Turn.Kind.READER, text="More words")
    assert not double.turns.exists()


@pytest.mark.parametrize("reference", ["", "AAAA-2222", "nora@example.org", "{own}", "x" * 50])
def test_a_reference_that_is_none_merges_nothing(desk, pair, reference):
    _main, double = pair
    page = do(desk, double, "merge", reference=reference.format(own=double.reference))
    assert page.status_code in (200, 422)
    double.refresh_from_db()
    assert double.double_of is None


def test_a_message_of_another_team_is_not_found_and_not_told_from_none(tree, desk, pair):
    main, double = pair
    tree.health.team = Group.objects.create(name="Health team")
    tree.health.save()
    hidden = merge(desk, double, main).context["forms"]["merge"].errors
    absent = do(desk, double, "merge", reference="AAAA-2222").context["forms"]["merge"].errors
    assert hidden == absent
    both = client_of(member("both", "Health team"))
    assert "another team" in merge(both, double, main).content.decode()
    double.refresh_from_db()
    assert double.double_of is None


def test_doubles_of_doubles_are_refused(tree, desk, pair):
    main, double = pair
    third = written(tree.justice)
    merge(desk, double, main)
    assert "double itself" in merge(desk, third, double).content.decode()
    assert "has doubles itself" in merge(desk, main, third).content.decode()
    main.refresh_from_db()
    third.refresh_from_db()
    assert (main.double_of, third.double_of) == (None, None)


def test_nothing_is_merged_into_spam_or_into_what_somebody_is_just_at(desk, pair):
    main, double = pair
    main.quarantine()
    assert "held back as spam" in merge(desk, double, main).content.decode()
    double.refresh_from_db()
    assert double.double_of is None


@pytest.mark.django_db(transaction=True)
def test_two_messages_are_not_merged_into_each_other_at_once(desk, pair):
    main, double = pair

    def press(one: Message, other: Message) -> int:
        try:
            return do(desk, one, "merge", reference=other.reference).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor() as pool:
        for each in [pool.submit(press, *pair), pool.submit(press, double, main)]:
            assert each.result() == 200
    assert Message.objects.exclude(double_of=None).count() <= 1


def test_a_double_becomes_a_message_of_its_own_again(desk, pair):
    main, double = pair
    merge(desk, double, main)
    do(desk, double, "separate")
    double.refresh_from_db()
    assert double in Message.objects.waiting()


def test_no_message_is_a_double_of_itself(pair):
    main, _double = pair
    with pytest.raises(IntegrityError), transaction.atomic():
        Message.objects.filter(pk=main.pk).update(double_of=main)
