# shellcheck shell=bash
# Building: the page, the product, the tests. Sourced by ./dev.

# ccache speeds up the second time; meson finds it by itself, unless CC says otherwise.

# configure DIRECTORY OPTION…: set up or change a build directory, if it is not set up so already.
configure() {
    local dir="$1" stamp

    shift
    stamp="$dir/.options-$(echo "${CC-}" "$@" | sha256sum | cut -c1-16)"
    [ -e "$stamp" ] && return
    say "configuring $dir"
    rm -rf "$dir"
    mkdir -p "$dir"
    meson setup "$dir" "$@" >"$dir/.setup.log" 2>&1 || {
        cat "$dir/.setup.log" >&2
        rm -rf "$dir"
        die "could not configure $dir"
    }
    touch "$stamp"
}

# Quiet when it works; the compiler's words when it does not.
compile() {
    local dir="$1"

    shift
    say "building ${*:-everything} in $dir"
    if [ -t 1 ]; then
        ninja -C "$dir" "$@"
    else
        ninja -C "$dir" --quiet "$@"
    fi
}

# web/dist, unless nothing it is made of has changed.
build_page() {
    local stamp

    [ -e web/package.json ] || return 0
    need page
    need_npm
    stamp="web/dist/.made-from-$(page_hash)"
    [ -e "$stamp" ] && return
    say "building the page"
    (cd web && npm run --silent build </dev/null) || die "could not build the page"
    rm -f web/dist/.made-from-*
    touch "$stamp"
}

page_hash() {
    find web api -type f -not -path 'web/node_modules/*' -not -path 'web/dist/*' \
        -not -name '*.gen.ts' -print0 | sort -z | xargs -0 sha256sum | sha256sum | cut -c1-16
}

# The options go into the name of build/'s stamp, so --release and back again is noticed.
build_product() {
    need build
    build_page
    if [ "${1-}" = --release ]; then
        configure build -Dwerror=false -Ddebug=false -Doptimization=2 \
            --prefix=/usr
    else
        configure build
    fi
    compile build certdesk
    if [ "${1-}" = --release ]; then
        strip build/certdesk
    fi
}

build_tests() {
    need build
    configure build-test -Db_sanitize=address,undefined
    compile build-test
}
