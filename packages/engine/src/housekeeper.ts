// What time does: once a second rates are measured and peers that do not answer are found; every chokeInterval a round of
// unchoking; shortly after the credit was refused, another try.

import { BLOCK_LENGTH } from '@torrential/primitives'
import type { Connections } from './connections.ts'
import type { Downloads } from './downloads.ts'
import type { HashExchange } from './hash-exchange.ts'
import type { HaveNews } from './have-news.ts'
import type { Interest } from './interest.ts'
import type { PartialPiece } from './partial-piece.ts'
import type { Peer } from './peer.ts'
import type { Requester } from './requester.ts'
import type { Swarm } from './swarm.ts'
import type { Uploads } from './uploads.ts'
import { violation } from './violation.ts'

const SECOND = 1_000
/** Other engines give credit back without telling us: look again after this many milliseconds. */
const RETRY_MS = 20
/** A piece without progress for this many milliseconds is written out when somebody needs the credit. */
const STALE_MS = 5_000
/** The owner of a suspect piece has this many milliseconds to show its speed … */
const PROBATION_MS = 15_000
/** … and is left alone when it needs no more than this many for the rest. */
const SLOW_OWNER_MS = 30_000
/** Whoever sends nothing for this many milliseconds while another has nothing to do … */
const IMPATIENT_MS = 2_000
/** … that would have sent so many times as much by then is not waited for any longer. */
const OUTDONE = 4
/** After this many request timeouts without any block a peer that could send them has lost its place. */
const PART_AFTER = 4
/** After this many request timeouts even a retired request is forgotten. */
const FORGET_AFTER = 4

export interface HousekeeperParts {
  readonly requester: Requester
  readonly connections: Connections
  readonly downloads: Downloads
  readonly uploads: Uploads
  readonly hashes: HashExchange
  readonly interest: Interest
  readonly news: HaveNews
}

export class Housekeeper {
  readonly #swarm: Swarm
  readonly #parts: HousekeeperParts
  #secondAt = 0
  #roundAt = 0
  #retryAt = Number.POSITIVE_INFINITY
  #refusals = 0
  #isIdle = true

  constructor(swarm: Swarm, parts: HousekeeperParts) {
    this.#swarm = swarm
    this.#parts = parts
  }

