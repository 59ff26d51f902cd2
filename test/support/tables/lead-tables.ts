import { Column, Entity, PrimaryColumn, PrimaryGeneratedColumn } from 'typeorm';
import type { TestDatabase } from '../server/database.ts';

/** A possible customer. */
@Entity('leads')
export class Lead {
  @PrimaryGeneratedColumn({ type: 'bigint' })
  id!: string;

  @Column({ type: 'text', name: 'tenant_id', nullable: true })
  tenantId!: string | null;

  @Column({ type: 'text' })
  name!: string;

  @Column({ type: 'text', name: 'search_name', nullable: true })
  searchName!: string | null;

  @Column({ type: 'text', name: 'last_call_direction', nullable: true })
  lastCallDirection!: string | null;
}

@Entity('call_logs')
export class CallLog {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: 'bigint', name: 'lead_id' })
  leadId!: string;

  @Column({ type: 'text' })
  direction!: string;

  @Column({ type: 'timestamptz', name: 'called_at' })
  calledAt!: Date;
}

/** The target table of `copy` backfills. */
@Entity('contacts')
export class Contact {
  @PrimaryColumn({ type: 'bigint', name: 'lead_id' })
  leadId!: string;

  @Column({ type: 'text', unique: true })
  label!: string;
}

export const LEAD_TABLES = [Lead, CallLog, Contact] as const;

/** Inserts pending leads with the ids 1 to `count`, spread evenly over the tenants `0`, `1` … */
export async function addLeads(database: TestDatabase, count: number, tenants = 1): Promise<void> {
  await database.query(
    `INSERT INTO leads (tenant_id, name) SELECT (i % $2::int)::text, 'Lead ' || i FROM generate_series(1, $1::int) AS i`,
    [count, tenants],
  );
}

/** Empties the tables and the ledger for the next test. */
export async function resetLeads(database: TestDatabase): Promise<void> {
  await database.query(`TRUNCATE leads, call_logs, contacts RESTART IDENTITY;
    DO $$ BEGIN
      IF to_regnamespace('nestjs_backfill') IS NOT NULL THEN
        TRUNCATE nestjs_backfill.backfill, nestjs_backfill.control, nestjs_backfill.tenant_progress, nestjs_backfill.quarantined_row CASCADE;
      END IF;
    END $$`);
}
