# Shared by the scripts of this folder, which source it. Everything here is quick when there is nothing to do.
# shellcheck shell=bash

project=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# What is built and fetched survives the checkout, so that the next one starts warm.
cache=${IOTABACKUP_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/iotabackup}
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$cache/target}
export SQLX_OFFLINE=true
[ -d "$HOME/.cargo/bin" ] && PATH=$HOME/.cargo/bin:$PATH

say() { printf '%s\n' "$*"; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }
is_root() { [ "$(id -u)" = 0 ]; }

as_root() {
  if is_root; then "$@"
  elif have sudo; then sudo "$@"
  else fail "this needs root: run as root, or install sudo: $*"
  fi
}

# ensure_packages NAME…: installs the Debian packages that are missing.
ensure_packages() {
  local name missing=()
  for name in "$@"; do is_installed "$name" || missing+=("$name"); done
  [ ${#missing[@]} = 0 ] && return
  have apt-get || fail "these Debian packages are needed, or what your system calls them: ${missing[*]}"
  say "installing ${missing[*]}"
  apt_update
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --no-install-recommends "${missing[@]}" >"$(log_of packages)" 2>&1 ||
    fail "apt-get could not install ${missing[*]}: see $(log_of packages)"
}

is_installed() {
  [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

apt_updated=
apt_update() {
  [ -z "$apt_updated" ] || return 0
  as_root apt-get update --quiet >"$(log_of apt-update)" 2>&1 || say "notice: apt-get update failed, going on with the lists that are there"
  apt_updated=yes
}

log_of() { mkdir -p "$cache/logs"; printf '%s' "$cache/logs/$1.log"; }

# What every build needs.
ensure_build_tools() {
  own_target
  ensure_packages ca-certificates curl gcc g++ make pkg-config libc6-dev
  ensure_rust
  ensure_node
}

# Cargo goes by the times of files: what another checkout built must not pass for ours.
own_target() {
  local mark=$CARGO_TARGET_DIR/checkout
  [ "$(cat "$mark" 2>/dev/null)" != "$project" ] || return 0
  find "$project" \( -name target -o -name node_modules -o -name .git \) -prune -o -type f -name '*.rs' -exec touch {} +
  mkdir -p "$CARGO_TARGET_DIR"
  printf '%s' "$project" >"$mark"
}

ensure_rust() {
  have cargo && have rustc && return
  local installer="$cache/rustup-init.sh"
  say "installing Rust with rustup"
  mkdir -p "$cache"
  curl --proto '=https' --tlsv1.2 --silent --show-error --fail --max-time 60 https://sh.rustup.rs --output "$installer" ||
    fail "Rust is missing and rustup cannot be fetched: install Rust (the version is in Cargo.toml) and try again"
  sh "$installer" -y --profile minimal --default-toolchain stable >"$(log_of rustup)" 2>&1 || fail "rustup failed: see $(log_of rustup)"
  PATH=$HOME/.cargo/bin:$PATH
}

ensure_node() {
  have node && have npm && return
  ensure_packages nodejs npm
}

# Postgres' programs. A cluster of Debian's own is neither needed nor made.
ensure_postgres() {
  compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null && return
  if ! is_installed postgresql-common; then
    ensure_packages postgresql-common
    as_root mkdir -p /etc/postgresql-common/createcluster.d
    printf 'create_main_cluster = false\n' | as_root tee /etc/postgresql-common/createcluster.d/iotabackup.conf >/dev/null
  fi
  ensure_packages postgresql
}

# ensure_node_modules DIR: what DIR/package-lock.json says, kept in the cache under its hash; sets node_modules.
ensure_node_modules() {
  local hash folder
  hash=$(cat "$1/package.json" "$1/package-lock.json" | sha256sum | cut -c1-16)
  folder=$cache/node/$hash
  node_modules=$folder/node_modules
  [ -e "$folder/ready" ] && return
  say "fetching node modules of $(basename "$1")"
  rm -rf "$folder"
  mkdir -p "$folder"
  cp "$1/package.json" "$1/package-lock.json" "$folder/"
  (cd "$folder" && PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --no-audit --no-fund) >"$(log_of npm)" 2>&1 || fail "npm failed: see $(log_of npm)"
  touch "$folder/ready"
}

# The target of the pages. By rustup; where it cannot fetch, by Debian's compiler in a private folder (sets WASM_RUSTC).
ensure_wasm() {
  local toolchain
  toolchain=$(cd "$project" && rustc --print sysroot)
  [ -d "$toolchain/lib/rustlib/wasm32-unknown-unknown/lib" ] && return
  if have rustup && (cd "$project" && timeout 180 rustup target add wasm32-unknown-unknown) >"$(log_of rustup)" 2>&1; then return; fi
  say "rustup cannot fetch the wasm target; taking Debian's compiler for the pages"
  # shellcheck source=scripts/wasm-from-debian
  "$project/scripts/wasm-from-debian" "$cache/wasm-debian"
  export WASM_RUSTC=$cache/wasm-debian/bin/rustc
  export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=$cache/wasm-debian/bin/wasm-ld
}

# ensure_bundle PROFILE: what the browser loads, final, beside the server that cargo builds with this profile.
ensure_bundle() {
  local site=$CARGO_TARGET_DIR/$1/site inputs
  inputs=$(hash_of .cargo app style core crypto/src crypto/Cargo.toml xtask/src xtask/package-lock.json Cargo.toml Cargo.lock)
  [ "$(cat "$site.inputs" 2>/dev/null)" = "$inputs" ] && [ -e "$site/manifest.json" ] && return
  ensure_wasm
  ensure_node_modules "$project/xtask"
  (cd "$project" && WASM_OPT=$node_modules/.bin/wasm-opt ESBUILD=$node_modules/.bin/esbuild cargo run --quiet --package xtask -- bundle --release --out "$site") || return
  printf '%s\n' "$inputs" >"$site.inputs"
}

# hash_of PATH…: one hash of all files below, relative to the project.
hash_of() {
  (cd "$project" && find "$@" -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -c1-32)
}
