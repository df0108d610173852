# shellcheck shell=bash
# System packages; to be sourced after common.sh.

SYSTEM_STAMP="$CACHE/system.stamp"

have_browser() {
  command -v chromium || command -v chromium-browser || command -v google-chrome ||
    compgen -G "${PLAYWRIGHT_BROWSERS_PATH:-${XDG_CACHE_HOME:-$HOME/.cache}/ms-playwright}/chromium-*/INSTALLATION_COMPLETE"
} >/dev/null

have_compiler() { command -v c++ && command -v cc; } >/dev/null

have_turbojpeg() {
  { PATH=$PATH:/sbin:/usr/sbin ldconfig -p 2>/dev/null || true; } | grep -c 'libturbojpeg\.so' >/dev/null
}

# system_missing: prints the apt package of each missing program, one a line
system_missing() {
  have_browser || printf 'chromium\n'
  command -v ffmpeg >/dev/null || printf 'ffmpeg\n'
  have_turbojpeg || printf 'libturbojpeg0\n'
  have_compiler || printf 'g++\n'
}

# system_in_place: nothing is missing, or the missing packages were reported before
system_in_place() {
  local absent
  absent=$(system_missing)
  [ -z "$absent" ] || { [ -f "$SYSTEM_STAMP" ] && [ "$(cat "$SYSTEM_STAMP")" = "$absent" ]; }
}

provide_system() {
  local start=$SECONDS wanted absent
  mapfile -t wanted < <(system_missing)
  if can_apt; then
    apt_install "${wanted[@]}"
  fi
  have_browser || playwright_browser
  absent=$(system_missing)
  printf '%s\n' "$absent" >"$SYSTEM_STAMP"
  if [ -z "$absent" ]; then
    done_in $((SECONDS - start)) "system packages: ${wanted[*]}"
  else
    say "please install: $(tr '\n' ' ' <<<"$absent")(some tests and the demo's images need them)"
  fi
}

# need_compiler: Home Assistant's voice packages have no builds for Python 3.14
need_compiler() {
  have_compiler && return
  ! can_apt || apt_install g++
  have_compiler || die "a C and C++ compiler is needed to build two small packages; install g++"
}

can_apt() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }

# apt_install PACKAGE...: installs all at once, else one by one, so that a missing one stops no other;
# updates the package lists only if needed
apt_install() {
  local package
  {
    apt_quiet "$@" || {
      apt-get -q update </dev/null
      apt_quiet "$@"
    } || for package in "$@"; do
      apt_quiet "$package" || [ "$package" != libturbojpeg0 ] || apt_quiet libturbojpeg || true
    done
  } >"$CACHE/setup-apt.log" 2>&1 || true
}

apt_quiet() {
  DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 \
    install -y --no-install-recommends "$@" </dev/null
}

# playwright_browser: installs Playwright's own Chromium, if its download is reachable
playwright_browser() {
  local start=$SECONDS
  [ -x .venv/ha/bin/playwright ] || return 0
  if timeout 300 .venv/ha/bin/playwright install chromium >"$CACHE/setup-browser.log" 2>&1; then
    done_in $((SECONDS - start)) "Playwright's Chromium"
  fi
}
