import { Injectable, NotFoundException } from '@nestjs/common';
import { InjectDataSource, InjectRepository } from '@nestjs/typeorm';
import { DataSource, Like, Repository } from 'typeorm';
import { CallLog } from './call-log.entity.js';
import { Lead } from './lead.entity.js';
import { searchName } from './search-name.js';

export type LeadDraft = Pick<Lead, 'firstName' | 'lastName' | 'email'>;
export type Call = Pick<CallLog, 'direction' | 'outcome' | 'durationSeconds'>;

/**
 * Every method that writes a lead fills the new columns. This code is deployed before the backfills run, so
 * the backfills only have to change existing rows.
 */
@Injectable()
export class LeadsService {
  readonly #leads: Repository<Lead>;
  readonly #dataSource: DataSource;

  constructor(@InjectRepository(Lead) leads: Repository<Lead>, @InjectDataSource() dataSource: DataSource) {
    this.#leads = leads;
    this.#dataSource = dataSource;
  }

  find(tenantId: number, name: string): Promise<Lead[]> {
    const start = searchName(name, '').replace(/[\\%_]/g, String.raw`\$&`);
    return this.#leads.find({
      where: { tenantId, searchName: Like(`${start}%`) },
      order: { searchName: 'ASC', id: 'ASC' },
      take: 50,
    });
  }

  create(tenantId: number, draft: LeadDraft): Promise<Lead> {
    return this.#leads.save({
      ...draft,
      tenantId,
      searchName: searchName(draft.firstName, draft.lastName),
      lastCallDirection: 'none' as const,
    });
  }

  logCall(tenantId: number, leadId: string, call: Call): Promise<CallLog> {
    return this.#dataSource.transaction(async (manager) => {
      const { affected } = await manager.update(
        Lead,
        { id: leadId, tenantId },
        { lastCallDirection: call.direction },
      );
      if (!affected) throw new NotFoundException(`Lead ${leadId} does not exist.`);
      return manager.save(CallLog, { ...call, leadId, calledAt: new Date() });
    });
  }
}
