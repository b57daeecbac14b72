// Which attempts exist, and who works on which. Peers that claim the same length work together; when what they made together
// has the wrong hash, each peer with that claim works alone from then on, so that the next failure names its liar.
//
// All attempts run side by side: nobody's claim holds up anybody else's. The bound is on what they may come to hold: the few
// torrents with more than 1 MiB of metadata share a budget, in which an attempt begins only where its whole length fits. When
// others wait for room, an attempt that had its turn and came to nothing gives way; turns get longer, so that a slow honest
// peer gets there too.

import type { PeerKey } from '@torrential/primitives'
import { MetadataDraft } from './metadata-draft.ts'

/** Bytes of an attempt that may always begin: there are never more of these than peers. */
const SMALL = 1024 * 1024
/** Bytes that all larger attempts together may come to hold: four of the largest. */
const BUDGET = 4 * 16 * 1024 * 1024
/** Milliseconds of a first turn. */
const TURN = 30_000
/** Turns do not get longer than this many doublings. */
const MOST_DOUBLINGS = 6

export class MetadataDrafts {
  readonly #drafts = new Map<string, MetadataDraft>()
  /** Turns that ended without an answer, by key. */
  readonly #turns = new Map<string, number>()
  /** Lengths of which a joint attempt failed. */
  readonly #alone = new Set<number>()
  #reserved = 0

  /** The attempt that a peer works on; undefined while there is no room for it. */
  find(length: number, peer: PeerKey, now: number): MetadataDraft | undefined {
    const key = this.#key(length, peer)
    const present = this.#drafts.get(key)
    if (present !== undefined) return present
    if (!this.#fits(length)) this.#makeRoom(now)
    if (!this.#fits(length)) return undefined
    const draft = new MetadataDraft(length, now)
    this.#drafts.set(key, draft)
    this.#reserved += costOf(length)
    return draft
  }

  /** The attempt that a peer works on, if it has begun. */
  peek(length: number, peer: PeerKey): MetadataDraft | undefined {
    return this.#drafts.get(this.#key(length, peer))
  }

  /** Forgets an attempt. */
  drop(length: number, peer: PeerKey): void {
    this.#drop(this.#key(length, peer))
  }

  /** From now on each peer with this claim works alone. */
  separate(length: number): void {
    this.#drop(String(length))
    this.#alone.add(length)
  }

  /** A peer is gone, the last with this claim or not: what only it worked on goes too, unless it is worth much. */
  left(length: number, peer: PeerKey, isLast: boolean): void {
    if (!this.#alone.has(length) && (!isLast || length > SMALL)) return
    this.#drop(this.#key(length, peer))
    this.#turns.delete(this.#key(length, peer))
  }

  clear(): void {
    this.#drafts.clear()
    this.#turns.clear()
    this.#reserved = 0
  }

  #fits(length: number): boolean {
    return length <= SMALL || this.#reserved + costOf(length) <= BUDGET
  }

  #key(length: number, peer: PeerKey): string {
    return this.#alone.has(length) ? `${length} ${peer}` : String(length)
  }

  #drop(key: string): void {
    const draft = this.#drafts.get(key)
    if (draft === undefined) return
    this.#drafts.delete(key)
    this.#reserved -= costOf(draft.length)
  }

  /** Ends the large attempt whose turn was over first. */
  #makeRoom(now: number): void {
    let over: string | undefined
    let overSince = now
    for (const [key, draft] of this.#drafts) {
      const end = draft.startedAt + TURN * 2 ** Math.min(MOST_DOUBLINGS, this.#turns.get(key) ?? 0)
      if (end > overSince || draft.length <= SMALL) continue
      over = key
      overSince = end
    }
    if (over === undefined) return
    this.#turns.set(over, (this.#turns.get(over) ?? 0) + 1)
    this.#drop(over)
  }
}

/** What counts towards the budget. */
function costOf(length: number): number {
  return length <= SMALL ? 0 : length
}
