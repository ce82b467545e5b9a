"""Sessions whose end the server decides: after 30 minutes without activity, and 12 hours after they began.

``settings.SESSION_ENGINE`` names this module.
"""

from datetime import UTC, datetime
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.utils import timezone

from harmhub import sealing

BEGUN = "begun_at"  # where a session says when its user logged in; survives a change of the key
TOUCHED_EVERY = 60  # seconds; more often, activity is not written down


def kept_as(key: str | None) -> str:
    """Return what a row has in place of a session's key, which only the cookie knows: who reads the database
    opens no session."""
    return sealing.hash_token(key).hex()[:40] if key else ""


class SessionStore(DatabaseStore):
    """Django's sessions in the database, which know their user, when they began and were last active."""

    active_at: datetime | None = None
    model: Any

    @classmethod
    def get_model_class(cls) -> Any:
        """Return the model."""
        from harmhub.users.models import Session

        return Session

    def _get_session_from_db(self) -> Any:
        row = self.model.objects.going().filter(pk=kept_as(self.session_key)).first()
        if row is None:
            self._session_key = None
        else:
            self.active_at = row.active_at
        return row

    async def _aget_session_from_db(self) -> Any:
        return await sync_to_async(self._get_session_from_db)()

    def create_model_instance(self, data: dict[str, Any]) -> Any:
        """Return the row to write, with whose session it is."""
        row: Any = super().create_model_instance(data)
        row.session_key = kept_as(row.session_key)
        if SESSION_KEY in data:
            row.user_id = int(data[SESSION_KEY])
            row.begun_at = datetime.fromtimestamp(data.get(BEGUN, 0), UTC)
            row.active_at = self.active_at or timezone.now()
        return row

    async def acreate_model_instance(self, data: dict[str, Any]) -> Any:
        """Return the row to write."""
        return await sync_to_async(self.create_model_instance)(data)

    def exists(self, session_key: str) -> bool:
        """Return whether there is a session with this key."""
        return super().exists(kept_as(session_key))

    async def aexists(self, session_key: str) -> bool:
        """Return whether there is one."""
        return await sync_to_async(self.exists)(session_key)

    def delete(self, session_key: str | None = None) -> None:
        """End the session with this key, or this one."""
        super().delete(kept_as(session_key or self.session_key))

    async def adelete(self, session_key: str | None = None) -> None:
        """End it."""
        await sync_to_async(self.delete)(session_key)

    def flush(self) -> None:
        """Forget everything, also when this session was last active."""
        super().flush()
        self.active_at = None

    @classmethod
    def clear_expired(cls) -> None:
        """Delete the rows of sessions that have ended, however they did."""
        sessions = cls.get_model_class().objects
        sessions.exclude(pk__in=sessions.going()).delete()

    def touch(self) -> None:
        """Write down that somebody is there, unless that was done within this minute."""
        now = timezone.now()
        if self.active_at and abs((now - self.active_at).total_seconds()) < TOUCHED_EVERY:
            return
        self.active_at = now
        self.model.objects.filter(pk=kept_as(self.session_key)).update(active_at=now)


def begin(session: Any) -> None:
    """Have a session's 12 hours begin now: its user has logged in. A stranger's shorter time is over."""
    session.set_expiry(None)
    session[BEGUN] = timezone.now().timestamp()
    session.active_at = timezone.now()
