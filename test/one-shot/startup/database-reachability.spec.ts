import pg from 'pg';
import { freePort } from '../../../scripts/lib/embedded-server.mjs';
import {
  isDatabaseUnreachable,
  reachabilityMessage,
  refusalState,
} from '../../../libs/backfill/src/one-shot/startup/database-reachability.ts';

async function connectionError(url: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: url });
  try {
    await client.connect();
  } catch (error) {
    return error;
  }
  await client.end();
  throw new TypeError(`The connection to ${url} did not fail.`);
}

function serverUrl(change: (url: URL) => void): string {
  const url = new URL(process.env['TEST_SERVER_URL'] ?? '');
  change(url);
  return url.href;
}

describe('a database is unreachable', () => {
  it('when no process listens on its port', async () => {
    const port = await freePort();
    const error = await connectionError(`postgres://nobody@127.0.0.1:${port}/none`);
    expect(isDatabaseUnreachable(error)).toBe(true);
    expect(reachabilityMessage(error)).toBe(`connect ECONNREFUSED 127.0.0.1:${port}`);
  });

  it('when its host does not exist', async () => {
    const error = await connectionError('postgres://nobody@database.invalid/none');
    expect(isDatabaseUnreachable(error)).toBe(true);
  });

  it('when its Unix socket is missing', async () => {
    expect(isDatabaseUnreachable(await connectionError('postgres://nobody@%2Fnowhere/none'))).toBe(true);
  });

  it.each(['57P03', '53300', '08006', '57P01'])('when it answers with SQLSTATE %s', (code) => {
    const driverError = Object.assign(new pg.DatabaseError('the server says no', 0, 'error'), { code });
    expect(isDatabaseUnreachable({ driverError })).toBe(true);
  });

  it('when all of its addresses fail, and the message names each of them', () => {
    const errors = ['::1', '127.0.0.1'].map((host) =>
      Object.assign(new TypeError(`connect ECONNREFUSED ${host}:5432`), { code: 'ECONNREFUSED' }),
    );
    const error = new AggregateError(errors);
    expect(isDatabaseUnreachable(error)).toBe(true);
    expect(reachabilityMessage(error)).toBe(
      'connect ECONNREFUSED ::1:5432, connect ECONNREFUSED 127.0.0.1:5432',
    );
  });
});

describe('a database refuses the connection', () => {
  it('when the server has no database of this name', async () => {
    const error = await connectionError(serverUrl((url) => (url.pathname = '/no_such_database')));
    expect(isDatabaseUnreachable(error)).toBe(false);
    expect(refusalState(error)).toBe('3D000');
  });

  it('when the user does not exist', async () => {
    const error = await connectionError(serverUrl((url) => (url.username = 'no_such_user')));
    expect(isDatabaseUnreachable(error)).toBe(false);
    expect(refusalState(error)).toMatch(/^28/);
  });
});
