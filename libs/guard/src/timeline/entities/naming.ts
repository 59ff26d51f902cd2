/** How TypeORM derives the names of columns. */
export interface NamingStrategy {
  /** @param prefixes the prefixes of the embedded objects around the property */
  column(property: string, custom: string | undefined, prefixes: readonly string[]): string;
  joinColumn(relation: string, referenced: string): string;
}

/** TypeORM's `DefaultNamingStrategy`. */
export const DEFAULT_NAMING: NamingStrategy = {
  column: (property, custom, prefixes) => {
    const name = custom ?? property;
    return prefixes.length === 0 ? name : camelCase(prefixes.join('_')) + titleCase(name);
  },
  joinColumn: (relation, referenced) => camelCase(`${relation}_${referenced}`),
};

/** `SnakeNamingStrategy` of the package typeorm-naming-strategies. */
export const SNAKE_NAMING: NamingStrategy = {
  column: (property, custom, prefixes) =>
    snakeCase([...prefixes, ''].join('_')) + (custom ?? snakeCase(property)),
  joinColumn: (relation, referenced) => snakeCase(`${relation}_${referenced}`),
};

/** The strategy of a project: `unknown` if its code decides the names. */
export type NamingKind = 'default' | 'snake' | 'unknown';

/** The strategies to try: the project's first. */
export function namingStrategies(kind: NamingKind): readonly NamingStrategy[] {
  return kind === 'snake' ? [SNAKE_NAMING, DEFAULT_NAMING] : [DEFAULT_NAMING, SNAKE_NAMING];
}

/** The strategy that texts of a project's sources and configuration show. */
export class NamingFinder {
  #kind: NamingKind = 'default';

  read(text: string): void {
    for (const [, value = ''] of text.matchAll(/\bnamingStrategy\b\s*[:=]?\s*([^\n]*)/g))
      this.#kind =
        /\bSnakeNamingStrategy\b/.test(value) && text.includes('typeorm-naming-strategies')
          ? this.#kind === 'unknown'
            ? 'unknown'
            : 'snake'
          : 'unknown';
    if (/\bentityPrefix\b/.test(text)) this.#kind = 'unknown';
  }

  get kind(): NamingKind {
    return this.#kind;
  }
}

/** As TypeORM converts names; it differs from other conversions of the same name. */
function camelCase(text: string): string {
  return text.replace(/^([A-Z])|[\s\-_](\w)/g, (_, first: string | undefined, next: string | undefined) =>
    next === undefined ? (first ?? '').toLowerCase() : next.toUpperCase(),
  );
}

export function snakeCase(text: string): string {
  return text
    .replace(/([A-Z])([A-Z])([a-z])/g, '$1_$2$3')
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase();
}

function titleCase(text: string): string {
  return text.replace(/\w\S*/g, (word) => word.charAt(0).toUpperCase() + word.slice(1).toLowerCase());
}
