import type { HelperEvent, OrmEvent } from '../evaluate/machine/event.types.js';
import type { DataRule } from '../rules/rule.types.js';
import { codeOfSite } from './code-of-site.js';
import type { Finding } from './finding.types.js';
import { fingerprintOf } from './fingerprint.js';
import type { JudgeState } from './judge.types.js';
import { placeInMigration, regionOfSite } from './regions.js';
import { severityOfOrm } from './severity/orm.severity.js';
import { ormSentence } from './wording.js';

/** The finding for a write through TypeORM. */
export function judgeOrm(event: OrmEvent, state: JudgeState): Finding {
  const rule = ruleOf(event);
  const code = codeOfSite(event.site);
  const loop = event.loops.at(-1);
  return {
    rule,
    ...severityOfOrm(event, state),
    direction: state.direction,
    message: ormSentence(event),
    ...(event.entity ? { table: event.entity.table } : {}),
    statement: code,
    fingerprint: fingerprintOf(`${rule}\0${code.replace(/\s+/g, '')}`),
    ...placeInMigration(event, state.file),
    ...(event.site.source.path === state.file ? {} : { elsewhere: regionOfSite(event.site) }),
    ...(loop ? { loop } : {}),
    columns: [...event.columns.keys()],
  };
}

function ruleOf({ loops, through, verb }: OrmEvent): DataRule {
  if (loops.includes('rows')) return 'row-loop';
  if (through === 'builder') return 'query-builder-write';
  return through === 'runner' && verb === 'truncate' ? 'truncate' : 'orm-write';
}

/** The finding for a call of a helper that is configured to change data. */
export function judgeHelper(event: HelperEvent, state: JudgeState): Finding {
  const code = codeOfSite(event.site);
  return {
    rule: 'helper-dml',
    severity: event.loops.includes('rows') ? 'HIGH' : 'MEDIUM',
    reason: 'its name shows that it changes data',
    direction: state.direction,
    message: `${event.name}() changes rows`,
    statement: code,
    fingerprint: fingerprintOf(`helper-dml\0${code.replace(/\s+/g, '')}`),
    ...placeInMigration(event, state.file),
  };
}
