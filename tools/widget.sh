#!/bin/sh
# Builds the widget, or checks its types:
#
#     tools/widget.sh build [DIRECTORY]    writes into service/web/static, or into DIRECTORY
#     tools/widget.sh check                has tsc read the JSDoc types
#
# Both need Node.js, which nothing else here does. Without it `build` fails, and `check` says in one line that it was left
# out; where CI=true that is a failure too.

set -eu
cd "$(dirname -- "$0")/../service/widget"

if ! command -v npm >/dev/null || ! command -v node >/dev/null; then
    echo "There is no Node.js, so the widget was not ${1-built}: apt install nodejs npm" >&2
    [ "${1-}" = check ] && [ "${CI-}" != true ]
    exit
fi

# The packages are those of the lock file; the stamp tells what they were made from.
stamp=node_modules/made-from
if [ "$(cat "$stamp" 2>/dev/null)" != "$(cksum <package-lock.json)" ]; then
    # Nothing of what they bring is run on installing: esbuild comes as a finished program.
    output=$(npm ci --ignore-scripts --no-audit --no-fund --loglevel=error 2>&1) || { printf '%s\n' "$output" >&2; exit 1; }
    cksum <package-lock.json >"$stamp"
fi

case ${1-} in
    build) shift; exec node build.mjs "$@" ;;
    check) exec node node_modules/typescript/bin/tsc --project . ;;
    *)     echo "usage: tools/widget.sh build [DIRECTORY] | check" >&2; exit 2 ;;
esac
