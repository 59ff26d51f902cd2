import { TEXTS } from '../texts.js';
import { html, type Content, type Html } from './html.js';

export function count(value: number): string {
  return value.toLocaleString('en-US');
}

export function rows(value: number): string {
  return `${count(value)} ${value === 1 ? 'row' : 'rows'}`;
}

/** E.g. `3 h 20 min`, `45 s`. */
export function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.round(hours / 24)} days`;
}

export function percent(fraction: number): string {
  return `${Math.floor(fraction * 100)} %`;
}

/** A time in UTC; the script shows it in the reader's zone. */
export function time(iso: string | null): Content {
  if (iso === null) return null;
  return html`<time datetime="${iso}">${iso.slice(0, 19).replace('T', ' ')} UTC</time>`;
}

/** The first line of an error as a sentence, which a text can go on after. */
export function sentenceOf(error: string): string {
  const [line = ''] = error.split('\n');
  return /[.!?]$/.test(line) ? line : `${line}.`;
}

const SINCE = /, since (\d{4}-\d\d-\d\dT[\d:.]+Z)$/;

/** What a run waits for, and since when in the reader's zone. The script of the pages does the same. */
export function wait(waitingFor: string | null, waitingSince: string | null): Content {
  if (waitingFor === null) return null;
  const since = SINCE.exec(waitingFor)?.[1] ?? waitingSince;
  return html`${waitingFor.replace(SINCE, '')}${since !== null && html` ${TEXTS.since} ${time(since)}`}`;
}

/** A definition list of the facts that are known. */
export function facts(entries: readonly (readonly [name: string, value: Content])[]): Html {
  const known = entries.filter(
    ([, value]) => value !== null && value !== undefined && value !== false && value !== '',
  );
  return html`<dl class="facts">
    ${known.map(
      ([name, value]) =>
        html`<div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`;
}
