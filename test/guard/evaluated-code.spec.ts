import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkFiles } from '../../libs/guard/src/index.ts';
import { BODIES, EXPRESSIONS } from './fixtures/code/evaluated.fixtures.ts';

let root: string;
beforeAll(() => void (root = mkdtempSync(join(tmpdir(), 'evaluated-'))));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let files = 0;

/** The statements that the guard reads in a body of `up`. */
async function read(body: string): Promise<readonly string[]> {
  const file = join(root, `${1_757_000_000_000 + files++}-example.ts`);
  writeFileSync(
    file,
    `export class Example {\n  async up(queryRunner) {\n    ${body}\n  }\n  async down() {}\n}\n`,
  );
  const { migrations, problems } = await checkFiles({ paths: [file] });
  expect(problems).toEqual([]);
  return migrations
    .flatMap(({ directions }) => directions)
    .flatMap(({ findings }) => findings.map(({ statement }) => statement));
}

/** The statements that the body sends when it runs. */
async function sent(body: string): Promise<readonly string[]> {
  const statements: string[] = [];
  const queryRunner = { query: (sql: string) => Promise.resolve(void statements.push(sql)) };
  const Up = (async () => undefined).constructor as new (
    ...texts: string[]
  ) => (runner: typeof queryRunner) => Promise<void>;
  await new Up('queryRunner', body)(queryRunner);
  return statements;
}

describe('the check reads the statement that code would send', () => {
  it.each(EXPRESSIONS)('with the text of %s', async (expression) => {
    const body = `const sql = ${expression}; await queryRunner.query(\`DELETE FROM t WHERE "\${sql}"\`);`;
    expect(await read(body)).toEqual(await sent(body));
  });

  it.each(BODIES)('in %s', async (body) => {
    const actual = await sent(body);
    expect(actual.length).toBeGreaterThan(0);
    expect(await read(body)).toEqual(actual);
  });
});
