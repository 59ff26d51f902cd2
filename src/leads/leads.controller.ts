import { Body, Controller, Get, Param, ParseIntPipe, Post, Query } from '@nestjs/common';
import type { CallLog } from './call-log.entity.js';
import type { Lead } from './lead.entity.js';
import { parseCall, parseLeadDraft, parseLeadId } from './leads.body.js';
import { LeadsService } from './leads.service.js';

@Controller('tenants/:tenantId/leads')
export class LeadsController {
  readonly #leads: LeadsService;

  constructor(leads: LeadsService) {
    this.#leads = leads;
  }

  @Get()
  find(@Param('tenantId', ParseIntPipe) tenantId: number, @Query('name') name = ''): Promise<Lead[]> {
    return this.#leads.find(tenantId, name);
  }

  @Post()
  create(@Param('tenantId', ParseIntPipe) tenantId: number, @Body() body: unknown): Promise<Lead> {
    return this.#leads.create(tenantId, parseLeadDraft(body));
  }

  @Post(':leadId/calls')
  logCall(
    @Param('tenantId', ParseIntPipe) tenantId: number,
    @Param('leadId') leadId: string,
    @Body() body: unknown,
  ): Promise<CallLog> {
    return this.#leads.logCall(tenantId, parseLeadId(leadId), parseCall(body));
  }
}
