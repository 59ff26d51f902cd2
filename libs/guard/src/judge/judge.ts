import type { EvaluationEvent } from '../evaluate/machine/event.types.js';
import { isDataRule } from '../rules/rule.types.js';
import { codeOfSite } from './code-of-site.js';
import type { Finding, Verdict } from './finding.types.js';
import { judgeHelper, judgeOrm } from './judge-orm.js';
import { judgeSql } from './judge-sql.js';
import type { JudgeState } from './judge.types.js';
import { withoutFileContent } from './read-files.js';
import { judgeUndecided, undecided } from './undecided.js';

/** The findings of one direction of a migration, in the order of its actions. */
export function judgeEvents(events: readonly EvaluationEvent[], state: JudgeState): readonly Finding[] {
  const found = new Map<string, Finding>();
  for (const event of events) {
    for (const finding of judgeEvent(event, state)) {
      const key = `${finding.fingerprint} ${String(finding.region.start)}`;
      // An action that several paths reach is one finding, with the severity of the worst path.
      const known = found.get(key);
      if (!known || rank(finding) > rank(known)) found.set(key, finding);
    }
  }
  return [...found.values()];
}

/** The guard cannot decide a data change that probably belongs to another database. */
function judgeEvent(event: EvaluationEvent, state: JudgeState): readonly Finding[] {
  const findings = judgeCertainEvent(event, state);
  const { doubt } = event;
  if (doubt === undefined || !findings.some(({ rule }) => isDataRule(rule))) return findings;
  return [undecided(event, state, { stop: 'branch', code: codeOfSite(event.site), detail: doubt })];
}

function judgeCertainEvent(event: EvaluationEvent, state: JudgeState): readonly Finding[] {
  switch (event.kind) {
    case 'sql':
      return withoutFileContent(judgeSql(event, state), event, state.file);
    case 'orm':
      return [judgeOrm(event, state)];
    case 'helper':
      return [judgeHelper(event, state)];
    case 'undecided':
      return [judgeUndecided(event, state)];
    case 'schema':
      state.memory.noteCall(event);
      return state.locks?.ofCall(event, state) ?? [];
  }
}

function rank({ severity }: Finding): number {
  return { LOW: 0, MEDIUM: 1, HIGH: 2 }[severity];
}

export function verdictOf(findings: readonly Finding[]): Verdict {
  if (findings.some(({ rule }) => isDataRule(rule))) return 'violation';
  return findings.some(({ rule }) => rule === 'cannot-decide') ? 'cannot-decide' : 'clean';
}
