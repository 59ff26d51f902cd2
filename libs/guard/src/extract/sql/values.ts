import { isObject, kindOf, list, nameParts, nodeOf, visit } from 'nestjs-backfill-sql/tree';
import { canonical } from './fragment.js';

/** Functions whose result differs from call to call, or from batch to batch. */
const VOLATILE = new Set(
  `now transaction_timestamp statement_timestamp clock_timestamp timeofday random random_normal gen_random_uuid
   uuidv4 uuidv7 uuid_generate_v1 uuid_generate_v1mc uuid_generate_v4 gen_random_bytes nextval currval lastval
   setval txid_current pg_current_xact_id setseed`.split(/\s+/),
);
/** Functions that return a value for every argument. */
const NEVER_NULL = new Set([...VOLATILE, 'concat', 'concat_ws', 'json_build_object', 'jsonb_build_object']);

/** Functions f with f(f(x)) = f(x) if their other arguments stay the same. The first argument is x. */
const IDEMPOTENT = new Set(
  `lower upper initcap btrim ltrim rtrim abs round floor ceil ceiling trunc array_remove coalesce nullif greatest
   date_trunc jsonb_strip_nulls`.split(/\s+/),
);
/** The argument that is x, for functions where it is not the first. */
const POSITION: Readonly<Record<string, number>> = { date_trunc: 1 };

export function isVolatile(tree: unknown): boolean {
  let isFound = false;
  visit({ tree }, (kind, fields) => {
    if (kind === 'SQLValueFunction' || (kind === 'FuncCall' && VOLATILE.has(functionName(fields))))
      isFound = true;
    return !isFound;
  });
  return isFound;
}

/** A literal, with or without a cast, as text; null for NULL; undefined for anything else. */
export function literalOf(tree: unknown): string | null | undefined {
  const cast = nodeOf(tree, 'TypeCast');
  if (cast) return literalOf(cast['arg']);
  const negated = nodeOf(tree, 'A_Expr');
  if (negated && negated['lexpr'] === undefined && nameParts(negated['name']).join('') === '-') {
    const literal = literalOf(negated['rexpr']);
    return typeof literal === 'string' ? `-${literal}` : undefined;
  }
  const constant = nodeOf(tree, 'A_Const');
  if (!constant) return undefined;
  if (constant['isnull'] === true) return null;
  const [kind, value] = kindOf(constant) ?? ['', {}];
  if (kind === 'boolval') return String(value['boolval'] === true);
  if (kind === 'ival') return String((value['ival'] as number | undefined) ?? 0);
  const content = value[kind];
  return typeof content === 'string' ? content : '';
}

export function isNeverNull(tree: unknown): boolean {
  const [kind, fields] = kindOf(tree) ?? ['', {}];
  switch (kind) {
    case 'A_Const':
      return fields['isnull'] !== true;
    case 'TypeCast':
      return isNeverNull(fields['arg']);
    case 'SQLValueFunction':
    case 'A_ArrayExpr':
    case 'NullTest':
    case 'BooleanTest':
      return true;
    case 'FuncCall':
      return NEVER_NULL.has(functionName(fields));
    case 'CoalesceExpr':
      return list(fields['args']).some(isNeverNull);
    case 'SubLink':
      return fields['subLinkType'] === 'EXISTS_SUBLINK' || fields['subLinkType'] === 'ARRAY_SUBLINK';
    default:
      return false;
  }
}

/** The column that an expression is assigned to, as the expression sees it. */
export interface AssignedColumn {
  readonly isColumn: (tree: unknown) => boolean;
  /** Whether the statement changes nothing that the tree reads. */
  readonly isStable: (tree: unknown) => boolean;
}

/** Whether a second evaluation on the changed row gives the same value: `lower(email)` for email. */
export function isRepeatable(tree: unknown, column: AssignedColumn): boolean {
  if (column.isColumn(tree)) return true;
  const call = callOf(tree);
  if (call) return isRepeatableCall(call, column);
  const cases = nodeOf(tree, 'CaseExpr');
  return cases !== undefined && isRepeatableCase(cases, column.isColumn);
}

interface Call {
  readonly name: string;
  readonly args: readonly unknown[];
}

