// Start here
export type { SeedOptions } from './session.ts'
export type { SessionStats } from './session-stats.ts'
export { createSession, Session } from './session.ts'
export type { AddOptions, MoveOptions, RestoreOptions, SessionOptions } from './options.ts'
export type { TorrentSource } from './load-source.ts'
export { loadSource } from './load-source.ts'
// Torrents
export { Torrent } from './torrent.ts'
export type { TorrentStatus } from './torrent-life.ts'
export type { TorrentStats } from './torrent-stats.ts'
export { TorrentFile } from './torrent-file.ts'
export type { FileRange } from './file-stream.ts'
export { FileStream } from './file-stream.ts'
export { Peer } from './peer.ts'
export type { SwarmTracker } from './tracker-link.ts'
// Events
export type { SessionEvent, SessionEventType } from './session-events.ts'
export type {
  CheckingEvent,
  ErrorEvent,
  FileBytesEvent,
  FileCompleteEvent,
  FileReusedEvent,
  FileHandleEvent,
  FileMovedEvent,
  MessageEvent,
  MetadataEvent,
  MovedEvent,
  PeerBlockedEvent,
  PeerBytesEvent,
  PeerConnectedEvent,
  PeerDisconnectedEvent,
  PeerFailedEvent,
  PeerStateEvent,
  PieceEvent,
  PieceFailedEvent,
  ReadyEvent,
  TorrentEvent,
  TorrentEventType,
  TorrentTrackerEvent,
  WarningEvent,
} from './torrent-events.ts'
