import type { CatchUpWindow } from '../../backfills/declare/catch-up.options.js';
import { InvalidWindowError } from '../catch-up.error.js';
import { checkTimeZone } from './time-zone.js';

const MINUTES_PER_DAY = 24 * 60;

/**
 * Hours of the day in the local time of a time zone. When daylight saving time ends, one local hour occurs
 * twice, and the window contains both. When it begins, one local hour does not exist, and the window is
 * shorter by this hour.
 */
export class TimeWindow {
  /** Minutes from midnight. */
  readonly #from: number;
  readonly #to: number;
  readonly #text: string;
  readonly #localTime: Intl.DateTimeFormat;

  /** @throws InvalidWindowError, UnknownTimeZoneError */
  constructor(className: string, window: CatchUpWindow) {
    const given: unknown = window;
    if (typeof given !== 'object' || given === null)
      throw new InvalidWindowError(className, `is ${JSON.stringify(given)}, not two times of day`);
    const { from, to, timeZone = 'UTC' } = window;
    this.#from = minuteOf(className, 'from', from);
    this.#to = minuteOf(className, 'to', to);
    if (this.#from === this.#to) throw new InvalidWindowError(className, `is empty: from ${from} to ${to}`);
    checkTimeZone(className, 'window.timeZone', timeZone);
    this.#text = `${from} to ${to} ${timeZone}`;
    this.#localTime = new Intl.DateTimeFormat('en-GB', {
      timeZone,
      hour: 'numeric',
      minute: 'numeric',
      hourCycle: 'h23',
    });
  }

  isOpen(at: Date): boolean {
    const minute = this.#minuteOfDay(at);
    return this.#from < this.#to
      ? minute >= this.#from && minute < this.#to
      : minute >= this.#from || minute < this.#to;
  }

  /**
   * Returns `at` if the window is open. On a day when daylight saving time begins or ends, the result may be
   * wrong by up to an hour.
   */
  nextOpening(at: Date): Date {
    if (this.isOpen(at)) return at;
    const minutes = (this.#from - this.#minuteOfDay(at) + MINUTES_PER_DAY) % MINUTES_PER_DAY;
    return new Date((Math.floor(at.getTime() / 60_000) + minutes) * 60_000);
  }

  #minuteOfDay(at: Date): number {
    const parts = Object.fromEntries(
      this.#localTime.formatToParts(at).map(({ type, value }) => [type, value]),
    );
    return Number(parts['hour']) * 60 + Number(parts['minute']);
  }

  /** `22:00 to 05:00 Europe/Berlin` */
  toString(): string {
    return this.#text;
  }
}

/** `24:00` is the end of the day: no window starts there. */
const LAST_MINUTE = { from: MINUTES_PER_DAY - 1, to: MINUTES_PER_DAY } as const;

function minuteOf(className: string, end: 'from' | 'to', text: unknown): number {
  const [, hours, minutes] = (typeof text === 'string' && /^(\d{2}):([0-5]\d)$/.exec(text)) || [];
  const minute = Number(hours) * 60 + Number(minutes);
  if (minute <= LAST_MINUTE[end]) return minute;
  throw new InvalidWindowError(
    className,
    `has ${JSON.stringify(text)} for \`${end}\`, which is not a time of day as HH:MM`,
  );
}
