import { Backfill, type SetBackfill } from 'nestjs-backfill';
import { IsNull } from 'typeorm';
import { ApiClient } from '../../support/applications/api-client.ts';
import { DashboardApp } from '../../support/applications/dashboard.ts';
import { addLeads, Lead } from '../../support/tables/lead-tables.ts';

@Backfill<Lead>({ name: 'names', entity: Lead, where: { searchName: IsNull() } })
class Names implements SetBackfill<Lead> {
  set() {
    return { searchName: 'lower(name)' };
  }
}

/** A line of its own, colours, a cleared screen, a title of the terminal, hidden and reversed text. */
const HOSTILE = [
  'x\n[Nest] 1 LOG Done: "cancel" of "names"',
  'x\r\u0085\u2028\u2029y',
  '\u001b[31mred\u001b[2J\u001b]0;title\u0007',
  '\u009b31mred',
  '\u202etxt.exe\u200b\u2066',
  `"), because it is allowed. Done: "`,
];
const UNSAFE = /[\p{Cc}\p{Cf}\u2028\u2029]/u;
const MAX_LINE = 2_000;

describe('the log of the dashboard', () => {
  let dashboard: DashboardApp;
  let api: ApiClient;
  const lines: string[] = [];
  const record = (line: unknown) => void lines.push(String(line));

  beforeAll(async () => {
    dashboard = await DashboardApp.start({
      backfills: [Names],
      logger: { log: record, warn: record, error: record },
      dashboard: { authorize: () => 'admin', actionsPerMinute: 1_000 },
    });
    await addLeads(dashboard.database, 1);
    api = await ApiClient.open(dashboard);
  });
  beforeEach(() => void lines.splice(0));
  afterAll(() => dashboard.stop());

  it('has one bounded line without control characters for each action, whatever the request says', async () => {
    const long = 'a'.repeat(50_000);
    for (const text of [...HOSTILE, long, '\u001b'.repeat(5_000)]) {
      const path = encodeURIComponent(text.slice(0, 2_000));
      const requests: [string, string, object][] = [
        ['names', 'pause', { reason: text }],
        ['names', 'set', { reason: 'x', batchSize: text }],
        ['names', 'set', { reason: 'x', [text]: 5 }],
        ['names', 'pause', { reason: 'x', targets: [text] }],
        ['names', 'retry', { reason: 'x', keys: `[${text}` }],
        [path, 'pause', { reason: 'x' }],
        ['names', path, { reason: 'x' }],
        [path, 'plan', {}],
      ];
      for (const [name, action, body] of requests) {
        lines.length = 0;
        await api.post(name, action, body);
        expect(lines).toHaveLength(1);
        const [line = ''] = lines;
        expect({ action, body, unsafe: UNSAFE.exec(line)?.[0] }).toEqual({ action, body, unsafe: undefined });
        expect(line.length).toBeLessThan(MAX_LINE);
      }
    }
  });

  it('has the reason of an action that was carried out, in quotes that it cannot end', async () => {
    await api.post('names', 'pause', { reason: 'month "end"' });
    expect(lines).toEqual([
      expect.stringMatching(/^Done: "pause" of "names" by .* \(admin\) from .*, reason: "month \\"end\\""$/),
    ]);
  });

  it('shows where each value ends, also if it ends with backslashes', async () => {
    for (const [name, quoted] of [
      ['x\\', String.raw`"x\\"`],
      ['x\\\\', String.raw`"x\\\\"`],
      ['x\\" by "ada', String.raw`"x\\\" by \"ada"`],
      ['x\u001b\\', String.raw`"x\u001b\\"`],
    ] as const) {
      lines.length = 0;
      await api.post(encodeURIComponent(name), 'pause', { reason: 'x' });
      expect(lines).toEqual([expect.stringContaining(`Refused: "pause" of ${quoted} by "`)]);
      expect((await dashboard.get(`/backfills/b/${encodeURIComponent(name)}`)).status).toBe(404);
    }
  });
});
