# make run | test | lint | bench. Each one makes its own set-up; nothing else is needed.
SHELL = /bin/sh
python = .venv/bin/python
uv = .venv/tool/bin/uv
pin = $(uv) pip compile --quiet --universal --generate-hashes --no-header --no-annotate --no-emit-index-url --python-version 3.12

# Modules are compiled once, not by each of the many processes, also where Python was told to leave no files.
export PYTHONDONTWRITEBYTECODE =

.PHONY: run test lint bench pins

run:
	@sh setup.sh run
	@exec $(python) manage.py run

test:
	@sh setup.sh dev
	@CHROMIUM="$$(sh tests/chromium.sh)" && export CHROMIUM && exec $(python) -m pytest -n auto --dist loadfile --no-loadscope-reorder $(ARGS)

lint:
	@sh setup.sh dev
	$(python) -m ruff format --check .
	$(python) -m ruff check .
	find templates -name '*.html' -exec $(python) -m djhtml --check --tabwidth 2 {} +
	$(python) -m mypy .
	.venv/bin/lint-imports
	DJANGO_SETTINGS_MODULE=harmhub.settings_test $(python) manage.py makemigrations --check --dry-run

bench:
	@sh setup.sh dev
	@exec $(python) -m tests.bench $(SIZE)

# For maintainers: write the newest allowed versions into the requirements files. See docs/running.md.
pins:
	@sh setup.sh dev
	echo "uv" | $(pin) --upgrade - -o requirements-uv.txt
	$(pin) --upgrade pyproject.toml -o requirements.txt
	$(pin) --upgrade --constraint requirements.txt --group dev pyproject.toml -o requirements-dev.txt
