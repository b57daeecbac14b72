// The requests outstanding at one peer, in the order sent, and how many there may be.
//
// The depth starts at 4 and grows by one with every block that arrives, so it doubles with every round trip, until the rate
// stops growing. From then on it covers three seconds of the measured rate, or as much as there is credit for. That fills a 10 Gbit/s path within a dozen
// round trips and asks a 20 kB/s peer for little more than it can deliver. While a reader starves, slow start begins at 64,
// shared by all peers, and while somebody reads nothing is asked for that would only wait at the peer (short-queue.ts). A
// snubbed peer is asked for one block at a time.

import { BLOCK_LENGTH } from '@torrential/primitives'
import type { Holder } from './holder.ts'
import type { PartialPiece } from './partial-piece.ts'
import { ShortQueue } from './short-queue.ts'

const FIRST_DEPTH = 4
/** Of all peers together: a reader that waits for the first byte of a piece of 1 MiB gets it a round trip later, not five. */
const URGENT_DEPTH = 64
const LEAST_DEPTH = 2
/** Requests that are worth a write of their own. */
const LEAST_BUNCH = 16
/** Slow start ends when a second brought less than this more than the one before, bytes per second … */
const LEAST_GAIN = 5_000
/** … or less than this share of it: the rate is that of five seconds, and creeps up to what it will be. */
const LEAST_GROWTH = 0.1
/** What a peer that never said `reqq` is trusted to queue: the mainline client's figure. */
const DEFAULT_REQQ = 250

const NONE: readonly never[] = []
const { ceil, max, min } = Math

/** One request on its way. */
export interface Outstanding<Peer extends Holder = Holder> {
  readonly partial: PartialPiece<Peer>
  readonly block: number
  /** When it was sent. */
  readonly at: number
  /** Its block counts on this answer and its bytes are taken from the credit. False after a timeout, a cancel or a choke. */
  isLive: boolean
  /** The peer choked us before it answered: it still does (BEP 6), and not with a reject if it had let us in again by then. */
  isOwed: boolean
  /** The block was asked for before: which of the two requests an answer belongs to is not known. */
  readonly isRepeat: boolean
}

export interface PipelineLimits {
  readonly maxRequests: number
  /** Milliseconds of its rate at the most, and as far as there is credit for all. */
  readonly pipelineTime: number
  readonly affordableTime: number
  /** Blocks if all peers had as many: a peer may be asked for so many while its rate is not known (four in any case). */
  readonly share: number
  /** Somebody reads a file: what is asked for is to come soon, or not to be in the way. */
  readonly isRead: boolean
}

export class RequestPipeline<Peer extends Holder = Holder> {
  /** The peer's own limit (BEP 10 `reqq`). */
  reqq = DEFAULT_REQQ
  isSnubbed = false
  readonly requests: Outstanding<Peer>[] = []
  /** Blocks that may still arrive although their requests were dropped without an answer (a choke without BEP 6). */
  expectedLate = 0
  #depth = FIRST_DEPTH
  #inSlowStart = true
  #lastRate = 0
  #live = 0
  /** The pipeline was full since the last `measure`: only then says a rate anything about the depth. */
  #wasFull = false
  readonly #short = new ShortQueue()

  get length(): number {
    return this.requests.length
  }

  /** Requests that count. */
  get live(): number {
    return this.#live
  }

  get inSlowStart(): boolean {
    return this.#inSlowStart
  }

