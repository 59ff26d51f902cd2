import { run } from '../../libs/guard/src/cli/run.ts';
import { expectSchemaOnly } from '../../libs/guard/src/testing/index.ts';

describe('the migrations of the example application', () => {
  it('change the schema alone, but for what the baseline holds', async () => {
    await expect(expectSchemaOnly('src/migrations')).resolves.toBeUndefined();
  });

  it('are as the baseline has them: the one from before the wall is still there', async () => {
    let out = '';
    const code = await run(['check', 'src/migrations', '--strict-baseline'], {
      out: (text) => void (out += text),
      error: (text) => void (out += text),
      colour: false,
    });
    expect({ code, out }).toEqual({ code: 0, out: '5 migrations: no new violation, 2 grandfathered\n' });
  });

  it('would be refused without the baseline', async () => {
    await expect(expectSchemaOnly('src/migrations', { baseline: 'no-such-baseline.json' })).rejects.toThrow(
      'UPDATE rewrites rows of leads',
    );
  });
});