function callOf(tree: unknown): Call | undefined {
  const call = nodeOf(tree, 'FuncCall');
  if (call && call['over'] === undefined) return { name: functionName(call), args: list(call['args']) };
  const coalesce = nodeOf(tree, 'CoalesceExpr');
  if (coalesce) return { name: 'coalesce', args: list(coalesce['args']) };
  const extreme = nodeOf(tree, 'MinMaxExpr');
  if (extreme) return { name: 'greatest', args: list(extreme['args']) };
  const operation = nodeOf(tree, 'A_Expr');
  return operation?.['kind'] === 'AEXPR_NULLIF'
    ? { name: 'nullif', args: [operation['lexpr'], operation['rexpr']] }
    : undefined;
}

function isRepeatableCall({ name, args }: Call, column: AssignedColumn): boolean {
  const { isColumn, isStable } = column;
  const position = POSITION[name] ?? 0;
  const others = args.filter((_, at) => at !== position);
  if (name === 'replace') return isRepeatableReplace(args, isColumn);
  if (!IDEMPOTENT.has(name) || !others.every(isStable)) return false;
  const inner = args[position];
  // Nested functions only repeat if they do not undo each other: trims and one change of case.
  return isColumn(inner) || (isTrimOrCase(name) && isTrimOrCaseOf(inner, column));
}

function isTrimOrCase(name: string): boolean {
  return /^(?:lower|upper|[blr]trim)$/.test(name);
}

function isTrimOrCaseOf(tree: unknown, column: AssignedColumn): boolean {
  const call = callOf(tree);
  return (
    call !== undefined &&
    isTrimOrCase(call.name) &&
    call.args.slice(1).every(column.isStable) &&
    (column.isColumn(call.args[0]) || isTrimOrCaseOf(call.args[0], column))
  );
}

/** `replace(x, 'a', 'b')` where no new `a` can appear: the two texts do not overlap. */
function isRepeatableReplace(args: readonly unknown[], isColumn: (tree: unknown) => boolean): boolean {
  const [from, to] = [literalOf(args[1]), literalOf(args[2])];
  if (!isColumn(args[0]) || typeof from !== 'string' || typeof to !== 'string') return false;
  if (from === '' || to === '' || to.includes(from) || from.includes(to)) return false;
  for (let length = 1; length < Math.min(from.length, to.length); length++)
    if (to.endsWith(from.slice(0, length)) || to.startsWith(from.slice(-length))) return false;
  return true;
}

/** `CASE x WHEN 'a' THEN 'b' … ELSE x END`, if no result is one of the compared values. */
function isRepeatableCase(
  cases: Readonly<Record<string, unknown>>,
  isColumn: (tree: unknown) => boolean,
): boolean {
  const whens = list(cases['args']).map((when) => nodeOf(when, 'CaseWhen') ?? {});
  const compared = whens.map(({ expr }) =>
    cases['arg'] === undefined
      ? comparedWith(expr, isColumn)
      : isColumn(cases['arg'])
        ? literalOf(expr)
        : undefined,
  );
  const results = whens.map(({ result }) => literalOf(result));
  return (
    isColumn(cases['defresult']) &&
    [...compared, ...results].every((literal) => typeof literal === 'string') &&
    results.every((result) => !compared.includes(result))
  );
}

function comparedWith(tree: unknown, isColumn: (tree: unknown) => boolean): string | null | undefined {
  const comparison = nodeOf(tree, 'A_Expr');
  if (comparison?.['kind'] !== 'AEXPR_OP' || nameParts(comparison['name']).join('') !== '=') return undefined;
  return isColumn(comparison['lexpr']) ? literalOf(comparison['rexpr']) : undefined;
}

/** Whether its value is text that compares equal although it differs, with some collations and types. */
export function changesText(tree: unknown): boolean {
  const call = callOf(tree);
  return (
    call !== undefined && (isTrimOrCase(call.name) || call.name === 'initcap' || call.name === 'replace')
  );
}

export function functionName(call: Readonly<Record<string, unknown>>): string {
  return nameParts(call['funcname']).at(-1) ?? '';
}

/** Whether both trees are the same reference. */
export function isSameReference(one: unknown, other: unknown): boolean {
  return isObject(one) && canonical(one) === canonical(other);
}
