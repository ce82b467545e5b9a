"""Keys of teams: what readers write is sealed to them, and no key costs anybody her message."""

import pyrage
import pytest
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from pyrage import x25519
from wagtail.models import ModelLogEntry, Site

from contact.models import Message, TeamKey
from contact.models.keys import is_sealed, sealed_for, validate_public_key
from contact.reading import erase, write_again
from harmhub.mail.models import Mail
from harmhub.models import SiteSettings
from harmhub.users.models import User
from tests.factories import Tree

CANARY = "Canarywords of a reader"


@pytest.fixture
def secret() -> x25519.Identity:
    return x25519.Identity.generate()


@pytest.fixture
def team(tree: Tree) -> Group:
    """The team of Health, which Harm Reduction lies under."""
    team = Group.objects.create(name="Health team")
    tree.health.team = team
    tree.health.save()
    return team


@pytest.fixture
def key(team: Group, secret: x25519.Identity) -> TeamKey:
    return TeamKey.objects.create(group=team, public_key=str(secret.to_public()))


def send(reader: Client, topic, **more: str) -> Message:
    answer = reader.post(reverse("contact:send", args=[topic.pk]), {"message": CANARY, **more})
    assert answer.status_code == 200
    return Message.objects.latest("pk")


def opened(text: str, secret: x25519.Identity) -> str:
    return pyrage.decrypt(text.encode(), [secret]).decode()


def user_who_may(*codenames: str, groups: tuple[str, ...] = ()) -> Client:
    user = User.objects.create_user(username="-".join(codenames) or "reader", password="x")
    access = Group.objects.create(name=f"May {codenames}")
    permissions = Group.objects.get(name="Editors").permissions.model.objects
    access.permissions.set(permissions.filter(codename__in=[*codenames, "access_admin"]))
    user.groups.set([access, *Group.objects.filter(name__in=groups)])
    client = Client()
    client.force_login(user)
    return client


def test_the_server_cannot_read_what_a_team_s_key_has_sealed(reader, tree, key, secret):
    message = send(reader, tree.harm_reduction, sender="Nora", email="nora@example.org")
    assert is_sealed(message.text)
    assert CANARY not in message.text
    assert message.name == ""
    assert opened(message.text, secret) == f"Name: Nora\n\n{CANARY}"
    with pytest.raises(pyrage.DecryptError):
        opened(message.text, x25519.Identity.generate())


def test_she_is_told_that_only_the_team_can_open_what_she_writes(reader, tree, key):
    said = "only the team can open it"
    address = reverse("contact:send", args=[tree.harm_reduction.pk])
    assert said in reader.get(address).content.decode()
    assert said in reader.post(address, {"message": CANARY}).content.decode()
    key.delete()
    assert said not in reader.get(address).content.decode()
    assert said not in reader.post(address, {"message": f"{CANARY} again"}).content.decode()


def test_a_key_that_does_not_work_is_no_promise_once_the_message_is_sent(reader, tree, key):
    TeamKey.objects.update(public_key="age1broken")
    answer = reader.post(reverse("contact:send", args=[tree.harm_reduction.pk]), {"message": CANARY})
    assert "It is kept sealed." in answer.content.decode()


def test_the_address_stays_readable_so_that_it_can_be_answered(reader, tree, key):
    assert send(reader, tree.harm_reduction, email="nora@example.org").address == "nora@example.org"


def test_only_the_words_to_that_team_are_sealed_to_it(reader, tree, key):
    assert send(reader, tree.justice).text == CANARY


def test_the_site_s_team_has_a_key_too(reader, tree, secret):
    settings = SiteSettings.for_site(Site.objects.get(is_default_site=True))
    settings.team = Group.objects.create(name="Office")
    settings.save()
    TeamKey.objects.create(group=settings.team, public_key=str(secret.to_public()))
    assert opened(send(reader, tree.justice).text, secret) == CANARY
    assert Message(topic=None).team == settings.team


