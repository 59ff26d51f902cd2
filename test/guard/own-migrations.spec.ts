import { run } from '../../libs/guard/src/cli/run.ts';
import { expectSchemaOnly } from '../../libs/guard/src/testing/index.ts';

describe('the migrations of the example application', () => {
  it('only change the schema, except for the violations in the baseline', async () => {
    await expect(expectSchemaOnly('src/migrations')).resolves.toBeUndefined();
  });

  it('still contain every violation of the baseline, and no other', async () => {
    let out = '';
    const code = await run(['check', 'src/migrations', '--strict-baseline'], {
      out: (text) => void (out += text),
      error: (text) => void (out += text),
      colour: false,
    });
    expect({ code, out }).toEqual({ code: 0, out: '5 migrations: no new violation, 2 grandfathered\n' });
  });

  it('are refused without the baseline', async () => {
    await expect(expectSchemaOnly('src/migrations', { baseline: 'no-such-baseline.json' })).rejects.toThrow(
      'UPDATE rewrites rows of leads',
    );
  });
});
