import { expectSchemaOnly } from '../../libs/backfill/src/testing/index.ts';

it('the migrations of the example application change the schema alone', async () => {
  await expect(expectSchemaOnly('src/migrations')).resolves.toBeUndefined();
});