def test_who_sees_a_message_and_whose_key_seals_it_follow_one_rule(tree, team):
    nearer = Group.objects.create(name="Drug team")
    tree.drug_checking.team = nearer
    tree.drug_checking.save()
    for topic, expected in [(tree.drug_checking, nearer), (tree.harm_reduction, team), (tree.justice, None)]:
        message = Message.objects.create(topic=topic, language="en", text="x")
        assert message.team == expected
        for group in (nearer, team):
            user = User.objects.create_user(username=f"{topic.pk}{group.pk}", password="x")
            user.groups.set([group])
            sees = Message.objects.seen_by(user).filter(pk=message.pk).exists()
            assert sees == (expected in (None, group))


def test_further_words_are_sealed_by_the_same_call(tree, key, secret):
    message = Message.objects.create(topic=tree.harm_reduction, language="en", text="x")
    assert opened(sealed_for(message, "One thing more"), secret) == "One thing more"


# With this key (all zeros) everybody has the same secret; the library panics.
WEAK = "age1" + "q" * 52 + "5cu47z"


@pytest.mark.parametrize("broken", ["age1", "age1qqqq", "", "x" * 100, WEAK])
def test_a_broken_key_costs_nobody_her_message(reader, tree, key, broken, caplog):
    TeamKey.objects.update(public_key=broken)
    assert send(reader, tree.harm_reduction, sender="Nora").text == CANARY
    assert "does not work" in caplog.text
    assert CANARY not in caplog.text


def test_without_the_key_again_the_site_s_own_seals(reader, tree, team, key):
    key.delete()
    assert send(reader, tree.harm_reduction, sender="Nora").name == "Nora"
    team.delete()
    assert send(reader, tree.harm_reduction, sender="Nora 2").text == CANARY


def test_the_notice_carries_the_sealed_words_and_no_others(reader, tree, key, secret):
    message = send(reader, tree.harm_reduction, sender="Nora", email="nora@example.org")
    notice = Mail.objects.get().content["text"]
    assert message.text.strip() in notice
    assert "nora" not in notice.lower()
    block = notice[notice.index("-----BEGIN") :]
    assert opened(block.rstrip() + "\n", secret).endswith(CANARY)


def test_no_mail_carries_sealed_words_of_a_message_that_was_deleted(reader, tree, key):
    gone, kept = (send(reader, tree.harm_reduction, sender=name) for name in ("Nora", "Ana"))
    write_again(gone, "More")
    assert Mail.objects.count() == 3
    erase(gone)
    assert kept.reference in Mail.objects.get().content["text"]


@pytest.mark.parametrize(
    "typed",
    [
        f"-----BEGIN AGE ENCRYPTED FILE-----\n{CANARY}\n-----END AGE ENCRYPTED FILE-----",
        "-----BEGIN AGE ENCRYPTED FILE-----\nQ2FuYXJ5\n-----END AGE ENCRYPTED FILE-----\n",
        f"{CANARY}\n-----BEGIN AGE ENCRYPTED FILE-----\nxx\n-----END AGE ENCRYPTED FILE-----\n",
    ],
)
def test_what_only_looks_sealed_does_not_go_into_a_notice(reader, tree, typed):
    send(reader, tree.harm_reduction, message=typed)
    notice = Mail.objects.get().content["text"]
    assert CANARY not in notice
    assert "Q2FuYXJ5" not in notice


def test_a_reader_may_seal_her_words_herself_and_her_name_is_sealed_as_well(reader, tree, key, secret):
    own = pyrage.encrypt(CANARY.encode(), [secret.to_public()], armored=True).decode()
    message = send(reader, tree.harm_reduction, message=own, sender="Nora")
    assert message.name == ""
    assert opened(message.text, secret).startswith("Name: Nora\n\n-----BEGIN AGE")


def test_the_inbox_offers_a_file_and_says_how_to_open_it(reader, tree, key, secret):
    message = send(reader, tree.harm_reduction, sender="Nora")
    client = user_who_may("view_message", groups=("Health team",))
    page = client.get(reverse("message:inspect", args=[message.pk])).content.decode()
    assert f"age -d -i key.txt {message.reference}.age" in page
    address = reverse("message:sealed", args=[message.pk])
    assert f'href="{address}"' in page
    answer = client.get(address)
    assert answer["Content-Disposition"] == f'attachment; filename="{message.reference}.age"'
    assert "no-store" in answer["Cache-Control"]
    assert opened(answer.content.decode(), secret) == f"Name: Nora\n\n{CANARY}"
    assert ModelLogEntry.objects.filter(action="contact.read", label=message.reference).count() == 2


