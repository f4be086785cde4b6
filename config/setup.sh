# Sourced by config/demo, tests/run and tests/bench/run: what all three do before their own work.
# Installs the Debian packages of config/packages.txt and builds the programs, with a line of progress every few seconds.

GANTRY_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
GANTRY_STARTED_S=$SECONDS

# say TEXT…: one line with the seconds since the start, on stderr; stdout belongs to results.
say() { printf '[%4d s] %s\n' "$((SECONDS - GANTRY_STARTED_S))" "$*" >&2; }

# die CODE TEXT…: says why and ends with one of the exit codes of the README.
die() { local code=$1; shift; printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit "$code"; }

# with_progress LABEL LOG COMMAND…: runs COMMAND with its output in LOG, tells how far it is, and shows the end of LOG when it fails.
with_progress() {
    local label=$1 log=$2 rc=0 ticks=0; shift 2
    say "$label: started (full output: $log)"
    "$@" >"$log" 2>&1 </dev/null &
    GANTRY_WORKER=$!
    while kill -0 "$GANTRY_WORKER" 2>/dev/null; do
        sleep 0.5
        if (( ++ticks % 20 == 0 )); then say "$label: $(tail -n 1 "$log" | tr -d '\r' | cut -c 1-100)"; fi
    done
    wait "$GANTRY_WORKER" || rc=$?
    GANTRY_WORKER=
    if (( rc != 0 )); then tail -n 60 "$log" >&2; say "$label: FAILED with exit code $rc"; return "$rc"; fi
    say "$label: done"
}

# packages_missing SECTION…: the packages of those sections that this machine still lacks, one a line.
packages_missing() {
    local wanted=" $* " section='' package command
    while read -r package command; do
        case $package in
            ''|'#'*) continue ;;
            '['*) section=${package//[\[\]]/}; continue ;;
        esac
        [[ $wanted == *" $section "* ]] || continue
        if [[ -n $command ]] && command -v "$command" >/dev/null 2>&1; then continue; fi
        if dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed; then continue; fi
        printf '%s\n' "$package"
    done <"$GANTRY_ROOT/config/packages.txt"
}

# apt_install PACKAGE…: needs root. No service of a package is started, and none that was not there before starts at the next boot:
# the broker and the programs are ours to start and stop.
apt_install() {
    local policy=/usr/sbin/policy-rc.d made_policy='' rc=0 service
    local -a services=()
    for service in mosquitto prometheus prometheus-node-exporter; do
        if ! dpkg-query -W "$service" >/dev/null 2>&1; then services+=("$service"); fi
    done
    if [[ ! -e $policy ]]; then printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy" && made_policy=1; fi
    { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"; } || rc=$?
    if [[ -n $made_policy ]]; then rm -f "$policy"; fi
    if [[ -d /run/systemd/system ]]; then systemctl disable --quiet "${services[@]}" 2>/dev/null || true; fi
    return "$rc"
}

# need_packages SECTION…: afterwards everything of those sections is there. Root installs it; anybody else is told the line to run (exit 69).
need_packages() {
    local -a missing
    mapfile -t missing < <(packages_missing "$@")
    (( ${#missing[@]} == 0 )) && return 0
    if ! command -v apt-get >/dev/null 2>&1; then
        die 69 "this is not Debian: install what matches these Debian 12 packages yourself: ${missing[*]}"
    fi
    if (( EUID != 0 )); then
        printf 'Missing packages: %s\nAs root, run:\n  apt-get update && apt-get install -y --no-install-recommends %s\n' \
            "${missing[*]}" "${missing[*]}" >&2
        die 69 "${#missing[@]} Debian packages are missing, and only root can install them"
    fi
    local log; log=$(mktemp /tmp/gantry-install-XXXXXX.log)
    with_progress "installing ${#missing[@]} packages" "$log" apt_install "${missing[@]}" || die 69 "apt-get could not install: ${missing[*]}"
    rm -f "$log"
}

# build_programs DIR TARGET…: a release build in DIR; leaves the programs in DIR/bin. Extra cmake arguments: GANTRY_CMAKE_ARGS.
# A folder that was configured before keeps its settings.
build_programs() {
    local dir=$1; shift
    mkdir -p "$dir"
    dir=$(cd "$dir" && pwd)
    export CCACHE_BASEDIR=$GANTRY_ROOT CCACHE_NOHASHDIR=1
    export CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
    # shellcheck disable=SC2086  # several words on purpose
    if [[ ! -f $dir/CMakeCache.txt || -n ${GANTRY_CMAKE_ARGS:-} ]]; then
        with_progress configuring "$dir/configure.log" \
            cmake -S "$GANTRY_ROOT" -B "$dir" -G Ninja -DCMAKE_BUILD_TYPE=Release ${GANTRY_CMAKE_ARGS:-} || die 1 "cmake failed, see $dir/configure.log"
    fi
    with_progress building "$dir/build.log" cmake --build "$dir" --target "$@" || die 1 "the build failed, see $dir/build.log"
}
