"""What becomes of messages when what they belong to goes, and of acts on what has changed meanwhile."""

from datetime import timedelta

import pyrage
import pytest
from django.contrib.auth.models import Group
from django.db import OperationalError
from django.urls import reverse
from django.utils import timezone
from pyrage import x25519
from wagtail.test.utils.form_data import querydict_from_html

from contact import acts, look_up, reading
from contact.acts import merge
from contact.models import CannedAnswer, Message, TeamKey, Turn
from contact.moving import inherit_their_team, team_at
from harmhub import mail
from harmhub.mail.models import Mail
from harmhub.models import SiteSettings
from harmhub.sealing import address_digest
from harmhub.users.models import User
from tests.factories import Tree
from tests.fixtures.inbox import client_of, member, undo, written
from tests.fixtures.inbox import do as act

pytestmark = pytest.mark.django_db
OWN = {"sec-fetch-site": "same-origin"}


def test_messages_of_a_deleted_topic_stay_with_its_team(tree: Tree):
    tree.justice.team = Group.objects.create(name="Justice team")
    tree.justice.save()
    message = written(tree.justice)
    message.close()
    insider, outsider = member("insider", "Justice team"), member("outsider")
    tree.justice.delete()
    assert Message.objects.seen_by(insider).get().topic is None
    assert not Message.objects.seen_by(outsider).exists()


def test_messages_of_a_deleted_topic_are_sealed_to_its_team_and_assigned_within_it(tree: Tree):
    teams = {name: Group.objects.create(name=name) for name in ("Justice team", "Office")}
    secrets = {name: x25519.Identity.generate() for name in teams}
    for name, team in teams.items():
        TeamKey.objects.create(group=team, public_key=str(secrets[name].to_public()))
    SiteSettings.objects.update(team=teams["Office"])
    tree.justice.team = teams["Justice team"]
    tree.justice.save()
    insider, _outsider = member("insider", "Justice team"), member("outsider", "Office")
    message = written(tree.justice)
    message.close()
    tree.justice.delete()
    message.refresh_from_db()
    reading.write_again(message, "More")
    sealed = message.turns.get().text.encode()
    assert pyrage.decrypt(sealed, [secrets["Justice team"]]) == b"More"
    assert list(acts.colleagues(message)) == [insider]


@pytest.mark.parametrize("which", ["the message", "its double"])
def test_no_reader_is_left_without_answer_when_another_team_gets_one_of_two(tree: Tree, which: str):
    tree.health.team = Group.objects.create(name="Health team")
    tree.health.save()
    client = client_of(member("both", "Health team"))
    main, double = written(tree.justice), written(tree.justice)
    act(client, double, "merge", reference=main.reference)
    page = act(client, main if which == "the message" else double, "move", topic=tree.harm_reduction.pk)
    assert Message.objects.waiting().filter(pk=double.pk, double_of=None).exists()
    if which == "its double":
        undo(client, page)
        double.refresh_from_db()
        assert (double.double_of, double.topic) == (main, tree.justice)
        assert double.closed_at


def test_a_double_that_became_another_team_s_is_open_there_when_the_other_is_answered(tree: Tree):
    client = client_of(member("ana"))
    main, double, own = (written(topic) for topic in (tree.justice, tree.drug_checking, tree.justice))
    for each in (double, own):
        act(client, each, "merge", reference=main.reference)
    tree.health.team = Group.objects.create(name="Health team")
    tree.health.save()
    act(client, main, "answer", text="Come on Monday.")
    assert list(Message.objects.waiting()) == [double]
    assert list(main.doubles.all()) == [own]


@pytest.mark.parametrize("ending", ["erase", "quarantine", "forget"])
def test_double_is_open_again_when_no_answer_to_the_other_is_to_come(tree: Tree, ending: str):
    main, double = written(tree.justice), written(tree.justice)
    merge(double, main)
    double.refresh_from_db()
    assert reading.state_of(double) == "taken"
    if ending == "erase":
        reading.erase(main)
    elif ending == "quarantine":
        main.quarantine()
    else:
        Message.objects.filter(pk=main.pk).delete()
    assert Message.objects.waiting().filter(pk=double.pk, double_of=None).exists()


