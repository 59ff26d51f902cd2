import { SchemaMigration } from 'nestjs-backfill';
import type { QueryRunner } from 'typeorm';

export class CreateCrm1751328000000 extends SchemaMigration {
  static override readonly allowsLocks = {
    reason: 'a CRM has fewer than two thousand million tenants',
    rules: ['integer-key'],
  } as const;

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE tenants (
        id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        name text NOT NULL
      )`);
    await queryRunner.query(`
      CREATE TABLE leads (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        tenant_id int NOT NULL REFERENCES tenants,
        first_name text NOT NULL,
        last_name text NOT NULL,
        email text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        UNIQUE (tenant_id, email)
      )`);
    await queryRunner.query(`CREATE INDEX leads_by_tenant_and_age ON leads (tenant_id, created_at)`);
    await queryRunner.query(`
      CREATE TABLE call_logs (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        lead_id bigint NOT NULL REFERENCES leads ON DELETE CASCADE,
        direction text NOT NULL CHECK (direction IN ('inbound', 'outbound')),
        outcome text NOT NULL CHECK (outcome IN ('answered', 'voicemail', 'missed', 'test')),
        duration_seconds int NOT NULL CHECK (duration_seconds >= 0),
        called_at timestamptz NOT NULL
      )`);
    await queryRunner.query(`CREATE INDEX call_logs_by_lead ON call_logs (lead_id, called_at)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE call_logs`);
    await queryRunner.query(`DROP TABLE leads`);
    await queryRunner.query(`DROP TABLE tenants`);
  }
}
