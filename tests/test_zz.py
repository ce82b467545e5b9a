import pytest
from datetime import date
from django.db import connection
pytestmark = pytest.mark.django_db
def test_a(tree, client, django_assert_num_queries):
    with connection.cursor() as c: c.execute("SET CONSTRAINTS content_words_follow IMMEDIATE")
    v=tree.voice(title="Needle exchanges", summary="A night van <b>x</b>", body=[("text","<p>Hello &amp; goodbye naïve santé</p>"),("quote",{"text":"quoted words","source":"Nadia"})])
    tree.event(title="Meeting on exchanges & vans", primary_topic=tree.justice)
    import re
    for q in ("exchange","sante","exchang van","harm reduction","neeedle","qqqq", "the", "nadia&kind=voices", "exchange&topic=%s"%tree.harm_reduction.pk):
        from django.test.utils import CaptureQueriesContext
        with CaptureQueriesContext(connection) as n: r=client.get(f"/search/?q={q}")
        t=r.content.decode(); print(q, r.status_code, len(n), re.sub(r"\s+"," ",re.sub(r"<(?!/?mark|/?h)[^>]*>"," ",t[t.index("<main"):t.index("</main")]))[100:1200]); print()
