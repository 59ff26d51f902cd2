/** `call_logs` → `CallLog`: the usual class name of a table's entity. */
export function entityNameOf(table: string): string {
  return pascalCase(singular(bare(table)));
}

/** The name with its schema, if one is written. */
export function qualified({
  name,
  schema,
}: {
  readonly name: string;
  readonly schema?: string | undefined;
}): string {
  return schema === undefined ? name : `${schema}.${name}`;
}

/** The schema of a name; undefined if none is written. */
export function schemaOf(table: string): string | undefined {
  return table.includes('.') ? table.slice(0, table.lastIndexOf('.')) : undefined;
}

/** The name without its schema. */
export function bare(table: string): string {
  return table.slice(table.lastIndexOf('.') + 1);
}

export function pascalCase(name: string): string {
  return words(name)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');
}

export function camelCase(name: string): string {
  const [first = '', ...rest] = words(name);
  return [first, ...rest.map((word) => word.charAt(0).toUpperCase() + word.slice(1))].join('');
}

export function kebabCase(name: string): string {
  return words(name)
    .map((word) => word.toLowerCase())
    .join('-');
}

function words(name: string): readonly string[] {
  return name
    .replace(/([a-z\d])([A-Z])/g, '$1_$2')
    .split(/[^A-Za-z\d]+/)
    .filter((word) => word !== '')
    .map((word) =>
      word === word.toUpperCase() ? word.toLowerCase() : word.charAt(0).toLowerCase() + word.slice(1),
    );
}

function singular(name: string): string {
  if (/ies$/i.test(name)) return `${name.slice(0, -3)}y`;
  if (/(?:ss|us|is)$/i.test(name)) return name;
  return /s$/i.test(name) ? name.slice(0, -1) : name;
}
