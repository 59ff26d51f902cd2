// Runs each program of a folder for real, and prints which of them wrote rows: `node run-programs.mjs DIR…`.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

process.env['LATE_MODE'] = 'on';
process.env['LATE_SQL'] = 'UPDATE a SET b = 1';
// What a program throws later, e.g. without an `await`, is no failure of this script.
process.on('unhandledRejection', () => {});
process.on('uncaughtException', () => {});

let writes = 0;

/** @param {unknown} sql */
function send(sql) {
  if (typeof sql === 'string' && /\b(?:update|insert|delete)\b/i.test(sql)) writes++;
  return Promise.resolve([{ one: 1 }]);
}

const write = async () => void writes++;
const repository = { insert: write, update: write, upsert: write, delete: write, save: write };
const builder = { update: () => builder, set: () => builder, execute: write };
const manager = { ...repository, query: send, getRepository: () => repository };
const source = {
  query: send,
  manager,
  options: { type: 'postgres' },
  getRepository: () => repository,
  createQueryBuilder: () => builder,
  createQueryRunner: () => queryRunner,
  transaction: (/** @type {(m: object) => unknown} */ body) => body(manager),
};
const queryRunner = {
  query: send,
  manager,
  connection: source,
  dataSource: source,
  hasTable: async () => true,
};

/** @param {string} folder */
async function hasWritten(folder) {
  writes = 0;
  const load = (/** @type {string} */ file) => import(pathToFileURL(join(folder, file)).href);
  try {
    Object.assign(globalThis, { lateRunner: queryRunner });
    const migration = await load('1757000000000-example.mjs');
    const { boot } = await load('boot.mjs');
    await boot({ source, migration, late: await load('late.mjs') });
    await new migration.Example().up(queryRunner);
  } catch {
    // A program that fails may have written before.
  }
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  return writes > 0;
}

const wrote = [];
for (const folder of process.argv.slice(2)) wrote.push(await hasWritten(folder));
console.log(JSON.stringify(wrote));
