#!/bin/sh
# This project: agent and server over HTTP on loopback, embedded Postgres, default options.
# What counts as repository are the pack files; Postgres lies in CACHE/server, and the reserve against a full disk
# (64 MiB, of any size of repository) is emptied. See bench/README.md.
AGENT=${IOTA_PROGRAM:?path of iota}
SERVER=${IOTA_SERVER_PROGRAM:?path of iota-server}
DATA=$CACHE/server
URL=http://127.0.0.1:$PORT
export IOTA_CONFIG_DIR=$CACHE/config IOTA_STATE_DIR=$CACHE/state IOTA_PASSWORD_FILE=$CACHE/password
# The embedded Postgres does not run as root.
as_server() {
  if [ "$(id -u)" = 0 ]; then setpriv --reuid nobody --regid nogroup --clear-groups env HOME="$DATA" "$@"; else "$@"; fi
}
case $1 in
version) exec "$AGENT" --version ;;
server)
  mkdir -p "$DATA"
  ln -sfn "$REPO" "$DATA/packs"
  chmod 755 "$CACHE"
  chmod 700 "$DATA"
  if [ "$(id -u)" = 0 ]; then
    chown -h nobody:nogroup "$DATA" "$DATA/packs" && chown nobody:nogroup "$REPO"
    exec setpriv --reuid nobody --regid nogroup --clear-groups env HOME="$DATA" "$SERVER" serve --data "$DATA" --listen "127.0.0.1:$PORT"
  fi
  exec "$SERVER" serve --data "$DATA" --listen "127.0.0.1:$PORT"
  ;;
init)
  cd / || exit 1
  token=$(as_server "$SERVER" setup-token --data "$DATA" | tail -n 1) || exit 1
  (umask 077 && echo 'a password for a benchmark' >"$IOTA_PASSWORD_FILE")
  "$AGENT" account create --server "$URL" --login bench@example.org --invite "$token" --kit "$CACHE/kit.txt" &&
    "$AGENT" enroll --server "$URL" --login bench@example.org --name bench &&
    "$AGENT" include "$SRC" && : >"$REPO/reserve"
  ;;
backup) exec "$AGENT" --quiet backup ;;
restore_one) exec "$AGENT" --quiet restore --kit "$CACHE/kit.txt" "$SRC/$FILE" --to "$OUT" ;;
restore_all) exec "$AGENT" --quiet restore --kit "$CACHE/kit.txt" --to "$OUT" ;;
check) exec "$AGENT" --quiet verify --kit "$CACHE/kit.txt" ;;
check_data) exec "$AGENT" --quiet verify --kit "$CACHE/kit.txt" --data ;;
*) exit 3 ;;
esac
