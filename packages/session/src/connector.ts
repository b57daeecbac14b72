// Keeps one torrent connected: takes candidates from its list while there are places, dials them, and comes back when the
// next one may be tried again. It holds at most one timer, whatever the number of addresses.

import type { PeerCandidate } from '@torrential/contracts'
import {
  LazyMap,
  LazySet,
  type Clock,
  type InfoHash,
  isTorrentialError,
  type PeerAddress,
  PeerError,
  type PeerId,
  toHex,
  type TorrentialError,
} from '@torrential/primitives'
import { CandidateList } from './candidate-list.ts'
import type { ConnectionSlots } from './connection-slots.ts'
import { DialSteps } from './dial-steps.ts'
import type { Dialed, Dialer } from './dialer.ts'
import type { SwarmIdentity } from './swarm-identity.ts'
import { torrentStopped } from './torrent-stopped.ts'

export interface ConnectorParts {
  readonly identity: () => SwarmIdentity
  readonly clock: Clock
  readonly dialer: Dialer
  readonly slots: ConnectionSlots
  /** The session has more to work on than it can. */
  readonly isCrowded: () => boolean
  /** Why an address is kept out, or undefined. */
  readonly refuses: (address: PeerAddress) => 'filter' | 'banned' | undefined
  /** Takes the peer over, with the place it occupies; returns the reason when it does not want it. */
  readonly connected: (dialed: Dialed) => PeerError | undefined
  /** All that was selected is here. */
  readonly isFinished: () => boolean
  /** We need nothing of anybody, no reader does either. */
  readonly isUploadOnly: () => boolean
  /** Parts from connections that are of no use, if there are any: others wait for a place. */
  readonly makeRoom: () => void
  readonly blocked: (address: PeerAddress, reason: 'filter' | 'banned') => void
  readonly failed: (address: PeerAddress, error: TorrentialError) => void
}

/** After a connection that ended without fault. */
const again = 30_000
/** A connection shorter than this was turned away: the peer may be checking its disk, or full. It counts as a failed dial. */
const shortest = 10_000
/** While new addresses wait and there is no place: between two looks for connections that are of no use. */
const lookForRoom = 500
/** After we parted as two seeds, or as two who want nothing of each other. */
const muchLater = 30 * 60_000
const pointless = new Set(['SEED_TO_SEED', 'NO_INTEREST'])
/** What an honest peer does not do, as codes of `PeerError`; and to be of no use where others wait is little better. */
const offences = new Set([
  'BITFIELD_OUT_OF_PLACE',
  'BLOCKS_WITHHELD',
  'BLOCK_OUT_OF_RANGE',
  'BLOCK_UNREQUESTED',
  'EXTENSIONS_NOT_NEGOTIATED',
  'EXTENSION_PAYLOAD',
  'FAST_NOT_NEGOTIATED',
  'HASHES_FLOOD',
  'HASHES_WRONG',
  'MESSAGE_FLOOD',
  'MESSAGE_LENGTH',
  'METADATA_FLOOD',
  'METADATA_SIZE',
  'METADATA_WRONG',
  'PEER_NOT_READING',
  'PEER_USELESS',
  'PIECE_OUT_OF_RANGE',
  'REJECT_FLOOD',
  'REJECT_OUT_OF_RANGE',
  'REQUEST_FLOOD',
  'REQUEST_OUT_OF_RANGE',
])

export class Connector {
  readonly #parts: ConnectorParts
  readonly #candidates = new CandidateList()
  /** Addresses of peers that turned out to be connected another way, by peer id. */
  readonly #elsewhere = new LazyMap<string, PeerAddress>()
  readonly #fill = () => this.fill()
  /** Dials under way. Each has a signal of its own: one for all would have listeners of all, and search them for each that ends. */
  readonly #dials = new LazySet<AbortController>()
  readonly #steps: DialSteps
  #isRunning = false
  #timer: Disposable | undefined
  #lookedForRoomAt = Number.NEGATIVE_INFINITY

  constructor(parts: ConnectorParts) {
    this.#parts = parts
    this.#steps = new DialSteps(parts)
  }

  /** Addresses known, connected ones included. */
  get known(): number {
    return this.#candidates.size
  }

