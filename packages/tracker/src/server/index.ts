export type { TrackerServerOptions } from './server-options.ts'
export type { TrackerServer, TrackerServerEvent, TrackerServerStats } from './tracker-server.ts'
export { createTrackerServer } from './tracker-server.ts'
