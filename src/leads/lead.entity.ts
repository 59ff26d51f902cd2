import { Column, CreateDateColumn, Entity, JoinColumn, ManyToOne, PrimaryGeneratedColumn } from 'typeorm';
import type { CallDirection } from './call-log.entity.js';
import { Tenant } from './tenant.entity.js';

/** `none`: the lead has no calls. The column is null until the backfill has filled it. */
export type LastCallDirection = CallDirection | 'none';

@Entity('leads')
export class Lead {
  /** A string, because a bigint may be larger than a JavaScript number can represent exactly. */
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

  /** The name in the form that searches use: see `search-name.ts`. */
  @Column('text', { name: 'search_name', nullable: true })
  searchName!: string | null;

  /**
   * The column becomes NOT NULL after the backfill. This version of the application works before and after
   * that.
   */
  @Column('text', { name: 'last_call_direction', nullable: true })
  lastCallDirection!: LastCallDirection | null;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;
}
