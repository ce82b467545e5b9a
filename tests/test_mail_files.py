"""Mail without a mail server: one .eml file for each."""

import email
import email.policy
import multiprocessing
import os
import stat
import time

import pytest

from harmhub.mail import tasks
from harmhub.mail.backends import EmlBackend
from harmhub.mail.checks import UNDELIVERED, mail_is_delivered
from harmhub.mail.sending import send_due_mail

pytestmark = pytest.mark.django_db


@pytest.fixture
def folder(settings, tmp_path):
    options = {"file_path": tmp_path / "mail"}
    outgoing = {"BACKEND": "harmhub.mail.backends.EmlBackend", "OPTIONS": options}
    settings.MAILERS = settings.MAILERS | {"outgoing": outgoing}
    return options["file_path"]


def test_every_mail_becomes_one_readable_file_and_its_path_is_printed(post_greeting, folder, capsys):
    rows = [post_greeting(to=f"reader{number}@example.org") for number in range(2)]
    assert send_due_mail() == 2
    files = sorted(folder.iterdir())
    assert sorted(capsys.readouterr().out.splitlines()) == [f"Mail written to {path}" for path in files]
    messages = [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in files]
    assert {message["Message-ID"] for message in messages} == {row.message_id for row in rows}
    assert {message["To"] for message in messages} == {"reader0@example.org", "reader1@example.org"}


def test_file_names_hold_no_address_and_files_are_private(post_greeting, folder):
    row = post_greeting()
    send_due_mail()
    (path,) = folder.iterdir()
    assert path.name.endswith(f"-mail-{row.pk}.eml")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_while_the_folder_cannot_be_written_the_queue_waits(post_greeting, folder):
    row = post_greeting()
    folder.write_text("in the way")
    assert send_due_mail() == 0
    row.refresh_from_db()
    assert (row.attempts, row.claimed_until) == (0, None)
    folder.unlink()
    assert send_due_mail() == 1


def test_files_are_deleted_a_week_and_a_day_after_they_were_written_and_not_before(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    (tmp_path / "mail").mkdir()
    days = {"new.eml": 0, "kept.eml": 7.9, "old.eml": 8.1, ".killed.part": 8.1, "not-ours.txt": 9}
    for name, age in days.items():
        path = tmp_path / "mail" / name
        path.touch()
        os.utime(path, (time.time() - age * 86_400,) * 2)
    tasks.forget(timestamp=0)
    assert {path.name for path in (tmp_path / "mail").iterdir()} == {"new.eml", "kept.eml", "not-ours.txt"}


def test_deploy_check_warns_where_mail_becomes_files(folder):
    assert mail_is_delivered() == [UNDELIVERED]


def test_deploy_check_is_content_with_a_mail_server(mail_server):
    assert mail_is_delivered() == []


def write_some(folder: str, name: str) -> None:
    from django.core.mail import EmailMessage

    backend = EmlBackend(alias="default", file_path=folder)
    for number in range(50):
        headers = {"Message-ID": f"<{name}-{number}@example.org>"}
        backend.send_messages([EmailMessage("Hello", "Text", to=["a@example.org"], headers=headers)])


def test_several_processes_write_whole_files_side_by_side(tmp_path):
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=write_some, args=(str(tmp_path), f"writer{n}")) for n in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(30)
    files = list(tmp_path.iterdir())
    assert len(files) == 150
    assert all(b"Text" in path.read_bytes() for path in files)
