export const USAGE = `Usage: nestjs-backfill-guard <command> [options] PATH...

  check PATH...     refuse data changes in migrations (.ts, .js, .sql)
  audit PATH...     report all data changes in migrations
  extract FILE      move the data changes of one migration into backfills
  fix FILE          replace statements with dangerous locks by the safe steps of nestjs-backfill
  init [PATH]       write the baseline and the entries of ESLint and CI; say what is there

Options
  --format FORMAT          check: text (default), json, sarif, github; audit: markdown (default), html, json
  --output FILE            write the report to a file
  --baseline FILE          grandfathered violations (default: nestjs-backfill-baseline.json, if it exists)
  --update-baseline        check: write the baseline from the current violations
  --strict-baseline        fail on stale entries of the baseline and on unused comments
  --exclude GLOB           leave files out; can be repeated
  --dml-helper NAME        a function that changes data, like execDml; can be repeated
  --table-sizes FILE       JSON object of tables: "lookup", "growing" or a number of rows
  --database URL           read the sizes of the tables from PostgreSQL's statistics
  --postgres VERSION       the oldest major version of PostgreSQL that runs the migrations (default: the newest)
  --locks off              do not apply the lock rules (default: refuse)
  --timeline               check: also find columns of entities and backfills that no migration adds, or one drops
  --sources PATH           --timeline: the entities and backfills (default: src of the package); can be repeated
  --timing                 print how long each stage took
  --color, --no-color      colour the report, or print plain text (default: colour on a terminal)
  --into FOLDER            extract: the folder of the backfills (default: ../backfills from the migration)
  --write                  extract, fix: write the files; without it, they only show a diff
  --help, --version

Exit codes: 0 no new violation, 1 a new violation or undecided code, 2 the check could not be done.
`;
