import type { HelperEvent, OrmEvent, UndecidedEvent } from '../evaluate/machine/event.types.js';
import type { DataRule } from '../rules/rule.types.js';
import { ormSentence } from '../rules/wording.js';
import { codeOfSite } from './code-of-site.js';
import { fingerprintOf } from './fingerprint.js';
import type { Finding } from './finding.types.js';
import { type JudgeState, regionInMigration, stopped } from './judge-sql.js';
import { regionOfSite } from './regions.js';
import { severityOfOrm } from './severity.js';

/** A write that TypeORM makes by itself. */
export function judgeOrm(event: OrmEvent, state: JudgeState): Finding {
  const inRows = event.loops.includes('rows');
  const base: DataRule =
    event.through === 'builder'
      ? 'query-builder-write'
      : event.verb === 'truncate' && event.through === 'runner'
        ? 'truncate'
        : 'orm-write';
  const rule: DataRule = inRows ? 'row-loop' : base;
  const judged = severityOfOrm(event, {
    loops: event.loops,
    memory: state.memory,
    sizes: state.sizes,
    ctes: new Set(),
    whole: '',
  });
  const code = codeOfSite(event.site);
  const region = regionInMigration(event, state.file);
  const loop = event.loops.at(-1);
  return {
    rule,
    ...judged,
    direction: state.direction,
    message: ormSentence(event),
    ...(event.entity ? { table: event.entity.table } : {}),
    statement: code,
    fingerprint: fingerprintOf(`${rule}\0${code.replace(/\s+/g, '')}`),
    region,
    line: region.line,
    ...(event.site.source.path === state.file ? {} : { elsewhere: regionOfSite(event.site) }),
    ...(loop ? { loop } : {}),
    columns: [...event.columns.keys()],
  };
}

/** A helper that changes data by agreement. */
export function judgeHelper(event: HelperEvent, state: JudgeState): Finding {
  const code = codeOfSite(event.site);
  return {
    rule: 'helper-dml',
    severity: event.loops.includes('rows') ? 'HIGH' : 'MEDIUM',
    reason: 'the helper changes data by agreement',
    direction: state.direction,
    message: `${event.name}() changes rows`,
    statement: code,
    fingerprint: fingerprintOf(`helper-dml\0${code.replace(/\s+/g, '')}`),
    region: regionInMigration(event, state.file),
    line: regionInMigration(event, state.file).line,
  };
}

export function judgeUndecided(event: UndecidedEvent, state: JudgeState): Finding {
  return stopped(event, state, event.reason, codeOfSite(event.site), event.expression);
}
