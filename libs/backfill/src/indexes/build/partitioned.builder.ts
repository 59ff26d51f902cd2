import type { QueryRunner } from 'typeorm';
import { quoteIdentifier } from '../../postgres/identifiers.js';
import { findIndex, isAttached, runUnderDdlPolicy, type TableNode } from '../catalog/index.catalog.js';
import { createIndex, type IndexDefinition } from '../declare/index.definition.js';
import type { ConcurrentIndexBuilder, FailedBuild } from './concurrent.builder.js';
import { derivedName } from './derived-name.js';

/** The name of the index on each table of a partition tree. */
type IndexNames = (table: string) => string;

/**
 * Builds an index on a partitioned table without scanning a table under a strong lock. It builds an index
 * concurrently on each partition, then creates an empty index on each parent and attaches the partitions'
 * indexes to it. A parent's index is INVALID until every partition's index is attached. It is created last,
 * so that a partition with duplicate rows does not leave an INVALID index on the parent.
 */
export class PartitionedIndexBuilder {
  readonly #runner: QueryRunner;
  readonly #concurrent: ConcurrentIndexBuilder;

  constructor(runner: QueryRunner, concurrent: ConcurrentIndexBuilder) {
    this.#runner = runner;
    this.#concurrent = concurrent;
  }

  /** @returns the failure; undefined if the index was built */
  async build(definition: IndexDefinition, tree: readonly TableNode[]): Promise<FailedBuild | undefined> {
    const names = new Map(
      tree.map(({ path, parent, name }) => [
        path,
        parent === undefined ? definition.name : derivedName(definition.name, name),
      ]),
    );
    const nameOn: IndexNames = (table) => names.get(table) ?? '';
    for (const node of tree) {
      if (!node.leaf || (await this.#isAttached(node, nameOn))) continue;
      const failure = await this.#concurrent.build(definition, nameOn(node.path), node.path);
      if (failure) return failure;
    }
    for (const node of tree) await this.#attach(definition, node, nameOn);
    return undefined;
  }

  async #attach(definition: IndexDefinition, node: TableNode, nameOn: IndexNames): Promise<void> {
    const { path, parent, leaf } = node;
    if (await this.#isAttached(node, nameOn)) return;
    if (!leaf && !(await findIndex(this.#runner, path, nameOn(path))))
      await runUnderDdlPolicy(this.#runner, createIndex(definition, nameOn(path), `ONLY ${path}`));
    if (parent === undefined) return;
    const [parentIndex, index] = [
      await this.#path(parent, nameOn(parent)),
      await this.#path(path, nameOn(path)),
    ];
    await runUnderDdlPolicy(this.#runner, `ALTER INDEX ${parentIndex} ATTACH PARTITION ${index}`);
  }

  async #isAttached({ path, parent }: TableNode, nameOn: IndexNames): Promise<boolean> {
    if (parent === undefined) return false;
    return isAttached(this.#runner, await this.#path(parent, nameOn(parent)), path);
  }

  async #path(table: string, name: string): Promise<string> {
    return (await findIndex(this.#runner, table, name))?.path ?? quoteIdentifier(name);
  }
}
