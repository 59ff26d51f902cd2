#!/bin/sh
# Runs a command whose failure must not stop a deployment: whatever becomes of it, this ends with 0 and says so.
# A signal is passed on, and the command's own end is waited for.
set -u

if [ "$#" -eq 0 ]; then
  echo 'usage: may-warn.sh COMMAND [ARGUMENT…]' >&2
  exit 2
fi

"$@" &
child=$!
trap 'kill -TERM "$child" 2>/dev/null' TERM INT HUP

# A wait that a signal has cut short says nothing about the command.
while :; do
  wait "$child"
  code=$?
  kill -0 "$child" 2>/dev/null || break
done

if [ "$code" -ne 0 ]; then
  echo "Warning: \`$*\` ended with exit code $code. The deployment goes on; the next one tries it again." >&2
fi
exit 0
