import type { EntityClass, EntityProperty, TextSize, ValueType } from '../application/entity.types.js';
import { sampleText } from './row.samples.js';

export const GENERATED_KINDS = ['set', 'transform', 'copy', 'purge', 'process'] as const;
export type GeneratedKind = (typeof GENERATED_KINDS)[number];

/** Everything that the files of a generated backfill depend on. */
export interface BackfillPlan {
  readonly name: string;
  readonly className: string;
  readonly kind: GeneratedKind;
  readonly entity: EntityClass;
  /** The property that decides which rows are pending, and that is written; undefined if nothing shows one. */
  readonly property: EntityProperty | undefined;
  /** The entity that rows are copied into. */
  readonly into: EntityClass | undefined;
}

/** Old and new values of a property that cannot be null, as code of TypeScript and as SQL. */
interface Replacement {
  readonly from: string;
  readonly to: string;
  readonly toSql: string;
}

const REPLACEMENTS: Partial<Record<ValueType, Replacement>> = {
  integer: { from: '0', to: '1', toSql: '1' },
  number: { from: '0', to: '1', toSql: '1' },
  boolean: { from: 'false', to: 'true', toSql: 'true' },
};

/** A value as code of TypeScript and as SQL. */
interface NewValue {
  readonly code: string;
  readonly sql: string;
}

const NEW_VALUES: Partial<Record<ValueType, NewValue>> = {
  integer: { code: '1', sql: '1' },
  bigint: { code: `'1'`, sql: '1' },
  number: { code: '1', sql: '1' },
  boolean: { code: 'true', sql: 'true' },
  time: { code: `new Date('2025-01-01T00:00:00Z')`, sql: `'2025-01-01 00:00Z'` },
  date: { code: `'2025-01-01'`, sql: `'2025-01-01'` },
  uuid: { code: `'00000000-0000-4000-8000-000000000000'`, sql: `'00000000-0000-4000-8000-000000000000'` },
  json: { code: '{}', sql: `'{}'` },
  array: { code: '[]', sql: `'{}'` },
  list: { code: `['new']`, sql: `'new'` },
};

function replacementOf({ type, size }: EntityProperty): Replacement | undefined {
  if (type !== 'text') return REPLACEMENTS[type];
  const to = textFor('new', size);
  return { from: textFor('old', size), to, toSql: to };
}

function newValueOf({ type, size }: EntityProperty): NewValue | undefined {
  if (type !== 'text') return NEW_VALUES[type];
  const code = textFor('new', size);
  return { code, sql: code };
}

/** The text in quotes, cut or filled so that it fits. */
function textFor(text: 'old' | 'new', size: TextSize | undefined): string {
  if (size === undefined) return `'${text}'`;
  return `'${size.isFixed ? text.padEnd(size.length, '-').slice(0, size.length) : text.slice(0, size.length)}'`;
}

/** What a plan writes into a pending row. */
export interface WrittenValue {
  readonly code: string;
  readonly sql: string;
  /** The required text that the value is computed from. */
  readonly source: EntityProperty | undefined;
}

/** Null if the generator cannot make a value of the property's type. */
export function writtenValue({ property, entity }: BackfillPlan): WrittenValue | null {
  if (property === undefined) return null;
  if (property.literal !== undefined) {
    const code = property.literal.replaceAll('"', "'");
    return property.isNullable ? { code, sql: code, source: undefined } : null;
  }
  if (!property.isNullable) {
    const replacement = replacementOf(property);
    return replacement ? { code: replacement.to, sql: replacement.toSql, source: undefined } : null;
  }
  const source = property.type === 'text' ? sourceOf(entity, property) : undefined;
  const value = newValueOf(property);
  return value ? { ...value, source } : null;
}

/** `where` as code, and what it needs of TypeORM. */
export function pendingCondition(plan: BackfillPlan): {
  readonly code: string;
  readonly imports: readonly string[];
} {
  const { property, kind } = plan;
  if (property !== undefined && kind === 'purge' && property.isNullable)
    return { code: `{ ${property.name}: Not(IsNull()) }`, imports: ['IsNull', 'Not'] };
  if (property !== undefined && kind === 'purge' && property.literal !== undefined)
    return { code: `{ ${property.name}: ${property.literal.replaceAll('"', "'")} as never }`, imports: [] };
  const replacement = property && !property.isNullable ? replacementOf(property) : undefined;
  if (property !== undefined && replacement && property.literal === undefined)
    return { code: `{ ${property.name}: ${replacement.from} }`, imports: [] };
  if (property?.isNullable && kind !== 'purge')
    return { code: `{ ${property.name}: IsNull() }`, imports: ['IsNull'] };
  return { code: `'false'`, imports: [] };
}

/** Whether a generated row can be pending at all. */
export function hasPendingRows(plan: BackfillPlan): boolean {
  return plan.kind === 'copy' || pendingCondition(plan).code !== `'false'`;
}

/** The value of the property in a row that is pending; undefined if it is null. */
export function pendingValue({ property, kind }: BackfillPlan): string | undefined {
  if (property === undefined) return undefined;
  if (kind === 'purge' && property.isNullable) return newValueOf(property)?.code;
  if (kind === 'purge' && property.literal !== undefined) return property.literal;
  return property.isNullable ? undefined : replacementOf(property)?.from;
}

/** The value of the property in a row that is not pending; undefined if it is null or unknown. */
export function keptValue(plan: BackfillPlan): string | undefined {
  const { property, kind } = plan;
  if (property === undefined) return undefined;
  if (property.isNullable) return kind === 'purge' ? undefined : newValueOf(property)?.code;
  return replacementOf(property)?.to;
}

function sourceOf(entity: EntityClass, written: EntityProperty): EntityProperty | undefined {
  return entity.properties.find(
    (each) =>
      each.type === 'text' &&
      each.role === 'column' &&
      each.isRequired &&
      each !== written &&
      each.literal === undefined &&
      // The value must fit into the written column.
      (written.size === undefined || sampleText(each, 1).length <= written.size.length) &&
      !written.size?.isFixed,
  );
}
