import type { BackfillStatusReport, StatusReport } from '../../../backfills/report/status-report.js';
import type { SettingInForce } from '../../../ledger/control.ledger.js';
import { renderTenantTable } from './tenant-table.renderer.js';
import {
  printable,
  printableLine,
  renderCount,
  renderKey,
  renderQuantity,
  renderTable,
} from '../../../text/format.js';

/** What the ledger knows, for people. Ends with a line break. */
export function renderStatus({ backfills }: StatusReport): string {
  if (backfills.length === 0) return '\nNo backfill is declared, and the ledger knows none.\n';
  const table = renderTable(
    [
      ['backfill', 'version', 'status', 'updated', 'skipped', 'quarantined', 'batches', 'since'],
      ...backfills.map((each) => [
        each.name,
        String(each.version),
        each.status,
        renderCount(each.updated),
        renderCount(each.skipped),
        renderCount(each.quarantined),
        renderCount(each.batches),
        each.changedAt ?? 'never run',
      ]),
    ],
    [2, 7],
  );
  const details = backfills.map((each) =>
    [each.name, ...renderDetails(each).map((line) => `  ${line}`)].join('\n'),
  );
  return `\n${[table.join('\n'), ...details].join('\n\n')}\n`;
}

function renderDetails(report: BackfillStatusReport): string[] {
  return [
    printableLine(report.reason),
    ...(report.declared ? [] : ['Not declared by this application: another deployment of it has run it.']),
    ...(report.leasedBy === null ? [] : [`Being run by ${printableLine(report.leasedBy)}.`]),
    ...(report.waitingFor === null ? [] : [`Waiting for ${printableLine(report.waitingFor)}.`]),
    ...report.settings.map(renderSetting),
    ...renderCatchUp(report),
    ...renderQuarantine(report),
    ...renderTenantTable(report.tenants),
  ];
}

/** One line: what is set over what the code says, by whom, when and why. */
export function renderSetting({ setting, value, by, at, why }: SettingInForce): string {
  const because = why === null ? '' : `: ${why}`;
  return printableLine(`Set while it runs: ${setting}=${value} (${by}, ${at}${because})`);
}

function renderCatchUp({ sealedBy, drift, looked }: BackfillStatusReport): string[] {
  const times = drift.times === 1 ? 'once' : `${renderCount(drift.times)} times`;
  return [
    ...(sealedBy === null
      ? []
      : [`Sealed by ${printableLine(sealedBy)}: while that stands, nothing can become pending.`]),
    ...(drift.times === 0
      ? []
      : [
          `Rows became pending after it was complete (drift), ${times}, last at ${drift.lastAt ?? 'an unknown time'}: ${renderQuantity(drift.rows, 'row')} done since.`,
        ]),
    ...(looked === null || sealedBy !== null
      ? []
      : [
          `Catch-up last looked at ${looked.at}, ${looked.index === null ? 'at some keys only: no index serves the pending predicate' : `by the index ${printable(looked.index)}`}.`,
        ]),
  ];
}

function renderQuarantine({ quarantine, quarantined }: BackfillStatusReport): string[] {
  if (quarantine.length === 0) return [];
  const hidden = quarantined - quarantine.length;
  return [
    'In quarantine (--retry-quarantined tries them again):',
    ...quarantine.map(
      ({ key, error, attempts }) =>
        `  ${renderKey(key)}: ${printableLine(error)} (${renderCount(attempts)} attempt${attempts === 1 ? '' : 's'})`,
    ),
    ...(hidden > 0 ? [`  … and ${renderCount(hidden)} more`] : []),
  ];
}
