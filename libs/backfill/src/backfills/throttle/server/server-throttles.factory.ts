import { ActiveConnectionsThrottle } from './active-connections.throttle.js';
import { LockWaitersThrottle } from './lock-waiters.throttle.js';
import { MaintenanceThrottle } from './maintenance.throttle.js';
import { OldestTransactionThrottle } from './oldest-transaction.throttle.js';
import { ReplicaLagThrottle } from './replica-lag.throttle.js';
import { ReplicationSlotsThrottle } from './replication-slots.throttle.js';
import type { ServerThrottle } from './server.throttle.js';
import type { ThrottleLimits } from '../throttle.limits.js';
import { WalArchiveThrottle } from './wal-archive.throttle.js';

/** Creates the throttles that are turned on. */
export function createServerThrottles(limits: ThrottleLimits): readonly ServerThrottle[] {
  const {
    replicaLag,
    replicationSlots,
    walArchive,
    maintenance,
    lockWaiters,
    oldestTransaction,
    activeConnections,
  } = limits;
  return [
    ...(replicaLag ? [new ReplicaLagThrottle(replicaLag)] : []),
    ...(replicationSlots ? [new ReplicationSlotsThrottle(replicationSlots)] : []),
    ...(walArchive ? [new WalArchiveThrottle(walArchive)] : []),
    ...(maintenance && maintenance.length > 0 ? [new MaintenanceThrottle(maintenance)] : []),
    ...(lockWaiters ? [new LockWaitersThrottle(lockWaiters)] : []),
    ...(oldestTransaction ? [new OldestTransactionThrottle(oldestTransaction)] : []),
    ...(activeConnections ? [new ActiveConnectionsThrottle(activeConnections)] : []),
  ];
}
