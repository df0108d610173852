# shellcheck shell=bash
# The project's three virtual environments, made from requirements/*.lock; to be sourced after common.sh.

UV_MINIMUM=0.8 # the first with every option used here
export UV_NO_PROGRESS=1 UV_PYTHON_DOWNLOADS=never
# uv has its own certificates; the system's may include a company's
[ ! -e /etc/ssl/certs/ca-certificates.crt ] || export UV_SYSTEM_CERTS=1

# stamp_of NAME: the lock, interpreter and folder of an up-to-date environment
stamp_of() {
  printf '%s %s %s\n' \
    "$(sha256sum <"requirements/$1.lock" | cut -d' ' -f1)" \
    "$(sed -n 's/^version_info *= *//p' ".venv/$1/pyvenv.cfg" 2>/dev/null)" \
    "$ROOT"
}

# environment_in_place NAME: whether it is up to date; a linked environment is updated by its own checkout
environment_in_place() {
  [ -L ".venv/$1" ] && [ -x ".venv/$1/bin/python" ] && return
  [ -x ".venv/$1/bin/python" ] && [ -f ".venv/$1/.stamp" ] &&
    [ "$(cat ".venv/$1/.stamp")" = "$(stamp_of "$1")" ]
}

# provide_environment NAME: creates or updates .venv/NAME with exactly the packages of its lock
provide_environment() {
  local name=$1 start=$SECONDS venv=".venv/$1" log="$CACHE/setup-$1.log" options=()
  need_uv
  need_python "$name"
  rm -f "$venv/.stamp"
  if ! same_interpreter "$venv" || [ "$(venv_place "$venv")" != "$ROOT/$venv" ]; then
    step_log "$log" "$UV" venv -q --clear --no-project --python "$PYTHON" "$venv"
  fi
  [ "$name" = server ] || need_compiler
  [ "$name" != server ] || mapfile -t options < <(torch_options)
  step_log "$log" env ${FIND_LINKS:+UV_FIND_LINKS="$FIND_LINKS"} \
    "$UV" pip sync --python "$venv/bin/python" ${options[@]+"${options[@]}"} "requirements/$name.lock"
  stamp_of "$name" >"$venv/.stamp"
  done_in $((SECONDS - start)) "$venv: $("$venv/bin/python" -V), $(grep -c '==' "requirements/$name.lock") packages"
}

# venv_place VENV: the folder that the environment was created in; its scripts do not survive a move
venv_place() {
  sed -n "s/^VIRTUAL_ENV=['\"]\{0,1\}\(.*[^'\"]\)['\"]\{0,1\}$/\1/p" "$1/bin/activate" 2>/dev/null | head -1
}

# same_interpreter VENV: whether it works and has the Python version of $PYTHON
same_interpreter() {
  local ask='import sys; print(sys.version_info[:3])'
  [ -x "$1/bin/python" ] && [ "$("$1/bin/python" -c "$ask" 2>/dev/null)" = "$("$PYTHON" -c "$ask")" ]
}

# need_uv: sets UV to the uv on PATH, else to a private one
need_uv() {
  [ -z "${UV:-}" ] || return 0
  take_pip_settings
  local start=$SECONDS candidate log="$CACHE/setup-uv.log"
  for candidate in "$(command -v uv || true)" "$CACHE/uv/bin/uv"; do
    if uv_works "$candidate"; then
      UV=$candidate
      return
    fi
  done
  command -v python3 >/dev/null || die "python3 is missing; install Python 3.11 or newer, or uv"
  rm -rf "$CACHE/uv"
  if ! { python3 -m venv "$CACHE/uv" && "$CACHE/uv/bin/python" -m pip install -q "uv>=$UV_MINIMUM"; } >"$log" 2>&1; then
    # Debian has the venv module in a package of its own; pip alone is enough
    rm -rf "$CACHE/uv"
    python3 -m pip --version >/dev/null 2>&1 || die "python3 has neither venv nor pip; install python3-venv, or uv"
    step_log "$log" python3 -m pip install -q --target "$CACHE/uv" "uv>=$UV_MINIMUM"
  fi
  UV="$CACHE/uv/bin/uv"
  uv_works "$UV" || explain "$log"
  done_in $((SECONDS - start)) "$("$UV" --version | cut -d' ' -f1,2)"
}

