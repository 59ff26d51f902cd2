import type { DataSource } from 'typeorm';
import { schemaOption } from '../../data-sources/data-source.schema.js';
import { TARGET_SCHEMA_STEP } from '../../ledger/ledger.context.js';
import { installedStep } from '../../ledger/ledger.installer.js';
import type { Ledger } from '../../ledger/ledger.js';
import type { TargetRecord } from '../../ledger/target/targets.ledger.js';
import { text } from '../../postgres/decoders.js';
import { Session } from '../../postgres/session.js';
import { toArrayText } from '../../postgres/text-format.js';
import type { BackfillProof } from './completion.prover.js';

/** Where the records of a removed backfill may be. */
export interface RetiredSource {
  readonly dataSources: readonly DataSource[];
  readonly ledger: Ledger;
  /** The schema of the ledger, not quoted. */
  readonly schema: string;
}

/**
 * Whether a backfill whose class was removed is complete, according to the ledgers. Its table is not known any more,
 * so nothing can be probed. On a new database, no ledger has a record of it, and no row was written by the releases
 * that needed it.
 */
export async function proveRetired(name: string, source: RetiredSource): Promise<BackfillProof> {
  for (const dataSource of source.dataSources) {
    const session = await Session.open(dataSource);
    try {
      const open = (await recordsOf(session, dataSource, { ...source, name })).find(
        ({ status }) => status !== 'complete',
      );
      if (open) return { complete: false, status: open.status, reason: reasonOf(open) };
    } finally {
      await session.close();
    }
  }
  return { complete: true, status: 'complete' };
}

/** The records of the tables in the schemas that the data source uses: other schemas belong to other tenants. */
async function recordsOf(
  session: Session,
  dataSource: DataSource,
  { name, ledger, schema }: Pick<RetiredSource, 'ledger' | 'schema'> & { readonly name: string },
): Promise<TargetRecord[]> {
  if ((await installedStep(session, schema)) < TARGET_SCHEMA_STEP) return [];
  const declared = dataSource.entityMetadatas.flatMap((entity) => entity.schema ?? []);
  const { last } = await session.send([
    {
      text: `SELECT DISTINCT pg_catalog.quote_ident(used) FROM (
          SELECT pg_catalog.unnest($1::text[]) UNION ALL SELECT coalesce($2, pg_catalog.current_schema()::text)
        ) AS s (used) WHERE used IS NOT NULL`,
      values: [toArrayText(declared), schemaOption(dataSource) ?? null],
    },
  ]);
  const schemas = last.values(text);
  const records = await ledger.targets.newestOf(session, name);
  return records.filter(
    (record) => record.name === '' || schemas.some((used) => record.name.startsWith(`${used}.`)),
  );
}

function reasonOf({ name, status, reason, changedAt }: TargetRecord): string {
  const place = name === '' ? '' : ` on ${name}`;
  return `It is retired, but here it was ${status}${place} when it last ran (${changedAt}: ${reason}). First deploy the last release that declares it.`;
}
