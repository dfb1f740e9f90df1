# One verb each; every verb sets up what it needs first (venv, Python packages, Debian packages where you are root).
#   make demo                 mails become faxes and faxes become mails, on this machine alone, in about a minute
#   make demo MAIL=letter.eml TO=5551234    the same with a mail of your own
#   make run                  the gateway on its embedded default (no phone line needed)
#   make test                 everything tested: lint, types, layers, unit tests, live calls over libspandsp
#   make check                lint, types and layers only
#   make interop fuzz bench   the long suites;  make docs   the generated pages of docs/

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
FUZZ_S ?= 600
# Tests that run beside each other; calls in real time are all on one of these workers (tests/conftest.py).
WORKERS ?= 2
DEMO   := $(if $(MAIL),--mail "$(MAIL)") $(if $(TO),--to "$(TO)") $(DEMO_ARGS)

DEBIAN_RUN  := python3-venv fonts-dejavu-core fonts-noto-core fonts-noto-cjk libseccomp2
DEBIAN_BENCH := ghostscript tesseract-ocr tesseract-ocr-eng
DEBIAN_OFFICE := libreoffice-writer-nogui libreoffice-calc-nogui libreoffice-impress-nogui
DEBIAN_TEST := $(DEBIAN_RUN) libspandsp2 libtiff-tools swaks msmtp libnet-ssleay-perl mutt postfix libsasl2-modules dovecot-imapd dovecot-lmtpd poppler-utils jbigkit-bin mgetty mgetty-fax bubblewrap libgnutls-dane0 libidn12 postgresql $(DEBIAN_OFFICE)

.PHONY: demo run test check lint types layers unit interop fuzz bench docs constraints clean

demo: $(VENV)/.run
	@$(BIN)/mailfax demo $(DEMO)

run: $(VENV)/.run
	@$(BIN)/mailfax serve

test: check unit

check: lint types layers

lint: $(VENV)/.test
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .

types: $(VENV)/.test
	@$(BIN)/mypy

layers: $(VENV)/.test
	@$(BIN)/lint-imports

unit: $(VENV)/.test
	@$(BIN)/pytest -m "not interop" -n $(WORKERS) --dist loadgroup --no-loadscope-reorder $(TESTS)

interop: $(VENV)/.test
	@mkdir -p build
	@rm -f build/matrix.jsonl
	@MAILFAX_MATRIX=build/matrix.jsonl $(BIN)/pytest -m interop --timeout 3600 $(TESTS)
	@$(BIN)/python docs/interop.py

fuzz: $(VENV)/.fuzz
	@PYTHONPATH=. $(BIN)/python tests/t30/fuzz_engine.py
	@mkdir -p build/fuzz-corpus build/fuzz-t30
	@PYTHONPATH=. $(BIN)/python tests/t30/fuzz_tape.py --seeds build/fuzz-t30-seeds
	@PYTHONPATH=. $(BIN)/python tests/t30/fuzz_tape.py -max_total_time=$(FUZZ_S) -timeout=20 build/fuzz-t30 build/fuzz-t30-seeds
	@PYTHONPATH=. $(BIN)/python tests/t4codec/fuzz_decode.py -max_total_time=$(FUZZ_S) -timeout=20 build/fuzz-corpus fixtures/fax/seeds

bench: $(VENV)/.bench
	@for program in bench/journey.py bench/codec.py bench/render.py bench/legibility.py bench/waiting.py bench/smtp.py; do echo "== $$program"; $(BIN)/python $$program; done

docs: $(VENV)/.test
	@$(BIN)/python docs/generate.py

constraints: $(VENV)/.test
	@$(BIN)/pip list --format=freeze --exclude mailfax --exclude pip --exclude setuptools >constraints.txt

clean:
	@rm -rf $(VENV) build dist demo-data .mypy_cache .pytest_cache .ruff_cache

$(VENV)/.run: pyproject.toml constraints.txt
	@sh tools/setup.sh "$(PYTHON)" "$(VENV)" "" "$(DEBIAN_RUN)"
	@touch $@

$(VENV)/.test: pyproject.toml constraints.txt
	@sh tools/setup.sh "$(PYTHON)" "$(VENV)" "[dev]" "$(DEBIAN_TEST)"
	@touch $@ $(VENV)/.run

$(VENV)/.fuzz: $(VENV)/.test
	@sh tools/setup.sh "$(PYTHON)" "$(VENV)" "[dev,fuzz]" "$(DEBIAN_TEST)"
	@touch $@

$(VENV)/.bench: $(VENV)/.test
	@sh tools/setup.sh "$(PYTHON)" "$(VENV)" "[dev,bench]" "$(DEBIAN_TEST) $(DEBIAN_BENCH)"
	@touch $@
