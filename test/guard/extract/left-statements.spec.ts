import { Project } from '../support.ts';
import { q } from './shapes.ts';

const FILL = 'UPDATE users SET full_name = old_name WHERE full_name IS NULL';
const DROP = "queryRunner.query('ALTER TABLE users DROP COLUMN old_name')";
const IS_POSTGRES = "queryRunner.connection.options.type === 'postgres'";

let project: Project;

beforeEach(() => {
  project = new Project();
  project.write('package.json', '{}');
});

afterEach(() => {
  project.remove();
});

const extract = (body: string) => project.run('extract', project.migration(body));

describe('extract leaves a method whose call does not stand alone', () => {
  const withMethod = (up: string) => extract(`${up}\n  }\n  async fill(queryRunner) {\n${q(FILL)}`);

  it.each([
    `if (${IS_POSTGRES}) { await this.fill(queryRunner); await ${DROP}; }`,
    `switch (queryRunner.connection.options.type) { case 'postgres': await this.fill(queryRunner); await ${DROP}; break; }`,
    `switch (queryRunner.connection.options.type) { case 'postgres': await this.fill(queryRunner); default: await ${DROP}; }`,
    `await this.fill(queryRunner).then(() => ${DROP});`,
    `await helper(this.fill(queryRunner), queryRunner);`,
    `await inOrder(() => this.fill(queryRunner), () => ${DROP});`,
    `await this.fill(queryRunner, await ${DROP});`,
  ])('%s', async (up) => {
    const { out, error } = await withMethod(up);
    expect(error).toContain('line 3 does more than call fill()');
    expect(out).not.toContain('.backfill.ts');
  });

  it.each([
    'await this.fill(queryRunner);',
    'return this.fill(queryRunner);',
    `if (${IS_POSTGRES}) await this.fill(queryRunner);`,
    `if (${IS_POSTGRES}) { await this.fill(queryRunner); } else { await this.other(queryRunner); }`,
    `switch (queryRunner.connection.options.type) { case 'postgres': await this.fill(queryRunner); break; default: throw new Error(); }`,
    `switch (queryRunner.connection.options.type) { case 'postgres': { await this.fill(queryRunner); break; } case 'mysql': break; }`,
  ])('and moves it from %s', async (up) => {
    const { out, error } = await withMethod(up);
    expect(error).not.toContain('not extracted');
    expect(out).toContain('users-full-name');
  });
});

describe('extract leaves a second update of a table', () => {
  it.each([
    `UPDATE users SET note = 'a' WHERE status = 'new' AND EXISTS (SELECT 1 FROM users u2 WHERE u2.ref = users.id AND u2.status = 'open')`,
    `UPDATE users SET note = 'a' FROM users o WHERE o.ref = users.id AND users.status = 'new' AND o.kind = 'x'`,
    `UPDATE users SET note = (SELECT max(o.kind) FROM users o WHERE o.ref = users.id) WHERE status = 'new'`,
    `UPDATE users SET note = 'a' WHERE note IS NULL AND EXISTS (SELECT 1 FROM users u2 WHERE u2.kind = 'x')`,
  ])('if the first reads other rows: %s', async (first) => {
    const { error } = await extract(
      q(first, `UPDATE users SET note = 'b', kind = 'x' WHERE status = 'open'`),
    );
    expect(error).toContain('so that backfill would start again');
  });
});

describe('extract writes a valid migration', () => {
  it('if other code stands on the line of a moved statement', async () => {
    const { out } = await extract(
      `await queryRunner.query("UPDATE a SET b = 1"); await queryRunner.query('CREATE TABLE z ()');`,
    );
    expect(out).toMatch(
      /^\+\/\/ data: a-b\n(?:.*\n)?^\+ *await queryRunner\.query\('CREATE TABLE z \(\)'\);/m,
    );
  });

  it('if the method stands on one line', async () => {
    const file = project.write(
      'src/migrations/1757000000000-example.ts',
      'export class Example { async up(q) { await q.query("UPDATE a SET b = 1"); } async down() {} }\n',
    );
    const { out } = await project.run('extract', file);
    expect(out).toMatch(/\+export class Example { async up\(q\) { \/\/ data: a-b\n\+ *} async down\(\) {} }/);
  });
});

describe('extract leaves a copy that makes several rows of one', () => {
  const COPY = 'INSERT INTO grants (user_id, role_id)';
  const copy = (sql: string) =>
    extract(
      q(
        'CREATE TABLE grants (user_id int, role_id int, PRIMARY KEY (user_id, role_id))',
        'CREATE TABLE roles (id int PRIMARY KEY, kind text, active boolean)',
        `${COPY} ${sql} ON CONFLICT DO NOTHING`,
      ),
    );

  it.each([
    `SELECT u.id, r.id FROM users u CROSS JOIN roles r WHERE r.kind = 'default'`,
    `SELECT u.id, r.id FROM users u CROSS JOIN roles r WHERE active = true`,
    `SELECT u.id, r.id FROM users u JOIN roles r ON r.kind = 'x'`,
    `SELECT u.id, r.id FROM users u JOIN roles r ON r.kind = (SELECT k.kind FROM kinds k WHERE k.id = 1)`,
    `SELECT u.id, r.id FROM users u CROSS JOIN roles r JOIN kinds k ON k.kind = r.kind`,
  ])('%s', async (sql) => {
    const { error } = await copy(sql);
    expect(error).toContain('so one row becomes several');
  });

  it.each([
    `SELECT u.id, r.id FROM users u JOIN roles r ON r.kind = u.kind`,
    `SELECT u.id, r.id FROM users u JOIN roles r ON r.id = 1`,
    `SELECT u.id, r.id FROM users u JOIN kinds k ON k.id = u.kind_id JOIN roles r ON r.kind = k.kind`,
  ])('and moves %s', async (sql) => {
    const { error } = await copy(sql);
    expect(error).not.toContain('not extracted');
  });
});

describe('extract leaves an update of a primary column', () => {
  it('that only the entity declares', async () => {
    project.write(
      'src/seat.entity.ts',
      `@Entity('seats') export class Seat { @PrimaryColumn() planId!: number; @PrimaryColumn({ name: 'nr' }) number!: number; @Column() state!: string; }`,
    );
    for (const column of ['plan_id', 'nr']) {
      const { error } = await extract(q(`UPDATE seats SET ${column} = 1 WHERE state = 'old'`));
      expect(error).toContain(`it changes ${column}, a column of the primary key`);
    }
  });
});

describe('extract reads a return', () => {
  const UPDATE = `await queryRunner.query("UPDATE a SET b = 1 WHERE b IS NULL");`;

  it.each([
    'function one() { return 1; } one();',
    'const one = () => { return 1; }; one();',
    'const one = function () { return 1; }; one();',
    'class One { get() { return 1; } } new One();',
  ])('of a function that the method declares as no end of the method: %s', async (code) => {
    const { out } = await extract(`${code}\n${UPDATE}`);
    expect(out).toContain('export class AB ');
  });

  it.each([
    'if (process.env.X) return;',
    'for (const x of [1]) { if (process.env.X) return x; }',
    'try { if (process.env.X) return; } finally {}',
  ])('of the method as a reason to leave what follows: %s', async (code) => {
    const { out, error } = await extract(`${code}\n${UPDATE}`);
    expect(out).not.toContain('export class');
    expect(error).toContain('the code before it can return');
  });
});
