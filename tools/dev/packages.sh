# shellcheck shell=bash
# Lists of words are meant to be split, and their names are put together in need():
# shellcheck disable=SC2034,SC2086
# What the words of ./dev need from Debian and npm, and how they get it. Sourced by ./dev.

packages_build="build-essential gcc meson ninja-build pkg-config ccache python3 python3-yaml
    libssl-dev libevent-dev libcurl4-openssl-dev libc-ares-dev libidn2-dev libunistring-dev libjansson-dev libcsv-dev
    libinih-dev libsodium-dev libsqlite3-dev libpq-dev libcmocka-dev node-llhttp libseccomp-dev libp11-kit-dev
    openssl
    ca-certificates"
packages_page="" # node and npm, unless a good one is there: need_node
packages_demo="nginx-light haproxy python3-cryptography python3-aiosmtpd"
packages_test="sqlite3 softhsm2 gnutls-bin libnss3-tools postgresql python3-pytest python3-pytest-xdist python3-psycopg2 python3-jira libjira-rest-perl ruby-jira
    python3-cryptography python3-aiosmtpd bind9 slapd dovecot-imapd dovecot-pop3d dovecot-submissiond vsftpd
    mariadb-server-core prosody nginx-light haproxy chromium procps clang-tidy
    universal-ctags binutils systemd"
packages_lint="clang clang-format clang-tidy cppcheck mandoc universal-ctags shellcheck binutils
    pyflakes3 systemd"
packages_fuzz="clang libclang-rt-14-dev lld llvm"
packages_coverage="gcovr"
packages_bench="clang nginx-light openssl nmap monitoring-plugins-basic prometheus-blackbox-exporter
    ssl-cert-check"

say() {
    printf '\033[1m==>\033[0m %s\n' "$*" | if [ -t 1 ]; then cat; else sed 's/\x1b\[[0-9]*m//g'; fi
}

die() {
    printf './dev: %s\n' "$1" >&2
    exit "${2-1}"
}

# need GROUP…: install the Debian packages of these groups that are missing.
need() {
    local group list stamp missing

    for group in "$@"; do
        [ "$group" = page ] && need_node
        list="packages_$group"
        list=$(xargs <<<"${!list}")
        [ -n "$list" ] || continue
        stamp="build-state/packages-$group-$(echo "$list" | sha256sum | cut -c1-16)"
        # /var/lib/dpkg/status is newer than the stamp after anything was installed or removed.
        [ -e "$stamp" ] && [ ! /var/lib/dpkg/status -nt "$stamp" ] && continue
        missing=$(missing_packages $list)
        [ -z "$missing" ] || install_packages $missing
        mkdir -p build-state
        touch "$stamp"
    done
}

missing_packages() {
    comm -13 \
        <(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' "$@" 2>/dev/null |
            sed -n 's/^ii *//p' | sort -u) \
        <(printf '%s\n' "$@" | sort -u)
}

install_packages() {
    local sudo=""

    say "installing Debian packages:" "$@"
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null ||
            die "these packages are missing and there is no sudo; as root: apt-get install $*"
        sudo="sudo"
    fi
    apt_install "$sudo" "$@" && return
    say "trying again with fresh package lists"
    $sudo apt-get update -q </dev/null
    apt_install "$sudo" "$@" || die "could not install: $*"
}

apt_install() {
    local sudo="$1"

    shift
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" \
        </dev/null
}

# Debian's Node 18 will do, and so does a newer one that is there already.
need_node() {
    local version

    version=$(node --version 2>/dev/null | sed -n 's/^v\([0-9]*\).*/\1/p')
    if [ "${version:-0}" -lt 18 ] || ! command -v npm >/dev/null; then
        install_packages nodejs npm
    fi
}

# The packages of the page, exactly as its lock file says.
need_npm() {
    local stamp

    stamp="web/node_modules/.lock-$(sha256sum web/package-lock.json | cut -c1-16)"
    [ -e "$stamp" ] && return
    say "installing the page's npm packages"
    (cd web && npm ci --no-audit --no-fund --loglevel=error </dev/null)
    touch "$stamp"
}
