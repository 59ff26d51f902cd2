import type { BackfillPreview, PreviewedRow, PreviewedValues } from 'nestjs-backfill/reports';
import { keyToText } from '../../reading/key.text.js';
import { TEXTS } from '../../texts.js';
import { html, type Content, type Html } from '../html.js';
import { frame } from './list-frame.view.js';
import type { PageContext } from '../page.js';
import { scrollingTable } from '../table.view.js';

const { plan: texts, sections } = TEXTS;

/** Some rows before and after their change. */
export function previewPage(context: PageContext, { name, key, rows, problem }: BackfillPreview): Html {
  return frame(context, { name, title: sections.rows }, [
    html`<p>${texts.rowsIntro}</p>`,
    problem !== null && html`<p class="attention" role="status">${problem}</p>`,
    rows.length > 0 && table(key, rows),
  ]);
}

export function previewLink({ links }: PageContext, name: string): Html {
  return html`<p>${texts.rowsIntro}</p>
    <p><a class="button" href="${links.to(['b', name, 'rows'])}">${texts.rows}</a></p>`;
}

/** A line for each column of each row, so that it fits on a telephone. */
function table(key: readonly string[], rows: readonly PreviewedRow[]): Html {
  const heads = [`${texts.key} (${key.join(', ')})`, texts.column, texts.before, texts.after];
  return scrollingTable(
    { label: sections.rows },
    heads,
    rows.map(
      (row) =>
        html`<tbody>
          ${lines(row)}
        </tbody>`,
    ),
  );
}

function lines({ key, before, after, error }: PreviewedRow): Content {
  const columns = Object.keys(after ?? before ?? {});
  return columns.map(
    (column, at) =>
      html`<tr>
        ${at === 0 && html`<th scope="rowgroup" rowspan="${columns.length}">${keyToText(key)}</th>`}
        <td>${column}</td>
        <td>${before === null ? texts.inserted : value(before, column)}</td>
        ${error === null && html`<td>${changed({ before, after }, column)}</td>`}
        ${error !== null && at === 0 && failure(error, columns.length)}
      </tr>`,
  );
}

/** One cell for all columns of the row. */
function failure(error: string, columns: number): Html {
  return html`<td rowspan="${columns}" class="failed"><strong>${texts.failed}</strong> ${error}</td>`;
}

function changed({ before, after }: Pick<PreviewedRow, 'before' | 'after'>, column: string): Content {
  if (after === null) return texts.deleted;
  if (before !== null && before[column] === after[column]) return html`<small>${texts.unchanged}</small>`;
  return value(after, column);
}

/** The text NULL is not the value NULL. */
function value(values: PreviewedValues, column: string): Content {
  const own = values[column] ?? null;
  return own === null ? html`<small>NULL</small>` : html`<code>${own}</code>`;
}
