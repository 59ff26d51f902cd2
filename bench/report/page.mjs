import { readFile, writeFile } from 'node:fs/promises';
import { format, resolveConfig } from 'prettier';

const PAGE = 'docs/performance.md';
const END = '<!-- to here. -->';

/**
 * Replaces what the bench has written into the page, between a line that begins a section and the next end.
 * @param {string} begin
 * @param {string} section Markdown
 * @returns {Promise<string>} the file
 */
export async function writeSection(begin, section) {
  const page = await readFile(PAGE, 'utf8');
  const start = page.indexOf(begin);
  const end = page.indexOf(END, start);
  if (start < 0 || end < 0)
    throw new Error(`${PAGE} lacks the lines between which the bench writes: ${begin} and ${END}`);
  const written = `${page.slice(0, start)}${begin}\n\n${section}\n\n${page.slice(end)}`;
  await writeFile(PAGE, await format(written, { ...(await resolveConfig(PAGE)), parser: 'markdown' }));
  return PAGE;
}

/**
 * A paragraph in lines of at most 100 characters.
 * @param {string} text
 * @param {string} indent of every line but the first
 */
export function wrapped(text, indent) {
  /** @type {string[]} */
  const lines = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > 100) {
      lines.push(line);
      line = indent + word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].join('\n');
}