uv_works() {
  local version
  [ -n "$1" ] && version=$("$1" --version 2>/dev/null) || return 1
  [ "$(printf '%s\n' "$UV_MINIMUM" "$(cut -d' ' -f2 <<<"$version")" | sort -V | head -1)" = "$UV_MINIMUM" ]
}

# take_pip_settings: passes pip's registry and folder of wheels on, because uv does not read pip's settings
take_pip_settings() {
  local settings index
  settings=$(python3 -m pip config list 2>/dev/null || true)
  FIND_LINKS=${UV_FIND_LINKS:-${PIP_FIND_LINKS:-$(pip_setting find-links "$settings")}}
  FIND_LINKS=$(tr -s ' \n' ',' <<<"$FIND_LINKS" | sed 's/^,//; s/,$//')
  index=${UV_DEFAULT_INDEX:-${UV_INDEX_URL:-${PIP_INDEX_URL:-$(pip_setting index-url "$settings")}}}
  [ -z "$index" ] || export UV_DEFAULT_INDEX="$index"
}

pip_setting() { sed -n "s/^[a-z]*\.$1='\(.*\)'$/\1/p" <<<"$2" | head -1; }

# need_python NAME: sets PYTHON to an interpreter for that environment
need_python() {
  local start=$SECONDS log="$CACHE/setup-python.log"
  if [ "$1" = server ]; then
    PYTHON=$(server_python) || die "no Python 3.11 to 3.13 found for the inference server; install one"
    return
  fi
  if [ -z "${PYTHON314:-}" ]; then
    PYTHON314=$(UV="$UV" bash scripts/lib/python314.sh 2>"$log") || explain "$log"
    done_in $((SECONDS - start)) "$("$PYTHON314" -V) ($(tail -1 "$log"))"
  fi
  PYTHON=$PYTHON314
}

# server_python: prints an interpreter that PyTorch supports, first the one of a local wheel
server_python() {
  local minors="3.12 3.11 3.13" minor local_wheel
  local_wheel=$(torch_wheel)
  if [ -n "$local_wheel" ]; then
    minors=$(sed -E 's/.*-cp3([0-9]+)-cp3.*/3.\1/' <<<"$local_wheel")
  fi
  for minor in $minors; do
    working_python "$minor" && return
  done
  for minor in $minors; do
    if UV_PYTHON_DOWNLOADS=manual UV_HTTP_RETRIES=0 timeout 300 "$UV" python install -q "$minor" >/dev/null 2>&1; then
      "$UV" python find --managed-python "$minor" 2>/dev/null && return
    fi
  done
  return 1
}

# working_python MINOR: runs each candidate, because a pyenv shim on PATH may not work
working_python() {
  local candidate
  while read -r candidate; do
    "$candidate" -c 'import ssl, sqlite3, sys, venv; print(sys.executable)' 2>/dev/null && return
  done < <(
    type -aP "python$1" || true
    compgen -G "${PYENV_ROOT:-$HOME/.pyenv}/versions/$1.*/bin/python" || true
    compgen -G "${UV_PYTHON_INSTALL_DIR:-$HOME/.local/share/uv/python}/cpython-$1.*/bin/python$1" || true
  )
  return 1
}

# torch_wheel: the file name of a local wheel of the locked torch for this machine, if any
torch_wheel() {
  local place version
  version=$(sed -n 's/^torch==//p' requirements/server.lock)
  for place in ${FIND_LINKS//,/ }; do
    compgen -G "${place#file://}/torch-$version*-cp3*-*linux*_$(uname -m).whl" || true
  done | xargs -rn1 basename | sort -V | tail -1
}

# torch_options: without a local wheel, PyTorch's CPU builds; the default ones include gigabytes of CUDA
torch_options() {
  [ -n "$(torch_wheel)" ] || printf '%s\n' --torch-backend=cpu
}
