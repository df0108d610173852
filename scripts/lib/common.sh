# shellcheck shell=bash
# Shared by the scripts in this folder; to be sourced. Sets ROOT and CACHE.
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
CACHE="$ROOT/.cache"
SCRIPT=$(basename "$0")
export ROOT CACHE SCRIPT

say() { printf '%s: %s\n' "$SCRIPT" "$*"; }

die() {
  printf '%s: %s\n' "$SCRIPT" "$*" >&2
  exit 1
}

# done_in SECONDS TEXT: one line for a finished step
done_in() { printf '%s: %-58s %4d s\n' "$SCRIPT" "$2" "$1"; }

# step_log FILE COMMAND...: runs it with its output in a log; on failure explains the log and exits
step_log() {
  local log=$1
  shift
  if ! "$@" >"$log" 2>&1; then
    explain "$log"
  fi
}

# explain LOG: prints one line that says what to do about a failed step, and exits
explain() {
  local log=$1
  if grep -qiE 'no space left|disk quota|errno 28|os error 28' "$log"; then
    die "the disk is full ($(df -h --output=avail "$ROOT" | tail -1 | tr -d ' ') free); the environments need about 5 GB"
  elif grep -qiE 'certificate_verify_failed|invalid peer certificate|unknownissuer' "$log"; then
    die "the certificate of $(host_in "$log") is not trusted here; SSL_CERT_FILE may name another one (details: $log)"
  elif grep -qiE 'dns error|name resolution|connection refused|connection timed out|operation timed out|network is unreachable|error sending request|could not connect|failed to connect|connecterror|newconnectionerror|error trying to connect' "$log"; then
    die "$(host_in "$log") cannot be reached; check the network or the proxy settings (details: $log)"
  elif grep -qiE "error: command '.*(gcc|cc|c\+\+|g\+\+)' failed: no such file|unable to find a compiler|no c\+\+ compiler|cannot execute.*(cc1|c\+\+)" "$log"; then
    die "a C and C++ compiler is needed to build two small packages; install g++ (details: $log)"
  elif grep -qiE 'no matching distribution|no solution found|has no wheels with a matching|not compatible with the current platform|no wheels are available' "$log"; then
    die "a pinned package has no build for this machine ($(uname -sm)): $(grep -iE 'distribution|because|wheel' "$log" | head -1 | cut -c1-200) (details: $log)"
  fi
  die "$(grep -vE '^\s*$' "$log" | tail -1 | cut -c1-200) (details: $log)"
}

# host_in LOG: the first host named in a log
host_in() { grep -oE 'https?://[^/ )`]+' "$1" | head -1 | sed 's#.*//##' | grep . || printf 'the package registry'; }
