#!/bin/sh
# Installs the IotaBackup agent of the server below on this machine, and has it back up what changes.
#
#   curl -fsS SERVER/install.sh | IOTA_ENROL_CODE=CODE sh
#
# The one-time code comes from the owner's browser. Without one the program is only installed or brought up to date.
set -eu

url='@URL@'
# SHA-256 of the server's public key in base64 and in hexadecimal, when its certificate is of its own making.
pin_base64='@PIN_BASE64@'
pin_hex='@PIN_HEX@'
# System, processor, name and SHA-256 of each program that the server has, one a line.
programs='@PROGRAMS@'

say() { printf '%s\n' "$*"; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# Nothing runs before all of it has arrived: the last line calls this.
main() {
  code=${IOTA_ENROL_CODE:-}
  unset IOTA_ENROL_CODE
  have sha256sum || fail "sha256sum is missing: install coreutils"
  find_program
  if [ "$(id -u)" = 0 ]; then
    folder=/usr/local/bin; units=/etc/systemd/system; scope=--system; config=/etc/iotabackup
  else
    [ -n "${HOME:-}" ] || fail "HOME is not set"
    folder=$HOME/.local/bin; units=${XDG_CONFIG_HOME:-$HOME/.config}/systemd/user; scope=--user; config=$HOME/.config/iotabackup
  fi
  iota=$folder/iota
  say "This trusts $url once: what it sends now runs here. Later, nothing of it is run."
  install_program
  [ -z "$code" ] || enrol
  schedule
  summary
}

find_program() {
  system=$(uname -s | tr '[:upper:]' '[:lower:]')
  processor=$(uname -m)
  name='' sum=''
  while read -r its_system its_processor its_name its_sum; do
    if [ "$its_system" = "$system" ] && [ "$its_processor" = "$processor" ]; then name=$its_name sum=$its_sum; fi
  done <<LINES
$programs
LINES
  [ -n "$name" ] || fail "this server has no program for $system on $processor: build \`iota\` from source, then run \`iota enroll --server $url\`"
}

install_program() {
  if [ -f "$iota" ] && [ "$(sum_of "$iota")" = "$sum" ]; then
    installed="the program was up to date"
    return
  fi
  mkdir -p "$folder"
  # Beside its place, so that the name changes hands at once.
  temporary=$(mktemp "$folder/.iota.XXXXXX")
  trap 'rm -f "$temporary"' EXIT
  trap 'exit 1' HUP INT TERM
  download "$url/download/$name" "$temporary"
  [ "$(sum_of "$temporary")" = "$sum" ] || fail "what came from $url is not what it should be: nothing was installed; try again"
  chmod 755 "$temporary"
  mv -f "$temporary" "$iota"
  installed="the program was installed"
}

sum_of() { sha256sum "$1" | cut -d ' ' -f 1; }

download() {
  if [ -n "$pin_base64" ]; then
    have curl || fail "curl is missing: install it; the key of this server can be checked with nothing else"
    curl --fail --silent --show-error --insecure --pinnedpubkey "sha256//$pin_base64" --output "$2" "$1" || undownloaded
  elif have curl; then
    curl --fail --silent --show-error --output "$2" "$1" || undownloaded
  elif have wget; then
    wget -q -O "$2" "$1" || undownloaded
  else
    fail "curl and wget are missing: install one of them"
  fi
}

undownloaded() { fail "the program cannot be fetched from $url: nothing was installed"; }

enrol() {
  set -- enroll --server "$url"
  [ -z "$pin_hex" ] || set -- "$@" --server-pin "$pin_hex"
  # As a variable of the one process: others on this machine can read arguments.
  IOTA_ENROL_CODE=$code "$iota" "$@" </dev/null || fail "the program is installed at $iota, but this machine was not let in: get a new code and run this again"
  code=''
  include_defaults
}

# Something, so that the first backup has work; what exactly is for the owner to say.
include_defaults() {
  if [ "$(id -u)" = 0 ]; then set -- /etc /home /root; else set -- "$HOME"; fi
  for root in "$@"; do
    if [ -d "$root" ]; then "$iota" --quiet include "$root" </dev/null || say "notice: $root is not included: run \`iota include $root\`"; fi
  done
}

schedule() {
  scheduled=''
  if ! [ -e "$config/identity" ]; then
    say "This machine has not joined an account yet: get a one-time code from its owner, and run this again with it."
    return
  fi
  if ! has_systemd; then
    say "There is no systemd here: have your system keep \`$iota run\` running, or run \`$iota backup\` every hour, by cron for example."
    return
  fi
  mkdir -p "$units"
  write_service >"$units/iota-backup.service"
  # What earlier versions ran every hour.
  if [ -e "$units/iota-backup.timer" ]; then
    systemctl "$scope" --quiet disable --now iota-backup.timer || say "notice: iota-backup.timer could not be stopped"
    rm -f "$units/iota-backup.timer"
  fi
  # One that runs already goes on with the new program.
  if systemctl "$scope" daemon-reload && systemctl "$scope" --quiet enable iota-backup.service && systemctl "$scope" restart iota-backup.service; then
    scheduled=yes
  else
    say "The service could not be started: look at \`systemctl $scope status iota-backup.service\`."
  fi
}

has_systemd() { [ -d /run/systemd/system ] && have systemctl && systemctl "$scope" show-environment >/dev/null 2>&1; }

# It reads everything, and writes its own folders only.
write_service() {
  cat <<UNIT
[Unit]
Description=Back up this machine with IotaBackup
Wants=network-online.target
After=network-online.target

[Service]
ExecStart="$iota" run
Restart=on-failure
RestartSec=60
Nice=10
IOSchedulingClass=idle
NoNewPrivileges=yes
UNIT
  [ "$scope" = --user ] || cat <<'UNIT'
CapabilityBoundingSet=CAP_DAC_READ_SEARCH CAP_DAC_OVERRIDE CAP_FOWNER
ProtectSystem=strict
ReadWritePaths=/etc/iotabackup /var/lib/iotabackup-agent
ConfigurationDirectory=iotabackup
StateDirectory=iotabackup-agent
ConfigurationDirectoryMode=0700
StateDirectoryMode=0700
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
ProtectClock=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
SystemCallArchitectures=native
UNIT
  if [ "$scope" = --user ]; then target=default.target; else target=multi-user.target; fi
  printf '\n[Install]\nWantedBy=%s\n' "$target"
}

summary() {
  say "Done: $installed at $iota."
  [ -z "$scheduled" ] || say "It backs up now, and from then on what changes."
  if [ -n "$scheduled" ] && [ "$scope" = --user ]; then
    say "While you are logged in, that is; to go on without: loginctl enable-linger"
  fi
  case ":$PATH:" in *":$folder:"*) look=iota ;; *) look=$iota ;; esac
  say "Look with: $look status"
}

main "$@"
