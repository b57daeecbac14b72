// What a torrent does, whether or not its metadata is known. The `Torrent` that users hold has one body at a time: a
// `PendingTorrent` while the info dictionary of a magnet link is fetched, an `ActiveTorrent` from then on.

import type { Bitfield, InputError, PeerAddress, StorageError } from '@torrential/primitives'
import type { InboundTorrent } from './inbound-gate.ts'
import type { MoveOptions } from './options.ts'
import type { Peer } from './peer.ts'
import type { TorrentFile } from './torrent-file.ts'
import type { TorrentStatus } from './torrent-life.ts'
import type { TorrentStats } from './torrent-stats.ts'
import type { SwarmTracker } from './tracker-link.ts'

export interface TorrentBody {
  readonly files: readonly TorrentFile[]
  readonly peers: readonly Peer[]
  readonly trackers: readonly SwarmTracker[]
  /** A copy. */
  readonly bitfield: Bitfield
  readonly status: TorrentStatus
  readonly error: StorageError | InputError | undefined
  readonly isComplete: boolean
  readonly stats: TorrentStats
  readonly ready: Promise<void>
  readonly done: Promise<void>
  readonly inbound: InboundTorrent
  maxDown: number
  maxUp: number
  setSequential(on: boolean): void
  check(): Promise<void>
  start(): Promise<void>
  stop(): Promise<void>
  pause(): void
  resume(): void
  addPeer(address: PeerAddress): void
  addTracker(url: string, tier?: number): void
  announce(): void
  move(path: string, options: MoveOptions): Promise<void>
  close(options: CloseOptions): Promise<void>
}

export interface CloseOptions {
  readonly deleteFiles: boolean
  /** Removes the resume record too. */
  readonly forget: boolean
}
