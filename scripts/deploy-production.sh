#!/bin/sh
# Deploys docker-compose.prod.yml step by step. `--help` lists the steps.
set -u

usage() {
  cat <<'USAGE'
Usage: scripts/deploy-production.sh [--rolling] [--no-build] [--max-duration 10m]

  1. build the image, except with --no-build; start the database and wait until it is healthy
  2. stop the services that use the database; with --rolling, the old version keeps running
  3. run migrations    must succeed; otherwise the deployment ends here and starts nothing
  4. build indexes     a failure is only a warning
  5. run backfills     a failure is only a warning; --max-duration limits their time
                       (default: $BACKFILL_MAX_DURATION, or 10m)
  6. start the services, and wait until they are healthy
  7. print the report

Environment: POSTGRES_PASSWORD and the other variables of docker-compose.prod.yml;
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

compose() { docker compose "$@"; }
step() { printf '\n▸ %s\n' "$*"; }

warnings=''
warn() {
  printf 'Warning: %s\n' "$*" >&2
  warnings="$warnings
  - $*"
}

# The state of the services, for the message of a failed deployment.
state='No service was stopped or started.'

abort() {
  printf '\nThe deployment failed: %s\n%s\n' "$*" "$state" >&2
  exit 1
}
trap 'abort "it was interrupted."' INT TERM HUP

# Runs a phase in a container and returns its exit code. Earlier steps have started its dependencies.
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
compose up --detach --wait postgres || abort 'the database did not become healthy.'

if $rolling; then
  step "Leave the services running ($services)"
else
  step "Stop the services that use the database ($services)"
  state="The services are stopped ($services). Fix the cause and deploy again. To return to the previous version:
  COMPOSE_FILE='$COMPOSE_FILE' docker compose start $services"
  # shellcheck disable=SC2086 # one word per service
  compose stop $services || abort 'the services could not be stopped.'
fi

step 'Migrate the schema'
phase migrate --migrate || abort "the migrations failed (exit code $?)."

# With --strict, exit code 3 means that work is left, which is only a warning.
step 'Build the indexes'
phase indexes --indexes --strict || warn "indexes: exit code $? (3: work is left)."

step 'Run the backfills'
phase backfills --backfill --strict --max-duration "$max_duration" || warn "backfills: exit code $? (3: work is left; the next run continues)."

step "Start the services ($services)"
state="The schema is migrated. For the cause: COMPOSE_FILE='$COMPOSE_FILE' docker compose logs $services"
# shellcheck disable=SC2086 # one word per service
compose up --detach --no-deps --wait $services || abort 'the services did not start.'

step 'Report'
phase migrate --status || warn "the report could not be printed (exit code $?)."

if [ -n "$warnings" ]; then
  printf '\nDeployed, with warnings:%s\n' "$warnings"
else
  printf '\nDeployed.\n'
fi
