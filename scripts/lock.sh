#!/usr/bin/env bash
# Writes constraints.txt: the exact versions that setup installs. Run it by hand when a dependency changes.
set -euo pipefail
cd "$(dirname "$0")/.."
uv=.tools/bin/uv
printf 'torch==2.13.0\n' > .tools/pins.txt
"$uv" pip compile -q pyproject.toml --universal --python-version 3.11 -c .tools/pins.txt \
  --extra local --extra train --extra ray --extra fhir --extra text --extra web --extra exchange --extra inspect --extra documents --extra search --group test --group lint \
  --no-header --no-annotate --no-emit-index-url --no-emit-find-links | sed 's/+cpu//' > constraints.txt
"$uv" pip compile -q pyproject.toml --universal --python-version 3.11 -c .tools/pins.txt --extra bench \
  --no-header --no-annotate --no-emit-index-url --no-emit-find-links | sed 's/+cpu//' > constraints-bench.txt
wc -l constraints*.txt
