# shellcheck shell=bash
# Which test suite runs where; to be sourced after common.sh and checks.sh by scripts/test.

SUITE_TIMEOUT=30m # for one suite; far beyond the duration of any
# suites at a time, even on two processors: half of their time is waiting
# shellcheck disable=SC2034 # read by scripts/test
LANES=$(($(nproc) > 1 ? 2 : 1))

# all_suites: every folder under tests/ with tests: the quickest, then the longest first
all_suites() {
  local name
  {
    printf '%s\n' meta server ha e2e core faults attack contract testbed
    find tests -mindepth 1 -maxdepth 1 -type d -printf '%f\n' | sort
  } | awk '!seen[$0]++' | while read -r name; do
    [ -z "$(find "tests/$name" -name 'test_*.py' -print -quit 2>/dev/null)" ] || printf '%s\n' "$name"
  done
}

# suites_of PATH...: the suites that these paths are part of
suites_of() {
  local path name
  for path in "$@"; do
    case $path in
      tests) all_suites ;;
      tests/*)
        name=${path#tests/}
        name=${name%%/*}
        [ ! -d "tests/$name" ] || printf '%s\n' "$name"
        ;;
    esac
  done | awk '!seen[$0]++'
}

# environments_of SUITE...: the environments that scripts/setup has to provide
environments_of() {
  local suite
  for suite in "$@"; do
    case $suite in
      frontend | meta | core | testbed) printf '%s\n' test ;;
      ha) printf '%s\n' test system ;;
      server) printf '%s\n' server system ;;
      attack) printf '%s\n' server ;;
      e2e) printf '%s\n' ha server system ;;
      *) printf '%s\n' test server system ;;
    esac
  done
}

# targets_of SUITE: the given paths inside the suite, or all of it
targets_of() {
  local path found=""
  for path in ${PATHS[@]+"${PATHS[@]}"}; do
    if [[ $path == "tests/$1" || $path == "tests/$1/"* ]]; then
      printf '%s\n' "$path"
      found=yes
    fi
  done
  [ -n "$found" ] || printf '%s\n' "tests/$1"
}

# run_suite SUITE: runs its tests in their environment, with live output
# (timeout stays in the foreground: in a process group of its own it would outlive Ctrl-C)
run_suite() {
  local suite=$1 start=$SECONDS status=0 targets command
  mapfile -t targets < <(targets_of "$suite")
  case $suite in
    # one thread: beside another suite, torch's threads mostly wait for each other
    server | attack) command=(env OMP_NUM_THREADS=1 .venv/server/bin/python -m pytest) ;;
    e2e) command=(.venv/ha/bin/python -m pytest) ;;
    ha) command=(.venv/test/bin/python -m pytest) ;;
    *) command=(.venv/test/bin/python -m pytest -p no:homeassistant) ;;
  esac
  # measures every Python process of the suite, including those that tests start
  [ -z "$MEASURE" ] || export COVERAGE_PROCESS_START="$ROOT/pyproject.toml"
  printf '\n== tests/%s\n' "$suite"
  timeout --foreground -k 30 $SUITE_TIMEOUT "${command[@]}" -q --continue-on-collection-errors ${MARKS[@]+"${MARKS[@]}"} \
    --junitxml="$RESULTS/$suite.xml" "${targets[@]}" </dev/null || status=$?
  record "tests/$suite" $status $((SECONDS - start)) "$suite.xml"
}

# run_suite_whole SUITE: the same with its output printed at the end, so that two can run in parallel
run_suite_whole() {
  local log="$RESULTS/$1.log"
  run_suite "$1" >"$log" 2>&1
  flock "$RESULTS/summary.tsv" cat "$log"
}

# running_suites: the number of running suites
running_suites() { jobs -rp | grep -cvx "${CHECKS:-none}" || true; }

# run_checks: style and, if everything is tested, types
run_checks() {
  renice -n 10 -p "$BASHPID" >/dev/null 2>&1 || true
  check_style "${SOURCES[@]}"
  [ -z "$WITH_TYPES" ] || check_types
}

# run_check NAME COMMAND...
run_check() {
  local name=$1 start=$SECONDS status=0
  shift
  printf '\n== %s\n' "$name"
  timeout --foreground -k 30 $SUITE_TIMEOUT "$@" || status=$?
  record "$name" $status $((SECONDS - start)) ""
}

# report_coverage: compares the coverage of each part with its floor; writes the lists of gaps to .cache/coverage
report_coverage() {
  local part status figure lists="$CACHE/coverage"
  mkdir -p "$lists"
  {
    .venv/test/bin/coverage combine -q &&
      .venv/test/bin/python scripts/lib/coverage_report.py "$lists" glue flows core &&
      .venv/server/bin/python scripts/lib/coverage_report.py "$lists" server ||
      printf 'any part\t1\tcould not be measured\n'
  } | while IFS=$'\t' read -r part status figure; do
    record "coverage of $part" "$status" 0 "" "$figure"
  done
}

# record NAME STATUS SECONDS REPORT [DETAIL]: one line for the summary
record() { printf '%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$4" "${5:-}" >>"$RESULTS/summary.tsv"; }