@pytest.mark.parametrize("state", ["answered", "closed"])
def test_nothing_is_merged_into_what_is_answered_or_closed(tree: Tree, desk, state: str):
    main, double = written(tree.justice), written(tree.justice)
    Message.objects.filter(pk=main.pk).update(**{f"{state}_at": timezone.now()})
    act(desk, double, "merge", reference=main.reference)
    double.refresh_from_db()
    assert double.double_of is None


@pytest.mark.parametrize("ending", ["close", "quarantine"])
def test_nobody_ends_a_message_without_the_words_that_came_meanwhile(tree: Tree, desk, ending: str):
    message = written(tree.justice)
    Turn.objects.create(message=message, kind=Turn.Kind.READER, text="One more thing")
    act(desk, message, ending, last="")
    message.refresh_from_db()
    assert (message.closed_at, message.quarantined_at) == (None, None)
    act(desk, message, ending, last=message.turns.get().pk)
    message.refresh_from_db()
    assert message.closed_at or message.quarantined_at


def test_act_that_does_not_fit_changes_nothing(tree: Tree, desk):
    closed, held = written(tree.justice), written(tree.justice)
    closed.close()
    held.quarantine()
    act(desk, closed, "separate")
    act(desk, held, "close")
    act(desk, held, "quarantine")
    at = held.quarantined_at
    for message in (closed, held):
        message.refresh_from_db()
    assert closed.closed_at
    assert (held.closed_at, held.quarantined_at) == (None, at)


def test_an_older_version_of_a_topic_brings_no_older_team_back(tree: Tree):
    message, older = written(tree.justice), tree.justice.save_revision()
    tree.justice.team = Group.objects.create(name="Justice team")
    tree.justice.save_revision().publish()
    moderator = User.objects.create_user(username="moderator", password="x")
    moderator.groups.add(Group.objects.get(name="Moderators"))
    client = client_of(moderator)
    address = reverse("wagtailadmin_pages:revisions_revert", args=[tree.justice.pk, older.pk])
    form = querydict_from_html(client.get(address).content.decode(), form_id="page-edit-form")
    publish = form.dict() | {"open_calls-count": "0", "team": "", "action-publish": "yes"}
    assert client.post(address, publish).status_code == 302
    tree.justice.refresh_from_db()
    assert tree.justice.latest_revision.user == moderator
    assert tree.justice.team.name == "Justice team"
    assert client.get(reverse("message:inspect", args=[message.pk])).status_code == 404


@pytest.mark.parametrize("several", [False, True])
def test_nobody_moves_a_topic_to_read_its_messages(tree: Tree, several: bool):
    message = written(tree.justice)
    SiteSettings.objects.update(team=Group.objects.create(name="Office"))
    tree.health.team = Group.objects.create(name="Health team")
    tree.health.save()
    moderator = User.objects.create_user(username="moderator", password="x")
    moderator.groups.set([Group.objects.get(name="Moderators"), tree.health.team])
    client = client_of(moderator)
    address, typed = reverse("wagtailadmin_pages:move_confirm", args=[tree.justice.pk, tree.health.pk]), {}
    if several:
        address = reverse("wagtail_bulk_action", args=["wagtailcore", "page", "move"])
        address, typed = f"{address}?id={tree.justice.pk}", {"chooser": tree.health.pk}

    def move() -> bool:
        page = client.post(address, typed, follow=True).content.decode()
        tree.justice.refresh_from_db()
        moved = tree.justice.get_parent().pk == tree.health.pk
        assert moved != ("another team would read" in page)
        return moved

    assert not move()
    assert not Message.objects.seen_by(moderator).exists()
    message.topic = tree.harm_reduction
    message.save()
    assert move()  # there is nothing to read any more


def test_a_topic_that_takes_its_team_along_is_moved_by_any_editor(tree: Tree):
    written(tree.justice)
    tree.justice.team, tree.health.team = (Group.objects.create(name=name) for name in ("Ours", "Theirs"))
    tree.justice.save()
    tree.health.save()
    assert not inherit_their_team(tree.justice)
    assert team_at(tree.health) == tree.health.team_id


