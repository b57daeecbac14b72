// The tracker
export type { AllowContext, TrackerServerOptions } from './server-options.ts'
export type { TrackerServerEvent } from './tracker-core.ts'
export type { TrackerServer, TrackerServerStats } from './tracker-server.ts'
export { createTrackerServer } from './tracker-server.ts'
// Its memory, for whoever builds another front
export type { SampleTarget } from './peer-table.ts'
export type { SwarmPeer } from './swarm.ts'
export { Swarm } from './swarm.ts'
export type { SwarmEvent, SwarmStoreOptions } from './swarm-store.ts'
export { SWEEP_INTERVAL, SwarmStore } from './swarm-store.ts'