  /** `name` is that of the swarm in which it was found. */
  add(candidate: PeerCandidate, name?: InfoHash): void {
    if (this.#candidates.add(candidate, name) || candidate.origin === 'user') this.fill()
  }

  start(): void {
    this.#isRunning = true
    this.fill()
  }

  /** Dials under way are given up; what is known stays known. */
  stop(): void {
    this.#isRunning = false
    const reason = torrentStopped()
    for (const dial of this.#dials) dial.abort(reason)
    this.#dials.clear()
    this.#timer?.[Symbol.dispose]()
    this.#timer = undefined
    this.#parts.slots.leave(this.#fill)
  }

  /** A connection that this connector made is over, `lasted` milliseconds after its handshake. */
  released(address: PeerAddress, peerId: PeerId, error: TorrentialError | undefined, lasted: number): void {
    const now = this.#parts.clock.now()
    if (error?.code === 'PEER_BANNED') this.#candidates.forbid(address)
    else if (error?.code === 'TORRENT_STOPPED') this.#candidates.putBack(address)
    else if (error?.code === 'PEER_DUPLICATE') this.#duplicate(address, peerId)
    // It went, and then a reader came.
    else if (error?.code === 'SEED_TO_SEED' && !this.#parts.isUploadOnly()) this.#candidates.putBack(address)
    else if (error !== undefined && pointless.has(error.code)) this.#candidates.released(address, now, muchLater)
    else if (error !== undefined && offences.has(error.code)) this.#candidates.offended(address, now)
    else if (lasted < shortest) this.#candidates.failed(address, now)
    else this.#candidates.released(address, now, again)
    if (this.#parts.isFinished()) this.#candidates.useless(address)
    this.fill()
  }

  /** A connected peer that dialed us can be reached at this address. */
  adopt(address: PeerAddress): void {
    this.#candidates.adopt(address)
  }

  /** We need something again: peers that we parted from because we did not are dialed once more. */
  reconsider(): void {
    if (this.#candidates.reconsider()) this.fill()
  }

  /** No connection of this peer is left: an address that led to the same one is worth a try again. */
  gone(peerId: PeerId): void {
    const key = toHex(peerId)
    const address = this.#elsewhere.get(key)
    if (address === undefined) return
    this.#elsewhere.delete(key)
    this.#candidates.released(address, this.#parts.clock.now(), again)
    this.fill()
  }

  /** Dials as many candidates as there are places and its steps allow. Cheap when there is nothing to do. */
  fill(): void {
    if (!this.#isRunning) return
    const { slots } = this.#parts
    while (slots.free && this.#steps.wait(slots.used) === 0) {
      const address = this.#candidates.next(this.#parts.clock.now())
      if (address === undefined) break
      const refused = this.#parts.refuses(address)
      if (refused === undefined) {
        slots.take()
        this.#steps.begin()
        const dial = new AbortController()
        this.#dials.add(dial)
        void this.#dial(address, dial.signal).finally(() => this.#dials.delete(dial))
      } else {
        this.#candidates.forbid(address)
        this.#parts.blocked(address, refused)
      }
    }
    this.#schedule()
  }

  async #dial(address: PeerAddress, signal: AbortSignal): Promise<void> {
    const identity = this.#parts.identity()
    const name = this.#candidates.nameOf(address) ?? identity.names[0]
    try {
      const dialed = await this.#parts.dialer.dial(address, { name, identity }, signal)
      // Before the torrent has it: it may close the connection in the same turn.
      this.#candidates.connected(address)
      const refused = signal.aborted ? torrentStopped() : this.#parts.connected(dialed)
      if (refused === undefined) return
      const { wire, peerId } = dialed.established
      void wire.close(refused)
      this.#parts.slots.give()
      if (refused.code === 'PEER_DUPLICATE') this.#duplicate(address, peerId)
      else this.#giveUp(address, refused, signal)
    } catch (error) {
      this.#parts.slots.give()
      // A peer that knows only one of the two names hangs up on the other without a word: next time it hears that.
      const other = identity.names.find((candidate) => candidate !== name)
      if (other !== undefined) this.#candidates.rename(address, other)
      this.#giveUp(address, error, signal)
    }
    this.fill()
  }

  /** Not to be dialed while the same peer is connected another way. No failure: nothing is told. */
  #duplicate(address: PeerAddress, peerId: PeerId): void {
    this.#candidates.forbid(address)
    this.#elsewhere.set(toHex(peerId), address)
  }

  #giveUp(address: PeerAddress, error: unknown, signal: AbortSignal): void {
    if (signal.aborted) {
      this.#candidates.putBack(address)
      return
    }
    const known = isTorrentialError(error) ? error : new PeerError('DIAL_FAILED', 'dialing failed', { cause: error })
    const now = this.#parts.clock.now()
    if (known.code === 'PEER_SELF') this.#candidates.forbid(address)
    else this.#candidates.failed(address, now)
    this.#parts.failed(address, known)
  }

  #schedule(): void {
    this.#timer?.[Symbol.dispose]()
    this.#timer = undefined
    const { deadline } = this.#candidates
    // Without a candidate the next `add` fills; without a place in this torrent its next connection that ends.
    if (!Number.isFinite(deadline)) return
    const { clock, slots } = this.#parts
    if (slots.free) {
      const wait = Math.max(this.#steps.wait(slots.used), deadline - clock.now())
      this.#timer = clock.timer(wait, this.#fill)
    } else {
      slots.await(this.#fill)
      // Only for the sake of new ones: of those that were of no use before none need go for another.
      if (slots.used === 0 || !this.#candidates.hasFresh) return
      // From the last look on, not from now: connections that come and go all the time would put it off for ever.
      this.#timer = clock.timer(Math.max(0, this.#lookedForRoomAt + lookForRoom - clock.now()), () => {
        this.#lookedForRoomAt = clock.now()
        this.#parts.makeRoom()
        this.#schedule()
      })
    }
  }
}
