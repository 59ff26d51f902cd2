/**
 * The parse tree is JSON: each node is an object with one key, the kind of the node.
 *
 * @publicApi
 */
export type Json = Readonly<Record<string, unknown>>;

/** Whether a value of the tree is an object, not a list. @publicApi */
export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The fields of a node; undefined when it is of another kind. @publicApi */
export function nodeOf(value: unknown, kind: string): Json | undefined {
  if (!isObject(value)) return undefined;
  const fields = value[kind];
  return isObject(fields) ? fields : undefined;
}

/** The kind and the fields of a node. @publicApi */
export function kindOf(value: unknown): readonly [kind: string, fields: Json] | undefined {
  if (!isObject(value)) return undefined;
  for (const kind in value) {
    const fields = value[kind];
    if (isObject(fields)) return [kind, fields];
  }
  return undefined;
}

/** The items of an array or of a List node. @publicApi */
export function list(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  const items = nodeOf(value, 'List')?.['items'];
  return Array.isArray(items) ? items : [];
}

/** The fields of the nodes of one kind in a list. @publicApi */
export function nodesOf(value: unknown, kind: string): readonly Json[] {
  const nodes: Json[] = [];
  for (const item of list(value)) {
    const fields = nodeOf(item, kind);
    if (fields) nodes.push(fields);
  }
  return nodes;
}

/** A string, or the value of a String node. @publicApi */
export function text(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  const string = nodeOf(value, 'String')?.['sval'];
  return typeof string === 'string' ? string : undefined;
}

/** The value of a string constant, with or without a cast: `'x'`, `'x'::text`. */
export function stringConstant(value: unknown): string | undefined {
  const constant = nodeOf(value, 'A_Const');
  if (constant) {
    const sval = constant['sval'];
    if (!isObject(sval)) return undefined;
    // The JSON leaves out an empty string.
    return typeof sval['sval'] === 'string' ? sval['sval'] : '';
  }
  const cast = nodeOf(value, 'TypeCast');
  return cast ? stringConstant(cast['arg']) : undefined;
}

/** A constant of any type as text: `'on'`, `1`, `true`. */
export function constantText(value: unknown): string | undefined {
  const string = stringConstant(value);
  const constant = nodeOf(value, 'A_Const');
  if (string !== undefined || !constant) return string;
  const integer = nodeOf(constant, 'ival');
  if (integer) return JSON.stringify(integer['ival'] ?? 0);
  const boolean = nodeOf(constant, 'boolval');
  return boolean ? String(boolean['boolval'] === true) : undefined;
}

/** The parts of a qualified name, e.g. of a function or a column. @publicApi */
export function nameParts(value: unknown): readonly string[] {
  return list(value)
    .map(text)
    .filter((part) => part !== undefined);
}

/** The offset of a node in UTF-8 bytes. @publicApi */
export function locationOf(fields: Json): number | undefined {
  const location = fields['location'];
  return typeof location === 'number' && location >= 0 ? location : undefined;
}

/**
 * The start of the text of a tree: the smallest location in it. The location of an operator is in the middle
 * of its text.
 */
export function startOf(tree: unknown): number | undefined {
  let smallest: number | undefined;
  visit(tree, (_kind, fields) => {
    const location = locationOf(fields);
    if (location !== undefined && (smallest === undefined || location < smallest)) smallest = location;
    return true;
  });
  return smallest;
}

/**
 * Calls the visitor for every object in a tree, parents first. The visitor returns false to skip the
 * children.
 *
 * It runs for every statement of a migration, often before the JIT compiler has optimised it. Therefore it
 * does not use `Object.entries`, which would create lists.
 *
 * @publicApi
 */
export function visit(tree: unknown, visitor: (kind: string, fields: Json) => boolean): void {
  if (Array.isArray(tree)) {
    for (const item of tree) visit(item, visitor);
  } else if (isObject(tree)) {
    for (const kind in tree) {
      const fields = tree[kind];
      if (typeof fields !== 'object' || fields === null) continue;
      if (Array.isArray(fields) || visitor(kind, fields as Json)) visit(fields, visitor);
    }
  }
}
