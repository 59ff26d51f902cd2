import { Injectable, Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { IndexExplorer } from '../../libs/backfill/src/indexes/declare/index.explorer.ts';
import { OnlineIndex } from '../../libs/backfill/src/indexes/declare/online-index.decorator.ts';
import { DuplicateIndexNameError } from '../../libs/backfill/src/indexes/index.error.ts';
import { IndexStage, Lead } from '../support/migrations/index-stage.ts';

const stage = IndexStage.forEachTest();

describe('classes with @OnlineIndex', () => {
  @OnlineIndex<Lead>({ name: 'leads_tenant', entity: Lead, columns: ['tenantId'] })
  class LeadsTenantIndex {}

  @OnlineIndex<Lead>({ name: 'leads_tenant', entity: Lead, columns: ['id'] })
  class Another {}

  @Injectable()
  class Unrelated {}

  async function explorer(providers: (new () => unknown)[]): Promise<IndexExplorer> {
    @Module({ providers })
    class Feature {}
    const app = await Test.createTestingModule({
      imports: [DiscoveryModule, Feature],
      providers: [IndexExplorer],
    }).compile();
    return app.get(IndexExplorer);
  }

  it('are found in any module', async () => {
    const found = (await explorer([LeadsTenantIndex, Unrelated])).explore();
    expect(found).toMatchObject([{ className: 'LeadsTenantIndex', options: { name: 'leads_tenant' } }]);
    expect(await stage.build(found)).toMatchObject({ outcome: 'done' });
  });

  it('are refused if two have the same name', async () => {
    const both = await explorer([LeadsTenantIndex, Another]);
    expect(() => both.explore()).toThrow(DuplicateIndexNameError);
  });
});
