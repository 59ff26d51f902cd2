import type { SettingInForce } from 'nestjs-backfill/reports';
import type { BackfillData } from '../../reading/backfill.reader.js';
import { TEXTS } from '../../texts.js';
import { time } from '../format.js';
import { html, type Html } from '../html.js';
import { table } from './lists.view.js';

const { list, sections } = TEXTS;

interface Setting {
  readonly name: string;
  readonly declared: string;
  /** What a person has set; undefined: the declared value is in force. */
  readonly set: SettingInForce | undefined;
}

/** Every setting of the pace with the value in force: those that a person has set come first. */
export function settingsTable({
  status,
  declaration: { pace },
}: Pick<BackfillData, 'status' | 'declaration'>): Html {
  const settings = Object.entries(pace).map(([name, declared]): Setting => {
    return { name, declared, set: status.settings.find(({ setting }) => setting === name) };
  });
  const declaredOnly = settings.filter(({ set }) => set === undefined);
  return table<Setting>(
    sections.settings,
    [
      { head: list.setting, cell: ({ name }) => name },
      {
        head: list.value,
        cell: ({ declared, set }) => (set ? html`<strong>${set.value}</strong>` : declared),
      },
      { head: list.declared, cell: ({ declared, set }) => set && declared },
      { head: list.setBy, cell: ({ set }) => set && html`${set.by} ${time(set.at)}` },
      { head: list.why, cell: ({ set }) => set?.why },
    ],
    [...settings.filter(({ set }) => set !== undefined), ...declaredOnly],
  );
}
