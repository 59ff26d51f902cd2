import { type Json, list, nameParts, nodeOf } from '../parser/parser-nodes.js';
import type { ColumnType, KnownColumn } from './lock.types.js';

/** Names of the same type. */
const CANONICAL: Readonly<Record<string, string>> = {
  int: 'int4',
  integer: 'int4',
  bigint: 'int8',
  smallint: 'int2',
  boolean: 'bool',
  decimal: 'numeric',
  real: 'float4',
  'double precision': 'float8',
  'character varying': 'varchar',
  character: 'bpchar',
  char: 'bpchar',
  'bit varying': 'varbit',
  'timestamp without time zone': 'timestamp',
  'timestamp with time zone': 'timestamptz',
  'time without time zone': 'time',
  'time with time zone': 'timetz',
};

export const SERIAL_TYPES: ReadonlySet<string> = new Set([
  'serial',
  'serial2',
  'serial4',
  'serial8',
  'smallserial',
  'bigserial',
]);

/** The type in a TypeName of the parse tree. */
export function typeOfNode(typeName: Json | undefined): ColumnType | undefined {
  if (!typeName) return undefined;
  const parts = nameParts(typeName['names']);
  const name = parts.at(-1);
  if (name === undefined) return undefined;
  return {
    name: canonicalType(name),
    modifiers: list(typeName['typmods']).map(integerOf),
    isArray: list(typeName['arrayBounds']).length > 0,
  };
}

/**
 * The type that PostgreSQL's `format_type` prints: `character varying(50)`, `numeric(10,2)`, `crm.stage[]`.
 *
 * @publicApi
 */
export function typeOfText(printed: string): ColumnType {
  const isArray = printed.endsWith('[]');
  const [, head = printed, modifiers, tail = ''] =
    /^([^(]*)(?:\(([\d, -]+)\))?(.*)$/.exec(isArray ? printed.slice(0, -2) : printed) ?? [];
  const name = `${head}${tail}`.replace(/"/g, '').trim().split('.').at(-1) ?? '';
  return {
    name: canonicalType(name),
    modifiers: (modifiers ?? '').split(',').filter(Boolean).map(Number),
    isArray,
  };
}

function canonicalType(name: string): string {
  return CANONICAL[name] ?? name;
}

function integerOf(node: unknown): number {
  const constant = nodeOf(nodeOf(node, 'A_Const'), 'ival');
  const value = constant?.['ival'];
  return constant && typeof value === 'number' ? value : constant ? 0 : Number.NaN;
}

const MAX_PRECISION = 6;

/** What a change of type does; undefined if it changes only the catalog. */
export type TypeChange = 'rewrite' | 'index' | 'check' | undefined;

interface TypeChangeFacts {
  readonly isUtc: boolean;
  /** USING has an expression other than the column, or a cast of it to the new type. */
  readonly isComputed: boolean;
}

/**
 * Whether ALTER COLUMN TYPE rewrites the table (ATColumnChangeRequiresRewrite in PostgreSQL's source), builds
 * indexes again, or checks constraints again.
 */
export function typeChange(
  { type: from, isIndexed, isChecked }: KnownColumn,
  to: ColumnType,
  facts: TypeChangeFacts,
): TypeChange {
  if (!from || facts.isComputed) return 'rewrite';
  const isSame = isEqualType(from, to);
  if (isSame) return undefined;
  if (!keepsBytes(from, to, facts)) return 'rewrite';
  if (isIndexed === true && operatorsOf(from.name) !== operatorsOf(to.name)) return 'index';
  return isChecked === true ? 'check' : undefined;
}

function isEqualType(a: ColumnType, b: ColumnType): boolean {
  return (
    a.name === b.name &&
    a.isArray === b.isArray &&
    JSON.stringify(a.modifiers) === JSON.stringify(b.modifiers)
  );
}

/** Types whose indexes have the same operators. */
function operatorsOf(name: string): string {
  return { varchar: 'text', cidr: 'inet' }[name] ?? name;
}

type Conversion = (from: ColumnType, to: ColumnType, facts: TypeChangeFacts) => boolean;

function keepsBytes(from: ColumnType, to: ColumnType, facts: TypeChangeFacts): boolean {
  if (from.isArray || to.isArray) return from.isArray && to.isArray && keepsArray(from, to);
  return CONVERSIONS[to.name]?.(from, to, facts) ?? false;
}

/** Conversions that keep the stored bytes, by the new type. */
const CONVERSIONS: Readonly<Record<string, Conversion>> = {
  text: (from) => ['text', 'varchar', 'citext', 'xml'].includes(from.name),
  varchar: keepsVarchar,
  citext: (from) => ['text', 'varchar'].includes(from.name),
  varbit: (from, to) =>
    from.name === 'varbit' ? isLonger(from, to) : from.name === 'bit' && to.modifiers.length === 0,
  numeric: (from, to) => from.name === 'numeric' && keepsNumeric(from, to),
  timestamp: keepsTimestamp,
  timestamptz: keepsTimestamp,
  time: keepsTime,
  timetz: keepsTime,
  interval: keepsTime,
  inet: (from) => from.name === 'cidr',
};

function keepsTimestamp(from: ColumnType, to: ColumnType, { isUtc }: TypeChangeFacts): boolean {
  const isTimestamp = ['timestamp', 'timestamptz'].includes(from.name);
  return isTimestamp && (from.name === to.name || isUtc) && precision(to) >= precision(from);
}

function keepsTime(from: ColumnType, to: ColumnType): boolean {
  return from.name === to.name && precision(to) >= precision(from);
}

/** The length coercion of an array's elements is never left out, except between types without a length. */
function keepsArray(from: ColumnType, to: ColumnType): boolean {
  return (
    ['text', 'varchar'].includes(from.name) &&
    ['text', 'varchar'].includes(to.name) &&
    to.modifiers.length === 0
  );
}

function keepsVarchar(from: ColumnType, to: ColumnType): boolean {
  if (from.name === 'varchar') return isLonger(from, to);
  return ['text', 'citext', 'xml'].includes(from.name) && to.modifiers.length === 0;
}

/** Without a length, a type has no limit. */
function isLonger(from: ColumnType, to: ColumnType): boolean {
  const [now] = from.modifiers;
  const [next] = to.modifiers;
  return next === undefined || (now !== undefined && next >= now);
}

function keepsNumeric(from: ColumnType, to: ColumnType): boolean {
  const [precisionNow, scaleNow = 0] = from.modifiers;
  const [precisionNext, scaleNext = 0] = to.modifiers;
  if (precisionNext === undefined) return true;
  return precisionNow !== undefined && scaleNow === scaleNext && precisionNext >= precisionNow;
}

function precision({ modifiers }: ColumnType): number {
  return modifiers.at(-1) ?? MAX_PRECISION;
}
