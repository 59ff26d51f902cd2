/** `"a", "b"`; `none` for an empty list. */
export function quotedList(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.map((name) => `"${name}"`).join(', ');
}
