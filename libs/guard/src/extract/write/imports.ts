const NAMED_IMPORT = /^import\s+(type\s+)?\{([^}]*)\}\s+from\s+(['"])([^'"]+)\3;?\s*$/s;

/**
 * Adds the imports and declarations that copied code needs to those of a file. Each name is imported once, and
 * of the migration's imports only what the code uses.
 */
export function mergedImports(own: string, copied: readonly string[], code: string): string {
  const known = new Set(
    own.split('\n').flatMap((line) => namesOf(NAMED_IMPORT.exec(line)?.[2] ?? '').map(localName)),
  );
  const body = [code, ...copied.filter((text) => !text.startsWith('import'))].join('\n');
  const added = copied.flatMap((text) => {
    const [, type = '', names, , path = ''] = NAMED_IMPORT.exec(text) ?? [];
    if (names === undefined) return [text];
    const needed = namesOf(names).filter((name) => {
      const local = localName(name);
      return (
        !known.has(local) && new RegExp(`(?<![\\w$.])${local.replace(/\$/g, '\\$')}(?![\\w$])`).test(body)
      );
    });
    return needed.length === 0 ? [] : [`import ${type}{ ${needed.join(', ')} } from '${path}';`];
  });
  return [own, ...added].join('\n');
}

function namesOf(list: string): readonly string[] {
  return list
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

/** The name in the file: `b` of `type a as b`. */
function localName(name: string): string {
  return name
    .replace(/^type\s+/, '')
    .split(/\s+as\s+/)
    .slice(-1)
    .join('');
}
