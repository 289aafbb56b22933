/** Every key and channel of one federation. The README's key table says who writes each and when it goes. */
export interface RedisKeys {
  readonly topologyCurrent: string;
  readonly topologyChannel: string;
  readonly topologyHistory: string;
  topologyRevision(revision: number): string;
  /** Where the pieces of a large revision wait for their record; `id` is whose. */
  topologyStage(id: string): string;
  readonly callRecords: string;
  readonly callRecordKeys: string;
  readonly callRecordStore: string;
  readonly bindingIndex: string;
  bindings(aor: string): string;
  leases(key: string): string;
  reach(hub: string): string;
  readonly health: string;
}

/**
 * What is in braces decides the slot of Redis Cluster: one for everything of a federation, so that what changes together
 * can, and so that one master serves it, whose health is known at any moment. Names are encoded, so that neither a brace
 * nor a colon in them can reach into another key.
 */
export function redisKeys(prefix: string, federation: string): RedisKeys {
  const tag = encodeURIComponent(federation);
  const shared = `${prefix}:{${tag}}`;
  return {
    topologyCurrent: `${shared}:topology:current`,
    topologyChannel: `${shared}:topology:changed`,
    topologyHistory: `${shared}:topology:history`,
    topologyRevision: (revision) => `${shared}:topology:revision:${revision}`,
    topologyStage: (id) => `${shared}:topology:stage:${id}`,
    callRecords: `${shared}:calls`,
    callRecordKeys: `${shared}:calls:keys`,
    callRecordStore: `${shared}:calls:store`,
    bindingIndex: `${shared}:bindings`,
    bindings: (aor) => `${shared}:bindings:${encodeURIComponent(aor)}`,
    leases: (key) => `${shared}:leases:${encodeURIComponent(key)}`,
    reach: (hub) => `${shared}:reach:${encodeURIComponent(hub)}`,
    health: `${shared}:health`,
  };
}
