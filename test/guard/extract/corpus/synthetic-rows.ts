import type pg from 'pg';

const ROWS = 40;
/** Values that keys and references share, so that joins find each other. */
const KEYS = 12;

interface Column {
  readonly name: string;
  readonly type: string;
  readonly nullable: boolean;
  readonly labels: readonly string[] | null;
  readonly length: number | null;
}

/**
 * Fills tables with rows that the literals of a migration select: half of the values are its literals, keys
 * repeat, and some values are NULL. The same seed gives the same rows.
 */
export async function fillTables(
  client: pg.Client,
  tables: readonly string[],
  literals: readonly string[],
): Promise<readonly string[]> {
  const filled: string[] = [];
  for (const table of tables) {
    const columns = await columnsOf(client, table);
    if (columns.length === 0) continue;
    let count = 0;
    for (let row = 1; row <= ROWS; row++) {
      const values = columns.map((column, at) => valueOf(column, { row, at, literals }));
      const sql = `INSERT INTO "${table}" (${columns.map(({ name }) => `"${name}"`).join(', ')}) OVERRIDING SYSTEM VALUE VALUES (${values.map((_, at) => `$${String(at + 1)}`).join(', ')}) ON CONFLICT DO NOTHING`;
      await client.query('SAVEPOINT one_row');
      await client.query(sql, values).then(
        () => void count++,
        () => client.query('ROLLBACK TO one_row'),
      );
    }
    if (count > 0) filled.push(table);
  }
  return filled;
}

async function columnsOf(client: pg.Client, table: string): Promise<readonly Column[]> {
  const { rows } = await client.query<Column>(
    `SELECT a.attname AS name, t.typname AS type, NOT a.attnotnull AS nullable,
       nullif(CASE WHEN t.typname IN ('varchar', 'bpchar') THEN a.atttypmod - 4 END, -5) AS length,
       (SELECT array_agg(e.enumlabel::text) FROM pg_enum e WHERE e.enumtypid = t.oid) AS labels
     FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
     WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' ORDER BY a.attnum`,
    [`"${table}"`],
  );
  return rows;
}

interface Place {
  readonly row: number;
  readonly at: number;
  readonly literals: readonly string[];
}

function valueOf({ name, type, nullable, labels, length }: Column, { row, at, literals }: Place): unknown {
  const random = (limit: number): number =>
    Math.abs(Math.imul(row * 7919 + at * 104_729, 2_654_435_761) >> 7) % limit;
  const isKey = /^id$|Id$|_id$/.test(name);
  if (nullable && !isKey && random(4) === 0) return null;
  const pick = (fits: (literal: string) => boolean): string | undefined => {
    const fitting = literals.filter(fits);
    return random(3) > 0 && fitting.length > 0 ? fitting[random(fitting.length)] : undefined;
  };
  if (labels) return pick((literal) => labels.includes(literal)) ?? labels[random(labels.length)];
  switch (type) {
    case 'bool':
      return random(2) === 0;
    case 'int2':
    case 'int4':
    case 'int8':
    case 'numeric':
    case 'float4':
    case 'float8':
      if (name === 'id') return pick((literal) => /^\d{1,9}$/.test(literal)) ?? row;
      return (!isKey ? pick((literal) => /^\d{1,9}$/.test(literal)) : undefined) ?? random(KEYS) + 1;
    case 'uuid':
      return `00000000-0000-4000-8000-${String(name === 'id' ? row : random(KEYS) + 1).padStart(12, '0')}`;
    case 'timestamp':
    case 'timestamptz':
    case 'date':
      return (
        pick((literal) => /^\d{4}-\d\d-\d\d/.test(literal)) ??
        new Date(Date.UTC(2024, 0, 1) + random(800) * 86_400_000).toISOString()
      );
    case 'json':
    case 'jsonb':
      return JSON.stringify(
        random(2) === 0 ? { [literals[random(literals.length || 1)] ?? 'a']: row } : [row],
      );
    case 'bytea':
      return Buffer.from(`${name}${String(row)}`);
    default:
      if (type.startsWith('_'))
        return type.includes('int') ? `{${String(row)}}` : `{${random(2) === 0 ? 'x' : 'y'}}`;
      return textOf({ name, length }, { row, isKey, random, literal: pick(() => true) });
  }
}

function textOf(
  { name, length }: { readonly name: string; readonly length: number | null },
  {
    row,
    isKey,
    random,
    literal,
  }: { row: number; isKey: boolean; random: (limit: number) => number; literal: string | undefined },
): string {
  if (name === 'id') return `k${String(row)}`;
  const text = isKey ? `k${String(random(KEYS) + 1)}` : (literal ?? `Text ${String(random(9))}`);
  return length === null ? text : text.slice(0, length);
}
