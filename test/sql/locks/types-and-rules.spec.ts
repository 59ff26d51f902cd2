import { LOCK_EFFECTS, LOCK_RULES, typeOfText } from 'nestjs-backfill-sql';

describe('a type as PostgreSQL prints it is read', () => {
  it.each([
    ['integer', 'int4', []],
    ['bigint', 'int8', []],
    ['smallint', 'int2', []],
    ['boolean', 'bool', []],
    ['real', 'float4', []],
    ['double precision', 'float8', []],
    ['numeric(10,2)', 'numeric', [10, 2]],
    ['numeric(3,-1)', 'numeric', [3, -1]],
    ['decimal', 'numeric', []],
    ['character varying(50)', 'varchar', [50]],
    ['character varying', 'varchar', []],
    ['character(3)', 'bpchar', [3]],
    ['char', 'bpchar', []],
    ['bit varying(8)', 'varbit', [8]],
    ['timestamp(3) without time zone', 'timestamp', [3]],
    ['timestamp with time zone', 'timestamptz', []],
    ['time(0) without time zone', 'time', [0]],
    ['time with time zone', 'timetz', []],
    ['crm.stage', 'stage', []],
    ['crm."Odd Name"', 'Odd Name', []],
  ])('%s', (printed, name, modifiers) => {
    expect(typeOfText(printed)).toEqual({ name, modifiers, isArray: false });
    expect(typeOfText(`${printed}[]`)).toEqual({ name, modifiers, isArray: true });
  });
});

it('each lock rule has an effect', () => {
  expect(Object.keys(LOCK_EFFECTS).sort()).toEqual([...LOCK_RULES].sort());
});
