import { STEERING_ACTIONS } from '../actions/action.table.js';
import { SCHEMAS } from './openapi.schemas.js';

/** An operation of the API that reads, or that rehearses a backfill. */
export interface ReadOperation {
  readonly summary: string;
  readonly schema: object;
  readonly query?: Readonly<Record<string, 'string' | 'integer'>>;
  readonly role?: string;
}

const named = (name: keyof typeof SCHEMAS) => ({ $ref: `#/components/schemas/${name}` });
const pageOf = (name: keyof typeof SCHEMAS) => ({
  type: 'object',
  required: ['items', 'total'],
  properties: { items: { type: 'array', items: named(name) }, total: { type: 'integer' } },
});
const PART = { limit: 'integer', offset: 'integer' } as const;

/** Each status that is not a success, and when it is answered. */
const STATUSES = {
  400: 'The request cannot be read; nothing was done',
  403: 'The role does not allow it, or the token is missing, wrong or too old',
  404: 'There is no such backfill or action',
  409: 'The state of the backfill, of this process or of the ledger does not allow it',
  413: 'The body is too large',
  415: 'The body is not JSON',
  422: 'A value is not allowed; nothing was done',
  429: 'Too many actions in a minute; `Retry-After` has the seconds to wait',
  500: 'An error that is in the log of the application',
  503: 'The database does not answer; `Retry-After` has the seconds to wait',
} as const;
type FailureStatus = keyof typeof STATUSES;

const OF_READ: readonly FailureStatus[] = [403, 409, 500, 503];
const OF_POST: readonly FailureStatus[] = [400, 403, 404, 409, 413, 415, 429, 500, 503];
const OF_STEERING: readonly FailureStatus[] = [...OF_POST, 422];

/** The statuses of failures of a reading operation. */
export function failuresOfRead(path: string): readonly FailureStatus[] {
  return path.includes('{name}') ? [...OF_READ, 404] : OF_READ;
}

export { OF_POST as FAILURES_OF_REHEARSAL, OF_STEERING as FAILURES_OF_STEERING };

/** The body of a failure. The application itself answers bodies that it cannot parse. */
export function failureOf(status: FailureStatus): { readonly description: string; readonly schema: object } {
  const isOfApplication = [400, 413, 415].includes(status);
  return {
    description: STATUSES[status],
    schema: isOfApplication ? { anyOf: [named('Problem'), named('Unparsed')] } : named('Problem'),
  };
}

export const READS: Readonly<Record<string, ReadOperation>> = {
  '/openapi.json': { summary: 'This API as OpenAPI 3.1', schema: { type: 'object' } },
  '/overview': { summary: 'All backfills, each with its progress', schema: named('Overview') },
  '/phases': { summary: 'Pending migrations and indexes', schema: { type: 'object' } },
  '/rounds': {
    summary: 'The last rounds of catch-up',
    schema: { type: 'array', items: named('Round') },
  },
  '/token': { summary: 'A token for changes, and who you are', schema: named('Token') },
  '/backfills/{name}': { summary: 'One backfill', schema: { type: 'object' }, query: { hours: 'integer' } },
  '/backfills/{name}/tenants': {
    summary: 'Progress of tenants',
    schema: pageOf('Tenant'),
    query: { search: 'string', sort: 'string', order: 'string', ...PART },
  },
  '/backfills/{name}/history': {
    summary: 'Changes, newest first',
    schema: pageOf('HistoryEntry'),
    query: PART,
  },
  '/backfills/{name}/quarantine': {
    summary: 'Rows in quarantine by error',
    schema: { type: 'array', items: named('QuarantineGroup') },
  },
  '/backfills/{name}/quarantine/rows': {
    summary: 'Rows in quarantine, one by one',
    schema: pageOf('QuarantinedRow'),
    query: { error: 'string', ...PART },
  },
  '/backfills/{name}/samples': {
    summary: 'Rates and pending rows over time',
    schema: { type: 'array', items: named('SamplePoint') },
    query: { hours: 'integer' },
  },
};

/** The operations that run batches and roll them back. */
export const REHEARSALS: Readonly<Record<string, ReadOperation>> = {
  '/backfills/{name}/plan': {
    summary: 'The plan; runs batches and rolls them back',
    schema: { type: 'object' },
    role: 'operator',
  },
  '/backfills/{name}/rows': {
    summary: 'Ten pending rows before and after their change, which is rolled back',
    schema: named('Preview'),
    role: 'operator',
  },
};

/** The API of version 1, as OpenAPI 3.1. */
export function openApiDocument(): object {
  const paths: Record<string, object> = { '/backfills/{name}/{action}': { post: steer() } };
  for (const [path, operation] of Object.entries(READS)) paths[path] = { get: read(path, operation) };
  for (const [path, operation] of Object.entries(REHEARSALS)) paths[path] = { post: rehearse(operation) };
  return {
    openapi: '3.1.0',
    info: {
      title: 'nestjs-backfill-dashboard',
      version: '1',
      description:
        'Times are ISO 8601 in UTC. Each POST needs the header `x-csrf-token` with a token of GET /token and its cookie; a change also needs a reason.',
    },
    // Relative to this document.
    servers: [{ url: '.' }],
    paths,
    components: { schemas: SCHEMAS },
  };
}

function read(path: string, { summary, schema, query = {}, role = 'viewer' }: ReadOperation): object {
  return {
    summary,
    description: `Needs the role ${role}.`,
    parameters: [
      ...(path.includes('{name}') ? [parameter('name', 'path', { type: 'string' })] : []),
      ...Object.entries(query).map(([name, type]) => parameter(name, 'query', { type })),
    ],
    responses: { '200': json('The records', schema), ...failures(failuresOfRead(path)) },
  };
}

const TOKEN = { ...parameter('x-csrf-token', 'header', { type: 'string' }), required: true };

function rehearse({ summary, schema, role }: ReadOperation): object {
  return {
    summary,
    description: `Needs the role ${role ?? 'operator'}.`,
    parameters: [parameter('name', 'path', { type: 'string' }), TOKEN],
    responses: { '200': json('The result', schema), ...failures(OF_POST) },
  };
}

export const STEER = {
  summary: 'Pause, resume, set, retry, run or cancel',
  description: 'Needs the role operator; cancel needs admin.',
} as const;

function steer(): object {
  return {
    ...STEER,
    parameters: [
      parameter('name', 'path', { type: 'string' }),
      parameter('action', 'path', { enum: STEERING_ACTIONS }),
      TOKEN,
    ],
    requestBody: { required: true, content: { 'application/json': { schema: named('Steering') } } },
    responses: {
      '200': json('Done', {
        type: 'object',
        properties: { done: { type: 'string' }, backfill: named('Backfill') },
      }),
      ...failures(OF_STEERING),
    },
  };
}

function parameter(
  name: string,
  place: 'path' | 'query' | 'header',
  schema: object,
): Readonly<Record<string, unknown>> {
  return { name, in: place, required: place === 'path', schema };
}

function json(description: string, schema: object): object {
  return { description, content: { 'application/json': { schema } } };
}

function failures(statuses: readonly FailureStatus[]): Record<string, object> {
  return Object.fromEntries(
    statuses.map((status) => {
      const { description, schema } = failureOf(status);
      return [String(status), json(description, schema)];
    }),
  );
}