def test_the_file_of_a_turn_is_offered_as_well(reader, tree, key, secret):
    message = send(reader, tree.harm_reduction)
    turn = message.turns.create(kind="reader", text=sealed_for(message, "More"))
    client = user_who_may("view_message", groups=("Health team",))
    address = reverse("message:sealed", args=[message.pk])
    assert opened(client.get(f"{address}?turn={turn.pk}").content.decode(), secret) == "More"
    for odd in ("9" * 40, str(turn.pk + 1)):
        assert client.get(f"{address}?turn={odd}").status_code == 404


def test_there_is_no_file_of_what_is_not_sealed_nor_for_other_teams(reader, tree, key):
    plain, sealed = send(reader, tree.justice), send(reader, tree.harm_reduction)
    stranger = user_who_may("view_message")
    assert stranger.get(reverse("message:sealed", args=[plain.pk])).status_code == 404
    assert stranger.get(reverse("message:sealed", args=[sealed.pk])).status_code == 404


def test_an_export_holds_the_sealed_text(reader, tree, key):
    message = send(reader, tree.harm_reduction)
    client = user_who_may("view_message", "export_message", groups=("Health team",))
    answer = client.get(reverse("message:index"), {"export": "csv"})
    assert message.text.split("\n")[1] in b"".join(answer.streaming_content).decode()


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("age1", "one line that begins with age1"),
        ("ssh-ed25519 AAAA", "one line that begins with age1"),
        ("", "required"),
        ("AGE-SECRET-KEY-1", "This is the secret key"),
        (WEAK, "one line that begins with age1"),
    ],
    ids=["short", "of another kind", "none", "secret", "weak"],
)
def test_what_is_no_public_key_is_refused(team, typed, said):
    if typed.startswith("AGE-SECRET"):
        typed = str(x25519.Identity.generate())
    if typed:
        with pytest.raises(ValidationError, match=said):
            validate_public_key(typed)
    client = user_who_may("change_group")
    answer = client.post(reverse("team_key:add"), {"group": team.pk, "public_key": typed})
    assert said in answer.content.decode()
    assert not TeamKey.objects.exists()


def test_who_may_change_groups_gives_keys_and_it_is_logged(team, secret):
    client = user_who_may("change_group")
    public = str(secret.to_public())
    client.post(reverse("team_key:add"), {"group": team.pk, "public_key": f" {public} "})
    key = TeamKey.objects.get()
    assert (key.group, key.public_key, key.by.username) == (team, public, "change_group")
    assert key.short in client.get(reverse("team_key:index")).content.decode()
    other = str(x25519.Identity.generate().to_public())
    client.post(reverse("team_key:edit", args=[key.pk]), {"group": team.pk, "public_key": other})
    client.post(reverse("team_key:delete", args=[key.pk]))
    assert not TeamKey.objects.exists()
    entries = ModelLogEntry.objects.filter(object_id=str(key.pk), user__username="change_group")
    actions = list(entries.order_by("timestamp").values_list("action", flat=True))
    assert actions == ["wagtail.create", "wagtail.edit", "wagtail.delete"]


def test_nobody_else_gives_keys(team, key):
    client = user_who_may("view_message", "change_message", "export_message", groups=("Health team",))
    for name, arguments in [("index", []), ("add", []), ("edit", [key.pk]), ("delete", [key.pk])]:
        assert client.get(reverse(f"team_key:{name}", args=arguments)).status_code == 302
        client.post(reverse(f"team_key:{name}", args=arguments), {"group": team.pk, "public_key": "age1"})
    assert TeamKey.objects.get().public_key == key.public_key


def test_the_lines_are_those_of_the_published_armor_and_no_mail_server_breaks_them(key):
    text = key.seal(CANARY)
    lines = text.splitlines()
    assert (lines[0], lines[-1]) == (
        "-----BEGIN AGE ENCRYPTED FILE-----",
        "-----END AGE ENCRYPTED FILE-----",
    )
    assert max(map(len, lines)) <= 64
