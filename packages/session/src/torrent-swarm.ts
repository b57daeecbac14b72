// A torrent's side towards its peers: engine, driver, connector, trackers, limits. It can be started and stopped any number of
// times; what the engine knows of pieces outlives that, connections do not.

import type { Storage } from '@torrential/contracts'
import type { SwarmEngine } from '@torrential/engine'
import type { Metainfo } from '@torrential/metainfo'
import {
  compareBytes,
  equalBytes,
  type PeerAddress,
  PeerError,
  type PeerId,
  type TorrentialError,
} from '@torrential/primitives'
import type { AnnounceProgress } from '@torrential/tracker'
import { RateLimit, TokenBucket } from '@torrential/transport'
import { ConnectionSlots } from './connection-slots.ts'
import { Connector } from './connector.ts'
import type { Dialed } from './dialer.ts'
import type { InboundTorrent } from './inbound-gate.ts'
import type { AddOptions } from './options.ts'
import type { EstablishedPeer, PeerConnection } from './peer-connection.ts'
import type { PieceCommitter } from './piece-committer.ts'
import type { Reporter } from './reporter.ts'
import type { SessionContext } from './session-context.ts'
import type { Torrent } from './torrent.ts'
import { type DriverEvents, TorrentDriver } from './torrent-driver.ts'
import { TrackerLink } from './tracker-link.ts'

export interface TorrentSwarmParts {
  readonly torrent: Torrent
  readonly metainfo: Metainfo
  readonly engine: SwarmEngine
  readonly storage: Storage
  readonly committer: PieceCommitter
  readonly reporter: Reporter
  readonly context: SessionContext
  readonly progress: () => AnnounceProgress
  /** What the torrent itself must know of disk and engine. */
  readonly events: Pick<DriverEvents, 'pieceCommitted' | 'pieceRejected' | 'storageFailed' | 'engineEvent'>
}

/** Milliseconds within which two connections count as dialed at the same time. */
const simultaneous = 15_000

export class TorrentSwarm implements InboundTorrent {
  readonly driver: TorrentDriver
  readonly connector: Connector
  readonly trackers: TrackerLink
  readonly slots: ConnectionSlots
  readonly #parts: TorrentSwarmParts
  readonly #down: TokenBucket
  readonly #up: TokenBucket
  #running = false

