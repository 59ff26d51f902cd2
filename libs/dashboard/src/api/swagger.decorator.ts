import type { Type } from '@nestjs/common';
import { STEERING_ACTIONS } from '../actions/action.table.js';
import { BackfillApiController } from '../controllers/api.controller.js';
import {
  failureOf,
  FAILURES_OF_REHEARSAL,
  FAILURES_OF_STEERING,
  failuresOfRead,
  READS,
  REHEARSALS,
  STEER,
  type ReadOperation,
} from './openapi.document.js';
import { SCHEMAS } from './openapi.schemas.js';

/*
 * Separate type declarations for the used parts of @nestjs/swagger. The package is optional, and the type declarations
 * must compile without it.
 */
type MethodDecoratorOf = (options: object) => MethodDecorator;
interface Swagger {
  readonly ApiTags: (...tags: string[]) => ClassDecorator;
  readonly ApiExcludeController: () => ClassDecorator;
  readonly ApiOperation: MethodDecoratorOf;
  readonly ApiParam: MethodDecoratorOf;
  readonly ApiQuery: MethodDecoratorOf;
  readonly ApiHeader: MethodDecoratorOf;
  readonly ApiBody: MethodDecoratorOf;
  readonly ApiResponse: MethodDecoratorOf;
}

/** The operations of the API by the method of the controller. */
const PATHS = {
  openApi: '/openapi.json',
  overview: '/overview',
  phases: '/phases',
  rounds: '/rounds',
  token: '/token',
  backfill: '/backfills/{name}',
  tenants: '/backfills/{name}/tenants',
  history: '/backfills/{name}/history',
  quarantine: '/backfills/{name}/quarantine',
  quarantinedRows: '/backfills/{name}/quarantine/rows',
  samples: '/backfills/{name}/samples',
} as const satisfies Partial<Record<keyof BackfillApiController, string>>;

const REHEARSAL_PATHS = {
  plan: '/backfills/{name}/plan',
  rows: '/backfills/{name}/rows',
} as const satisfies Partial<Record<keyof BackfillApiController, string>>;

/**
 * Describes the API in the document that the application makes with @nestjs/swagger, if it has that package. The pages
 * are left out: they are no API.
 *
 * @param controllers the located classes of the dashboard
 */
export async function describeForSwagger(controllers: readonly Type<object>[]): Promise<void> {
  const swagger = await loadSwagger();
  if (swagger === null) return;
  for (const controller of controllers) {
    const isApi = controller.prototype instanceof BackfillApiController;
    (isApi ? swagger.ApiTags('backfills') : swagger.ApiExcludeController())(controller);
  }
  describeMethods(swagger);
}

function describeMethods(swagger: Swagger): void {
  for (const [method, path] of Object.entries(PATHS)) {
    const operation = READS[path];
    if (operation) decorate(method, readDecorators(swagger, path, operation));
  }
  for (const [method, path] of Object.entries(REHEARSAL_PATHS)) {
    const operation = REHEARSALS[path];
    if (operation) decorate(method, rehearsalDecorators(swagger, operation));
  }
  decorate('steer', [
    swagger.ApiOperation(STEER),
    swagger.ApiParam({ name: 'name', schema: { type: 'string' } }),
    swagger.ApiParam({ name: 'action', schema: { type: 'string', enum: STEERING_ACTIONS } }),
    tokenHeader(swagger),
    swagger.ApiBody({ schema: toVersion30(SCHEMAS.Steering) }),
    swagger.ApiResponse({ status: 200, description: 'Done', schema: { type: 'object' } }),
    ...failures(swagger, FAILURES_OF_STEERING),
  ]);
}

function readDecorators(
  swagger: Swagger,
  path: string,
  { summary, schema, query = {}, role = 'viewer' }: ReadOperation,
): MethodDecorator[] {
  const hasName = path.includes('{name}');
  return [
    swagger.ApiOperation({ summary, description: `Needs the role ${role}.` }),
    ...(hasName ? [swagger.ApiParam({ name: 'name', schema: { type: 'string' } })] : []),
    ...Object.entries(query).map(([name, type]) =>
      swagger.ApiQuery({ name, required: false, schema: { type } }),
    ),
    swagger.ApiResponse({ status: 200, description: 'The records', schema: toVersion30(schema) }),
    ...failures(swagger, failuresOfRead(path)),
  ];
}

function rehearsalDecorators(
  swagger: Swagger,
  { summary, schema, role = 'operator' }: ReadOperation,
): MethodDecorator[] {
  return [
    swagger.ApiOperation({ summary, description: `Needs the role ${role}.` }),
    swagger.ApiParam({ name: 'name', schema: { type: 'string' } }),
    tokenHeader(swagger),
    swagger.ApiResponse({ status: 200, description: 'The result', schema: toVersion30(schema) }),
    ...failures(swagger, FAILURES_OF_REHEARSAL),
  ];
}

function tokenHeader(swagger: Swagger): MethodDecorator {
  return swagger.ApiHeader({ name: 'x-csrf-token', required: true, schema: { type: 'string' } });
}

function failures(
  swagger: Swagger,
  statuses: readonly Parameters<typeof failureOf>[0][],
): readonly MethodDecorator[] {
  return statuses.map((status) => {
    const { description, schema } = failureOf(status);
    return swagger.ApiResponse({ status, description, schema: toVersion30(schema) });
  });
}

function decorate(method: string, decorators: readonly MethodDecorator[]): void {
  const { prototype } = BackfillApiController;
  const descriptor = Object.getOwnPropertyDescriptor(prototype, method);
  if (descriptor) for (const decorator of decorators) decorator(prototype, method, descriptor);
}

/** A schema of OpenAPI 3.1 in the form of 3.0, which @nestjs/swagger writes: no references, no list of types. */
export function toVersion30(schema: unknown): object {
  return convert(schema) as object;
}

function convert(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(convert);
  if (typeof schema !== 'object' || schema === null) return schema;
  const { $ref, type, ...rest } = schema as { readonly $ref?: string; readonly type?: unknown };
  if ($ref !== undefined) return convert(SCHEMAS[$ref.split('/').at(-1) as keyof typeof SCHEMAS]);
  const others = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, convert(value)]));
  if (!Array.isArray(type)) return type === undefined ? others : { type, ...others };
  const types = (type as string[]).filter((each) => each !== 'null');
  const nullable = types.length < type.length ? { nullable: true } : {};
  return types.length === 1
    ? { type: types[0], ...nullable, ...others }
    : { oneOf: types.map((each) => ({ type: each })), ...nullable, ...others };
}

/** @returns null if the application has not installed the package */
async function loadSwagger(): Promise<Swagger | null> {
  try {
    // A name that the compiler does not resolve: the package may be absent.
    const name: string = '@nestjs/swagger';
    return (await import(name)) as Swagger;
  } catch {
    return null;
  }
}
