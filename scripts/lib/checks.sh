# shellcheck shell=bash
# The checks of style and types; to be sourced after common.sh. The caller defines run_check NAME COMMAND...

TYPED_TESTS=(contract core e2e faults frontend ha meta testbed) # the folders of tests/ that mypy checks with the test environment

# files_in PATH...: the tracked files and the untracked ones that are not ignored
files_in() { git ls-files --cached --others --exclude-standard -- "$@" | while read -r file; do
  [ ! -f "$file" ] || printf '%s\n' "$file"
done; }

# yaml_in PATH...: without the risk scenarios, which are data: hundreds of files that take minutes
yaml_in() { files_in "$@" | grep -E '\.ya?ml$' | grep -v '^tests/risk_scenarios/' || true; }

shell_in() {
  files_in "$@" | grep -vE '\.(py|md|ya?ml|json|safetensors|png)$' | while read -r file; do
    head -1 "$file" | grep -aqE '^#!.*\b(ba)?sh$|^# shellcheck shell=' && printf '%s\n' "$file"
  done || true
}

# check_style PATH...: Python, spelling, YAML and shell scripts
check_style() {
  local files
  run_check lint .venv/test/bin/ruff check -q "$@"
  run_check format .venv/test/bin/ruff format -q --check "$@"
  run_check spelling .venv/test/bin/codespell "$@"
  mapfile -t files < <(yaml_in "$@")
  [ ${#files[@]} -eq 0 ] || run_check yaml .venv/test/bin/yamllint --strict "${files[@]}"
  mapfile -t files < <(shell_in "$@")
  [ ${#files[@]} -eq 0 ] || run_check shell .venv/test/bin/shellcheck -x "${files[@]}"
}

# check_types: mypy --strict; modules with PyTorch are checked in the environment that has it
check_types() {
  local pattern with_torch without_torch
  pattern='^\s*(from|import) (torch|transformers)\b'
  mapfile -t with_torch < <(find testbed -name '*.py' -exec grep -lE "$pattern" {} +)
  mapfile -t without_torch < <(find testbed -name '*.py' -exec grep -LE "$pattern" {} +)
  run_check "types 3.14" .venv/test/bin/mypy custom_components "${without_torch[@]}" benchmarks/*.py \
    "${TYPED_TESTS[@]/#/tests/}"
  run_check "types 3.11" .venv/server/bin/mypy --python-version 3.11 inference_server benchmarks/server \
    tests/server tests/attack "${with_torch[@]}"
}
