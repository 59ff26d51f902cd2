import { html, type Content, type Html } from './html.js';

/** How a table is named for those who do not see it: a text, or the id of a heading. */
export type TableName = ({ readonly label: string } | { readonly headingId: string }) & {
  /** On a narrow screen, each cell is a line with its `data-label`. */
  readonly isStacked?: true;
};

/** A table with a head for each column, which scrolls sideways where it is too wide. @param bodies its `tbody` elements */
export function scrollingTable(name: TableName, heads: readonly string[], bodies: Content): Html {
  const named =
    'label' in name ? html`aria-label="${name.label}"` : html`aria-labelledby="${name.headingId}"`;
  return html`<div class="scroll" role="group" ${named} tabindex="0">
    <table${name.isStacked && html` class="stacked"`}>
      <thead>
        <tr>
          ${heads.map((head) => html`<th scope="col">${head}</th>`)}
        </tr>
      </thead>
      ${bodies}
    </table>
  </div>`;
}
