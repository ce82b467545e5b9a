#!/bin/sh
# Makes .venv as the pinned requirements say: `sh setup.sh run`, or `sh setup.sh dev` with what tests and lint
# need. Does nothing where nothing changed, and goes on where an earlier try was interrupted.
set -eu
cd "$(dirname "$0")"
requirements=requirements.txt
if [ "${1:-run}" = dev ]; then requirements=requirements-dev.txt; fi
tool=.venv/tool
stamp=.venv/installed-$requirements

fail() {
    echo "$1" >&2
    exit 1
}

# Prints the path of the first Python that really runs (a pyenv shim may not) and is new enough.
python_from() {
    wanted=$1
    shift
    for name in "$@"; do
        "$name" -c "import sys; sys.version_info >= $wanted or sys.exit(1); print(sys.executable)" 2>/dev/null && return
    done
    return 1
}

if [ -x .venv/bin/python ] && cmp -s $requirements "$stamp"; then exit 0; fi
mkdir -p .venv || fail "The checkout cannot be written by this user."

# uv reads neither pip's settings nor the machine's certificates: hand it the index that pip was given, and have it
# trust whom this machine trusts. (Where a machine has no certificates, uv's own serve.)
index=${UV_DEFAULT_INDEX:-${PIP_INDEX_URL:-}}
if [ -n "$index" ]; then export UV_DEFAULT_INDEX="$index"; fi
if [ -s /etc/ssl/certs/ca-certificates.crt ]; then export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-true}"; fi

# uv, in an environment of its own, so that any Python from 3.8 on can fetch it.
if ! cmp -s requirements-uv.txt $tool/installed; then
    any=$(python_from '(3, 8)' python3.13 python3.14 python3.12 python3 python) || any=
    echo "Fetching uv …"
    if [ -n "$any" ] && "$any" -m venv --clear $tool >/dev/null 2>&1; then
        $tool/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
            -r requirements-uv.txt || fail "uv could not be installed; the messages above say why."
    elif command -v uv >/dev/null; then
        { uv venv --quiet --clear $tool &&
            uv pip install --quiet --python $tool/bin/python --require-hashes -r requirements-uv.txt; } ||
            fail "uv could not be installed; the messages above say why."
    else
        fail "No Python with its venv module was found: install python3.13 and python3-venv (or uv), then try again."
    fi
    cp requirements-uv.txt $tool/installed
fi
uv=$tool/bin/uv
if [ -z "$index" ] && index=$($tool/bin/python -m pip config get global.index-url 2>/dev/null); then
    export UV_DEFAULT_INDEX="$index"
fi

if ! python_from '(3, 12)' .venv/bin/python >/dev/null; then
    if ! python=$(python_from '(3, 12)' python3.14 python3.13 python3.12 python3); then
        echo "No Python 3.12 or newer runs here: fetching one …"
        python=$(cat .python-version)
        $uv python install --quiet "$python" ||
            fail "Python is too old here and no newer one could be fetched: install Python 3.12, 3.13 or 3.14."
    fi
    $uv venv --quiet --allow-existing --python "$python" .venv || fail "The environment .venv could not be made."
fi

# A package whose installation was cut short looks installed: after an interruption all are installed anew.
again=
if [ -e .venv/unfinished ]; then again=--reinstall; fi
touch .venv/unfinished
echo "Installing $requirements …"
# Compiled here, on all cores, not by each process that starts where Python may not write beside its modules.
$uv pip install --quiet --compile-bytecode $again --python .venv/bin/python --require-hashes -r $requirements ||
    fail "The packages could not be installed; the messages above say why. Nothing is lost: try again."
rm -f .venv/unfinished
cp $requirements "$stamp"
if [ $requirements = requirements-dev.txt ]; then cp requirements.txt .venv/installed-requirements.txt; fi
