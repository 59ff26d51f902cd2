import type { TenantQuery, TenantSort } from 'nestjs-backfill/operate';

const PAGE_SIZE = 100;
const QUARANTINE_PAGE_SIZE = 50;
const MAX_SEARCH = 200;
const SORTS: readonly string[] = [
  'tenant',
  'updated',
  'skipped',
  'quarantined',
  'lastTouchedAt',
] satisfies TenantSort[];

/** The part of a list that a query asks for. */
export function readPart(query: URLSearchParams): { readonly limit: number; readonly offset: number } {
  return { limit: whole(query.get('limit'), PAGE_SIZE), offset: whole(query.get('offset'), 0) };
}

export function readTenantQuery(query: URLSearchParams): Required<TenantQuery> {
  const sort = query.get('sort') ?? '';
  return {
    search: (query.get('search') ?? '').replaceAll('\0', '').slice(0, MAX_SEARCH),
    sort: SORTS.includes(sort) ? (sort as TenantSort) : 'updated',
    order: query.get('order') === 'ascending' ? 'ascending' : 'descending',
    ...readPart(query),
  };
}

/** The part of the quarantine that a query asks for. A page of checkboxes makes a long address, so it has fewer rows. */
export function readQuarantineQuery(query: URLSearchParams): {
  readonly error: string | null;
  readonly limit: number;
  readonly offset: number;
} {
  const error = query.get('error')?.replaceAll('\0', '') ?? null;
  return {
    error,
    limit: whole(query.get('limit'), QUARANTINE_PAGE_SIZE),
    offset: whole(query.get('offset'), 0),
  };
}

/** Hours of a chart. */
export function readHours(query: URLSearchParams): number {
  return whole(query.get('hours'), 1);
}

function whole(text: string | null, otherwise: number): number {
  return text !== null && /^\d{1,9}$/.test(text) ? Number(text) : otherwise;
}
