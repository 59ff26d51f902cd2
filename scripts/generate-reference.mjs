/** Writes the pages and pictures of docs/ that are made from code: `npm run docs:reference`. */
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { argumentsPage } from './site/arguments-page.mjs';
import { llmsText } from './site/llms-text.mjs';
import { sequencePicture } from './site/sequence-picture.mjs';

const docs = new URL('../docs/', import.meta.url);
const built = new URL('../libs/backfill/dist/one-shot/arguments/arguments.table.js', import.meta.url).href;

/** @type {{ ARGUMENTS: Parameters<typeof argumentsPage>[0] }} */
const { ARGUMENTS } = await import(built);
await writeFile(new URL('arguments.md', docs), argumentsPage(ARGUMENTS));
await writeFile(new URL('llms.txt', docs), llmsText(await readFile(new URL('README.md', docs), 'utf8')));
const diagrams = new URL('diagrams/', docs);
for (const file of await readdir(diagrams))
  if (file.endsWith('.mmd')) {
    const source = await readFile(new URL(file, diagrams), 'utf8');
    await writeFile(new URL(file.replace('.mmd', '.svg'), diagrams), sequencePicture(source));
  }
console.log(`The pages in ${fileURLToPath(docs)} are up to date.`);
