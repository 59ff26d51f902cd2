import { startRedaction } from '../../../libs/backfill/src/errors/redaction.ts';
import { SharedRead } from '../../../libs/dashboard/src/reading/shared-read.ts';
import { DashboardApp } from '../../support/applications/dashboard.ts';

/** What no log and no page may contain. */
const SECRET = 'ann@example.com';

describe('the dashboard of an application with the option `redact`', () => {
  let endRedaction: () => void;
  beforeEach(() => (endRedaction = startRedaction(true)));
  afterEach(() => endRedaction());

  it('redacts the error of `authorize` in the log, and refuses the request', async () => {
    const lines: string[] = [];
    const record = (line: unknown) => void lines.push(String(line));
    const dashboard = await DashboardApp.start({
      backfills: [],
      logger: { log: () => undefined, warn: record, error: record },
      dashboard: {
        authorize: () => {
          throw new RangeError(`no role for ${SECRET}`);
        },
      },
    });
    try {
      expect((await dashboard.get('/backfills/overview')).status).toBe(403);
    } finally {
      await dashboard.stop();
    }
    expect(lines.join('\n')).toContain('authorize has failed: RangeError (its text is redacted)');
    expect(lines.join('\n')).not.toContain(SECRET);
  });

  it('redacts the error of a phase that cannot be read, which the overview shows', async () => {
    const read = new SharedRead(() => Promise.reject(new Error(`duplicate key ${SECRET}`)), 0);
    expect(await read.within(10_000)).toEqual({ value: null, error: 'Error (its text is redacted)' });
  });
});
