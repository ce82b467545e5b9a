"""Older parts of a listing hear of work that is going to expire: until then their kinds and years are true.

As before, functions decide themselves what is a change.
"""

from importlib import import_module

from django.db import migrations

OF_LISTINGS = """
    PERFORM harmhub_changed('counts:' || page_id || ':' || locale_id) FROM changed
        WHERE expire_at IS NOT NULL GROUP BY page_id, locale_id;
    RETURN NULL;
END $$;"""
OF_FACETS = """
    PERFORM harmhub_changed('counts:' || page_id || ':' || locale_id || ':' || facet) FROM changed
        WHERE expire_at IS NOT NULL GROUP BY page_id, locale_id, facet;
    RETURN NULL;
END $$;"""
END = """
    RETURN NULL;
END $$;"""

before = import_module("content.migrations.0012_quick_import").before
LISTINGS = before("0003_changes", "ITEMS", "harmhub_entries_changed")
FACETS = before("0006_facets", "CHANGES", "harmhub_facets_changed")


class Migration(migrations.Migration):

    dependencies = [
        ('content', '0016_after_the_lock'),
    ]

    operations = [
        migrations.RunSQL(LISTINGS.removesuffix(END) + OF_LISTINGS, LISTINGS),
        migrations.RunSQL(FACETS.removesuffix(END) + OF_FACETS, FACETS),
    ]
