"""Where a word may be broken at the end of a line it is no other word: pasted and printed texts say so by soft
hyphens."""

from importlib import import_module

from django.db import migrations

BEFORE = import_module("content.migrations.0017_expiring").before(
    "0016_after_the_lock", "TEXTS", "content_composed"
)
COMPOSED = r"""
-- A text as search asks for it: without soft hyphens, its letters and marks together where they can be (é is one
-- letter).
CREATE OR REPLACE FUNCTION content_composed(said text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    -- To look takes a quarter of the time of doing it.
    SELECT CASE WHEN whole IS NFC NORMALIZED THEN whole ELSE normalize(whole, NFC) END
    FROM replace(said, U&'\00AD', '') AS whole
$$;
"""
INDEX_ALL = import_module("content.migrations.0016_after_the_lock").INDEX_ALL


class Migration(migrations.Migration):

    dependencies = [('content', '0019_tied')]

    operations = [
        migrations.RunSQL([COMPOSED, INDEX_ALL], [BEFORE, INDEX_ALL]),
    ]
