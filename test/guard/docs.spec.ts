import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { rulePages } from '../../libs/guard/src/index.ts';

const FOLDER = join(import.meta.dirname, '../../docs/guard/rules');

describe('the documentation of the rules', () => {
  it('has one page for each rule and no other pages', () => {
    expect(readdirSync(FOLDER).sort()).toEqual([...rulePages().keys()].sort());
  });

  it.each([...rulePages()])('%s has the texts of the reports', async (name, text) => {
    const options = await resolveConfig(join(FOLDER, name));
    expect(readFileSync(join(FOLDER, name), 'utf8')).toBe(
      await format(text, { ...options, parser: 'markdown' }),
    );
  });
});
