import { join } from 'node:path';
import ts from 'typescript';

const FOLDER = join(import.meta.dirname, 'compiled');
const LIBRARY = join(import.meta.dirname, '../../../libs/backfill/src/index.ts');

const PRELUDE = `
import { Backfill, type CopyBackfill, type ProcessBackfill, type ProcessBatch, type RowColumns, type SetBackfill, type TransformBackfill } from 'nestjs-backfill';
import { Entity, In, IsNull, Like, Not } from 'typeorm';
class Address { city!: string | null }
class Lead { id!: string; tenantId!: number; name!: string; searchName!: string | null; address!: Address }
class Contact { leadId!: string; label!: string }
const options = { name: 'x', entity: Lead, where: { searchName: IsNull() } };
`;

const ACCEPTED: Record<string, string> = {
  'a set backfill': `@Backfill<Lead>(options) class A implements SetBackfill<Lead> { set() { return { searchName: 'name' } } }`,
  'the row in set()':
    '@Backfill<Lead>(options) class A implements SetBackfill<Lead> { set(row: RowColumns<Lead>) { return { searchName: `lower(${row.name})` } } }',
  'a path of an embedded column in set()': `@Backfill<Lead>(options) class A implements SetBackfill<Lead> { set() { return { 'address.city': 'name' } } }`,
  'an array of alternatives': `@Backfill<Lead>({ ...options, where: [{ searchName: IsNull() }, { name: Like('x%'), tenantId: In([1, 2]) }] }) class A {}`,
  'alternatives with embedded columns': `@Backfill<Lead>({ ...options, where: [{ address: { city: IsNull() } }, { address: { city: Not('x') }, tenantId: 3 }] }) class A {}`,
  'SQL, and SQL as a function':
    '@Backfill<Lead>({ ...options, where: (row) => `${row.searchName} IS NULL` }) class A {} @Backfill<Lead>({ ...options, where: "x" }) class B {}',
  'reads, writes and tenant': `@Backfill<Lead>({ ...options, tenant: 'tenantId', reads: ['name'], writes: ['searchName'] }) class A implements TransformBackfill<Lead, 'id' | 'name'> { transform(rows: readonly Pick<Lead, 'id' | 'name'>[]) { return rows.map(({ name }) => ({ searchName: name })) } }`,
  'a copy': `@Backfill<Lead>({ ...options, into: Contact }) class A implements CopyBackfill<Lead, Contact> { copy(row: RowColumns<Lead>) { return { leadId: row.id } } }`,
};

/** Title, code, and the text that the compiler's error must contain. */
const REFUSED: readonly [string, string, RegExp][] = [
  [
    'a wrong column in where',
    `@Backfill<Lead>({ ...options, where: { serchName: IsNull() } }) class A {}`,
    /serchName/,
  ],
  [
    'a wrong column in an alternative',
    `@Backfill<Lead>({ ...options, where: [{ searchName: IsNull() }, { nmae: 'x' }] }) class A {}`,
    /nmae/,
  ],
  [
    'a wrong embedded column',
    `@Backfill<Lead>({ ...options, where: { address: { town: IsNull() } } }) class A {}`,
    /town/,
  ],
  [
    'a value of the wrong type in where',
    `@Backfill<Lead>({ ...options, where: { tenantId: 'three' } }) class A {}`,
    /string/,
  ],
  [
    'a wrong column of the row in where',
    '@Backfill<Lead>({ ...options, where: (row) => `${row.serchName} IS NULL` }) class A {}',
    /serchName/,
  ],
  [
    'a wrong column in set()',
    `@Backfill<Lead>(options) class A implements SetBackfill<Lead> { set() { return { serchName: 'name' } } }`,
    /serchName|no properties in common/,
  ],
  [
    'a value instead of SQL in set()',
    `@Backfill<Lead>(options) class A implements SetBackfill<Lead> { set() { return { searchName: 7 } } }`,
    /number/,
  ],
  [
    'a wrong column of the row in set()',
    '@Backfill<Lead>(options) class A implements SetBackfill<Lead> { set(row: RowColumns<Lead>) { return { searchName: row.nmae } } }',
    /nmae/,
  ],
  ['a wrong column in reads', `@Backfill<Lead>({ ...options, reads: ['nmae'] }) class A {}`, /nmae/],
  ['a wrong column in writes', `@Backfill<Lead>({ ...options, writes: ['nmae'] }) class A {}`, /nmae/],
  ['a wrong column in tenant', `@Backfill<Lead>({ ...options, tenant: 'tenant' }) class A {}`, /tenant/],
  [
    'a wrong column that transform() returns',
    `@Backfill<Lead>(options) class A implements TransformBackfill<Lead> { transform(rows: readonly Lead[]) { return rows.map(() => ({ serchName: 'x' })) } }`,
    /serchName|no properties in common/,
  ],
  [
    'a column that is not in the rows of transform()',
    `class A implements TransformBackfill<Lead, 'id'> { transform(rows: readonly Pick<Lead, 'id'>[]) { return rows.map(({ name }) => ({ searchName: name })) } }`,
    /name/,
  ],
  [
    'a wrong column in copy()',
    `class A implements CopyBackfill<Lead, Contact> { copy(row: RowColumns<Lead>) { return { leadIdd: row.id } } }`,
    /leadIdd|no properties in common/,
  ],
  ['an unknown kind', `@Backfill<Lead>({ ...options, kind: 'truncate' }) class A {}`, /truncate/],
  [
    'a backfill without a name',
    `@Backfill<Lead>({ entity: Lead, where: { searchName: IsNull() } }) class A {}`,
    /name/,
  ],
  ['an unknown option', `@Backfill<Lead>({ ...options, batchsize: 7 }) class A {}`, /batchsize/],
];

/** The compiler's errors by the title of the code. Compiles all pieces at once. */
function compile(pieces: readonly (readonly [title: string, code: string])[]): Map<string, string> {
  const files = new Map(pieces.map(([, code], at) => [join(FOLDER, `piece-${at}.ts`), PRELUDE + code]));
  const options: ts.CompilerOptions = {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2023,
    strict: true,
    experimentalDecorators: true,
    skipLibCheck: true,
    noEmit: true,
    types: [],
    paths: { 'nestjs-backfill': [LIBRARY] },
  };
  const disk = ts.createCompilerHost(options);
  const host: ts.CompilerHost = {
    ...disk,
    fileExists: (file) => files.has(file) || disk.fileExists(file),
    readFile: (file) => files.get(file) ?? disk.readFile(file),
    getSourceFile: (file, target, ...rest) => {
      const text = files.get(file);
      return text === undefined
        ? disk.getSourceFile(file, target, ...rest)
        : ts.createSourceFile(file, text, target, true);
    },
  };
  const program = ts.createProgram([...files.keys()], options, host);
  return new Map(
    pieces.map(([title], at) => {
      const diagnostics = ts.getPreEmitDiagnostics(
        program,
        program.getSourceFile(join(FOLDER, `piece-${at}.ts`)),
      );
      return [
        title,
        diagnostics.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n')).join('\n'),
      ];
    }),
  );
}

describe('the TypeScript compiler', () => {
  let errors: Map<string, string>;

  beforeAll(() => {
    errors = compile([
      ...Object.entries(ACCEPTED),
      ...REFUSED.map(([title, code]) => [title, code] as const),
    ]);
  });

  it.each(Object.keys(ACCEPTED))('accepts %s', (title) => {
    expect(errors.get(title)).toBe('');
  });

  it.each(REFUSED)('refuses %s', (title, _, expected) => {
    expect(errors.get(title)).toMatch(expected);
  });
});
