import { Project } from './support.ts';

/** What the checked migrations tell about a table decides its size before its name does. */
describe('the severity of a change, by what all checked migrations tell about the table', () => {
  let project: Project;

  beforeEach(() => {
    project = new Project();
  });

  afterEach(() => {
    project.remove();
  });

  async function severity(...migrations: readonly string[]): Promise<readonly string[]> {
    migrations.forEach((body, index) => project.migration(body, `175700000000${String(index)}-m.ts`));
    const { out } = await project.guard('--format', 'json');
    const { findings } = JSON.parse(out) as {
      findings: { rule: string; severity: string; reason: string; statement: string }[];
    };
    return findings
      .filter(({ rule }) => rule === 'update' || rule === 'delete' || rule === 'row-loop')
      .map((finding) => `${finding.severity} ${finding.reason}`);
  }

  const UPDATE = 'await queryRunner.query(`UPDATE channels SET a = 1 WHERE topic = 2`);';
  const SEED = "await queryRunner.query(`INSERT INTO channels (name) VALUES ('a')`);";

  it('a table that is created and seeded with constants is small', async () => {
    const create = 'await queryRunner.query(`CREATE TABLE channels (name text)`);';
    expect(await severity(`${create}\n${SEED}`, UPDATE)).toEqual([
      'LOW it changes selected rows of a small table (migrations insert its rows as constants)',
    ]);
  });

  it('a table that is created and seeded by SQL files that a migration reads is small', async () => {
    project.write('sql/create.sql', 'CREATE TABLE app.channels (name text);');
    project.write('sql/seed.sql', "INSERT INTO app.channels (name) VALUES ('a');");
    project.write('sql/update.sql', 'UPDATE app.channels SET a = 1 WHERE topic = 2;');
    const run = (file: string): string =>
      `await queryRunner.query(require('fs').readFileSync(require('path').join(__dirname, '../../sql/${file}.sql'), 'utf8'));`;
    expect(await severity(`${run('create')}\n${run('seed')}`, run('update'))).toEqual([
      expect.stringContaining('LOW'),
    ]);
  });

  it('a table that a later migration seeds again is small', async () => {
    expect(await severity(UPDATE, SEED, SEED)).toEqual([expect.stringContaining('LOW')]);
  });

  it('one constant row does not make a table small', async () => {
    expect(await severity(SEED, UPDATE)).toEqual(['MEDIUM its WHERE is selective']);
  });

  it('a table that a migration copies rows into is not small', async () => {
    const copy = 'await queryRunner.query(`INSERT INTO channels (name) SELECT name FROM rooms`);';
    expect(await severity(SEED, SEED, copy, UPDATE)).toEqual(['MEDIUM its WHERE is selective']);
  });

  it('a table is small although its constants are inserted as a SELECT that reads no table', async () => {
    const guarded =
      "await queryRunner.query(`INSERT INTO channels (name, kind, owner) SELECT 'b', ARRAY['x']::app.kinds[], (SELECT id FROM users WHERE name = 's') WHERE NOT EXISTS (SELECT 1 FROM channels WHERE name = 'b')`);";
    expect(await severity(SEED, SEED, guarded, UPDATE)).toEqual([expect.stringContaining('LOW')]);
  });

  it.each([
    [
      'variables of PL/pgSQL',
      'DO $$ DECLARE r record; BEGIN FOR r IN SELECT id FROM rooms LOOP INSERT INTO channels (id, room, at) VALUES (gen_random_uuid(), r.id, now()); END LOOP; END $$',
    ],
    ['parameters behind a function call', 'INSERT INTO channels (id, name) VALUES (gen_random_uuid(), $1)'],
    ['variables in a SELECT', 'DO $$ DECLARE n text; BEGIN INSERT INTO channels (name) SELECT n; END $$'],
  ])('rows with %s do not make a table small', async (_, statement) => {
    const fill = `await queryRunner.query(\`${statement}\`);`;
    expect(await severity(fill, fill, UPDATE)).toEqual(['MEDIUM its WHERE is selective']);
  });

  it('a table is small if two migrations save a list of the code through TypeORM', async () => {
    const save = (list: string): string => `await queryRunner.manager.save('channels', ${list});`;
    const seed = save("[{ name: 'a' }, { name: 'b' }]");
    expect(await severity(seed, seed, UPDATE)).toEqual([expect.stringContaining('LOW')]);
    const read = save("await queryRunner.query('SELECT name FROM rooms')");
    expect(await severity(seed, seed, read, UPDATE)).toEqual(['MEDIUM its WHERE is selective']);
  });

  it('rows that a migration reads, changes and saves one by one do not make a table small', async () => {
    const change =
      "const one = await queryRunner.manager.findOneBy('channels', { id: 1 }); one.name = 'a'; await queryRunner.manager.save('channels', one);";
    expect(await severity(change, change, UPDATE)).toContain('MEDIUM its WHERE is selective');
  });

  it('a seeded list is small although its name has the word of a table that grows', async () => {
    const seed = "await queryRunner.query(`INSERT INTO event_priorities (id) VALUES ('a')`);";
    const update = 'await queryRunner.query(`DELETE FROM event_priorities WHERE topic = 2`);';
    expect(await severity(seed, seed, update)).toEqual([expect.stringContaining('LOW')]);
    expect(await severity(update)).toContainEqual('MEDIUM its WHERE is selective');
  });

  it('a loop over rows that changes rows is HIGH on a table that is small by its name', async () => {
    const loop = (table: string): string =>
      `for (const row of await queryRunner.query('SELECT id FROM x')) await queryRunner.query(\`UPDATE ${table} SET a = 1 WHERE id = $1\`, [row.id]);`;
    expect(await severity(loop('flow_version'), loop('settings'))).toEqual([
      'HIGH it runs once for each row that the migration reads',
      'HIGH it runs once for each row that the migration reads',
    ]);
  });
});
