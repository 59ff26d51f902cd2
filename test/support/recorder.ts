import type { BackfillObserver } from 'nestjs-backfill';

type Heard<Event extends keyof BackfillObserver> = Parameters<NonNullable<BackfillObserver[Event]>>[0];

/** An observer that remembers what it was told, in order. */
export class Recorder implements BackfillObserver {
  readonly starts: Heard<'started'>[] = [];
  readonly batches: Heard<'progressed'>[] = [];
  readonly waits: Heard<'waiting'>[] = [];
  readonly notes: Heard<'noted'>[] = [];
  readonly reports: Heard<'finished'>[] = [];

  started(event: Heard<'started'>): void {
    this.starts.push(event);
  }

  progressed(event: Heard<'progressed'>): void {
    this.batches.push(event);
  }

  waiting(event: Heard<'waiting'>): void {
    this.waits.push(event);
  }

  noted(event: Heard<'noted'>): void {
    this.notes.push(event);
  }

  finished(report: Heard<'finished'>): void {
    this.reports.push(report);
  }

  /** The progress of the batches that make a line. */
  get lines(): Heard<'progressed'>[] {
    return this.batches.filter(({ line }) => line);
  }
}
