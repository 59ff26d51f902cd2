import { backfill } from '../../libs/backfill/src/schematics/backfill.schematic.ts';
import { APPLICATION, RecordedContext, treeOf } from './application.tree.ts';
import { runFile } from './generated.files.ts';

const MANIFEST = { name: 'application', devDependencies: { jest: '^30' } };

/** Declares the tests of the spec that the generator writes. */
function runGeneratedSpec(name: string, kind: string, files: Readonly<Record<string, string>> = {}): void {
  const tree = treeOf({ 'package.json': JSON.stringify(MANIFEST), ...files });
  backfill({ name, kind })(tree, new RecordedContext());
  runFile(tree, `src/backfills/${name}.backfill.spec.ts`);
}

/** As `runGeneratedSpec`, without the promises of a run, which do not depend on the types of the columns. */
function runGeneratedChanges(name: string, kind: string, files: Readonly<Record<string, string>>): void {
  const tree = treeOf({ 'package.json': JSON.stringify(MANIFEST), ...files });
  backfill({ name, kind })(tree, new RecordedContext());
  const spec = `src/backfills/${name}.backfill.spec.ts`;
  tree.overwrite(spec, tree.readText(spec).replace('await rehearsal.holds();', ''));
  runFile(tree, spec);
}

/** The application with one more entity, whose columns are these. */
function withEntity(columns: string): Readonly<Record<string, string>> {
  return {
    'src/badges/badge.entity.ts': `import { Column, CreateDateColumn, Entity, Generated, JoinColumn, ManyToOne, PrimaryColumn, PrimaryGeneratedColumn } from 'typeorm';
import { Tenant } from '../leads/tenant.entity.js';

@Entity('badges')
export class Badge {
${columns}
}
`,
    'src/app.module.ts': APPLICATION['src/app.module.ts'] ?? '',
  };
}

const KEY = '@PrimaryGeneratedColumn()\n  id!: number;\n';

describe('the generated spec passes at once, if the name says no property', () => {
  describe.each(['set', 'transform', 'purge', 'process'])('of the kind %s', (kind) => {
    describe('and the entity has columns', () => runGeneratedSpec('leads-cleanup', kind));
    describe('and the entity has a key and relations only', () =>
      runGeneratedSpec(
        'badges-cleanup',
        kind,
        withEntity(`  ${KEY}
  @ManyToOne(() => Tenant)
  @JoinColumn({ name: 'tenant_id' })
  tenant!: unknown;`),
      ));
    describe('and the first column has a date that cannot be null', () =>
      runGeneratedSpec(
        'badges-cleanup',
        kind,
        withEntity(`  ${KEY}
  @Column({ type: 'timestamptz' })
  createdAt!: Date;`),
      ));
  });
});

describe('the generated spec passes at once, if the name says a property', () => {
  describe.each(['set', 'transform', 'purge', 'process'])('of the kind %s', (kind) => {
    describe('that can be null', () => runGeneratedSpec('leads-search-name', kind));
    describe('that has values of an enum', () => runGeneratedSpec('leads-state', kind));
    describe('that is a date and cannot be null', () =>
      runGeneratedSpec(
        'badges-created-at',
        kind,
        withEntity(`  ${KEY}
  @Column({ type: 'timestamptz', name: 'created_at' })
  createdAt!: Date;`),
      ));
  });
});

describe('the generated rows and the expected change are right, whatever the types of the columns are', () => {
  const COLUMNS = `  @PrimaryColumn('char', { length: 4 })
  id!: string;

  @Column('text', { array: true })
  tags!: string[];

  @Column('int', { array: true })
  numbers!: number[];

  @Column({ type: 'timestamptz', array: true })
  times!: Date[];

  @Column({ type: 'text', array: true, nullable: true })
  labels!: string[] | null;

  @Column('simple-array')
  words!: string[];

  @Column('simple-array', { nullable: true })
  oldWords!: string[] | null;

  @Column({ length: 5 })
  code!: string;

  @Column({ length: 3, unique: true })
  mark!: string;

  @Column({ type: 'varchar', length: '1', name: 'letter' })
  letter!: string;

  @Column({ type: 'char', length: 8 })
  plate!: string;

  @Column({ type: 'varchar', length: 4, nullable: true })
  brief!: string | null;

  @Column({ type: 'char', length: 8, nullable: true })
  seal!: string | null;`;

  describe.each(['set', 'transform', 'purge', 'process'])('of the kind %s', (kind) => {
    const properties = ['cleanup', 'tags', 'labels', 'words', 'old-words', 'code', 'letter', 'plate'];
    describe.each([...properties, 'brief', 'seal'])('for %s', (property) =>
      runGeneratedChanges(`badges-${property}`, kind, withEntity(COLUMNS)),
    );
  });
});
