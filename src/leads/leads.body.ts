import { BadRequestException } from '@nestjs/common';
import { CALL_DIRECTIONS, CALL_OUTCOMES } from './call-log.entity.js';
import type { Call, LeadDraft } from './leads.service.js';

/** @throws BadRequestException */
export function parseLeadId(text: string): string {
  if (!/^\d{1,18}$/.test(text)) throw new BadRequestException('The id of a lead must be a whole number.');
  return text;
}

/** @throws BadRequestException */
export function parseLeadDraft(body: unknown): LeadDraft {
  const read = reader(body);
  return { firstName: read.text('firstName'), lastName: read.text('lastName'), email: read.text('email') };
}

/** @throws BadRequestException */
export function parseCall(body: unknown): Call {
  const read = reader(body);
  return {
    direction: read.oneOf('direction', CALL_DIRECTIONS),
    outcome: read.oneOf('outcome', CALL_OUTCOMES),
    durationSeconds: read.seconds('durationSeconds'),
  };
}

function reader(body: unknown) {
  const fields: Readonly<Record<string, unknown>> =
    typeof body === 'object' && body !== null ? { ...body } : {};
  const refuse = (field: string, wanted: string): never => {
    throw new BadRequestException(`${field} must be ${wanted}.`);
  };
  return {
    text(field: string): string {
      const value = fields[field];
      return typeof value === 'string' && value.trim() ? value.trim() : refuse(field, 'a text');
    },
    oneOf<const Value extends string>(field: string, values: readonly Value[]): Value {
      return values.find((value) => value === fields[field]) ?? refuse(field, `one of ${values.join(', ')}`);
    },
    seconds(field: string): number {
      const value = fields[field];
      return typeof value === 'number' && Number.isInteger(value) && value >= 0
        ? value
        : refuse(field, 'a whole number of seconds');
    },
  };
}
