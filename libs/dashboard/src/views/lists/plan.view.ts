import type { BackfillPlan } from 'nestjs-backfill/reports';
import { mayDo } from '../../security/access.js';
import { TEXTS } from '../../texts.js';
import { count, duration, facts } from '../format.js';
import { html, type Html } from '../html.js';
import { frame } from './list-frame.view.js';
import type { PageContext } from '../page.js';
import { previewLink } from './preview.view.js';

const { sections } = TEXTS;

export function planPage(context: PageContext, plan: BackfillPlan): Html {
  const { name, pending, batches, estimatedMs, index, warnings, sql, explain, triggers } = plan;
  return frame(context, { name, title: sections.plan }, [
    warnings.length > 0 &&
      html`<ul class="attention">
        ${warnings.map((warning) => html`<li>${warning}</li>`)}
      </ul>`,
    facts([
      [TEXTS.chart.remaining, pending === null ? null : count(pending)],
      [TEXTS.facts.batches, batches === null ? null : count(batches)],
      [TEXTS.columns.left, estimatedMs === null ? null : duration(estimatedMs)],
      [TEXTS.facts.index, index],
      ['Triggers', triggers.join(', ')],
    ]),
    html`<h2 id="sql">${TEXTS.plan.sql}</h2>
      <pre tabindex="0" aria-labelledby="sql" role="region">${sql}</pre>`,
    mayDo(context.access, 'rows') && previewLink(context, name),
    html`<h2 id="explain">${TEXTS.plan.explain}</h2>
      <pre tabindex="0" aria-labelledby="explain" role="region">${explain.join('\n')}</pre>`,
  ]);
}
