import type { BackfillDeclaration } from 'nestjs-backfill/operate';
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
export function settingsTable(
  { pace }: Pick<BackfillDeclaration, 'pace'>,
  status: Pick<BackfillData['status'], 'settings'>,
): Html {
  const settings = Object.entries(pace).map(([name, declared]): Setting => {
    return { name, declared, set: status.settings.find(({ setting }) => setting === name) };
  });
  const declaredOnly = settings.filter(({ set }) => set === undefined);
  return table<Setting>(
    sections.settings,
    [
      { head: list.setting, cell: ({ name }) => name, breaks: 'never' },
      {
        head: list.value,
        cell: ({ name, declared, set }) =>
          set ? html`<strong>${withUnit(name, set.value)}</strong>` : withUnit(name, declared),
      },
      { head: list.declared, cell: ({ name, declared, set }) => set && withUnit(name, declared) },
      { head: list.setBy, cell: ({ set }) => set && html`${set.by} ${time(set.at)}` },
      { head: list.why, cell: ({ set }) => set?.why },
    ],
    [...settings.filter(({ set }) => set !== undefined), ...declaredOnly],
  );
}

/** Durations are in milliseconds; `auto` has no unit. */
export function withUnit(name: string, value: string | number | boolean): string {
  const isDuration = /(?:Timeout|Duration|^pause)$/.test(name) && /^[\d.]+$/.test(String(value));
  return isDuration ? `${value} ms` : String(value);
}
