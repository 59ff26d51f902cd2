import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const PROJECT = join(import.meta.dirname, '../..');

describe('docs/testing.md', () => {
  const page = readFileSync(join(PROJECT, 'docs/testing.md'), 'utf8');

  it('shows the spec of the example application, which is run', () => {
    const [, shown = ''] = /```ts title="[^"]*"\n([\s\S]*?)```/.exec(page) ?? [];
    const spec = readFileSync(join(PROJECT, 'test/example/leads-search-name.spec.ts'), 'utf8');
    expect(shown).toBe(spec.replaceAll("'../../src/backfills/", "'./").replaceAll("'../../src/", "'../"));
  });

  it('names each option of rehearse and each property', () => {
    const options = readFileSync(join(PROJECT, 'libs/backfill/src/testing/rehearsal.options.ts'), 'utf8');
    const [, body = ''] = /interface RehearsalOptions \{([\s\S]*?)\n\}/.exec(options) ?? [];
    const names = [...body.matchAll(/readonly (\w+)\??:/g)].map(([, name = '']) => name);
    const index = readFileSync(join(PROJECT, 'libs/backfill/src/testing/index.ts'), 'utf8');
    const properties = [...index.matchAll(/export \{ (\w+) \} from '\.\/properties/g)].map(
      ([, name = '']) => name,
    );
    expect(names.length).toBeGreaterThan(4);
    expect(properties).toHaveLength(6);
    expect([...names, ...properties].filter((name) => !page.includes(`| \`${name}\``))).toEqual([]);
  });
});
