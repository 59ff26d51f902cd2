import { readdirSync, readFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { ARGUMENTS } from '../../libs/backfill/src/one-shot/arguments/arguments.table.ts';
import { argumentsPage } from '../../scripts/site/arguments-page.mjs';
import { llmsText } from '../../scripts/site/llms-text.mjs';
import { sequencePicture } from '../../scripts/site/sequence-picture.mjs';

const DOCS = new URL('../../docs/', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, DOCS), 'utf8');
const diagrams = readdirSync(new URL('diagrams/', DOCS)).filter((file) => file.endsWith('.mmd'));

/** `npm run docs:reference` writes them. */
describe('the generated pages', () => {
  it('have every argument of the command line', async () => {
    const filepath = new URL('arguments.md', DOCS).pathname;
    const options = { ...(await resolveConfig(filepath)), filepath };
    expect(read('arguments.md')).toBe(await format(argumentsPage(ARGUMENTS), options));
  });

  it('list every page for language models', () => {
    expect(read('llms.txt')).toBe(llmsText(read('README.md')));
    const listed = read('llms.txt');
    const pages = readdirSync(DOCS).filter((file) => file.endsWith('.md') && file !== 'README.md');
    expect(pages.filter((page) => !listed.includes(`/docs/${page})`))).toEqual([]);
  });

  it.each(diagrams)('have a picture of each diagram: %s', (file) => {
    expect(read(`diagrams/${file.replace('.mmd', '.svg')}`)).toBe(sequencePicture(read(`diagrams/${file}`)));
  });

  it('refuse a line of a diagram that is not understood', () => {
    expect(() => sequencePicture('sequenceDiagram\nloop forever')).toThrow('loop forever');
  });
});
