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
  throw new TypeError(`${url} could be connected to.`);
}

function serverUrl(change: (url: URL) => void): string {
  const url = new URL(process.env['TEST_SERVER_URL'] ?? '');
  change(url);
  return url.href;
}

describe('a database that cannot be reached', () => {
  it('is a port on which nobody listens', async () => {
    const port = await freePort();
    const error = await connectionError(`postgres://nobody@127.0.0.1:${port}/none`);
    expect(isDatabaseUnreachable(error)).toBe(true);
    expect(reachabilityMessage(error)).toBe(`connect ECONNREFUSED 127.0.0.1:${port}`);
  });

  it('is a host that does not exist', async () => {
    const error = await connectionError('postgres://nobody@database.invalid/none');
    expect(isDatabaseUnreachable(error)).toBe(true);
  });

  it('is one whose Unix socket is missing', async () => {
    expect(isDatabaseUnreachable(await connectionError('postgres://nobody@%2Fnowhere/none'))).toBe(true);
  });

  it.each(['57P03', '53300', '08006', '57P01'])('is one that answers with SQLSTATE %s', (code) => {
    const driverError = Object.assign(new pg.DatabaseError('the server says no', 0, 'error'), { code });
    expect(isDatabaseUnreachable({ driverError })).toBe(true);
  });

  it('is told with every address that was tried', () => {
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

describe('a database that is configured wrongly', () => {
  it('is one that does not exist on a server that does', async () => {
    const error = await connectionError(serverUrl((url) => (url.pathname = '/no_such_database')));
    expect(isDatabaseUnreachable(error)).toBe(false);
    expect(refusalState(error)).toBe('3D000');
  });

  it('is one with a user that does not exist', async () => {
    const error = await connectionError(serverUrl((url) => (url.username = 'no_such_user')));
    expect(isDatabaseUnreachable(error)).toBe(false);
    expect(refusalState(error)).toMatch(/^28/);
  });
});
