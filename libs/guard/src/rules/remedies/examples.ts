export const SET_INSTEAD = `@Backfill<Lead>({
  name: 'leads-status',
  entity: Lead,
  where: { status: IsNull() },
})
export class LeadsStatus implements SetBackfill<Lead> {
  set() {
    return { status: \`'new'\` };
  }
}`;

export const COPY_INSTEAD = `@Backfill<Lead>({
  name: 'leads-to-contacts',
  entity: Lead,
  into: Contact,
  conflict: ['leadId'],
})
export class LeadsToContacts implements CopyBackfill<Lead, Contact> {
  copy(row: RowColumns<Lead>) {
    return { leadId: row.id, email: row.email };
  }
}`;

export const PURGE_INSTEAD = `@Backfill<CallLog>({
  name: 'call-logs-test-calls',
  entity: CallLog,
  kind: 'purge',
  where: { isTest: true },
})
export class CallLogsTestCalls {}`;

export const TRANSFORM_INSTEAD = `@Backfill<Lead>({
  name: 'leads-search-name',
  entity: Lead,
  where: { searchName: IsNull() },
  reads: ['firstName', 'lastName'],
  writes: ['searchName'],
})
export class LeadsSearchName implements TransformBackfill<Lead> {
  transform(rows: readonly Lead[]) {
    return rows.map((lead) => ({ searchName: searchName(lead.firstName, lead.lastName) }));
  }
}`;

export const PROCESS_INSTEAD = `@Backfill<Plan>({ name: 'plans-seed', entity: Plan, where: { seeded: false }, reads: ['id'] })
export class PlansSeed implements ProcessBackfill<Plan> {
  async process(batch: ProcessBatch<Plan>, manager: EntityManager) {
    for (const { id } of batch.rows) await manager.update(Plan, { id }, { seeded: true });
  }
}`;

/** A seed that can run at any time, and a `copy` backfill for rows that are computed from other rows. */
export const SEED_INSTEAD = `// scripts/seed-plans.ts: constants
await dataSource.query(\`INSERT INTO plans (name) VALUES ('free'), ('team') ON CONFLICT (name) DO NOTHING\`);

// src/backfills/leads-to-contacts.backfill.ts: rows that are computed from other rows
${COPY_INSTEAD}`;

/** A migration with this body of `up`. */
export function inMigration(body: string): string {
  return `class Example extends SchemaMigration {
  async up(queryRunner: QueryRunner) {
${body
  .split('\n')
  .map((line) => `    ${line}`)
  .join('\n')}
  }
}`;
}
