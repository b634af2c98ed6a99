# shellcheck shell=bash
# Coverage, fuzzing, benchmarks. Sourced by ./dev.

word_coverage() {
    need build page test coverage
    build_page
    configure build-coverage -Db_coverage=true -Doptimization=0
    compile build-coverage
    find build-coverage -name '*.gcda' -delete
    /usr/bin/python3 tools/run-tests --build build-coverage "${@:-unit store fuzz scenario}" ||
        say "some tests failed; what they reached counts all the same"
    mkdir -p build-coverage/report
    gcovr --root . --filter src/ --object-directory build-coverage --print-summary \
        --html-details build-coverage/report/index.html build-coverage
    say "line by line: build-coverage/report/index.html"
}

word_fuzz() {
    local target="${1-}" seconds="${2-60}" corpus

    need build fuzz
    if [ -z "$target" ]; then
        say "fuzz targets:"
        fuzz_targets
        return
    fi
    fuzz_targets | grep -qx "$target" || die "there is no fuzz target \"$target\"; ./dev fuzz lists them" 2
    CC="clang" configure build-fuzz -Dfuzzing=true -Db_sanitize=address,undefined -Db_lundef=false \
        -Dwerror=false -Dweb=disabled
    compile build-fuzz "tests/fuzz/fuzz_$target"
    corpus="build-fuzz/corpus/$target"
    mkdir -p "$corpus" "build-fuzz/found"
    say "fuzzing $target for $seconds s; new inputs in $corpus, findings in build-fuzz/found"
    "build-fuzz/tests/fuzz/fuzz_$target" -max_total_time="$seconds" -rss_limit_mb=2048 -timeout=10 \
        -print_final_stats=1 -artifact_prefix="build-fuzz/found/$target-" \
        "$corpus" "tests/fuzz/corpus/$target"
}

fuzz_targets() {
    find tests/fuzz -name 'fuzz_*.c' -printf '%f\n' | sed 's/^fuzz_//; s/\.c$//' | sort
}

word_bench() {
    local name="${1-}" script

    if [ -z "$name" ]; then
        say "benchmarks (bench/README.md says what each answers):"
        bench_names
        return
    fi
    shift
    for script in "bench/$name.sh" "bench/$name.py"; do
        [ -e "$script" ] || continue
        need bench
        build_product
        case "$script" in
        *.sh) exec bash "$script" "$@" ;;
        *.py) exec /usr/bin/python3 "$script" "$@" ;;
        esac
    done
    die "there is no benchmark \"$name\"; ./dev bench lists them" 2
}

bench_names() {
    [ -d bench ] || return 0
    find bench -maxdepth 1 \( -name '*.sh' -o -name '*.py' \) -printf '%f\n' |
        sed 's/\.[a-z]*$//' | grep -v '^lib$' | sort
}
