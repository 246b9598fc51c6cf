# What the scripts share. Sourced, not run.

set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '%s\n' "$*" >&2; }
die() { say "$(basename "$0"): $*"; exit 1; }

# The comment at the top of a script is its help.
usage() { sed -n '2,/^$/ { s/^# \{0,1\}//p }' "$0"; }

# refuse ARGUMENT: for an option that no script knows; exit code 2, as muster's own.
refuse() { say "$(basename "$0"): unknown option \"$1\""; usage >&2; exit 2; }

# Python with what the tests need, in $venv. Made anew only when what should be in it has changed.
venv=$root/build/venv
prepare_python() {
  cmp -s "$root/tests/requirements.txt" "$venv/requirements.txt" && return
  rm -rf "$venv"
  /usr/bin/python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check --retries 3 \
    -r "$root/tests/requirements.txt" >&2
  cp "$root/tests/requirements.txt" "$venv/requirements.txt"
}
