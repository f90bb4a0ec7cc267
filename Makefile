# One word each; `make` alone lists them. All that is needed: Python 3.11 or newer, make, and a C compiler (or none).
#
#   PYTHON=python3.12           the Python that .venv is made from
#   VENV=/elsewhere             another place for it
#   HTTPCONN_NO_EXTENSIONS=1, HTTPCONN_REQUIRE_EXTENSIONS=1       as setup.py says
#
# The targets work on a wheel that is installed in .venv, never on the checkout: what is tested is what users get.

PYTHON ?= python3
VENV   ?= .venv
export PIP_DISABLE_PIP_VERSION_CHECK := 1

bin    := $(VENV)/bin
# The tests and benchmarks of the checkout as packages, and nothing else of the checkout.
apart  := PYTHONSAFEPATH=1 PYTHONPATH='$(abspath $(VENV))/checkout' $(bin)/python
pip    := $(bin)/python -m pip --quiet
# A wheel depends on these files, on which they are (one may go), on what compiler there is, and on what it is told.
source := setup.py pyproject.toml $(filter-out %.pyc,$(wildcard _speedups/*.[ph]* httpconn/*.p* httpconn/*/*.p* httpconn/*/*/*.p*))
told   := $(source) $(shell command -v $${CC:-cc} gcc clang | tr '\n' ' ') $(CFLAGS) \
          no=$(HTTPCONN_NO_EXTENSIONS) required=$(HTTPCONN_REQUIRE_EXTENSIONS)
