# shellcheck shell=bash
# Lists of words are meant to be split:
# shellcheck disable=SC2046,SC2086
# Every check that needs no running program. Sourced by ./dev. One function lint_NAME for each; it
# says what is wrong and fails, or is silent.

lint_names="format layers size sql headers docs manuals unit shell python commit clang symbols tidy
    cppcheck analyzer"

# Those of these folders that are there.
ours() {
    local folder

    for folder in "$@"; do
        [ ! -d "$folder" ] || echo "$folder"
    done
}

c_files() {
    find $(ours src tests bench) -name node_modules -prune -o -name '*.[ch]' -print | sort
}

python_files() {
    grep -rlE '^#!.*python3' tools
    find $(ours tools tests bench) -name '*.py' -not -path '*/node_modules/*'
}

lint_format() { c_files | xargs clang-format --dry-run --Werror; }
lint_layers() { tools/check-layers; }
lint_size() { tools/check-size; }
lint_sql() { tools/check-sql; }
lint_headers() { tools/check-headers --cc "ccache gcc"; }
lint_docs() { tools/check-docs; }
lint_commit() { tools/check-commit; }
lint_manuals() { mandoc -Tlint -Wwarning docs/man/*.[1-9]; }
lint_shell() { shellcheck -x dev tools/dev/*.sh .ci/run $(find $(ours bench packaging) -name '*.*sh'); }
lint_python() { python_files | xargs /usr/bin/python3 -m pyflakes; }

# How much the service could do if it were taken over, by systemd's own count; 2.0 is our limit.
lint_unit() {
    systemd-analyze verify --man=no packaging/systemd/*.service 2>&1 | unit_noise
    systemd-analyze security --no-pager --offline=true --threshold=20 \
        packaging/systemd/*.service >build-state/unit 2>&1 || {
        cat build-state/unit
        return 1
    }
}

# The binary is not installed where the unit expects it, and other people's units are not ours.
unit_noise() {
    local noise

    noise=$(grep -F certdesk | grep -v 'is not executable: No such file' || true)
    [ -z "$noise" ] || {
        echo "$noise"
        return 1
    }
}

lint_clang() { CC="ccache clang" configure build-tidy -Dweb=disabled && quiet ninja -C build-tidy; }
lint_symbols() {
    configure build && quiet ninja -C build certdesk &&
        tools/check-symbols build/libcertdesk_core.a build/certdesk
}
lint_tidy() { CC="ccache clang" configure build-tidy -Dweb=disabled && tools/run-tidy build-tidy; }
lint_analyzer() { configure build-analyzer -Danalyzer=true -Dweb=disabled && quiet ninja -C build-analyzer; }
# What it found before is kept for as long as it is asked in the same way.
lint_cppcheck() {
    local dir

    dir="build-state/cppcheck-$(cat tools/dev/lint.sh tools/cppcheck-suppressions | sha256sum | cut -c1-16)"
    mkdir -p "$dir"
    cppcheck --enable=warning,performance,portability --std=c11 --quiet -j "$(nproc)" \
        --inline-suppr --suppressions-list=tools/cppcheck-suppressions --error-exitcode=1 \
        --cppcheck-build-dir="$dir" --template=gcc \
        -D_GNU_SOURCE -DCPPCHECK -I src src tests/unit tests/fuzz
}

# The command's words only if it fails.
quiet() {
    local log

    log=$(mktemp)
    if "$@" >"$log" 2>&1; then
        rm -f "$log"
    else
        grep -v '^\[\|^ninja: Entering' "$log"
        rm -f "$log"
        return 1
    fi
}

word_lint() {
    local name start failed="" names="${*:-$lint_names}"

    if [ "${1-}" = -l ]; then
        echo $lint_names
        return
    fi
    need build lint
    mkdir -p build-state
    for name in $names; do
        declare -F "lint_$name" >/dev/null || die "lint: there is no check \"$name\"" 2
    done
    for name in $names; do
        start=$SECONDS
        # A subshell that stops at the first failure, whatever calls it.
        if (set -euo pipefail; "lint_$name") >build-state/lint.log 2>&1 </dev/null; then
            echo "ok   $name ($((SECONDS - start)) s)"
        else
            echo "FAIL $name ($((SECONDS - start)) s)"
            cat build-state/lint.log
            failed="$failed $name"
        fi
    done
    [ -z "$failed" ] || die "lint failed:$failed"
    say "lint: all is well"
}

word_fmt() {
    need lint
    c_files | xargs clang-format -i
}
