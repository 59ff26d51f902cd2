import type ts from 'typescript';
import { snakeCase } from '../names.js';
import type { TypeScript } from './typescript.loader.js';
import type { EntityProperty, TextSize, ValueType } from './entity.types.js';

const ROLES: Readonly<Record<string, EntityProperty['role']>> = {
  Column: 'column',
  PrimaryColumn: 'key',
  PrimaryGeneratedColumn: 'key',
  CreateDateColumn: 'date',
  UpdateDateColumn: 'date',
  VersionColumn: 'date',
  DeleteDateColumn: 'deleted',
  ManyToOne: 'relation',
  OneToOne: 'relation',
  OneToMany: 'inverse',
  ManyToMany: 'inverse',
};

/** The decorators of a property by their names, with their arguments. */
type Decorators = ReadonlyMap<string, readonly ts.Expression[]>;

/** The property of an entity that a member of its class declares; undefined if it has no column. */
export function readProperty(
  ts: TypeScript,
  member: ts.ClassElement,
  literalOf: (type: string) => string | undefined,
): EntityProperty | undefined {
  if (!ts.isPropertyDeclaration(member)) return undefined;
  const decorators = decoratorsOf(ts, member);
  const decorator = Object.keys(ROLES).find((each) => decorators.has(each));
  const role = decorator === undefined ? undefined : roleOf(decorator, decorators);
  if (decorator === undefined || role === undefined) return undefined;
  const parts = decorators.get(decorator) ?? [];
  const options = optionsIn(ts, parts);
  const name = member.name.getText();
  const declaredType = member.type?.getText() ?? '';
  const isNullable = mayBeNull(role, options.get('nullable'));
  const isGenerated = decorator === 'PrimaryGeneratedColumn' || decorators.has('Generated');
  const needsValue = ['column', 'key', 'relation'].includes(role);
  return {
    name,
    role,
    column: columnName(ts, { decorators, options, role, name }),
    ...valuesOf(sqlTypeOf(ts, decorator, { parts, options }), options, declaredType, literalOf),
    isNullable,
    isRequired: needsValue && !isNullable && !isGenerated && !options.has('default'),
    isGenerated,
    target: ['relation', 'inverse'].includes(role) ? targetOf(ts, parts) : undefined,
  };
}

function roleOf(decorator: string, decorators: Decorators): EntityProperty['role'] | undefined {
  return decorator === 'OneToOne' && !decorators.has('JoinColumn') ? 'inverse' : ROLES[decorator];
}

/** What a column can hold. */
function valuesOf(
  sqlType: string,
  options: ReadonlyMap<string, string>,
  declaredType: string,
  literalOf: (type: string) => string | undefined,
): Pick<EntityProperty, 'type' | 'literal' | 'element' | 'size'> {
  const type = valueType(sqlType, declaredType);
  const size = type === 'text' ? textSize(sqlType, options.get('length')) : undefined;
  if (options.get('array') === 'true') return { type: 'array', literal: undefined, element: type, size };
  const literal = literalIn(declaredType) ?? literalOf(declaredType.replace(/\s*\|.*$/, ''));
  return { type, literal, element: undefined, size };
}

function textSize(sqlType: string, option: string | undefined): TextSize | undefined {
  const isFixed = /^(?:char|character|bpchar)$/.test(sqlType);
  const length = Number(unquoted(option) ?? option ?? (isFixed ? 1 : 0));
  return length > 0 ? { length, isFixed } : undefined;
}

/** The first value of a union of literals. */
function literalIn(type: string): string | undefined {
  return /^(?:'[^']*'|"[^"]*"|\d+)/.exec(type)?.[0];
}

function mayBeNull(role: EntityProperty['role'], option: string | undefined): boolean {
  if (role === 'relation') return option !== 'false';
  return option === 'true' || role === 'deleted';
}

export function decoratorsOf(ts: TypeScript, node: ts.HasDecorators): Decorators {
  const found = new Map<string, readonly ts.Expression[]>();
  for (const { expression } of ts.getDecorators(node) ?? [])
    if (ts.isCallExpression(expression)) found.set(expression.expression.getText(), expression.arguments);
  return found;
}

/** The options of a decorator as code, by their names. */
export function optionsIn(ts: TypeScript, parts: readonly ts.Expression[]): ReadonlyMap<string, string> {
  const options = new Map<string, string>();
  for (const part of parts)
    if (ts.isObjectLiteralExpression(part))
      for (const each of part.properties)
        if (ts.isPropertyAssignment(each)) options.set(each.name.getText(), each.initializer.getText());
  return options;
}

export function unquoted(code: string | undefined): string | undefined {
  return code === undefined ? undefined : /^(['"`])(.*)\1$/s.exec(code)?.[2];
}

interface ColumnParts {
  readonly decorators: Decorators;
  readonly options: ReadonlyMap<string, string>;
  readonly role: EntityProperty['role'];
  readonly name: string;
}

function columnName(ts: TypeScript, { decorators, options, role, name }: ColumnParts): string {
  const joined = optionsIn(ts, decorators.get('JoinColumn') ?? []).get('name');
  const given = unquoted(role === 'relation' ? joined : options.get('name'));
  return given ?? snakeCase(role === 'relation' ? `${name}Id` : name);
}

function sqlTypeOf(
  ts: TypeScript,
  decorator: string,
  {
    parts,
    options,
  }: { readonly parts: readonly ts.Expression[]; readonly options: ReadonlyMap<string, string> },
): string {
  const [first] = parts;
  const given = first && ts.isStringLiteral(first) ? first.text : unquoted(options.get('type'));
  if (decorator !== 'PrimaryGeneratedColumn') return given ?? '';
  return given === 'uuid' ? 'uuid' : (unquoted(options.get('type')) ?? 'integer');
}

function targetOf(ts: TypeScript, [first]: readonly ts.Expression[]): string | undefined {
  if (first === undefined) return undefined;
  if (ts.isStringLiteral(first)) return first.text;
  return ts.isArrowFunction(first) ? /^[\w$]+/.exec(first.body.getText())?.[0] : undefined;
}

const SQL_TYPES: readonly (readonly [RegExp, ValueType])[] = [
  [/^(?:bigint|int8|bigserial|numeric|decimal)/, 'bigint'],
  [/^(?:int|integer|int2|int4|smallint|serial)/, 'integer'],
  [/^(?:real|float|double)/, 'number'],
  [/^(?:text|varchar|character|char|citext|string)/, 'text'],
  [/^bool/, 'boolean'],
  [/^(?:timestamp|datetime)/, 'time'],
  [/^date$/, 'date'],
  [/^uuid$/, 'uuid'],
  [/^(?:json|simple-json)/, 'json'],
  [/^simple-array/, 'list'],
];

const SCRIPT_TYPES: readonly (readonly [RegExp, ValueType])[] = [
  [/^string\b/, 'text'],
  [/^number\b/, 'integer'],
  [/^boolean\b/, 'boolean'],
  [/^Date\b/, 'time'],
];

function valueType(sqlType: string, declaredType: string): ValueType {
  const table = sqlType === '' ? SCRIPT_TYPES : SQL_TYPES;
  const text = sqlType === '' ? declaredType : sqlType;
  return table.find(([pattern]) => pattern.test(text))?.[1] ?? 'unknown';
}
