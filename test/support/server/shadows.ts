import { readdirSync, readFileSync } from 'node:fs';
import type { TestDatabase } from './database.ts';

/** Types that users' columns and the library's parameters have. */
const TYPES = [
  ...[
    'text',
    'varchar',
    'bpchar',
    'name',
    'int2',
    'int4',
    'int8',
    'numeric',
    'float8',
    'oid',
    'regclass',
    'uuid',
  ],
  ...['bool', 'jsonb', 'json', 'date', 'timestamptz', 'timestamp', 'interval', 'bytea', 'xid', 'pg_lsn'],
  ...['text[]', 'int8[]', 'int4[]', 'oid[]', 'regclass[]', 'uuid[]', 'varchar[]', 'name[]'],
];
const PAIR_TYPES = ['text', 'varchar', 'int4', 'int8', 'text[]', 'jsonb', 'name', 'regclass'];
/** Every operator that the library's SQL may contain. */
const OPERATORS = [
  '=',
  '<>',
  '<',
  '<=',
  '>',
  '>=',
  '+',
  '-',
  '*',
  '/',
  '%',
  '||',
  '&&',
  '@>',
  '->',
  '->>',
  '&',
  '~',
];

/**
 * Functions and operators that a role with CREATE on the schema `public` may create. They fit the library's calls
 * better than PostgreSQL's own, and each raises an error that begins with `SHADOW`.
 *
 * @param types qualified names of further types, e.g. of an enum
 */
export async function createShadows(database: TestDatabase, types: readonly string[] = []): Promise<void> {
  const all = [...TYPES, ...types];
  await database.query(
    `DO $do$
    DECLARE
      types text[] := ARRAY[${all.map(quoted).join(', ')}];
      pairs text[] := ARRAY[${[...PAIR_TYPES, ...types].map(quoted).join(', ')}];
      raises text := $$ RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''SHADOW %s(%s) ran''; END'$$;
      f text; o text; l text; r text; n int;
    BEGIN
      SET LOCAL client_min_messages = error;
      SET LOCAL search_path = pg_catalog;
      FOREACH f IN ARRAY ARRAY[${calledFunctions().map(quoted).join(', ')}] LOOP
        CONTINUE WHEN NOT EXISTS (SELECT FROM pg_proc WHERE proname = f AND pronamespace = 'pg_catalog'::regnamespace);
        FOREACH l IN ARRAY types LOOP
          EXECUTE format('CREATE FUNCTION public.%I(%s)', f, l) || format(raises, f, l);
        END LOOP;
        FOREACH l IN ARRAY pairs LOOP
          FOREACH r IN ARRAY pairs LOOP
            EXECUTE format('CREATE FUNCTION public.%I(%s, %s)', f, l, r) || format(raises, f, l || ', ' || r);
          END LOOP;
        END LOOP;
        FOR n IN 3..8 LOOP
          l := repeat('text, ', n - 1) || 'text';
          EXECUTE format('CREATE FUNCTION public.%I(%s)', f, l) || format(raises, f, l);
        END LOOP;
      END LOOP;
      FOREACH l IN ARRAY types LOOP
        FOREACH r IN ARRAY types LOOP
          f := format('public.%I(%s, %s)', 'shadow of ' || l || ' and ' || r, l, r);
          EXECUTE 'CREATE FUNCTION ' || f || format(raises, 'operator', l || ', ' || r);
          FOREACH o IN ARRAY ARRAY[${OPERATORS.map(quoted).join(', ')}] LOOP
            CONTINUE WHEN EXISTS (SELECT FROM pg_operator WHERE oprname = o AND oprnamespace = 'pg_catalog'::regnamespace
              AND oprleft = l::regtype AND oprright = r::regtype);
            EXECUTE format('CREATE OPERATOR public.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = public.%I)', o, l, r, 'shadow of ' || l || ' and ' || r);
          END LOOP;
        END LOOP;
      END LOOP;
    END $do$`,
  );
}

/** Every word of the library's source that stands before a parenthesis: among them each SQL function. */
function calledFunctions(): string[] {
  const words = new Set<string>();
  for (const file of readdirSync('libs/backfill/src', { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts')) continue;
    for (const [, word] of readFileSync(`libs/backfill/src/${file}`, 'utf8').matchAll(
      /\b([a-z][a-z0-9_]*)\(/g,
    ))
      words.add(String(word));
  }
  return [...words].sort();
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
