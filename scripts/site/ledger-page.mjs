/** What each table and view of the ledger is for. */
const ABOUT = /** @type {Readonly<Record<string, string>>} */ ({
  backfill: 'a backfill of one version on one physical table, with its status and its counters',
  transition: 'each change of a status, with its reason and its actor; nothing is overwritten',
  range: 'the parts of a table: cursor, lease, fencing token, counters',
  skipped_row: 'rows that a sweep left out, until the settling pass has changed them',
  quarantined_row: 'rows whose change failed, with the error',
  tenant_progress: 'rows by tenant',
  deploy_lease: 'the lease of a phase of a deployment',
  online_index: 'indexes that the library has built, as they were declared',
  control: 'what persons have set: pace, pauses, cancellations',
  catch_up: 'probes of catch-up: the last one of each backfill',
  catch_up_round: 'the last rounds of catch-up: what they inspected, ran and changed',
  event: 'what has happened, for those who receive events',
  event_delivery: 'which subscriber has received which event',
  event_subscriber: 'the receivers of events',
  run_trace: 'the last span of the runs of a backfill, to which the next one links',
  sample: 'samples of the progress of runs: rows and times, fewer with age',
  installed_step: 'the steps of this schema that are installed',
});

/**
 * docs/ledger.md, from the catalogue of a database with an installed ledger.
 *
 * @param {readonly { relation: string, kind: string, column: string, type: string }[]} columns
 */
export function ledgerPage(columns) {
  const relations = [...new Set(columns.map(({ relation }) => relation))];
  const sections = relations.map((relation) => {
    const own = columns.filter((each) => each.relation === relation);
    const isView = own[0]?.kind === 'v';
    const about = ABOUT[relation];
    if (!isView && about === undefined)
      throw new Error(`scripts/site/ledger-page.mjs says nothing of the table ${relation}.`);
    return [
      `## ${relation}`,
      '',
      isView ? 'A view for people.' : `Holds ${about}.`,
      '',
      '| column | type |',
      '| --- | --- |',
      ...own.map(({ column, type }) => `| \`${column}\` | ${type} |`),
      '',
    ].join('\n');
  });
  return `# The tables of the ledger

They are in the schema \`nestjs_backfill\` of each database, or in the one of the option
[\`schema\`](options.md). Read them as you like; the views, whose names begin with \`v_\`, are made for people. Never change them by hand: [the commands](pace.md#live-control) do it with a reason and
a person. The first run installs them, and a newer release adds what it needs.

${sections.join('\n')}`;
}
