// How a torrent comes by its connections: it dials what it knows, its trackers tell it more, and others dial it. Who uses the
// connections changes once in the life of a magnet link: first the metadata is fetched over them, then the torrent itself.
// Addresses, announces and places survive that change.

import type { PeerCandidate } from '@torrential/contracts'
import { compareBytes, equalBytes, type PeerAddress, PeerError, type PeerId } from '@torrential/primitives'
import type { TorrentialError } from '@torrential/primitives'
import type { AnnounceProgress } from '@torrential/tracker'
import { ConnectionSlots } from './connection-slots.ts'
import { Connector } from './connector.ts'
import type { Dialed } from './dialer.ts'
import type { InboundTorrent } from './inbound-gate.ts'
import type { AddOptions } from './options.ts'
import type { Reporter } from './reporter.ts'
import type { SessionContext } from './session-context.ts'
import type { SwarmIdentity } from './swarm-identity.ts'
import { torrentStopped } from './torrent-stopped.ts'
import type { Torrent } from './torrent.ts'
import { TrackerLink } from './tracker-link.ts'

/** A connection as far as its place matters. */
export interface Meeting {
  readonly peerId: PeerId
  readonly incoming: boolean
  /** Where the peer can be dialed, as far as that is known. */
  readonly dialable: PeerAddress | undefined
  /** Milliseconds since the handshake. */
  readonly age: number
  close(error: PeerError): void
}

/** Who uses the connections. */
export interface PeerUser {
  readonly meetings: Iterable<Meeting>
  readonly progress: AnnounceProgress
  /** All that was selected is here. */
  readonly isFinished: boolean
  /** Nothing is needed of anybody, not by readers either. */
  readonly isUploadOnly: boolean
  isBanned(address: PeerAddress): boolean
  /** Takes over a connection together with its place. Undefined, or why not. */
  attach(dialed: Dialed): PeerError | undefined
  /** Parts from some connections that are of no use, if there are any. */
  makeRoom(): void
}

export interface PeerIntakeParts {
  readonly torrent: Torrent
  readonly identity: SwarmIdentity
  /** Trackers of the torrent. */
  readonly tiers: readonly (readonly string[])[]
  readonly reporter: Reporter
  readonly context: SessionContext
}

/** Milliseconds before a connection that finds no place is the reason for another look at all peers: they may come by the thousand. */
const lookForRoom = 500
/** Milliseconds within which two connections count as dialed at the same time. */
const simultaneous = 15_000

export class PeerIntake implements InboundTorrent {
  readonly trackers: TrackerLink
  readonly slots: ConnectionSlots
  readonly #parts: PeerIntakeParts
  readonly #connector: Connector
  #identity: SwarmIdentity
  #user: PeerUser | undefined
  #lookedForRoomAt = Number.NEGATIVE_INFINITY

