"""What ``make run`` does before anything is started: it looks for its port, and makes its secrets.

Nothing else reads these secrets: a server started in any other way (wsgi, ``manage.py check --deploy``)
refuses to start without secrets in its environment. This module knows no Django: settings need the secrets.
"""

import base64
import os
import secrets
import socket
import sys
from collections.abc import Mapping, MutableMapping
from pathlib import Path

FILE = "secrets.env"
ADDRESS = "127.0.0.1"


def refuse_taken_port(environment: Mapping[str, str]) -> None:
    """End with a sentence where PORT is no port or is taken: the server would share a taken one silently."""
    port = environment.get("PORT", "8000")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ADDRESS, int(port) or -1))
        except (ValueError, OverflowError):
            sys.exit(f"PORT is a number from 1 to 65535, not {port!r}.")
        except OSError as problem:
            sys.exit(f"Port {port} cannot be used ({problem.strerror}): set PORT to another.")


def data_dir() -> Path:
    """Return the folder of everything that is kept, the same as the settings' DATA_DIR."""
    return Path(os.environ.get("DATA_DIR") or Path(__file__).resolve().parent.parent / ".data").absolute()


def _read(text: str) -> dict[str, str]:
    """Return the values by name, without comments and empty lines. ValueError: another line has no name."""
    lines = (line.strip() for line in text.splitlines())
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def load_secrets(folder: Path, environment: MutableMapping[str, str]) -> None:
    """Put the secrets kept in folder into the environment, made at the first call; what is set there stays.

    The file holds NAME=value lines that a shell can read. Raises OSError where it cannot be read or written,
    and ends with a sentence where it holds something else: new keys would open nothing that is sealed.
    """
    path = folder / FILE
    try:
        kept = _read(path.read_text()) if path.exists() else {}
    except ValueError:
        sys.exit(f"{path} has a line that is not NAME=value: mend it, or put back what you have kept of it.")
    made = {
        "SECRET_KEY": secrets.token_urlsafe(48),
        # A Fernet key: 32 random bytes.
        "SEALING_KEYS": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "EDITOR_PASSWORD": "-".join(secrets.token_hex(2) for _ in range(4)),
    } | kept
    if made != kept:
        folder.mkdir(mode=0o711, parents=True, exist_ok=True)
        unfinished = path.with_suffix(".unfinished")
        unfinished.unlink(missing_ok=True)
        with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.writelines(f"{name}={value}\n" for name, value in made.items())
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(path)
    for name, value in made.items():
        environment.setdefault(name, value)
