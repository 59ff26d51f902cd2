/** `LeadsSearchName`, `leads search name` and `leads_search_name` → `leads-search-name` */
export function kebabCase(text: string): string {
  return text
    .replace(/([a-z\d])([A-Z])/g, '$1-$2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1-$2')
    .replace(/[^A-Za-z\d]+/g, '-')
    .replace(/^-|-$/g, '')
    .toLowerCase();
}

/** `leads-search-name` → `LeadsSearchName` */
export function pascalCase(text: string): string {
  return kebabCase(text).replace(/(?:^|-)([a-z\d])/g, (_, letter: string) => letter.toUpperCase());
}

/** `search-name` → `searchName` */
export function camelCase(text: string): string {
  const name = pascalCase(text);
  return name.slice(0, 1).toLowerCase() + name.slice(1);
}

/** `searchName` → `search_name`, as TypeORM's own naming strategy and most others do for a table. */
export function snakeCase(text: string): string {
  return kebabCase(text).replaceAll('-', '_');
}

/** The plural of an English word, as tables are named after entities. `company` → `companies` */
export function plural(word: string): string {
  if (/[^aeiou]y$/.test(word)) return `${word.slice(0, -1)}ies`;
  if (/(?:s|x|z|ch|sh)$/.test(word)) return `${word}es`;
  return `${word}s`;
}