  /** @throws InputError `TRACKER_URL` */
  constructor(parts: PeerIntakeParts, options: AddOptions) {
    this.#parts = parts
    const { context, identity, reporter, tiers, torrent } = parts
    this.#identity = identity
    const { clock, dialer } = context
    this.slots = new ConnectionSlots(options.maxConnections ?? context.maxTorrentConnections, context.slots)
    this.#connector = new Connector({
      identity: () => this.#identity,
      clock,
      dialer,
      slots: this.slots,
      isCrowded: () => context.turns.isCrowded,
      refuses: (address) => this.#refuses(address),
      isFinished: () => this.#user?.isFinished === true,
      isUploadOnly: () => this.#user?.isUploadOnly === true,
      connected: (dialed) => this.#admit(dialed),
      makeRoom: () => this.#makeRoom(),
      blocked: (address, reason) => this.#blocked(address, reason),
      failed: (address, error) => reporter.emit({ type: 'peer-failed', torrent, address, error }),
    })
    this.trackers = new TrackerLink({
      context,
      names: identity.names,
      tiers: options.trackers === false ? [] : tiers,
      added: Array.isArray(options.trackers) ? (options.trackers as readonly string[][]) : [],
      progress: () => this.#user?.progress ?? { uploaded: 0, downloaded: 0, left: 1 },
      found: (candidate, name) => this.#connector.add(candidate, name),
      event: (event) => reporter.emit({ ...event, torrent }),
    })
  }

  get identity(): SwarmIdentity {
    return this.#identity
  }

  get isJoined(): boolean {
    return this.#user !== undefined
  }

  /** The metadata of a magnet link is here, and with it all that the torrent is. */
  learn(identity: SwarmIdentity): void {
    this.#identity = identity
    this.trackers.learn(identity.names)
  }

  add(candidate: PeerCandidate): void {
    this.#connector.add(candidate)
  }

  /** A connected peer that dialed us can be reached at this address. */
  adopt(address: PeerAddress): void {
    this.#connector.adopt(address)
  }

  /** Something is needed again: peers that we parted from because nothing was are dialed once more. */
  reconsider(): void {
    this.#connector.reconsider()
  }

  /** Begins to dial and to announce, for `user`; announces that run go on. */
  start(user: PeerUser): void {
    this.#user = user
    this.#connector.start()
    this.trackers.start()
  }

  /** Nobody uses connections for now: dials end, announces go on. */
  hold(): void {
    this.#user = undefined
    this.#connector.stop()
  }

  /** Resolves when trackers were told (or did not answer in time). */
  async stop(): Promise<void> {
    this.hold()
    await this.trackers.stop()
  }

  /** A peer that connected to us. */
  accept(inbound: Dialed): PeerError | undefined {
    const { address } = inbound.established
    const refused = this.#refuses(address)
    if (refused !== undefined) {
      this.#blocked(address, refused)
      return new PeerError(refused === 'filter' ? 'PEER_FILTERED' : 'PEER_BANNED', 'the address is kept out')
    }
    if (!this.slots.take()) {
      // This one is gone; the next finds a place where there was a peer of no use.
      if (this.#parts.context.clock.now() - this.#lookedForRoomAt >= lookForRoom) this.#makeRoom()
      this.#blocked(address, 'limit')
      return new PeerError('TOO_MANY_CONNECTIONS', 'there is no place for another connection')
    }
    const error = this.#admit(inbound)
    if (error !== undefined) this.slots.give()
    return error
  }

  /** Connections with a place that nobody will use after all. */
  abandon(dialed: readonly Dialed[], error: PeerError): void {
    for (const { established } of dialed) {
      const { wire, peerId, incoming, address } = established
      void wire.close(error)
      this.released({ peerId, dialable: incoming ? undefined : address, age: 0 }, error)
    }
  }

  /** A connection is over: gives its place back. */
  released(
    { dialable, peerId, age }: Pick<Meeting, 'dialable' | 'peerId' | 'age'>,
    error: TorrentialError | undefined,
  ): void {
    this.slots.give()
    if (dialable === undefined) this.#connector.fill()
    else this.#connector.released(dialable, peerId, error, age)
    if (error?.code !== 'PEER_DUPLICATE') this.#connector.gone(peerId)
  }

  /** The place in `slots` is taken already. */
  #admit(dialed: Dialed): PeerError | undefined {
    const user = this.#user
    if (user === undefined) return torrentStopped()
    const { established } = dialed
    for (const present of Array.from(user.meetings)) {
      if (!equalBytes(present.peerId, established.peerId)) continue
      const duplicate = new PeerError('PEER_DUPLICATE', 'this peer is connected already')
      if (!this.#givesWay(present, established)) return duplicate
      present.close(duplicate)
    }
    return user.attach(dialed)
  }

  /**
   * Two peers that dial each other in the same moment must agree on which of the two connections stays, or each closes the
   * one that the other keeps: it is the one that the lower peer id dialed. An older connection never gives way.
   */
  #givesWay(present: Meeting, fresh: { readonly incoming: boolean; readonly peerId: PeerId }): boolean {
    if (present.incoming === fresh.incoming || present.age > simultaneous) return false
    const weAreLower = compareBytes(this.#parts.context.peerId, fresh.peerId) < 0
    return weAreLower !== fresh.incoming
  }

  #makeRoom(): void {
    this.#lookedForRoomAt = this.#parts.context.clock.now()
    this.#user?.makeRoom()
  }

  #refuses(address: PeerAddress): 'filter' | 'banned' | undefined {
    if (!this.#parts.context.allows(address)) return 'filter'
    return this.#user?.isBanned(address) === true ? 'banned' : undefined
  }

  #blocked(address: PeerAddress, reason: 'filter' | 'banned' | 'limit'): void {
    this.#parts.reporter.emit({ type: 'peer-blocked', torrent: this.#parts.torrent, address, reason })
  }
}
