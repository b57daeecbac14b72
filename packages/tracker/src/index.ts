// Announcing one torrent to its tiers
export type { AnnouncerOptions, AnnouncerParts, AnnounceProgress } from './announcer-options.ts'
export { Announcer } from './announcer.ts'
export type { CandidateReader } from './candidate-buffer.ts'
export type { TrackerState, TrackerStatus } from './tracker-status.ts'
export type {
  TrackerAnnouncing,
  TrackerEvent,
  TrackerFailed,
  TrackerReply,
  TrackerWarning,
} from './tracker-event.ts'
// What the torrents of a session share
export type { TrackerClientsOptions } from './tracker-clients.ts'
export { TrackerClients } from './tracker-clients.ts'
// One call to one tracker
export type { HttpTrackerOptions } from './http-tracker.ts'
export { HttpTracker } from './http-tracker.ts'
export type { UdpTrackerOptions } from './udp-tracker.ts'
export { UdpTracker } from './udp-tracker.ts'
export { localNetworkGuard } from './local-network-guard.ts'
export type { TrackerErrorCode } from './tracker-error.ts'
export { parseTrackerUrl } from './tracker-url.ts'
export type {
  AnnounceEventName,
  AnnounceReply,
  AnnounceRequest,
  HostResolver,
  ResolvedHost,
  ScrapeResult,
  TrackerCallOptions,
  TrackerClient,
  TrackerGuard,
} from './tracker-client.ts'
// Trackers as a source of peers
export type { TrackerSourceOptions } from './tracker-source.ts'
export { TrackerSource } from './tracker-source.ts'
