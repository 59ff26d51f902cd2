#!/bin/sh
# Runs a command whose failure must not stop a deployment: prints a warning if it fails, and always exits with 0.
# Passes signals on to the command and waits until the command has ended.
set -u

if [ "$#" -eq 0 ]; then
  echo 'Usage: may-warn.sh COMMAND [ARGUMENT…]' >&2
  exit 2
fi

"$@" &
child=$!
trap 'kill -TERM "$child" 2>/dev/null' TERM INT HUP

# A signal interrupts `wait` before the command has ended.
while :; do
  wait "$child"
  code=$?
  kill -0 "$child" 2>/dev/null || break
done

if [ "$code" -ne 0 ]; then
  echo "Warning: \`$*\` ended with exit code $code. The deployment continues; the next one tries again." >&2
fi
exit 0
