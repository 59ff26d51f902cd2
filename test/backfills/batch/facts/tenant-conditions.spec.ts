import {
  isComparedAsValue,
  tenantCondition,
} from '../../../../libs/backfill/src/backfills/batch/tenant-condition.ts';
import { Parameters } from '../../../../libs/backfill/src/postgres/parameters.ts';

describe('a tenant is compared as a value, which an index finds, if no other text means the same value', () => {
  const UUID = '0f8fad5b-d9cb-469f-a165-70867728950e';
  it.each([
    ['text', ['', 'A b', '01'], true],
    ['character varying', ['x'], true],
    ['character varying(8)', ['longer than eight'], true],
    ['character(8)', ['x'], false],
    ['citext', ['x'], false],
    ['uuid', [UUID], true],
    ['uuid', [UUID.toUpperCase()], false],
    ['uuid', [UUID, `{${UUID}}`], false],
    ['uuid', [`${UUID}0`], false],
    ['integer', ['0', '-1', '2147483647', '-2147483648'], true],
    ['integer', ['2147483648'], false],
    ['integer', ['-2147483649'], false],
    ['integer', ['01'], false],
    ['integer', ['-0'], false],
    ['integer', ['+1'], false],
    ['integer', [' 1'], false],
    ['integer', ['1', 'x'], false],
    ['smallint', ['32767', '-32768'], true],
    ['smallint', ['32768'], false],
    ['smallint', ['-32769'], false],
    ['bigint', ['9223372036854775807', '-9223372036854775808'], true],
    ['bigint', ['9223372036854775808'], false],
    ['bigint', ['-9223372036854775809'], false],
    ['bigint', ['99999999999999999999'], false],
    ['numeric', ['1'], false],
    ['date', ['2026-01-01'], false],
    ['integer', [], true],
  ])('%s %j: %s', (type, tenants, isValue) => {
    expect(isComparedAsValue(type, tenants)).toBe(isValue);
  });
});

describe('the condition of a tenant', () => {
  const condition = (type: string, ...tenants: string[]) => {
    const parameters = new Parameters();
    const sql = tenantCondition({ column: 't', type, text: 't::text' }, tenants, parameters);
    return [sql, ...parameters.values];
  };

  it('compares one tenant with =, so that an index returns its rows in key order', () => {
    expect(condition('integer', '7')).toEqual(['t = $1::integer', '7']);
    expect(condition('character varying(3)', 'long')).toEqual(['t OPERATOR(pg_catalog.=) $1::text', 'long']);
    expect(condition('text', 'x')).toEqual(['t = $1::text', 'x']);
  });

  it('compares several with ANY', () => {
    expect(condition('integer', '7', '8')).toEqual(['t = ANY($1::integer[])', '{"7","8"}']);
    expect(condition('character varying', 'a', 'b')).toEqual([
      't OPERATOR(pg_catalog.=) ANY($1::text[])',
      '{"a","b"}',
    ]);
    expect(condition('integer')).toEqual(['t = ANY($1::integer[])', '{}']);
  });

  it('compares texts where values could differ', () => {
    expect(condition('integer', '07')).toEqual(['t::text = ANY($1::text[])', '{"07"}']);
    expect(condition('date', '2026-01-01')).toEqual(['t::text = ANY($1::text[])', '{"2026-01-01"}']);
  });
});
