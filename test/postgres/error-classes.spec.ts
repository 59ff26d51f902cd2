import { classifyDatabaseError, sqlState } from '../../libs/backfill/src/postgres/error-classes.ts';

const fromServer = (code: string, message: string, more: object = {}) =>
  Object.assign(new Error(message), { code, ...more });

describe('what an error of the server means', () => {
  it.each([
    ['English', 'canceling statement due to statement timeout'],
    ['German', 'storniere Anfrage wegen Zeitüberschreitung der Anfrage'],
    ['Japanese', 'ステートメントのタイムアウトのためステートメントをキャンセルしています'],
  ])('a statement timeout makes batches smaller on a server that speaks %s', (_, message) => {
    expect(classifyDatabaseError(fromServer('57014', message))).toBe('too-slow');
  });

  it('a statement that a person cancels is tried again', () => {
    expect(classifyDatabaseError(fromServer('57014', 'canceling statement due to user request'))).toBe(
      'conflict',
    );
  });

  it('a plan that a change of the table has outdated is made again; what is not supported is not', () => {
    const outdated = fromServer('0A000', 'beliebig', { routine: 'RevalidateCachedQuery' });
    expect(classifyDatabaseError(outdated)).toBe('conflict');
    expect(classifyDatabaseError(fromServer('0A000', 'any', { routine: 'other' }))).toBe('programming');
  });

  it('a code of Node.js is no SQLSTATE', () => {
    expect(sqlState(Object.assign(new Error('busy'), { code: 'EBUSY', errno: -16 }))).toBeUndefined();
  });
});
