const TEXT = { type: 'string' } as const;
const TEXT_OR_NULL = { type: ['string', 'null'] } as const;
const COUNT = { type: 'integer', minimum: 0 } as const;
const COUNT_OR_NULL = { type: ['integer', 'null'] } as const;
const TIME = { type: 'string', format: 'date-time' } as const;
const TIME_OR_NULL = { type: ['string', 'null'], format: 'date-time' } as const;

/** One text per key column. */
const KEY = { type: 'array', items: TEXT } as const;
const VALUES_OR_NULL = { type: ['object', 'null'], additionalProperties: TEXT_OR_NULL } as const;

const SETTING = 'set: null changes nothing, as if it were left out; "default" returns to the declared value.';

function object(properties: Readonly<Record<string, object>>): object {
  return { type: 'object', required: Object.keys(properties), properties };
}

/** The schemas of the API. */
export const SCHEMAS = {
  Overview: object({
    backfills: { type: 'array', items: { $ref: '#/components/schemas/Backfill' } },
    unreadable: { type: 'array', items: object({ dataSource: TEXT, error: TEXT }) },
  }),
  Backfill: object({
    name: TEXT,
    version: { type: 'integer' },
    declared: { type: 'boolean' },
    dataSource: TEXT,
    kind: TEXT_OR_NULL,
    target: TEXT_OR_NULL,
    dependsOn: { type: 'array', items: TEXT },
    status: { enum: ['pending', 'running', 'complete', 'incomplete', 'paused', 'cancelled', 'failed'] },
    reason: TEXT,
    waitingFor: TEXT_OR_NULL,
    waitingSince: TIME_OR_NULL,
    updated: COUNT,
    batches: COUNT,
    skipped: COUNT,
    quarantined: COUNT,
    remaining: COUNT_OR_NULL,
    fraction: { type: ['number', 'null'], minimum: 0, maximum: 1 },
    rowsPerSecond: { type: ['number', 'null'] },
    remainingMs: COUNT_OR_NULL,
    leasedBy: TEXT_OR_NULL,
    startedAt: TIME_OR_NULL,
    changedAt: TIME_OR_NULL,
    completedAt: TIME_OR_NULL,
    sealedBy: TEXT_OR_NULL,
    probedAt: TIME_OR_NULL,
    targets: object({ total: COUNT, byStatus: { type: 'object', additionalProperties: COUNT } }),
  }),
  Tenant: object({
    tenant: TEXT_OR_NULL,
    updated: COUNT,
    skipped: COUNT,
    quarantined: COUNT,
    lastTouchedAt: TIME,
  }),
  HistoryEntry: object({
    at: TIME,
    what: TEXT,
    before: TEXT_OR_NULL,
    after: TEXT_OR_NULL,
    reason: TEXT_OR_NULL,
    actor: TEXT,
  }),
  QuarantineGroup: object({
    error: TEXT,
    example: TEXT,
    code: TEXT_OR_NULL,
    rows: COUNT,
    keys: { type: 'array', items: { type: 'array', items: TEXT } },
    lastTriedAt: TIME,
  }),
  QuarantinedRow: object({
    key: KEY,
    tenant: TEXT_OR_NULL,
    error: TEXT,
    code: TEXT_OR_NULL,
    attempts: COUNT,
    firstTriedAt: TIME,
    lastTriedAt: TIME,
  }),
  Preview: object({
    name: TEXT,
    version: { type: 'integer' },
    kind: TEXT,
    table: TEXT,
    key: KEY,
    rows: {
      type: 'array',
      items: object({ key: KEY, before: VALUES_OR_NULL, after: VALUES_OR_NULL, error: TEXT_OR_NULL }),
    },
    problem: TEXT_OR_NULL,
  }),
  SamplePoint: object({
    at: TIME,
    rowsPerSecond: { type: 'number' },
    remaining: COUNT_OR_NULL,
    batchSize: COUNT_OR_NULL,
    throttled: { type: 'number', minimum: 0, maximum: 1 },
    waitingFor: TEXT_OR_NULL,
  }),
  Round: object({
    dataSource: TEXT,
    job: TEXT,
    process: TEXT,
    startedAt: TIME,
    endedAt: TIME,
    inspected: COUNT,
    ran: COUNT,
    updated: COUNT,
    failed: COUNT,
    problem: TEXT_OR_NULL,
  }),
  Token: object({ actor: TEXT, role: TEXT, token: TEXT }),
  Steering: {
    type: 'object',
    required: ['reason'],
    properties: {
      reason: { type: 'string', minLength: 1, maxLength: 500 },
      targets: { type: ['array', 'null'], items: TEXT },
      keys: {
        type: ['array', 'null'],
        items: KEY,
        minItems: 1,
        maxItems: 1000,
        description: 'retry: only these rows in quarantine. Without it, or with null: all of them.',
      },
      batchSize: { type: ['integer', 'string', 'null'], description: SETTING },
      pause: {
        type: ['number', 'string', 'null'],
        description: `${SETTING} In milliseconds, or e.g. "1.5s".`,
      },
      workers: { type: ['integer', 'string', 'null'], description: SETTING },
      maxWorkers: { type: ['integer', 'string', 'null'], description: SETTING },
    },
  },
  Problem: object({ error: object({ status: { type: 'integer' }, message: TEXT }) }),
  Unparsed: object({ statusCode: { type: 'integer' }, message: TEXT }),
} as const;
