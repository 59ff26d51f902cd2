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

  it('an error code of Node.js is not taken for a SQLSTATE', () => {
    expect(sqlState(Object.assign(new Error('busy'), { code: 'EBUSY', errno: -16 }))).toBeUndefined();
  });
});
