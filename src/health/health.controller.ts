import { Controller, Get } from '@nestjs/common';
import { DataSource } from 'typeorm';

/** Tells a supervisor whether this process answers, and whether its database does. */
@Controller('health')
export class HealthController {
  readonly #dataSource: DataSource;

  constructor(dataSource: DataSource) {
    this.#dataSource = dataSource;
  }

  /** Fails with status 500 if the database does not answer. */
  @Get()
  async check(): Promise<{ readonly status: 'ok' }> {
    await this.#dataSource.query('SELECT 1');
    return { status: 'ok' };
  }
}
