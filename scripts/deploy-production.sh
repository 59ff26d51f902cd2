#!/bin/sh
# One deployment of docker-compose.prod.yml, step by step. `--help` tells the steps.
set -u

usage() {
  cat <<'USAGE'
Usage: scripts/deploy-production.sh [--rolling] [--no-build] [--max-duration 10m]

  1. build the image, unless --no-build; start the database and wait until it answers
  2. stop the services that use the database; with --rolling they keep running on the old version
  3. migrate           must succeed, or the deployment ends here and nothing is started
  4. build indexes     may warn
  5. run backfills     may warn; --max-duration limits them (default: $BACKFILL_MAX_DURATION, else 10m)
  6. start the services, and wait until they are healthy
  7. print the report

Environment: POSTGRES_PASSWORD and what else docker-compose.prod.yml reads;
  SERVICES      the services that use the database (default: api)
  COMPOSE_FILE  another compose file, or several with : between them, as docker compose takes it

Exit codes: 0 deployed, with warnings or without; 1 a step that must succeed did not; 2 wrong arguments.
USAGE
}

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd) || exit 1
# Read by docker compose itself, which knows how to take it apart.
export COMPOSE_FILE="${COMPOSE_FILE:-$root/docker-compose.prod.yml}"
services=${SERVICES:-api}
max_duration=${BACKFILL_MAX_DURATION:-10m}
rolling=false
build=true

while [ "$#" -gt 0 ]; do
  case $1 in
    --rolling) rolling=true ;;
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

# As the application reads it: refused there, the backfills would be left out with a warning.
is_duration() {
  number=${1%ms} most=2147483647
  [ "$number" != "$1" ] || { number=${1%s} most=2147483; }
  [ "$number" != "$1" ] || { number=${1%m} most=35791; }
  [ "$number" != "$1" ] || { number=${1%h} most=596; }
  case $number in
    "$1" | '' | *[!0-9.]* | .* | *. | *.*.*) return 1 ;;
    *[1-9]*) ;;
    *) return 1 ;;
  esac
  whole=${number%.*}
  [ "${#whole}" -le 10 ] && [ "$whole" -le "$most" ]
}
if ! is_duration "$max_duration"; then
  echo "--max-duration takes a number with a unit (ms, s, m, h), e.g. 10m, up to 596h, not \"$max_duration\"." >&2
  exit 2
fi

compose() { docker compose "$@"; }
step() { printf '\n▸ %s\n' "$*"; }

warnings=''
warn() {
  printf 'Warning: %s\n' "$*" >&2
  warnings="$warnings
  - $*"
}

# What an operator finds when it ends here.
state='No service was stopped or started.'

abort() {
  printf '\nThe deployment has failed: %s\n%s\n' "$*" "$state" >&2
  exit 1
}
trap 'abort "it was interrupted."' INT TERM HUP

# A phase as a container that ends with the phase's own exit code. Its dependencies are seen to here.
phase() {
  service=$1
  shift
  compose run --rm --no-deps -T "$service" node dist/main.js "$@" --no-progress
}

if $build; then
  step 'Build the image'
  compose build migrate || abort 'the image could not be built.'
fi

step 'Start the database'
compose up --detach --wait postgres || abort 'the database does not answer.'

if $rolling; then
  step "Leave the services running ($services)"
else
  step "Stop the services that use the database ($services)"
  state="The services are stopped ($services). Mend the cause and deploy again. To go back to the version that ran before:
  COMPOSE_FILE='$COMPOSE_FILE' docker compose start $services"
  # shellcheck disable=SC2086 # one word a service
  compose stop $services || abort 'the services could not be stopped.'
fi

step 'Migrate the schema'
phase migrate --migrate || abort "the migrations did not succeed (exit code $?)."

# --strict tells work that is left (3) from none; to a deployment both are fine.
step 'Build the indexes'
phase indexes --indexes --strict || warn "indexes: exit code $? (3: something is left)."

step 'Run the backfills'
phase backfills --backfill --strict --max-duration "$max_duration" || warn "backfills: exit code $? (3: work is left, the next run goes on)."

step "Start the services ($services)"
# What they depend on has run: not again.
state="The schema is migrated. See why: COMPOSE_FILE='$COMPOSE_FILE' docker compose logs $services"
# shellcheck disable=SC2086 # one word a service
compose up --detach --no-deps --wait $services || abort 'the services did not start.'

step 'Report'
phase migrate --status || warn "the report could not be printed (exit code $?)."

if [ -n "$warnings" ]; then
  printf '\nDeployed, with warnings:%s\n' "$warnings"
else
  printf '\nDeployed.\n'
fi
