/** Writes through a data source `D`. */
export const SOURCE_WRITES: readonly string[] = [
  `await D.query('UPDATE a SET b = 1');`,
  `await D['query']('UPDATE a SET b = 1');`,
  `await D[['que', 'ry'].join('')]('UPDATE a SET b = 1');`,
  `const { manager } = D; await manager.update('A', {}, { b: 1 });`,
  `await D.manager.update('A', {}, { b: 1 });`,
  `await D.manager.save('A', { b: 1 });`,
  `await D.manager.getRepository('A').delete({});`,
  `await D.getRepository('A').insert({ b: 1 });`,
  `const repository = D.getRepository('A'); await Promise.all([repository.upsert({ b: 1 }, ['b'])]);`,
  `await D.createQueryBuilder().update('A').set({ b: 1 }).execute();`,
  `await D.transaction(async (manager) => { await manager.update('A', {}, { b: 1 }); });`,
  `await D.createQueryRunner().query('DELETE FROM a');`,
  `D.query('UPDATE a SET b = 1').then(() => undefined);`,
  `void D.query('UPDATE a SET b = 1');`,
  `await D.query.call(D, 'UPDATE a SET b = 1');`,
  `await D.query.apply(D, ['UPDATE a SET b = 1']);`,
  `await D.query.bind(D)('UPDATE a SET b = 1');`,
  `await Reflect.apply(D.query, D, ['UPDATE a SET b = 1']);`,
  `const send = (sql) => D.query(sql); await send('UPDATE a SET b = 1');`,
  `for (const sql of ['ALTER TABLE a ADD b int', 'UPDATE a SET b = 1']) await D.query(sql);`,
  `await D.query(['UPDATE', 'a', 'SET b = 1'].join(' '));`,
  `await D.query('UPDATE x SET b = 1'.replace('x', 'a'));`,
  `await D.query(process.env.LATE_SQL);`,
];

/** Writes through a function `D` that takes nothing. */
export const FUNCTION_WRITES: readonly string[] = [
  'await D();',
  'D();',
  'await D?.();',
  'void D();',
  'await Promise.all([D()]);',
  'await D.call(null);',
  'await Promise.resolve().then(D);',
  'await Promise.resolve().then(() => D());',
  'for (const step of [D]) await step();',
  'const step = D; await step();',
  'await [D].map((step) => step())[0];',
  'setImmediate(D);',
  'return D();',
];

/** Those with a result that nobody uses. The guard takes others for a value if the name of the function reads. */
export const ACTING_WRITES: readonly string[] = FUNCTION_WRITES.filter(
  (write) => !/^return |\.map\(/.test(write),
);

interface Place {
  readonly body: string;
  readonly methods?: string;
  readonly head?: string;
  /** The guard takes what the place holds for unknown, so that it decides no program there. */
  readonly isFilled?: true;
}

/** Places for the statement `S`: in `up`, in methods of the class, or beside the class. */
export const PLACES: readonly Place[] = [
  { body: 'S' },
  { body: 'await this.fill(queryRunner);', methods: 'async fill(queryRunner) { S }' },
  { body: 'await this.fill(queryRunner);', methods: 'fill = async (queryRunner) => { S };' },
  { body: 'await this.#fill(queryRunner);', methods: 'async #fill(queryRunner) { S }' },
  { body: 'await Example.fill(queryRunner);', methods: 'static async fill(queryRunner) { S }' },
  { body: 'await fill(queryRunner);', head: 'async function fill(queryRunner) { S }' },
  { body: 'await fill(queryRunner);', head: 'const fill = async (queryRunner) => { S };' },
  { body: 'await steps.fill(queryRunner);', head: 'const steps = { fill: async (queryRunner) => { S } };' },
  {
    body: 'await new Filler(queryRunner).run();',
    head: 'class Filler { constructor(queryRunner) { this.queryRunner = queryRunner; } async run() { const { queryRunner } = this; S } }',
  },
  { body: 'await Promise.all([1].map(async () => { S }));' },
  { body: 'await [1].reduce(async (before) => { await before; S }, Promise.resolve());' },
  { body: 'await Promise.resolve().then(async () => { S });' },
  { body: 'await Promise.reject(new Error("x")).catch(async () => { S });' },
  {
    body: 'for await (const step of steps(queryRunner)) step;',
    head: 'async function* steps(queryRunner) { S yield 1; }',
  },
  {
    body: 'const { run } = this; await run.call(this, queryRunner);',
    methods: 'async run(queryRunner) { S }',
  },
  {
    body: 'for await (const step of new Steps(queryRunner)) step;',
    head: 'class Steps { constructor(queryRunner) { this.queryRunner = queryRunner; } async *[Symbol.asyncIterator]() { const { queryRunner } = this; S yield 1; } }',
  },
  { body: 'await Promise.all([...{ *[Symbol.iterator]() { yield (async () => { S })(); } }]);' },
  { body: 'const steps = { set fill(queryRunner) { (async () => { S })(); } }; steps.fill = queryRunner;' },
  {
    body: 'for (const step of Steps.all) await step(queryRunner);',
    head: 'class Steps { static all = []; static { this.all.push(async (queryRunner) => { S }); } }',
    isFilled: true,
  },
  {
    body: 'for (const step of Steps.all) await step(queryRunner);',
    head: 'class Steps { static all = []; }\nSteps.all.push(async (queryRunner) => { S });',
    isFilled: true,
  },
  {
    body: 'for (const step of all) await step(queryRunner);',
    head: 'const all = [];\nclass Steps { static { all.push(async (queryRunner) => { S }); } }',
    isFilled: true,
  },
  {
    body: 'await [1].fillAll(queryRunner);',
    head: 'Array.prototype.fillAll = async function (queryRunner) { S };',
    isFilled: true,
  },
  { body: `await this['fi' + 'll'](queryRunner);`, methods: 'async fill(queryRunner) { S }' },
  { body: 'await (async function again(n) { if (n > 0) return again(n - 1); S })(3);' },
  {
    body: 'await this.filled;',
    methods: 'get filled() { return (async (queryRunner) => { S })(globalThis.lateRunner); }',
  },
];