  get deadline(): number {
    if (this.#isIdle) return Number.POSITIVE_INFINITY
    return Math.min(this.#secondAt, this.#roundAt, this.#retryAt)
  }

  /** To be called after every input: peers may have come, the credit may have been refused. */
  reschedule(now: number): void {
    const { peers, ledger, isPaused, options } = this.#swarm
    if (this.#isIdle && peers.size > 0) {
      this.#isIdle = false
      this.#secondAt = now + SECOND
      this.#roundAt = now + options.chokeInterval
    }
    if (!ledger.isStarved || isPaused) this.#retryAt = Number.POSITIVE_INFINITY
    else if (this.#retryAt === Number.POSITIVE_INFINITY) this.#retryAt = now + RETRY_MS
  }

  tick(now: number): void {
    if (this.#isIdle) return
    if (now >= this.#retryAt) this.#retry(now)
    if (now >= this.#secondAt) this.#second(now)
    if (now >= this.#roundAt) {
      this.#parts.uploads.round(now)
      this.#roundAt = now + this.#swarm.options.chokeInterval
    }
  }

  #retry(now: number): void {
    const { ledger, store } = this.#swarm
    this.#retryAt = Number.POSITIVE_INFINITY
    // All of the credit lies in pieces that wait for blocks we cannot ask for: writing them out is the only way on.
    if (ledger.requested === 0 && store.committing === 0) this.#spill(0, now)
    this.#parts.requester.fillAll(now)
  }

  #second(now: number): void {
    const { peers, down, up } = this.#swarm
    this.#secondAt = now + SECOND
    const standby = this.#standby()
    let rate = 0
    for (const peer of peers.values()) rate += peer.down.rate(now)
    this.#swarm.shares.measure(rate)
    for (const peer of peers.values()) this.#check(peer, standby, now)
    this.#parts.news.second(now)
    const { refusals } = this.#swarm.ledger.credit
    if (refusals !== this.#refusals) this.#spill(STALE_MS, now)
    this.#refusals = refusals
    this.#hasten(now)
    this.#parts.hashes.second(now)
    this.#parts.requester.fillAll(now)
    this.#parts.requester.updateEndgame()
    this.#isIdle = peers.size === 0 && down.rate(now) === 0 && up.rate(now) === 0 && this.#swarm.ledger.unwritten === 0
  }

  #spill(staleFor: number, now: number): void {
    for (const partial of Array.from(this.#swarm.store.values())) {
      const isWaiting = !partial.isCommitting && partial.heldBytes > 0 && now - partial.activeAt >= staleFor
      if (isWaiting) this.#parts.downloads.spill(partial)
    }
  }

  /**
   * A suspect piece has one owner; a slow one is relieved of it when an idle peer would be done with all of it in less than
   * half of the time that the rest still takes. It starts over, because two senders would hide the culprit.
   */
  #hasten(now: number): void {
    const { store, picker } = this.#swarm
    for (const partial of Array.from(store.values())) {
      const { owner } = partial
      if (!partial.isSuspect || partial.isCommitting || owner === undefined) continue
      if (now - partial.openedAt < PROBATION_MS) continue
      const left = (partial.missing * BLOCK_LENGTH) / Math.max(1, owner.down.rate(now))
      const heir = left * SECOND < SLOW_OWNER_MS ? undefined : this.#fasterThan(left, partial)
      if (heir !== undefined && picker.reserve(partial.piece, heir)) this.#parts.requester.discard(partial)
    }
  }

  #fasterThan(seconds: number, partial: PartialPiece<Peer>): Peer | undefined {
    for (const peer of this.#swarm.peers.values()) {
      const isIdle = peer.pipeline.live === 0 && !peer.isSnubbed && peer.canServe(partial.piece)
      if (isIdle && (2 * partial.length) / peer.bestRate < seconds) return peer
    }
    return undefined
  }

  #check(peer: Peer, standby: Peer | undefined, now: number): void {
    const { options } = this.#swarm
    this.#parts.interest.review(peer, now)
    if (peer.amInterested || peer.peerInterested) peer.lastInterestAt = now
    if (now - peer.lastMessageAt >= options.idleTimeout) {
      this.#parts.connections.close(peer, violation('IDLE_TIMEOUT', { milliseconds: now - peer.lastMessageAt }))
    } else if (now - peer.lastInterestAt >= options.noInterestTimeout) {
      this.#parts.connections.close(peer, violation('NO_INTEREST', { milliseconds: now - peer.lastInterestAt }))
    } else {
      this.#expire(peer, standby, now)
      const rate = peer.down.rate(now)
      peer.bestRate = Math.max(peer.bestRate, rate)
      peer.pipeline.measure(rate, this.#swarm.shares)
    }
  }

  /** The fastest of those that have nothing to do because everything is asked of others. */
  #standby(): Peer | undefined {
    const { isPaused, ledger, peers } = this.#swarm
    if (isPaused || ledger.isStarved || ledger.isFull) return undefined
    let best: Peer | undefined
    for (const peer of peers.values()) {
      const isIdle = peer.pipeline.live === 0 && !peer.isSnubbed && !peer.peerChoking && peer.amInterested
      if (isIdle && peer.bestRate > (best?.bestRate ?? 0)) best = peer
    }
    return best
  }

  /** Nothing came for `waited` milliseconds, and `standby` would have sent all of it several times. */
  #isOutdone({ pipeline }: Peer, standby: Peer | undefined, waited: number): boolean {
    if (standby === undefined || waited < IMPATIENT_MS) return false
    const isAble = pipeline.requests.some(({ isLive, partial }) => isLive && standby.canServe(partial.piece))
    return isAble && (standby.bestRate * waited) / SECOND >= OUTDONE * pipeline.live * BLOCK_LENGTH
  }

  /** Requests without an answer go to other peers; a peer that answers none of them is snubbed. */
  #expire(peer: Peer, standby: Peer | undefined, now: number): void {
    const { requestTimeout } = this.#swarm.options
    const { pipeline } = peer
    const waited = pipeline.live === 0 ? 0 : now - Math.max(peer.lastBlockAt, peer.waitingSince)
    const isSilent = waited >= requestTimeout || this.#isOutdone(peer, standby, waited)
    for (const request of pipeline.overdue(isSilent ? 0 : 2 * requestTimeout, now)) {
      this.#parts.requester.release(peer, request)
      if (now - request.at < FORGET_AFTER * requestTimeout) continue
      pipeline.drop(request)
      pipeline.expectedLate++
    }
    if (!isSilent && !pipeline.isSnubbed) return
    if (isSilent) this.#parts.requester.disown(peer)
    if (pipeline.isSnubbed) return this.#partFrom(peer, now)
    pipeline.isSnubbed = true
    peer.snubbedAt = now
    this.#swarm.outbox.event({ type: 'snubbed', peer: peer.key })
  }

  /** Whoever claims to have everything and sends nothing would keep the place of somebody who does. */
  #partFrom(peer: Peer, now: number): void {
    const patience = (PART_AFTER - 1) * this.#swarm.options.requestTimeout
    if (peer.peerChoking || now - peer.snubbedAt < patience) return
    this.#parts.connections.close(peer, violation('BLOCKS_WITHHELD', { milliseconds: now - peer.lastBlockAt }))
  }
}
