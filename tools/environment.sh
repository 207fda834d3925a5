#!/bin/sh
# Makes the environment that Postbag runs in, or does nothing when it stands already:
#
#     tools/environment.sh runtime     .venv       from requirements.txt
#     tools/environment.sh dev         .venv-dev   from requirements/dev.txt
#
# PYTHON=/path/to/python3.12 chooses the interpreter. A stamp, written last, tells what the environment was made from:
# one that was left half made, or was made from other pins, by another Python or in another place, is made again.

set -eu
cd "$(dirname -- "$0")/.."

case ${1-} in
    runtime) environment=.venv     pins=requirements.txt     goal=run ;;
    dev)     environment=.venv-dev pins=requirements/dev.txt goal=test ;;
    *)       echo "usage: tools/environment.sh runtime|dev" >&2; exit 2 ;;
esac
stamp=$environment/made-from
or_name_another="or name another Python: make PYTHON=/path/to/python3.12 $goal"

fail() {
    printf '%s\n' "$*" >&2
    exit 1
}

# Prints "3.11.7", or nothing when the program is no Python that runs. It has to please Python 2 too, which then gets
# the sentence about old Pythons, and pyenv's stand-ins, which exist for versions that are not there.
version_of() {
    "$1" -E -S -c 'import sys; sys.stdout.write("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null || true
}

# Prints why the environment cannot be used as it is, or nothing when it can. Only major and minor version of Python
# count: an environment outlives 3.11.7 becoming 3.11.8 beneath it.
what_is_wrong() {
    [ -e "$environment" ] || { echo "there is none yet"; return; }
    [ -e "$stamp" ] || { echo "the last try was not finished"; return; }
    { read -r made_of && read -r made_by && IFS= read -r made_at; } <"$stamp" || { echo "its stamp is damaged"; return; }
    found=$(version_of "$environment/bin/python")
    if [ "$made_of" != "$(cksum <"$pins")" ]; then
        echo "$pins has changed"
    elif [ "$made_at" != "$(pwd -P)" ]; then
        echo "it was made in another directory"  # the scripts inside hold absolute paths
    elif [ "$made_by" != "${found%.*}" ]; then
        echo "the Python it was made with is gone"
    elif [ -n "${PYTHON-}" ]; then
        found=$(version_of "$PYTHON")
        [ "$made_by" = "${found%.*}" ] || echo "PYTHON names another one"
    fi
}

# Sets `python` and `version` to the first interpreter that is new enough.
find_python() {
    too_old=
    for candidate in ${PYTHON:+"$PYTHON"} ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
        python=$(command -v "$candidate") || continue
        version=$(version_of "$python")
        case $version in
            "") ;;
            3.?.* | 3.10.* | [012].*) too_old=${too_old:-"$version at $python"} ;;
            *) return ;;
        esac
    done
    [ -z "$too_old" ] ||
        fail "Postbag needs Python 3.11 or newer; found $too_old. Install a newer one, $or_name_another"
    [ -z "${PYTHON-}" ] || fail "PYTHON=$PYTHON is no Python that runs; Postbag needs Python 3.11 or newer."
    fail "Postbag needs Python 3.11 or newer and found none. Install it (Debian, Ubuntu: apt install python3" \
        "python3-venv; Fedora: dnf install python3), $or_name_another"
}

# Returns when nobody else is making the environment. The lock is on the pins themselves, so that no file is left
# behind, and falls when the last process that holds file 9 has ended, be it killed.
wait_for_our_turn() {
    { [ -w . ] && [ -w "$pins" ]; } ||
        fail "$(id -un) cannot write in $(pwd -P), where $environment belongs. Work in a directory of your own."
    exec 9>>"$pins"
    "$python" -E -S -c '
import fcntl, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
try:
    fcntl.flock(9, fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError:
    print("%s is being made by another make; waiting for it." % sys.argv[1], file=sys.stderr)
    fcntl.flock(9, fcntl.LOCK_EX)
' "$environment" 9>&9
}

# Says in one line what the output of venv or pip means, and shows its end where that helps. venv keeps the reason of a
# full disk to itself, so the disk is asked as well.
explain() {
    free_kilobytes=$(df -Pk . | awk 'END { print $4 }')
    [ "$free_kilobytes" -ge 20000 ] || set -- "No space left"
    case $1 in
        *"No space left"* | *"Disk quota"*)
            fail "The disk is full: $environment needs about 500 MB in $(pwd -P). Make room, then: make $goal" ;;
        *"Temporary failure in name"* | *"ConnectionError"* | *"NewConnection"* | *"Max retries"* | \
        *"timed out"* | *"ProxyError"* | *"SSLError"* | *"Connection refused"* | *"Network is unreachable"*)
            reason="pip cannot reach the packages. Look to the network (a proxy is set with HTTPS_PROXY), then: make $goal" ;;
        *"DO NOT MATCH THE HASHES"*)
            reason="A package is not the one that $pins names, so that nothing was installed." ;;
        *"No matching distribution"*)
            reason="There is no package for Python $version on $(uname -sm): Linux with glibc on x86_64 or aarch64 and Python 3.11 to 3.14 have them. Use such a one, $or_name_another" ;;
        *)
            reason="$environment could not be made." ;;
    esac
    printf '%s\n' "$1" | grep -v '^WARNING' | tail -n 8 | sed 's/^/    /' >&2
    fail "$reason"
}

make_environment() {
    rm -rf -- "$environment" 2>/dev/null ||
        fail "$environment cannot be removed; was it made by another user? Remove it as that user, then: make $goal"
    if "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        output=$("$python" -m venv "$environment" 2>&1) || explain "$output"
        set -- "$environment/bin/python" -I -m pip
    elif "$python" -c 'import pip, venv' 2>/dev/null; then
        # Debian keeps ensurepip in a package of its own. Where that is missing, a pip beside Python does as well.
        output=$("$python" -m venv --without-pip "$environment" 2>&1) || explain "$output"
        set -- "$python" -m pip --python "$environment/bin/python"
    else
        fail "Python $version at $python cannot make environments: Debian and Ubuntu keep that apart" \
            "(apt install python3-venv). Install it, $or_name_another"
    fi
    # The pins are complete (--no-deps) and every package comes built (--only-binary), so that no compiler is needed.
    output=$(PIP_USER=0 PIP_REQUIRE_VIRTUALENV=0 "$@" install --quiet --no-input --disable-pip-version-check \
        --no-deps --only-binary :all: --require-hashes --requirement "$pins" 2>&1) || explain "$output"
    printf '%s\n' "$(cksum <"$pins")" "${version%.*}" "$(pwd -P)" >"$stamp" || explain "No space left"
}

[ -n "$(what_is_wrong)" ] || exit 0
find_python
wait_for_our_turn
reason=$(what_is_wrong)
[ -n "$reason" ] || exit 0
echo "Making $environment with Python $version ($reason); this takes a minute." >&2
make_environment
