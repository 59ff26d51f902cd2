import { Column, CreateDateColumn, Entity, JoinColumn, ManyToOne, PrimaryGeneratedColumn } from 'typeorm';
import type { CallDirection } from './call-log.entity.js';
import { Tenant } from './tenant.entity.js';

/** `none` says that nobody has called yet; null, that nobody has looked. */
export type LastCallDirection = CallDirection | 'none';

@Entity('leads')
export class Lead {
  /** A string: bigint goes beyond what a JavaScript number can hold. */
  @PrimaryGeneratedColumn('identity', { type: 'bigint' })
  id!: string;

  @Column('int', { name: 'tenant_id' })
  tenantId!: number;

  @ManyToOne(() => Tenant)
  @JoinColumn({ name: 'tenant_id' })
  tenant?: Tenant;

  @Column('text', { name: 'first_name' })
  firstName!: string;

  @Column('text', { name: 'last_name' })
  lastName!: string;

  @Column('text')
  email!: string;

  @Column('boolean', { name: 'email_verified', default: false })
  emailVerified!: boolean;

  /** What people are found by: see `search-name.ts`. */
  @Column('text', { name: 'search_name', nullable: true })
  searchName!: string | null;

  /** NOT NULL once the backfill is complete; this version of the application runs before that and after. */
  @Column('text', { name: 'last_call_direction', nullable: true })
  lastCallDirection!: LastCallDirection | null;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;
}
