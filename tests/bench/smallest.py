"""The smallest WSGI application there is, as a yardstick: headers and bytes of a page, and nothing else."""

import json
import os
from pathlib import Path

PAGE = Path(os.environ["BENCH_PAGE"]).read_bytes()
HEADERS = [tuple(header) for header in json.loads(os.environ["BENCH_HEADERS"])]


def application(environ, start_response):
    start_response("200 OK", HEADERS)
    return [PAGE]
