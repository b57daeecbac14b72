// What the torrents of a session share, as they see it.

import type { DownloadCredit } from '@torrential/engine'
import type { Clock, EventHub, PeerAddress, PeerId, Random, SlabPool } from '@torrential/primitives'
import type { CacheBudget, HandlePool, HashPool } from '@torrential/storage'
import type { TrackerClients } from '@torrential/tracker'
import type { TokenBucket } from '@torrential/transport'
import type PQueue from 'p-queue'
import type { ConnectionSlots } from './connection-slots.ts'
import type { Dialer } from './dialer.ts'
import type { PieceHashing } from './piece-hashing.ts'
import type { BlockStore } from './state/block-store.ts'
import type { ResumeStore } from './state/resume-store.ts'
import type { TorrentEntries } from './state/torrent-entries.ts'
import type { SessionEvent } from './session-events.ts'
import type { Torrent } from './torrent.ts'
import type { TorrentIdentity, TorrentRelations } from './torrent-index.ts'
import type { TurnBudget } from './turn-budget.ts'

export interface SessionContext {
  readonly peerId: PeerId
  readonly clock: Clock
  readonly random: Random
  readonly hub: EventHub<SessionEvent>
  readonly dialer: Dialer
  readonly slots: ConnectionSlots
  readonly down: TokenBucket
  readonly up: TokenBucket
  readonly credit: DownloadCredit
  /** What connections work on in one turn of the event loop. */
  readonly turns: TurnBudget
  readonly handles: HandlePool
  /** Threads that hash files: they go when nobody has needed them for a while. */
  readonly hashing: HashPool
  readonly pieceHashing: PieceHashing
  /** Pieces and runs of all torrents that are written, a few at a time. */
  readonly writes: PQueue
  /** Disk checks of all torrents, a few at a time. */
  readonly checks: PQueue
  readonly trackers: TrackerClients
  readonly announces: boolean
  readonly resume: ResumeStore | undefined
  readonly blocks: BlockStore | undefined
  readonly entries: TorrentEntries | undefined
  /** Memory of the read caches. */
  readonly slabs: SlabPool
  /** Of the read caches of all torrents. */
  readonly readCache: CacheBudget
  readonly maxTorrentConnections: number
  /** Our listening port, 0 when nobody can connect. */
  port(): number
  allows(address: PeerAddress): boolean
  /**
   * The metadata of a magnet link is here, and with it perhaps names of the torrent that the link did not say.
   * @throws InputError `TORRENT_DUPLICATE` when another torrent has one of them
   */
  learned(torrent: Torrent, identity: TorrentIdentity): void
  /** The other torrents that may have files in common with one that says this of others (BEP 38). */
  relatives(torrent: Torrent, says: TorrentRelations): Iterable<Torrent>
  /** The torrent is closed. */
  forget(torrent: Torrent): void
}
