import { classifyDatabaseError, sqlState } from '../../libs/backfill/src/postgres/error-classes.ts';

const fromServer = (code: string, message: string, more: object = {}) =>
  Object.assign(new Error(message), { code, ...more });

describe('the class of an error of the server', () => {
  it.each([
    ['English', 'canceling statement due to statement timeout'],
    ['German', 'storniere Anfrage wegen Zeitüberschreitung der Anfrage'],
    ['Japanese', 'ステートメントのタイムアウトのためステートメントをキャンセルしています'],
  ])('a statement timeout makes batches smaller when the messages of the server are in %s', (_, message) => {
    expect(classifyDatabaseError(fromServer('57014', message))).toBe('too-slow');
  });

  it('a statement that a user cancels is retried', () => {
    expect(classifyDatabaseError(fromServer('57014', 'canceling statement due to user request'))).toBe(
      'conflict',
    );
  });

  it('a statement whose cached plan became invalid is retried; an unsupported feature is not', () => {
    const outdated = fromServer('0A000', 'beliebig', { routine: 'RevalidateCachedQuery' });
    expect(classifyDatabaseError(outdated)).toBe('conflict');
    expect(classifyDatabaseError(fromServer('0A000', 'any', { routine: 'other' }))).toBe('programming');
  });

  it.each([
    ['20000', 'case not found'],
    ['21000', 'more than one row returned by a subquery used as an expression'],
    ['27000', 'tuple to be updated was already modified'],
    ['2F005', 'control reached end of function without RETURN'],
    ['38000', 'external routine exception'],
    ['39004', 'null value not allowed'],
    ['54001', 'stack depth limit exceeded'],
    ['P0002', 'query returned no rows'],
    ['P0003', 'query returned more than one row'],
    ['CRM01', 'a code of the application'],
    ['U0001', 'a code of the application'],
    ['99999', 'a code of the application'],
    ['XX000', 'float8_accum: expected 3-element float8 array'],
  ])('the row is found that causes an error with the code %s: %s', (code, message) => {
    expect(classifyDatabaseError(fromServer(code, message))).toBe('poison');
  });

  it.each([
    ['0A000', 'an unsupported feature'],
    ['2BP01', 'objects depend on it'],
    ['3D000', 'a missing database'],
    ['3F000', 'a missing schema'],
    ['42601', 'a syntax error'],
    ['42703', 'a missing column'],
    ['42883', 'a missing function'],
    ['42501', 'a missing right'],
    ['54011', 'too many columns'],
    ['54023', 'too many arguments'],
    ['55000', 'a view that is not populated'],
    ['XX001', 'damaged data'],
    ['XX002', 'a damaged index'],
    ['NB004', 'a transaction that process() has ended'],
    ['NB006', 'too many cascades'],
  ])('no row is looked for where the statement causes the error %s: %s', (code, message) => {
    const routine = code.startsWith('NB') ? 'exec_stmt_raise' : 'any';
    expect(classifyDatabaseError(fromServer(code, message, { routine }))).toBe('programming');
  });

  it.each(['cache lookup failed for type 16385', 'tuple concurrently updated'])(
    'an internal error of another session that changes the same object is retried: %s',
    (message) => {
      expect(classifyDatabaseError(fromServer('XX000', message))).toBe('conflict');
    },
  );

  it('damaged data stops a run, also if a function raises it', () => {
    const raised = fromServer('XX001', 'invalid page', { routine: 'exec_stmt_raise' });
    expect(classifyDatabaseError(raised)).toBe('programming');
  });

  it('an error code of Node.js is not taken for a SQLSTATE', () => {
    expect(sqlState(Object.assign(new Error('busy'), { code: 'EBUSY', errno: -16 }))).toBeUndefined();
  });
});
