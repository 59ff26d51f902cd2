#!/bin/sh
# Deploys docker-compose.prod.yml step by step. `--help` lists the steps.
set -u

usage() {
  cat <<'USAGE'
Usage: scripts/deploy-production.sh [--stop] [--no-build] [--max-duration 10m]

  1. build the image, except with --no-build; start the database and wait until it is healthy
  2. run migrations    must succeed; otherwise the deployment ends here and changes no service
  3. build indexes     a failure is only a warning
  4. run backfills     a failure is only a warning; --max-duration limits their time
                       (default: $BACKFILL_MAX_DURATION, or 10m)
  5. replace the services, and wait until they are healthy; with --stop, they are stopped first
  6. print the report, and which services run

The old version runs until step 5, so it must work with the migrated schema. A signal (SIGTERM, SIGINT) reaches
the container of the current step, which finishes its batch; the later steps are not run.

Environment: POSTGRES_PASSWORD_FILE and the other variables of docker-compose.prod.yml;
  SERVICES      the services that use the database (default: api)
  COMPOSE_FILE  another compose file, or several separated by `:`, as for docker compose

Exit codes: 0 deployed, possibly with warnings; 1 a required step failed; 2 wrong arguments.
USAGE
}

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd) || exit 1
# docker compose reads this variable itself, and splits it at `:`.
export COMPOSE_FILE="${COMPOSE_FILE:-$root/docker-compose.prod.yml}"
services=${SERVICES:-api}
max_duration=${BACKFILL_MAX_DURATION:-10m}
stop=false
build=true

while [ "$#" -gt 0 ]; do
  case $1 in
    --stop) stop=true ;;
    # It has become the default.
    --rolling) stop=false ;;
    --no-build) build=false ;;
    --max-duration)
      if [ "$#" -lt 2 ]; then
        echo '--max-duration needs a value, e.g. --max-duration 10m.' >&2
        exit 2
      fi
      max_duration=$2
      shift
      ;;
    --max-duration=*) max_duration=${1#*=} ;;
    --help)
      usage
      exit 0
      ;;
    *)
      echo "Unknown argument $1." >&2
      usage >&2
      exit 2
      ;;
  esac
  shift
done

# The same rules as in the application, which would refuse a wrong value and run no backfills.
is_duration() {
  number=${1%ms} max=2147483647
  [ "$number" != "$1" ] || { number=${1%s} max=2147483; }
  [ "$number" != "$1" ] || { number=${1%m} max=35791; }
  [ "$number" != "$1" ] || { number=${1%h} max=596; }
  case $number in
    "$1" | '' | *[!0-9.]* | .* | *. | *.*.*) return 1 ;;
    *[1-9]*) ;;
    *) return 1 ;;
  esac
  whole=${number%.*}
  [ "${#whole}" -le 10 ] && [ "$whole" -le "$max" ]
}
if ! is_duration "$max_duration"; then
  echo "--max-duration takes a number with a unit (ms, s, m, h) up to 596h, e.g. 10m, not \"$max_duration\"." >&2
  exit 2
fi

step() { printf '\n▸ %s\n' "$*"; }

warnings=''
warn() {
  printf 'Warning: %s\n' "$*" >&2
  warnings="$warnings
  - $*"
}

# What was done to the services, for the message of a failed deployment.
state='No service was stopped or started.'

# One line for each service: whether it runs.
print_services() {
  listed=$(docker compose ps --all --format '{{.Service}} {{.State}} {{.Health}}' 2>/dev/null) || {
    printf 'The state of the services could not be read: docker compose ps\n'
    return
  }
  for name in postgres $services; do
    found=$(printf '%s\n' "$listed" | while read -r service container_state health; do
      [ "$service" != "$name" ] || printf '%s%s' "$container_state" "${health:+, $health}"
    done)
    case $found in
      running*) printf '  %s runs (%s)\n' "$name" "$found" ;;
      '') printf '  %s does not run (no container)\n' "$name" ;;
      *) printf '  %s does not run (%s)\n' "$name" "$found" ;;
    esac
  done
}

abort() {
  printf '\nThe deployment failed: %s\n%s\nServices:\n' "$*" "$state" >&2
  print_services >&2
  exit 1
}

# The current step: its process, and the name of its container if it is a phase.
child=''
container=''
interrupted=''

# The process of the step may not pass the signal on, so the container gets it too. The step then ends by itself.
# It is always SIGTERM, because a shell lets a background process ignore SIGINT.
on_signal() {
  interrupted=$1
  [ -z "$container" ] || docker kill --signal TERM "$container" >/dev/null 2>&1
  [ -z "$child" ] || kill -TERM "$child" 2>/dev/null
}
trap 'on_signal TERM' TERM
trap 'on_signal INT' INT
trap 'on_signal HUP' HUP

# Runs a step in the background, so that a signal arrives at once, and returns its exit code.
run() {
  "$@" &
  child=$!
  # A signal interrupts `wait` before the step has ended.
  while :; do
    wait "$child"
    code=$?
    kill -0 "$child" 2>/dev/null || break
  done
  child=''
  container=''
  [ -z "$interrupted" ] || abort "it was interrupted by SIG$interrupted. The current step has ended (exit code $code)."
  return "$code"
}

compose() { run docker compose "$@"; }

# Runs a phase in a container and returns its exit code. Earlier steps have started its dependencies.
phase() {
  service=$1
  shift
  name="crm-deploy-$$-$service"
  container=$name
  compose run --rm --no-deps -T --name "$name" "$service" node dist/main.js "$@" --no-progress
}

if $build; then
  step 'Build the image'
  compose build migrate || abort 'the image could not be built.'
fi

step 'Start the database'
compose up --detach --wait postgres || abort 'the database did not become healthy.'

step "Migrate the schema; the old version keeps running ($services)"
phase migrate --migrate || abort "the migrations failed (exit code $?)."
state='The schema is migrated. No service was stopped or started: the old version works with the migrated schema.'

# With --strict, exit code 3 means that work is left, which is only a warning.
step 'Build the indexes'
phase indexes --indexes --strict || warn "indexes: exit code $? (3: work is left)."

step 'Run the backfills'
phase backfills --backfill --strict --max-duration "$max_duration" || warn "backfills: exit code $? (3: work is left; the next run continues)."

if $stop; then
  step "Stop the services ($services)"
  state="The schema is migrated, and the services may be stopped ($services). To return to the previous version:
  COMPOSE_FILE='$COMPOSE_FILE' docker compose start $services"
  # shellcheck disable=SC2086 # one word per service
  compose stop $services || abort 'the services could not be stopped.'
fi

step "Replace the services ($services)"
state="The schema is migrated. For the cause: COMPOSE_FILE='$COMPOSE_FILE' docker compose logs $services"
# shellcheck disable=SC2086 # one word per service
compose up --detach --no-deps --wait $services || abort 'the services did not start.'

step 'Report'
phase migrate --status || warn "the report could not be printed (exit code $?)."
print_services

if [ -n "$warnings" ]; then
  printf '\nDeployed, with warnings:%s\n' "$warnings"
else
  printf '\nDeployed.\n'
fi