wheel   = $$(ls $(VENV)/wheel/*.whl)

.PHONY: help build demo test test-quick bench bench-full bench-compare bench-publish bench-memory bench-fetch bench-awaits bench-wide bench-instructions bench-unused bench-rates bench-cores bench-adapters bench-writers bench-micro fuzz planted sanitize leaks misuse test-adapters test-scale test-scrapy test-writers-kill bench-scrapy bench-shares bench-pages test-tools test-tools-suites interpreters wheels test-codings docs lint clean FORCE
.DELETE_ON_ERROR:

help:   ## this list
	@awk -F ' *## *' '/^[a-z-]+:.*##/ { split($$1, target, ":"); printf "  make %-13s %s\n", target[1], $$2 }' Makefile

build: $(VENV)/installed   ## set up .venv, with httpconn installed in it
	@cd / && $(abspath $(bin))/python -c "import httpconn; print('httpconn parses with', httpconn.backend(), 'of', httpconn.backends())"

demo: build $(VENV)/has-httptools   ## thousands of responses, compared with http.client's, and timed   [URL=http://... SERVER=nginx QUICK=1]
	@$(bin)/python -m bench.demo $(if $(URL),--url '$(URL)') $(if $(SERVER),--server $(SERVER)) $(if $(QUICK),--quick)

test: build $(VENV)/has-test   ## the whole suite   [ARGS="-k chunked -x"]
	PYTHONSAFEPATH=1 $(bin)/python -m pytest -n 8 --dist worksteal $(ARGS)

test-quick: build $(VENV)/has-test   ## each test of the suite's heart with four of its cases, on the default parser: under two minutes   [ARGS="-x"]
	HTTPCONN_CUTS=40 HTTPCONN_FUZZ_HEADS=2000 PYTHONSAFEPATH=1 $(bin)/python -m pytest -n 4 --quick \
	    tests/wire tests/client tests/exchange tests/engine tests/laws/test_differential.py $(ARGS)

bench: build $(VENV)/has-bench   ## all benchmarks, against all rivals, in a few minutes   [ARGS="--only cycle-small get-small"]
	@$(bin)/python -m bench.suite $(ARGS)

bench-full: build $(VENV)/has-bench   ## the same with more rounds, and into the docs; leave the machine alone meanwhile
	@$(bin)/python -m bench.suite --full --out .benchmarks/full.json $(ARGS)
	@$(bin)/python -m bench.publish .benchmarks/full.json

bench-compare: $(VENV)/installed   ## two runs in ratios   BASE=a.json NEW=b.json
	@$(bin)/python -m bench.compare '$(BASE)' '$(NEW)'

bench-publish: $(VENV)/has-bench   ## figures and plots of docs/performance.md from a run   [RESULTS=.benchmarks/full.json]
	@$(bin)/python -m bench.publish '$(or $(RESULTS),.benchmarks/full.json)'

bench-memory: build   ## idle connections, a response of 1 GiB, a million requests: what memory they take   [ARGS=--quick]
	@$(bin)/python -m bench.memory $(ARGS)

bench-fetch: build $(VENV)/has-bench $(VENV)/checkout   ## fetch_many and the pool against their promises   [ARGS="--rounds 5", "--flat 1000000"]
	@$(apart) -m bench.fetch $(ARGS)

bench-awaits: build $(VENV)/has-bench $(VENV)/checkout   ## AsyncClient against aiohttp and wreq, each promise   [ARGS="--rounds 7", "--all", "--flat 1000000"]
	@$(apart) -m bench.awaits $(ARGS)

bench-wide: build $(VENV)/has-bench $(VENV)/checkout   ## new hosts, hosts met again, thousands of open connections   [ARGS="--hosts 600 --rounds 7", "--met", "--open 64 1000 10000"]
	@$(apart) -m bench.wide $(ARGS)

bench-instructions: build $(VENV)/checkout   ## instructions of a cycle, an exchange, an await, by valgrind   [ARGS="--base PYTHON"]
	@$(apart) -m bench.instructions $(ARGS)

bench-unused: build $(VENV)/checkout   ## what those pay who use none of what was added   BASE=/old/.venv/bin/python [ARGS="--instructions --publish"]
	@$(apart) -m bench.unused --base '$(BASE)' $(ARGS)

bench-rates: build $(VENV)/checkout   ## are rates and gates kept to, by the server's log?   [ARGS="--hosts 50"]
	@$(apart) -m bench.rates $(ARGS)

bench-cores: build $(VENV)/checkout   ## a list on all cores, by interpreters (3.14+) and by processes   [ARGS="--cores 2 --pages 400 --rounds 1"]
	@$(apart) -m bench.cores $(ARGS)

bench-adapters: build $(VENV)/has-bench $(VENV)/checkout   ## requests, httpx, httpx2 on their own carriers and on ours   [ARGS="--only httpx", "--flat 1000000"]
	@$(apart) -m bench.adapters $(ARGS)

bench-scrapy: build $(VENV)/under-scrapy $(VENV)/checkout   ## a crawl by Scrapy on its own handler and on ours   [ARGS="--only links-16"]
	@PYTHONSAFEPATH=1 PYTHONPATH='$(abspath $(VENV))/checkout' $(VENV)/under-scrapy/bin/python -m bench.scrapy_crawl $(ARGS)

bench-pages: build $(VENV)/checkout   ## what a page costs a crawler, by kind: CPU, memory for each host, disk   [ARGS="--pages 20000"]
	@$(apart) -m bench.pages $(ARGS)

bench-shares: build $(VENV)/checkout   ## ten million URLs partitioned by host, on paper   [ARGS="--hosts 1000000 --rate 0.5"]
	@$(apart) -m bench.shares $(ARGS)

bench-writers: build $(VENV)/has-cli $(VENV)/has-parquet $(VENV)/checkout   ## `httpconn fetch` against curl -Z, wget, wget2; its start and memory   [ARGS="--only jsonl", "--flat 1000000 --out pages.parquet"]
	@$(apart) -m bench.writers $(ARGS)

bench-micro: build $(VENV)/has-bench   ## parsing alone, chunks alone   [ARGS="-k head"]
	PYTHONSAFEPATH=1 $(bin)/python -m pytest bench/micro --benchmark-only $(ARGS)

fuzz: build $(VENV)/has-fuzz $(VENV)/checkout   ## coverage-guided fuzzing   [TARGET=head|chunks|reader|law ARGS="--executions 3000000"]
	$(apart) -m tests.fuzz.run $(or $(TARGET),all) $(ARGS)

planted: build $(VENV)/has-fuzz $(VENV)/checkout   ## is the fuzzer any good? bugs are planted, one at a time   [ARGS=--bare]
	$(apart) -m tests.fuzz.planted $(ARGS)

sanitize: build $(VENV)/has-rebuild $(VENV)/checkout   ## the extension under AddressSanitizer and UBSan   [ARGS=--teeth]
	$(apart) -m tests.isolated.sanitize $(ARGS)

leaks: build $(VENV)/has-test $(VENV)/checkout   ## a million requests with injected faults, 200,000 connections over TLS   [ARGS="--requests 20000"]
	$(apart) -m tests.isolated.leaks $(or $(ARGS),--requests 1000000)

test-codings: build $(VENV)/has-test $(VENV)/checkout   ## 20,000 coded streams against the libraries themselves   [ARGS="--streams 2000 --seed 2"]
	$(apart) -m tests.isolated.codings $(ARGS)

test-adapters: build $(VENV)/adapters $(VENV)/checkout   ## the suites of requests and httpx, and programs on them, over httpconn.adapters   [ARGS="--only httpx"]
	PYTHONSAFEPATH=1 PYTHONPATH='$(abspath $(VENV))/checkout' $(VENV)/adapters/bin/python -m tests.isolated.adapters $(ARGS)

test-tools: build $(VENV)/has-test $(VENV)/checkout   ## forty tools around http.client, with and without install()   [ARGS="--only vcrpy docker"]
	@$(apart) -m tests.tools.run $(ARGS)

test-tools-suites: build $(VENV)/has-test $(VENV)/checkout   ## the own suites of vcrpy, responses, mocket, sentry-sdk   [ARGS="--only mocket"]
	@$(apart) -m tests.tools.suites $(ARGS)

test-scrapy: build $(VENV)/under-scrapy $(VENV)/checkout   ## Scrapy's own tests of download handlers, over ours   [ARGS="--reactor none -k bind"]
	PYTHONSAFEPATH=1 PYTHONPATH='$(abspath $(VENV))/checkout' $(VENV)/under-scrapy/bin/python -m tests.isolated.under_scrapy $(ARGS)

test-scale: build $(VENV)/scale $(VENV)/checkout   ## the programs of docs/scale.md on Ray, Dask and Spark, against nginx   [ARGS="--only dask --workers 2"]
	@PYTHONSAFEPATH=1 PYTHONPATH='$(abspath $(VENV))/checkout' $(VENV)/scale/bin/python -m tests.isolated.scale $(ARGS)

test-writers-kill: build $(VENV)/readers $(VENV)/checkout   ## `httpconn fetch` killed at random and resumed, its files read by other programs   [ARGS="--urls 10000 --only pages.jsonl"]
	PYTHONSAFEPATH=1 PYTHONPATH='$(abspath $(VENV))/checkout' $(VENV)/readers/bin/python -m tests.isolated.killed $(ARGS)

misuse: build $(VENV)/has-test $(VENV)/checkout   ## threads, signals, forks in the middle of a request   [ARGS="--seconds 60"]
	$(apart) -m tests.isolated.misuse $(ARGS)

interpreters: build $(VENV)/checkout   ## fetching in many interpreters of one process (3.14+)   [ARGS="--requests 4000 --closed 20 --unmeasured"]
	$(apart) -m tests.isolated.interpreters $(ARGS)

wheels:   ## sdist, and a wheel for each Python that there is, built, repaired, tested without a compiler   [ARGS=3.13]
	bash .ci/wheels $(ARGS)

docs: $(VENV)/has-docs   ## the site, into build/site; a broken link or a page without a place in it fails
	$(bin)/mkdocs build --strict $(ARGS)

lint: build $(VENV)/has-dev   ## ruff, mypy --strict, calls as pyright sees them, and the extension against its stub
	$(bin)/ruff check .
	$(bin)/ruff format --check .
	$(bin)/mypy --strict httpconn bench/*.py bench/jobs/*.py
	PYTHONSAFEPATH=1 PATH="$(abspath $(bin)):$$PATH" $(bin)/python -m pytest -q tests/laws/test_types.py -k pyright
	@# the script, not `python -m`: that would look for the extension in the checkout
	@if $(bin)/python -P -c 'import httpconn._speedups' 2>/dev/null || test -n "$(HTTPCONN_REQUIRE_EXTENSIONS)"; \
	then set -x; $(bin)/stubtest httpconn._speedups; else echo 'stubtest: skipped, the extension is not built'; fi

clean:   ## remove what make has made
	rm -rf $(VENV) build dist *.egg-info .benchmarks .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find httpconn _speedups bench tests -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true
	rm -rf httpconn/_speedups*.so httpconn/_compiled

# ---- how .venv comes about: the right Python, then the wheel, then the wheel's extras

$(VENV)/python: FORCE
	@test "$$($(PYTHON) -VV)" = "$$(cat $@ 2>/dev/null)" || { \
	    echo "setting up $(VENV) with $$($(PYTHON) -V)"; \
	    test ! -e $(VENV) || test -f $(VENV)/pyvenv.cfg || { echo "$(VENV) is there already, and is no venv"; exit 1; }; \
	    $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "httpconn needs Python 3.11 or newer")' && \
	    rm -rf $(VENV) && $(PYTHON) -m venv $(VENV) && $(PYTHON) -VV > $@; }

$(VENV)/told: FORCE | $(VENV)/python
	@echo '$(told)' | cmp -s - $@ || echo '$(told)' > $@

# build/lib* goes first: setuptools would put modules that have been deleted since into the wheel.
$(VENV)/wheel: $(source) $(VENV)/told $(VENV)/python
	@echo 'building httpconn'
	@rm -rf $@ build/lib* && mkdir $@
	@$(bin)/python -m pip -v wheel --no-deps --wheel-dir $@ . > $(VENV)/build.log 2>&1 || { cat $(VENV)/build.log; exit 1; }
	@grep '^ *!!!' $(VENV)/build.log || true

$(VENV)/installed: $(VENV)/wheel
	@$(pip) install --force-reinstall --no-deps $(wheel)
	@touch $@

# httptools is one of the three parsers, and may be out of reach: the demo then does without.
$(VENV)/has-httptools: pyproject.toml | $(VENV)/installed
	@$(pip) install "$(wheel)[httptools]" || echo 'httptools cannot be installed here: the demo goes on without it'
	@touch $@

$(VENV)/checkout: | $(VENV)/python
	@mkdir -p $@ && ln -sfn '$(CURDIR)/tests' '$(CURDIR)/bench' $@

# Apart from the rest, each in an environment of its own: httpbin, which requests' suite needs, wants another greenlet than
# gevent does; pywb, which reads what is written, other versions of both; the plugins of pytest that Scrapy's tests need
# are heard in every run; Ray, Dask and Spark are large.
$(VENV)/adapters $(VENV)/readers $(VENV)/scale $(VENV)/under-scrapy: $(VENV)/%: pyproject.toml $(VENV)/installed
	@echo 'installing what "$*" needs'
	@rm -rf $@ && $(bin)/python -m venv $@
	@$@/bin/python -m pip --quiet install "$(wheel)[$*]" || { rm -rf $@; exit 1; }
	@touch $@

$(VENV)/has-%: pyproject.toml | $(VENV)/installed
	@echo 'installing what "$*" needs'
	@$(pip) install "$(wheel)[$*]"
	@touch $@
