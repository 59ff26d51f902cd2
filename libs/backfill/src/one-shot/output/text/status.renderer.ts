import { formatCount, formatQuantity } from '../reader.format.js';
import { NO_BACKFILL_DECLARED } from '../../../report/report.js';
import type { BackfillStatusReport, StatusReport } from '../../../report/status-report.js';
import { describePace } from '../../../report/pace.format.js';
import type { SettingInForce } from '../../../ledger/control.ledger.js';
import { formatKey, printable, printableLine } from './printable.js';
import { renderTable } from './table.renderer.js';
import { renderTenantTable } from './tenant-table.renderer.js';

/** The records of the ledger. Ends with a line break. */
export function renderStatus({ backfills }: StatusReport): string {
  if (backfills.length === 0) return `\n${NO_BACKFILL_DECLARED}\nThe ledger contains none either.\n`;
  const table = renderTable(
    [
      ['backfill', 'version', 'status', 'updated', 'skipped', 'quarantined', 'batches', 'since'],
      ...backfills.map((report) => [
        report.name,
        String(report.version),
        report.status,
        formatCount(report.updated),
        formatCount(report.skipped),
        formatCount(report.quarantined),
        formatCount(report.batches),
        report.changedAt ?? 'never run',
      ]),
    ],
    [2, 7],
  );
  const details = backfills.map((report) =>
    [titleOf(report), ...renderDetails(report).map((line) => `  ${line}`)].join('\n'),
  );
  return `\n${[table.join('\n'), ...details].join('\n\n')}\n`;
}

/** Maximum number of lines for the other targets of a backfill. */
const MAX_SHOWN_TARGETS = 20;

function titleOf({ name, target, otherTargets }: BackfillStatusReport): string {
  return target === null || otherTargets.total === 0 ? name : `${name} on ${printable(target)}`;
}

function renderDetails(report: BackfillStatusReport): string[] {
  return [
    printableLine(report.reason),
    ...(report.declared
      ? []
      : [
          `Not declared by this application: another version of the application ran it. If its class was removed, --forget ${report.name} deletes its records.`,
        ]),
    ...(report.leasedBy === null ? [] : [`Running in process ${printableLine(report.leasedBy)}.`]),
    ...(report.waitingFor === null ? [] : [`Waiting for ${printableLine(report.waitingFor)}.`]),
    ...renderPace(report),
    ...report.settings.map(renderSetting),
    ...renderSeal(report),
    ...renderDrift(report),
    ...renderLastCatchUp(report),
    ...renderQuarantine(report),
    ...renderTenantTable(report.tenants),
    ...renderOtherTargets(report),
  ];
}

/** A setting that replaces the declared value: its author, time and reason, in one line. */
export function renderSetting({ setting, value, by, at, why }: SettingInForce): string {
  const reason = why === null ? '' : `: ${why}`;
  return printableLine(`Live setting: ${setting}=${value} (${by}, ${at}${reason})`);
}

function renderPace({ pace }: BackfillStatusReport): string[] {
  return pace === null ? [] : [printableLine(describePace(pace))];
}

function renderSeal({ sealedBy }: BackfillStatusReport): string[] {
  return sealedBy === null
    ? []
    : [`Sealed by ${printableLine(sealedBy)}. While this constraint exists, no row can become pending.`];
}

function renderDrift({ drift }: BackfillStatusReport): string[] {
  if (drift.times === 0) return [];
  const times = drift.times === 1 ? 'once' : `${formatCount(drift.times)} times`;
  return [
    `Rows became pending after completion (drift): ${times}, last at ${drift.lastAt ?? 'an unknown time'}; ${formatQuantity(drift.rows, 'row')} changed since then.`,
  ];
}

/** Rounds do not probe a sealed backfill, so its last probe does not matter. */
function renderLastCatchUp({ sealedBy, looked }: BackfillStatusReport): string[] {
  if (looked === null || sealedBy !== null) return [];
  return [
    looked.index === null
      ? `Catch-up last probed some keys at ${looked.at}; no index serves the pending predicate.`
      : `Catch-up last probed at ${looked.at}, with the index ${printable(looked.index)}.`,
  ];
}

function renderOtherTargets({ otherTargets: { total, complete, first } }: BackfillStatusReport): string[] {
  if (total === 0) return [];
  const shown = first.slice(0, MAX_SHOWN_TARGETS);
  const areComplete = `${formatCount(complete)} ${complete === 1 ? 'is' : 'are'} complete`;
  return [
    `Also on ${formatQuantity(total, 'other table')}, of which ${areComplete} (--target SCHEMA shows one):`,
    ...shown.map(({ target, status, changedAt }) => `  ${printable(target)}: ${status} since ${changedAt}`),
    ...(total > shown.length ? [`  … and ${formatCount(total - shown.length)} more`] : []),
  ];
}

function renderQuarantine({ quarantine, quarantined }: BackfillStatusReport): string[] {
  if (quarantine.length === 0) return [];
  const hidden = quarantined - quarantine.length;
  return [
    'In quarantine (--retry-quarantined tries these rows again):',
    ...quarantine.map(
      ({ key, error, attempts }) =>
        `  ${formatKey(key)}: ${printableLine(error)} (${formatQuantity(attempts, 'attempt')})`,
    ),
    ...(hidden > 0 ? [`  … and ${formatCount(hidden)} more`] : []),
  ];
}
