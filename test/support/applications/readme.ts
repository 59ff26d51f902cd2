import { readFileSync } from 'node:fs';

/** A fenced block of the README: ```ts title="src/main.ts" */
export interface ReadmeBlock {
  readonly language: string;
  /** The file that it shows; null for a block without a title. */
  readonly title: string | null;
  readonly text: string;
}

/** Every fenced block of the README or of a page in docs/, in order. */
export function readmeBlocks(page = 'README.md'): ReadmeBlock[] {
  const readme = readFileSync(new URL(`../../../${page}`, import.meta.url), 'utf8');
  return [...readme.matchAll(/^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$/gms)].map(
    ([, language = '', title, text = '']) => ({ language, title: title ?? null, text }),
  );
}

/** The lines of the `sh` blocks of the README or of another page. */
export function readmeCommands(page = 'README.md'): string[] {
  return readmeBlocks(page)
    .filter(({ language }) => language === 'sh')
    .flatMap(({ text }) => text.trim().split('\n'));
}
