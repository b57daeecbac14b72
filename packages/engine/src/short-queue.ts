// How many requests keep the line to a peer full and leave little waiting at its other end. What a peer has handed to its system cannot
// be taken back any more: whoever jumps in a stream waits behind it. So while somebody reads, no more is asked for than this.
//
// It is what the line holds: the best rate at which blocks came lately, times the least time that one took from its request on. What
// is asked for beyond that makes blocks come later and not faster.

/** Requests as long as no rate is known: a reader that waits for the first byte of a piece of 1 MiB gets it a round trip later, not five. */
const FIRST = 64
/** A line that got longer by itself must not starve a reader until that is noticed: at 150 ms these are 1.7 MB/s. */
const LEAST = 16
const MOST = 2_000
/** Requests go out in bunches, and what they ask for must not run dry in between: an eighth of it, and some. */
const SPARE = 1.15
const SPARE_REQUESTS = 4
/** Blocks over which a rate is measured. */
const ROUND = 32
/** The best rate is that of the last one or two spans of so many milliseconds: lines change. */
const SPAN_MS = 10_000
/**
 * The least time is kept for longer: where a line became slower, what was asked for before waits, and hides how long the line is
 * until the best rate is forgotten and the queue is gone.
 */
const LEAST_SPANS = 3

const { ceil, max, min } = Math

export class ShortQueue {
  /** Requests. */
  depth = FIRST
  /** Milliseconds, of these spans and those before. */
  #least = Number.POSITIVE_INFINITY
  #leastBefore = Number.POSITIVE_INFINITY
  /** Blocks a millisecond, of this span and the one before. */
  #best = 0
  #bestBefore = 0
  #spanEnds = Number.NEGATIVE_INFINITY
  #spans = 0
  /** A round begins with what came at this moment, which does not count: when it was sent is not known. */
  #began = Number.NaN
  #last = Number.NaN
  #blocks = 0

  /** A block came at `now` that was asked for at `asked`. `isBound`: it is this depth that bounds what is asked for. */
  arrived(asked: number, now: number, isBound: boolean): void {
    if (now >= this.#spanEnds) this.#nextSpan(now, isBound)
    this.#least = min(this.#least, now - asked)
    if (now !== this.#last) {
      if (this.#blocks >= ROUND) this.#endRound()
      this.#last = now
    }
    if (Number.isNaN(this.#began)) this.#began = now
    if (now > this.#began) this.#blocks++
  }

  #endRound(): void {
    this.#best = max(this.#best, this.#blocks / (this.#last - this.#began))
    const held = max(this.#best, this.#bestBefore) * min(this.#least, this.#leastBefore)
    this.depth = max(LEAST, min(MOST, ceil(held * SPARE) + SPARE_REQUESTS))
    this.#began = this.#last
    this.#blocks = 0
  }

  #nextSpan(now: number, isBound: boolean): void {
    this.#spanEnds = now + SPAN_MS
    this.#bestBefore = this.#best
    this.#best = 0
    // Where more is asked for than the line holds all blocks wait: what one takes at the least cannot be seen.
    this.#spans = isBound ? this.#spans + 1 : 0
    if (this.#spans === 0 || this.#spans % LEAST_SPANS > 0) return
    this.#leastBefore = this.#least
    this.#least = Number.POSITIVE_INFINITY
  }
}
