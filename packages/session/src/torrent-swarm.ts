// A torrent's side towards its peers: engine, driver, limits, and the intake from which its connections come. It can be started
// and stopped any number of times; what the engine knows of pieces outlives that, connections do not.

import type { CachedStorage } from '@torrential/storage'
import type { SwarmEngine } from '@torrential/engine'
import type { Metainfo } from '@torrential/metainfo'
import { type PeerAddress, PeerError, type TorrentialError } from '@torrential/primitives'
import type { AnnounceProgress } from '@torrential/tracker'
import { RateLimit, TokenBucket } from '@torrential/transport'
import type { BlockHasher } from './block-hasher.ts'
import type { Dialed } from './dialer.ts'
import type { AddOptions } from './options.ts'
import type { PeerConnection } from './peer-connection.ts'
import type { PeerIntake, PeerUser } from './peer-intake.ts'
import type { PieceCommitter } from './piece-committer.ts'
import type { Reporter } from './reporter.ts'
import type { SessionContext } from './session-context.ts'
import { type DriverEvents, TorrentDriver } from './torrent-driver.ts'
import { torrentStopped } from './torrent-stopped.ts'

export interface TorrentSwarmParts {
  readonly intake: PeerIntake
  /** Connections, each with its place, that were made before the metadata was known. */
  readonly inherited: readonly Dialed[]
  readonly metainfo: Metainfo
  readonly engine: SwarmEngine
  readonly storage: CachedStorage
  readonly committer: PieceCommitter
  /** v2 and hybrid. */
  readonly hasher: BlockHasher | undefined
  readonly reporter: Reporter
  readonly context: SessionContext
  readonly progress: () => AnnounceProgress
  /** What the torrent itself must know of disk and engine. */
  readonly events: Pick<DriverEvents, 'pieceCommitted' | 'pieceRejected' | 'storageFailed' | 'engineEvent'> & {
    /** The last connection is over. */
    left(): void
  }
}

/** Part of the connections that may go at a time when others wait for a place: half of them in a second. */
const TURNOVER = 0.25

export class TorrentSwarm implements PeerUser {
  readonly driver: TorrentDriver
  readonly #parts: TorrentSwarmParts
  readonly #down: TokenBucket
  readonly #up: TokenBucket
  #inherited: readonly Dialed[]
  #running = false

  constructor(parts: TorrentSwarmParts, options: AddOptions) {
    this.#parts = parts
    const { context, engine, storage, committer, hasher, reporter, metainfo, events } = parts
    const { pieceCommitted, pieceRejected, storageFailed, engineEvent } = events
    const { clock } = context
    this.#inherited = parts.inherited
    this.#down = new TokenBucket(options.maxDown ?? Number.POSITIVE_INFINITY, { clock })
    this.#up = new TokenBucket(options.maxUp ?? Number.POSITIVE_INFINITY, { clock })
    this.driver = new TorrentDriver({
      engine,
      clock,
      storage,
      committer,
      hasher,
      geometry: metainfo.geometry,
      down: new RateLimit(this.#down, context.down),
      up: new RateLimit(this.#up, context.up),
      turns: context.turns,
      events: {
        pieceCommitted,
        pieceRejected,
        storageFailed,
        engineEvent,
        connected: (connection) => reporter.connected(connection),
        disconnected: (connection, error) => this.#disconnected(connection, error),
        received: (connection, messages, bytes) => reporter.received(connection, messages, bytes),
        sent: (connection, message, bytes) => reporter.sent(connection, message, bytes),
        wantsMessages: () => reporter.wants('message'),
        sentBytes: (connection, bytes) => reporter.sentBytes(connection, bytes),
      },
    })
  }

  get meetings(): Iterable<PeerConnection> {
    return this.driver.connections.values()
  }

  get isFinished(): boolean {
    return this.#parts.engine.isFinished
  }

  get isUploadOnly(): boolean {
    return this.#parts.engine.isUploadOnly
  }

  get progress(): AnnounceProgress {
    return this.#parts.progress()
  }

  isBanned(address: PeerAddress): boolean {
    return this.#parts.engine.isBanned(address)
  }

  attach({ established, capabilities }: Dialed): PeerError | undefined {
    this.driver.attach(established, capabilities)
    return undefined
  }

  makeRoom(): void {
    const { connections, engine, clock } = this.driver
    const most = Math.ceil(connections.size * TURNOVER)
    for (const key of engine.leastUseful(clock.now(), most)) {
      connections.get(key)?.close(new PeerError('PEER_USELESS', 'others wait for its place'))
    }
  }

  get maxDown(): number {
    return this.#down.rate
  }

  set maxDown(rate: number) {
    this.#down.rate = rate
  }

  get maxUp(): number {
    return this.#up.rate
  }

  set maxUp(rate: number) {
    this.#up.rate = rate
  }

  start(): void {
    if (this.#running) return
    this.#running = true
    for (const dialed of this.#takeInherited()) this.attach(dialed)
    this.#parts.intake.start(this)
    this.driver.pump()
  }

  /** Closes every connection, and resolves when trackers were told (or did not answer in time). */
  async stop(): Promise<void> {
    this.#running = false
    const stopped = torrentStopped()
    const left = this.#parts.intake.stop()
    this.#parts.intake.abandon(this.#takeInherited(), stopped)
    this.driver.closeConnections(stopped)
    await left
  }

  /** A peer that dialed us told where it listens (BEP 10). */
  listensAt(connection: PeerConnection, port: number | undefined): void {
    if (port === undefined || port === 0 || connection.dialable !== undefined) return
    connection.dialable = { ...connection.address, port }
    this.#parts.intake.adopt(connection.dialable)
  }

  #takeInherited(): readonly Dialed[] {
    const inherited = this.#inherited
    this.#inherited = []
    return inherited
  }

  #disconnected(connection: PeerConnection, error: TorrentialError | undefined): void {
    this.#parts.reporter.disconnected(connection, error)
    this.#parts.intake.released(connection, error)
    if (this.driver.connections.size === 0) this.#parts.events.left()
  }
}