  depth(limits: PipelineLimits): number {
    if (this.isSnubbed) return 1
    const most = limits.isRead ? min(this.#depth, this.#short.depth) : this.#depth
    return max(1, min(most, limits.maxRequests, this.reqq))
  }

  /** A reader waits for what this peer has, and `peers` − 1 others may have, too: its speed is not waited for. */
  hurry(peers: number, limits: PipelineLimits): void {
    const depth = min(URGENT_DEPTH / peers, limits.maxRequests)
    if (this.#inSlowStart && this.#depth < depth) this.#depth = Math.floor(depth)
  }

  /**
   * How many requests to send now. 0 until a quarter of the pipeline has drained, of a short one half, so that requests go out in
   * bunches and not one by one; of one that is kept short an eighth, because it must not run dry.
   */
  room(limits: PipelineLimits): number {
    const depth = this.depth(limits)
    const room = min(depth - this.#live, this.reqq - this.requests.length)
    const bunch = depth / (limits.isRead ? 8 : 4)
    return room >= max(bunch, min(depth / 2, LEAST_BUNCH)) ? max(0, room) : 0
  }

  /** False when nothing has to be sent, because an answer is on its way. */
  push(partial: PartialPiece<Peer>, block: number, now: number): boolean {
    const before = this.requests.length > this.#live ? this.#retiredAt(partial.piece, block) : -1
    const old = this.requests[before]
    const isOwed = old?.isOwed === true
    if (isOwed) this.requests[before] = { partial, block, at: old.at, isLive: true, isOwed: false, isRepeat: false }
    else this.requests.push({ partial, block, at: now, isLive: true, isOwed: false, isRepeat: old !== undefined })
    this.#live++
    this.#wasFull ||= this.#live >= this.#depth
    return !isOwed
  }

  /**
   * Takes the request that this block answers off the list. Answers mostly come in order, so it is looked for from the front;
   * one that counts goes before one that was given up.
   */
  take(piece: number, block: number): Outstanding<Peer> | undefined {
    const { requests } = this
    let found = -1
    for (let at = 0; at < requests.length; at++) {
      const request = requests[at] as Outstanding<Peer>
      if (request.block !== block || request.partial.piece !== piece) continue
      if (found === -1 || request.isLive) found = at
      if (request.isLive) break
    }
    return found === -1 ? undefined : this.#remove(found)
  }

  /**
   * Takes the request that a reject answers off the list: one that was taken back goes before one that counts, for it is the
   * `cancel` that made the peer reject it. Mixing them up would leave a block that was asked for anew without anybody who asks.
   */
  takeRejected(piece: number, block: number): Outstanding<Peer> | undefined {
    const retired = this.#retiredAt(piece, block)
    return retired === -1 ? this.take(piece, block) : this.#remove(retired)
  }

  /** A request that counts was answered with its block. */
  answered(request: Outstanding<Peer>, now: number, limits: PipelineLimits): void {
    const asked = request.isRepeat ? Number.NEGATIVE_INFINITY : request.at
    this.#short.arrived(asked, now, limits.isRead && this.#short.depth <= this.#depth)
  }

  /** Takes this very request off the list. */
  drop(request: Outstanding<Peer>): void {
    const at = this.requests.indexOf(request)
    if (at !== -1) this.#remove(at)
  }

  /** The request stays on the list, because it may be answered still, but nothing counts on it any more. */
  retire(request: Outstanding<Peer>): void {
    if (!request.isLive) return
    request.isLive = false
    this.#live--
  }

  /** The request for a block that counts. */
  find(piece: number, block: number): Outstanding<Peer> | undefined {
    return this.requests.find((request) => request.isLive && request.block === block && request.partial.piece === piece)
  }

  /** Those that were sent `least` milliseconds ago or earlier, as a list of its own: most of the time there is none. */
  overdue(least: number, now: number): readonly Outstanding<Peer>[] {
    const { requests } = this
    let count = 0
    while (count < requests.length && now - (requests[count] as Outstanding<Peer>).at >= least) count++
    return count === 0 ? NONE : requests.slice(0, count)
  }

  /** Forgets every request; the caller releases their blocks. */
  clear(): Outstanding<Peer>[] {
    this.#live = 0
    return this.requests.splice(0)
  }

  /** Blocks arrived. */
  grow(blocks: number, limits: PipelineLimits): void {
    if (this.#inSlowStart) this.#depth = min(this.#depth + blocks, limits.maxRequests, max(FIRST_DEPTH, limits.share))
  }

  /** To be called about once a second with the peer's rate in bytes per second. */
  measure(rate: number, limits: PipelineLimits): void {
    const isLevel = rate - this.#lastRate < max(LEAST_GAIN, this.#lastRate * LEAST_GROWTH)
    if (this.#inSlowStart && this.#wasFull && this.#depth > FIRST_DEPTH && isLevel) this.#inSlowStart = false
    this.#lastRate = rate
    this.#wasFull = this.#live >= this.#depth
    if (this.#inSlowStart) return
    const covering = ceil((rate * limits.pipelineTime) / 1_000 / BLOCK_LENGTH)
    // Nothing in an endless time is no number.
    const affordable = rate === 0 ? 0 : ceil((rate * limits.affordableTime) / 1_000 / BLOCK_LENGTH)
    // Half of an equal share costs the others little, and who gets less writes and reads more often.
    this.#depth = max(LEAST_DEPTH, min(covering, max(affordable, limits.share / 2), limits.maxRequests))
  }

  /** The peer choked or unchoked us: what was known about its speed is old. */
  restart(): void {
    this.#inSlowStart = true
    this.#depth = FIRST_DEPTH
    this.#lastRate = 0
    this.#wasFull = false
  }

  #retiredAt(piece: number, block: number): number {
    return this.requests.findIndex(
      (request) => !request.isLive && request.block === block && request.partial.piece === piece,
    )
  }

  #remove(at: number): Outstanding<Peer> {
    const request = this.requests[at] as Outstanding<Peer>
    if (at === 0) this.requests.shift()
    else this.requests.splice(at, 1)
    if (request.isLive) this.#live--
    return request
  }
}
