import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

export const CALL_DIRECTIONS = ['inbound', 'outbound'] as const;
export type CallDirection = (typeof CALL_DIRECTIONS)[number];

/** `test`: a call that the telephony provider made during its installation. */
export const CALL_OUTCOMES = ['answered', 'voicemail', 'missed', 'test'] as const;
export type CallOutcome = (typeof CALL_OUTCOMES)[number];

@Entity('call_logs')
export class CallLog {
  @PrimaryGeneratedColumn('identity', { type: 'bigint' })
  id!: string;

  @Column('bigint', { name: 'lead_id' })
  leadId!: string;

  @Column('text')
  direction!: CallDirection;

  @Column('text')
  outcome!: CallOutcome;

  @Column('int', { name: 'duration_seconds' })
  durationSeconds!: number;

  @Column('timestamptz', { name: 'called_at' })
  calledAt!: Date;
}
