import { Inject, Injectable } from '@nestjs/common';
import { BackfillReader } from './backfill.reader.js';
import { OverviewReader } from './overview.reader.js';
import { PlanReader } from './plan.reader.js';
import { Runtime } from './runtime.js';

/** Everything that pages and the API read. */
@Injectable()
export class Readers {
  readonly runtime: Runtime;
  readonly overview: OverviewReader;
  readonly backfill: BackfillReader;
  readonly plan: PlanReader;

  constructor(
    @Inject(Runtime) runtime: Runtime,
    @Inject(OverviewReader) overview: OverviewReader,
    @Inject(BackfillReader) backfill: BackfillReader,
    @Inject(PlanReader) plan: PlanReader,
  ) {
    this.runtime = runtime;
    this.overview = overview;
    this.backfill = backfill;
    this.plan = plan;
  }
}
