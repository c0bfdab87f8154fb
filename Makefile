# Two commands: `make demo` runs the clinic on this machine, `make test` runs every test.
# Both install what they need: Python packages into .venv, Debian packages through apt when missing.

PYTHON ?= python3.11
BIN := .venv/bin

.PHONY: demo demo-partners demo-payments demo-retry test lint bench soak pictures autobahn clean

demo: .venv/installed
	$(BIN)/pip install --quiet --disable-pip-version-check -r examples/clinic/requirements.txt
	$(BIN)/python examples/clinic/demo.py

demo-partners: .venv/installed
	$(BIN)/python examples/clinic-partners/tour.py

demo-payments: .venv/installed
	$(BIN)/python examples/payments/tour.py

demo-retry: .venv/installed
	$(BIN)/pip install --quiet --disable-pip-version-check -r examples/vendor-retry/requirements.txt
	$(BIN)/python examples/vendor-retry/tour.py

test: .venv/installed-for-tests
	sh tests/debian-packages.sh nginx:nginx-light chromium:chromium chromedriver:chromium-driver curl:curl node:nodejs redis-server:redis-server pg_ctlcluster:postgresql spin:spin gcc:gcc
	$(BIN)/pytest --numprocesses auto --dist loadfile

lint: .venv/installed-for-tests
	$(BIN)/ruff format --check src tests examples bench
	$(BIN)/ruff check src tests examples bench
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tests/file_sizes.py

bench: .venv/installed
	sh tests/debian-packages.sh nginx:nginx-light caddy:caddy wrk:wrk strace:strace pg_ctlcluster:postgresql
	$(BIN)/pip install --quiet -r bench/requirements.txt
	$(BIN)/python -m bench

soak: .venv/installed-for-tests
	sh tests/debian-packages.sh nginx:nginx-light redis-server:redis-server pg_ctlcluster:postgresql spin:spin gcc:gcc
	$(BIN)/pytest -m soak --hypothesis-profile default

pictures: .venv/installed-for-tests
	sh tests/debian-packages.sh chromium:chromium chromedriver:chromium-driver pngquant:pngquant
	$(BIN)/python -m tests.web.tour

autobahn: .venv/installed-for-tests
	$(BIN)/python -m tests.autobahn $(CASES)

clean:
	rm -rf .venv

.venv/installed: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	touch $@

.venv/installed-for-tests: .venv/installed
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[test,lint]'
	touch $@
