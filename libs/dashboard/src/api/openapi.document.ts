import { STEERING_ACTIONS } from '../actions/action.table.js';
import { SCHEMAS } from './openapi.schemas.js';

/** An operation of the API that reads. */
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

export const READS: Readonly<Record<string, ReadOperation>> = {
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
  const reads = Object.entries(READS).map(
    ([path, operation]) => [path, { get: read(path, operation) }] as const,
  );
  const paths: Record<string, object> = Object.fromEntries(reads);
  paths['/backfills/{name}/{action}'] = { post: steer() };
  return {
    openapi: '3.1.0',
    info: {
      title: 'nestjs-backfill-dashboard',
      version: '1',
      description:
        'Times are ISO 8601 in UTC. A change needs the header `x-csrf-token` with a token of GET /token and its cookie, and a reason.',
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
    responses: { '200': json('The records', schema), ...failures(path.includes('{name}') ? ['404'] : []) },
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
      { ...parameter('x-csrf-token', 'header', { type: 'string' }), required: true },
    ],
    requestBody: { required: true, content: { 'application/json': { schema: named('Steering') } } },
    responses: {
      '200': json('Done', {
        type: 'object',
        properties: { done: { type: 'string' }, backfill: named('Backfill') },
      }),
      ...failures(['404', '409', '415', '422', '429']),
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

function failures(statuses: readonly string[]): Record<string, object> {
  return Object.fromEntries(
    ['403', '503', ...statuses].map((status) => [status, json('Refused or failed', named('Problem'))]),
  );
}
