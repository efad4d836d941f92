# make demo, make demo ARGS=--once, make test, make test ARGS=unit, make bench ARGS=plan, make clean

SUITABLE = import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11 python3.10; do \
	$$python -c "$(SUITABLE)" 2>/dev/null && echo $$python && exit; done; echo python3)

.PHONY: bench clean demo pot sandbox test wheel

bench clean demo pot sandbox test wheel:
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is not there: install Python 3.10 to 3.13." >&2; exit 1; }
	@$(PYTHON) -m dev $@ $(ARGS)
