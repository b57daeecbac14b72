// The join between a metadata fetch and the world, as `TorrentDriver` is for a torrent's engine: connections go in, messages
// come out. When the metadata is here – and of a v2 torrent the piece layers, which come from peers in the same way – its
// connections are handed on instead of closed: a peer that dialed us would not come back soon, and one that we dialed may not
// like to be dialed again at once.

import {
  type LayerAction,
  LayerFetch,
  type MetadataAction,
  MetadataFetch,
  type MetadataHashes,
} from '@torrential/engine'
import type { FileTrees } from '@torrential/metainfo'
import { drive, type Drive, type PeerAddress, PeerError, type PeerKey } from '@torrential/primitives'
import type { TorrentialError } from '@torrential/primitives'
import type { Message } from '@torrential/protocol'
import type { AnnounceProgress } from '@torrential/tracker'
import type { Dialed } from './dialer.ts'
import { MetadataConnection, type MetadataConnectionOwner } from './metadata-connection.ts'
import type { PeerIntake, PeerUser } from './peer-intake.ts'
import type { SessionContext } from './session-context.ts'

export interface MetadataPhaseParts {
  readonly hashes: MetadataHashes
  readonly intake: PeerIntake
  readonly context: SessionContext
  /** The info dictionary, verified. Called once, from within a connection's read. */
  readonly found: (infoBytes: Uint8Array) => void
  /** The piece layers that `fetchLayers` was called for, by root in latin1. */
  readonly foundLayers: (layers: ReadonlyMap<string, Uint8Array>) => void
  /** A connection ended that gave nothing, for a reason. */
  readonly failed: (address: PeerAddress, error: TorrentialError) => void
}

export class MetadataPhase implements PeerUser, MetadataConnectionOwner, Disposable {
  /** Nothing is known but that something is missing; a tracker gives a peer that has all of it no others that have too. */
  readonly progress: AnnounceProgress = { uploaded: 0, downloaded: 0, left: 16_384 }
  readonly isFinished = false
  readonly isUploadOnly = false
  readonly #parts: MetadataPhaseParts
  readonly #fetch: MetadataFetch
  #layers: LayerFetch | undefined
  #drive: Drive
  readonly #connections = new Map<PeerKey, MetadataConnection>()
  readonly #banned: PeerAddress[] = []
  #nextKey = 1

  constructor(parts: MetadataPhaseParts) {
    this.#parts = parts
    const { context, hashes } = parts
    this.#fetch = new MetadataFetch({ hashes, random: context.random }, { listenPort: context.port() })
    this.#drive = drive(this.#fetch, context.clock, (action) => this.#perform(action))
  }

  get clock(): SessionContext['clock'] {
    return this.#parts.context.clock
  }

  get meetings(): readonly MetadataConnection[] {
    return [...this.#connections.values()]
  }

  /** Addresses that sent wrong metadata. */
  get banned(): readonly PeerAddress[] {
    return this.#banned
  }

  isBanned(address: PeerAddress): boolean {
    return this.#fetch.isBanned(address) || this.#layers?.isBanned(address) === true
  }

  /** The metadata is here and is not enough: goes on with the same peers. */
  fetchLayers(trees: FileTrees): void {
    const { context } = this.#parts
    this.#drive[Symbol.dispose]()
    const layers = new LayerFetch(trees, { listenPort: context.port() })
    this.#layers = layers
    this.#drive = drive(layers, context.clock, (action) => this.#perform(action))
    for (const { key, info } of this.meetings) layers.connected(key, { ...info, greeted: true }, this.clock.now())
    this.#drive.pump()
  }

  attach(dialed: Dialed): PeerError | undefined {
    const connection = new MetadataConnection(this.#nextKey++ as PeerKey, dialed, this)
    this.#connections.set(connection.key, connection)
    this.#current.connected(connection.key, connection.info, this.clock.now())
    connection.start()
    this.#drive.pump()
    return undefined
  }

  /** Whoever gives no metadata is parted from by the fetch. */
  makeRoom(): void {}

  received(connection: MetadataConnection, messages: readonly Message[]): void {
    this.#current.received(connection.key, messages, this.clock.now())
    this.#drive.pump()
  }

  closed(connection: MetadataConnection, error: TorrentialError | undefined): void {
    this.#connections.delete(connection.key)
    this.#current.disconnected(connection.key, this.clock.now())
    this.#parts.intake.released(connection, error)
    if (error !== undefined) this.#parts.failed(connection.address, error)
    this.#drive.pump()
  }

  closeConnections(error: PeerError): void {
    for (const connection of this.meetings) connection.close(error)
  }

  /** The open connections, with their places, for whoever goes on; this phase is over. */
  handOn(): Dialed[] {
    const dialed: Dialed[] = []
    for (const connection of this.meetings) {
      const open = connection.handOn()
      if (open === undefined) connection.close(new PeerError('METADATA_FLOOD', 'the peer said too much too early'))
      else dialed.push(open)
    }
    this.#connections.clear()
    this[Symbol.dispose]()
    return dialed
  }

  [Symbol.dispose](): void {
    this.#drive[Symbol.dispose]()
  }

  get #current(): MetadataFetch | LayerFetch {
    return this.#layers ?? this.#fetch
  }

  #perform(action: MetadataAction | LayerAction): void {
    switch (action.type) {
      case 'send':
        this.#connections.get(action.peer)?.send(action.message)
        return
      case 'close':
        this.#connections.get(action.peer)?.close(action.error)
        return
      case 'ban':
        this.#banned.push(action.address)
        return
      case 'metadata':
        this.#parts.found(action.bytes)
        return
      case 'piece-layers':
        this.#parts.foundLayers(action.layers)
        return
      default:
        action satisfies never
    }
  }
}
