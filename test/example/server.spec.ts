import { TestDatabase } from '../support/server/database.ts';

describe('the test database', () => {
  it('is a real PostgreSQL', async () => {
    const database = await TestDatabase.create();
    const [row] = await database.query<{ version: string }>('SELECT version()');
    expect(row?.version).toMatch(/^PostgreSQL 1[3-9]/);
    await database.drop();
  });
});
