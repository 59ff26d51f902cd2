import { Backfill, type PendingPredicate, type SetBackfill } from 'nestjs-backfill';
import { EntitySchema, In, IsNull, Like, Raw, type FindOperator, type FindOptionsWhere } from 'typeorm';
import { Stage } from '../../support/applications/stage.ts';

interface Price {
  id: number;
  note: string;
  owner: string;
  secret: string;
  amount: number | null;
  doneBy: string | null;
}

const Price = new EntitySchema<Price>({
  name: 'Price',
  tableName: 'prices',
  columns: {
    id: { type: 'int', primary: true },
    note: { type: 'text' },
    owner: { type: 'text' },
    secret: { type: 'text' },
    amount: { name: 'in $2', type: 'int', nullable: true },
    doneBy: { name: 'done_by', type: 'text', nullable: true },
  },
});

const LONG_LIST = In(Array.from({ length: 200 }, (_, at) => at + 1));
const raw = (condition: string): FindOperator<string> =>
  Raw((column) => condition.replaceAll('note', () => column)) as FindOperator<string>;

/** Title, the condition as TypeORM has it, and the ids of the rows that TypeORM itself finds by it. */
const CONDITIONS: readonly [string, FindOptionsWhere<Price>, number[]][] = [
  ['a literal', { note: raw(`note = 'costs $2'`), owner: 'a' }, [2, 4]],
  ['a literal that looks like a hash of bcrypt', { owner: 'a', secret: raw(`note LIKE '$2a$%'`) }, [3, 4]],
  ['a name of a column', { amount: 7, owner: 'a' }, [1, 4]],
  ['a value', { note: 'costs $2', owner: 'a', secret: Like('$2b$%') }, [2]],
  ['a literal beside a long list', { owner: 'a', note: raw(`note = 'costs $2'`), id: LONG_LIST }, [2, 4]],
  [
    'a literal with a quote and an escape beside a long list',
    { owner: 'a', note: raw(`note <> E'it''s \\'$1' AND note <> 'it''s $1'`), id: LONG_LIST },
    [1, 2, 3, 4],
  ],
  [
    'a literal between dollars beside a long list',
    { owner: 'a', note: raw(`note IN ($$costs $1$$, $t$costs $$3$t$)`), id: LONG_LIST },
    [1, 3],
  ],
  [
    'a comment beside a long list',
    { owner: 'a', note: raw(`note /* $3 /* it's */ $4 */ = 'costs $1' -- it's $5\n`), id: LONG_LIST },
    [1, 3],
  ],
  ['a name beside a long list', { amount: 7, owner: 'a', id: LONG_LIST }, [1, 4]],
  [
    'a list in a literal',
    { owner: 'a', note: raw(`note <> 'IN (${Array.from({ length: 100 }, () => '$1').join(', ')})'`) },
    [1, 2, 3, 4],
  ],
];

function marker(name: string, where: PendingPredicate<Price>): new () => object {
  @Backfill<Price>({ name, entity: Price, where })
  class Marker implements SetBackfill<Price> {
    set() {
      return { doneBy: `'${name}'` };
    }
  }
  return Marker;
}

describe('a condition of TypeORM that contains a dollar and a digit', () => {
  const stage = Stage.for({
    entities: [Price],
    backfills: CONDITIONS.map(([, where], at) => marker(`case-${at}`, { ...where, doneBy: IsNull() })),
    prepare: (database) =>
      database.query(`INSERT INTO prices VALUES
        (1, 'costs $1', 'a', '$2b$10', 7), (2, 'costs $2', 'a', '$2b$12', 8),
        (3, 'costs $1', 'a', '$2a$10', 8), (4, 'costs $2', 'a', '$2a$12', 7),
        (5, 'costs $2', 'b', '$2a$12', 7)`),
  });
  beforeEach(() => stage.query('UPDATE prices SET done_by = NULL'));

  it.each(CONDITIONS.map(([title, where, ids], at) => ({ title, where, ids, name: `case-${at}` })))(
    'selects the rows that TypeORM finds: in $title',
    async ({ where, ids, name }) => {
      const found = await stage.application.dataSource.getRepository(Price).find({ where, order: { id: 1 } });
      expect(found.map(({ id }) => id)).toEqual(ids);
      expect(await stage.run(name)).toMatchObject({ status: 'complete', proved: true, updated: ids.length });
      expect(
        await stage.query(`SELECT array_agg(id ORDER BY id) AS ids FROM prices WHERE done_by = '${name}'`),
      ).toEqual([{ ids }]);
    },
  );
});
