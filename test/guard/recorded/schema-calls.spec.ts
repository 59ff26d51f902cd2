import { array, constant, object, plain } from '../../../libs/guard/src/evaluate/values/value.ts';
import { text } from '../../../libs/guard/src/evaluate/values/text-value.ts';
import type { Value } from '../../../libs/guard/src/evaluate/values/value.types.ts';
import { sqlOfCall } from '../../../libs/guard/src/judge/locks/runner-sql.ts';
import { Recorded } from './recorded.ts';

/** `WRITE_RECORDED=1` writes the file anew: review the difference. */
const recorded = new Recorded('schema-calls.txt');
afterAll(() => recorded.end());

const UNKNOWN = Symbol('unknown');

function valueOf(given: unknown): Value {
  if (given === UNKNOWN) return plain('unknown');
  if (typeof given === 'string') return text(given);
  if (Array.isArray(given)) return array(given.map(valueOf));
  if (typeof given === 'object' && given !== null)
    return object(Object.entries(given).map(([name, item]) => [name, valueOf(item)] as const));
  return constant(given as number | boolean | null | undefined);
}

const column = (rest: object = {}) => ({ name: 'n', type: 'int', ...rest });
const COLUMNS: readonly object[] = [
  column(),
  { name: 'a"b' },
  {},
  ...[
    'varchar',
    'character varying',
    'numeric(10, 2)',
    'enum',
    'simple-enum',
    'my-type',
    'bigint',
    'timestamp(3) with time zone',
  ].map((type) => ({ name: 'n', type })),
  column({ type: 'varchar', length: '20' }),
  column({ type: 'varchar', length: '' }),
  column({ type: 'text', isArray: true }),
  column({ isArray: false }),
  column({ isGenerated: true, generationStrategy: 'increment' }),
  column({ type: 'bigint', isGenerated: true, generationStrategy: 'increment' }),
  column({ isGenerated: false, generationStrategy: 'increment' }),
  column({ isGenerated: true, generationStrategy: 'rowid' }),
  column({ isGenerated: true, generationStrategy: 'identity' }),
  column({ type: 'uuid', isGenerated: true, generationStrategy: 'uuid' }),
  column({ isGenerated: true }),
  column({ asExpression: 'a + 1' }),
  column({ asExpression: 'a + 1', generatedType: 'VIRTUAL' }),
  column({ asExpression: 'a + 1', generatedType: 'STORED' }),
  ...[1, false, null, undefined, "'x'", 'now()', UNKNOWN].map((given) => column({ default: given })),
  ...[true, false, undefined, UNKNOWN].map((isNullable) => column({ isNullable })),
  column({ isPrimary: true, isUnique: true }),
  column({ isPrimary: false, isUnique: UNKNOWN }),
];

const CHANGES: readonly (readonly [unknown, unknown])[] = [
  ['n', column()],
  ['n', column({ type: 'varchar' })],
  ['n', column({ type: 'integer' })],
  ['n', { name: 'm' }],
  ['n', { name: 'n', isNullable: false }],
  ['n', { name: 'n', isUnique: true }],
  [UNKNOWN, column({ type: 'varchar' })],
  [{ name: 'n' }, { name: 'n', isNullable: false }],
  [
    { name: 'n', isNullable: false },
    { name: 'n', isNullable: false },
  ],
  [
    { name: 'n', isNullable: false },
    { name: 'n', isNullable: true },
  ],
  [
    { name: 'n', isUnique: true },
    { name: 'n', isUnique: true },
  ],
  [column(), column()],
  [column(), column({ name: 'm' })],
  [column(), column({ type: 'bigint' })],
  [column(), column({ isArray: true })],
  [column({ isArray: true }), column({ isArray: true })],
  [column({ length: '5' }), column({ length: '6' })],
  [column({ length: '5' }), column({ length: '5', isNullable: false })],
  [column(), { name: 'n' }],
  [{ name: 'n' }, column({ type: 'integer' })],
];

const index = { name: 'i', columnNames: ['a', 'b'] };
const key = { columnNames: ['a'], referencedTableName: 'crm.o' };
const CALLS: readonly (readonly [string, ...unknown[]])[] = [
  ...[
    't',
    'crm.t',
    'db.crm.t',
    '"T"',
    '',
    UNKNOWN,
    { name: 't', schema: 'crm' },
    { name: 'a.t', schema: 'crm' },
    { name: 't' },
  ].map((table) => ['dropTable', table] as const),
  ['createTable', { name: 't', columns: [column(), { name: 'm', type: 'text', isPrimary: true }] }],
  ['createTable', { name: 't' }],
  ['renameTable', 'crm.t', 'u'],
  ['renameTable', 'crm.t', 'crm.u'],
  ...COLUMNS.map((each) => ['addColumn', 't', each] as const),
  ['addColumns', 't', [column(), { name: 'm' }]],
  ['addColumns', 't', UNKNOWN],
  ['renameColumn', 't', 'a', { name: 'b' }],
  ...CHANGES.map(([from, to]) => ['changeColumn', 't', from, to] as const),
  ['changeColumns', 't', [{ oldColumn: column(), newColumn: column({ name: 'm' }) }]],
  ['dropColumn', 't', 'a'],
  ['dropColumn', 't', UNKNOWN],
  ['dropColumns', 't', ['a', { name: 'b' }]],
  ['createPrimaryKey', 't', ['a', 'b']],
  ['createPrimaryKey', 't', []],
  ['updatePrimaryKeys', 't', [{ name: 'a' }, { name: 'b' }]],
  ['createUniqueConstraint', 't', index],
  ['createUniqueConstraints', 't', [index, {}]],
  ['createCheckConstraint', 't', {}],
  ['createCheckConstraints', 't', [{}]],
  ['createExclusionConstraint', 't', {}],
  ['createExclusionConstraints', 't', [{}]],
  ['createForeignKey', 't', key],
  ['createForeignKeys', 't', [key, {}]],
  ['createIndex', 't', index],
  ['createIndex', 't', { ...index, isConcurrent: true }],
  ['createIndex', 't', { isConcurrent: true }],
  ['createIndex', 't', { isConcurrent: false }],
  ['createIndices', 't', [index, {}]],
  ['dropIndex', 't', 'i'],
  ['dropIndices', 't', [index, 'j']],
  ['clearDatabase'],
  ['dropDatabase'],
  ['synchronize'],
  ['synchronize', true],
  ['synchronize', false],
  ['dropSchema', 's', true, true],
  ['dropSchema', 's', true, false],
  ['startTransaction'],
  ['createView', 'v'],
];

describe('the SQL by which the check judges a call of TypeORM’s query runner stays as in schema-calls.txt', () => {
  const shown = (given: unknown): string =>
    JSON.stringify(given, (_, item: unknown) =>
      item === UNKNOWN ? 'UNKNOWN' : item === undefined ? 'UNDEFINED' : item,
    ) ?? '';

  it.each(
    CALLS.map(([method, ...args]) => [`${method}(${args.map(shown).join(', ')})`, method, args] as const),
  )('%s', (name, method, args) => {
    const sql = sqlOfCall({ method, args: args.map(valueOf) });
    recorded.expect(name, sql.join('\n') || 'nothing');
  });
});
