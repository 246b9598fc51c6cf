# What the scripts share. Sourced, not run.

set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '%s\n' "$*" >&2; }
die() { say "$(basename "$0"): $*"; exit 1; }

# The comment at the top of a script is its help.
usage() { sed -n '2,/^$/ { s/^# \{0,1\}//p }' "$0"; }

# refuse ARGUMENT: for an option that no script knows; exit code 2, as muster's own.
refuse() { say "$(basename "$0"): unknown option \"$1\""; usage >&2; exit 2; }
