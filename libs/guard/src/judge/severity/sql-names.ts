/** The source of a pattern for one name, also a quoted one with any characters: `"app-2".leads`. */
const NAME = String.raw`(?:"[^"]+"|[\w$]+)`;

/** The source of a pattern for a name with or without its schema or table. It has no groups. */
export const QUALIFIED_NAME = String.raw`(?:${NAME}\s*\.\s*)*${NAME}`;

/** The last part of a name, without quotes. */
export function bareName(name: string): string {
  return name
    .slice(name.lastIndexOf('.') + 1)
    .replace(/"/g, '')
    .trim();
}