  constructor(parts: TorrentSwarmParts, options: AddOptions) {
    this.#parts = parts
    const { context, engine, storage, committer, reporter, metainfo } = parts
    const { clock, dialer } = context
    const { infoHash } = metainfo
    this.slots = new ConnectionSlots(options.maxConnections ?? context.maxTorrentConnections, context.slots)
    this.#down = new TokenBucket(options.maxDown ?? Number.POSITIVE_INFINITY, { clock })
    this.#up = new TokenBucket(options.maxUp ?? Number.POSITIVE_INFINITY, { clock })
    this.driver = new TorrentDriver({
      engine,
      clock,
      storage,
      committer,
      pieceCount: metainfo.geometry.pieceCount,
      down: new RateLimit(this.#down, context.down),
      up: new RateLimit(this.#up, context.up),
      events: {
        ...parts.events,
        connected: (connection) => reporter.connected(connection),
        disconnected: (connection, error) => this.#disconnected(connection, error),
        received: (connection, messages, bytes) => reporter.received(connection, messages, bytes),
        sent: (connection, message, bytes) => reporter.sent(connection, message, bytes),
      },
    })
    this.connector = new Connector({
      infoHash,
      clock,
      dialer,
      slots: this.slots,
      refuses: (address) => this.#refuses(address),
      connected: (dialed) => this.#admit(dialed),
      isFinished: () => engine.stats.isFinished,
      blocked: (address, reason) => this.#blocked(address, reason),
      failed: (address, error) => reporter.emit({ type: 'peer-failed', torrent: parts.torrent, address, error }),
    })
    this.trackers = new TrackerLink({
      context,
      infoHash,
      tiers: options.trackers === false ? [] : metainfo.trackers,
      added: Array.isArray(options.trackers) ? (options.trackers as readonly string[][]) : [],
      progress: parts.progress,
      found: (candidate) => this.connector.add(candidate),
      event: (event) => reporter.emit({ ...event, torrent: parts.torrent }),
    })
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
    this.connector.start()
    this.trackers.start()
    this.driver.pump()
  }

  /** Closes every connection, and resolves when trackers were told (or did not answer in time). */
  async stop(): Promise<void> {
    if (!this.#running) return
    this.#running = false
    this.connector.stop()
    this.driver.closeConnections(new PeerError('TORRENT_STOPPED', 'the torrent was stopped'))
    await this.trackers.stop()
  }

  /** A peer that connected to us. */
  accept(inbound: Dialed): PeerError | undefined {
    const refused = this.#refuses(inbound.established.address)
    if (refused !== undefined) {
      this.#blocked(inbound.established.address, refused)
      return new PeerError(refused === 'filter' ? 'PEER_FILTERED' : 'PEER_BANNED', 'the address is kept out')
    }
    if (!this.slots.take()) {
      this.#blocked(inbound.established.address, 'limit')
      return new PeerError('TOO_MANY_CONNECTIONS', 'there is no place for another connection')
    }
    const error = this.#admit(inbound)
    if (error !== undefined) this.slots.give()
    return error
  }

  /** A peer that dialed us told where it listens (BEP 10). */
  listensAt(connection: PeerConnection, port: number | undefined): void {
    if (port === undefined || port === 0 || connection.dialable !== undefined) return
    connection.dialable = { ...connection.address, port }
    this.connector.adopt(connection.dialable)
  }

  /** The place in `slots` is taken already. */
  #admit({ established, capabilities }: Dialed): PeerError | undefined {
    if (!this.#running) return new PeerError('TORRENT_STOPPED', 'the torrent is not running')
    const present = this.#connectionOf(established.peerId)
    if (present !== undefined) {
      const duplicate = new PeerError('PEER_DUPLICATE', 'this peer is connected already')
      if (!this.#givesWay(present, established)) return duplicate
      present.close(duplicate)
    }
    this.driver.attach(established, capabilities)
    return undefined
  }

  #connectionOf(peerId: PeerId): PeerConnection | undefined {
    for (const connection of this.driver.connections.values()) {
      if (equalBytes(connection.peerId, peerId)) return connection
    }
    return undefined
  }

  /**
   * Two peers that dial each other in the same moment must agree on which of the two connections stays, or each closes the
   * one that the other keeps: it is the one that the lower peer id dialed. An older connection never gives way.
   */
  #givesWay(present: PeerConnection, fresh: EstablishedPeer): boolean {
    if (present.incoming === fresh.incoming || present.age > simultaneous) return false
    const weAreLower = compareBytes(this.#parts.context.peerId, fresh.peerId) < 0
    return weAreLower !== fresh.incoming
  }

  #disconnected(connection: PeerConnection, error: TorrentialError | undefined): void {
    const { dialable, peerId, age } = connection
    this.slots.give()
    this.#parts.reporter.disconnected(connection, error)
    if (dialable === undefined) this.connector.fill()
    else this.connector.released(dialable, peerId, error, age)
    if (error?.code !== 'PEER_DUPLICATE') this.connector.gone(peerId)
  }

  #refuses(address: PeerAddress): 'filter' | 'banned' | undefined {
    if (!this.#parts.context.allows(address)) return 'filter'
    return this.#parts.engine.isBanned(address) ? 'banned' : undefined
  }

  #blocked(address: PeerAddress, reason: 'filter' | 'banned' | 'limit'): void {
    this.#parts.reporter.emit({ type: 'peer-blocked', torrent: this.#parts.torrent, address, reason })
  }
}