def test_nothing_is_undone_by_who_is_in_the_team_no_more(tree: Tree):
    tree.justice.team = team = Group.objects.create(name="Justice team")
    tree.justice.save()
    user, message = member("insider", "Justice team"), written(tree.justice)
    client = client_of(user)
    page = act(client, message, "close").content.decode()
    token = page.partition('name="token" value="')[2].partition('"')[0]
    assert token
    user.groups.remove(team)
    client.post(reverse("message:undo"), {"token": token})
    message.refresh_from_db()
    assert message.closed_at


def test_canned_answers_of_a_team_are_its_own(tree: Tree):
    tree.justice.team = Group.objects.create(name="Justice team")
    tree.justice.save()
    own = CannedAnswer.objects.create(title="Ours", text="Words", topic=tree.justice, language="en")
    CannedAnswer.objects.create(title="Everybody's", text="Words", language="en")
    insider, outsider = (client_of(member(*names)) for names in (("in", "Justice team"), ("out",)))
    listing = reverse("canned_answer:index")
    assert "Ours" in insider.get(listing).content.decode()
    page = outsider.get(listing).content.decode()
    assert "Ours" not in page
    assert "Everybody" in page
    client_of(User.objects.create_superuser("root", password="x")).post(
        reverse("canned_answer:edit", args=[own.pk]),
        {"title": "Ours", "text": "Others", "topic": tree.justice.pk, "language": "en"},
    )
    report = reverse("wagtailadmin_reports:site_history")
    assert "Ours" in insider.get(report).content.decode()
    assert "Ours" not in outsider.get(report).content.decode()
    for name in ("edit", "delete", "copy", "history", "history_results", "usage"):
        address = reverse(f"canned_answer:{name}", args=[own.pk])
        assert insider.get(address).status_code == 200
        assert outsider.get(address).status_code == 404


def test_outage_counts_as_no_wrong_key(tree: Tree, client, monkeypatch):
    message = written(tree.justice)
    pair = {"reference": message.reference, "key": message.issue_secret()}
    message.save()

    def away(*given):
        raise OperationalError

    with monkeypatch.context() as patched:
        patched.setattr(look_up, "_opened", away)
        for _ in range(look_up.TRIES_PER_CLIENT + 1):
            assert client.post("/contact/look-up/", pair, headers=OWN).status_code == 503
    assert client.post("/contact/look-up/", pair, headers=OWN).status_code == 200


def test_deleting_a_message_keeps_the_receipt_of_somebody_else_s(tree: Tree):
    mails = [
        mail.post(purpose="contact-receipt", to="reader@example.org", template="contact-receipt", context={})
        for _ in range(2)
    ]
    of_address = {"address": "reader@example.org", "address_digest": address_digest("reader@example.org")}
    mine, other = (written(tree.justice, receipt=receipt, **of_address) for receipt in mails)
    reading.erase(other)
    assert [each.pk for each in Mail.objects.all()] == [mine.receipt_id]


def test_further_words_within_the_hour_are_one_notice(tree: Tree):
    message = written(tree.harm_reduction)
    Mail.objects.all().delete()
    for _ in range(3):
        reading.write_again(message, "And this")
    assert Mail.objects.filter(purpose="contact-notice").count() == 1


def test_what_was_written_by_a_clock_a_day_ahead_holds_up_no_notice_and_no_answer(tree: Tree, ana, desk):
    message, ahead = written(tree.harm_reduction), timezone.now() + timedelta(days=1)
    for kind, text in ((Turn.Kind.READER, "Ahead"), (Turn.Kind.ANSWER, "Yes")):
        message.turns.create(kind=kind, text=text, written_at=ahead, author=ana)
    Mail.objects.all().delete()
    reading.write_again(message, "And this")
    assert Mail.objects.filter(purpose="contact-notice").count() == 1
    act(desk, message, "answer", text="Yes", last=message.turns.order_by("-pk")[0].pk)
    assert message.turns.filter(kind=Turn.Kind.ANSWER).count() == 2


def test_mails_of_the_contact_box_are_not_found_by_address():
    mail.post(purpose="contact-receipt", to="reader@example.org", template="contact-receipt", context={})
    assert not Mail.objects.found_by("reader@example.org").exists()
