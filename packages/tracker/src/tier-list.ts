// The tiers of BEP 12: shuffled once within each tier, and a tracker that answered moves to the front of its tier. A URL is kept
// once, where it comes first. Tiers keep their identity while trackers come and go, so that they can be keys.

import type { Random } from '@torrential/primitives'
import type { TrackerEntry } from './tracker-entry.ts'

export type Tier = readonly TrackerEntry[]

/** Trackers kept for one torrent: more is a torrent made to make us call strangers. */
export const MAX_TRACKERS = 500

export class TierList {
  readonly #tiers: TrackerEntry[][] = []

  /** Entries beyond 500 and repeated URLs are left out. */
  constructor(tiers: readonly (readonly TrackerEntry[])[], random: Random) {
    for (const entries of tiers) {
      const tier: TrackerEntry[] = []
      for (const entry of entries) {
        if (this.size + tier.length >= MAX_TRACKERS) break
        const known = this.find(entry.url) !== undefined || tier.some(({ url }) => url === entry.url)
        if (!known) tier.push(entry)
      }
      if (tier.length > 0) this.#tiers.push(shuffled(tier, random))
    }
  }

  get tiers(): readonly Tier[] {
    return this.#tiers
  }

  get size(): number {
    return this.#tiers.reduce((count, tier) => count + tier.length, 0)
  }

  /** All, in the order in which they are asked. */
  *entries(): IterableIterator<{ readonly entry: TrackerEntry; readonly tier: number }> {
    for (const [tier, entries] of this.#tiers.entries()) for (const entry of entries) yield { entry, tier }
  }

  find(url: string): TrackerEntry | undefined {
    for (const tier of this.#tiers) for (const entry of tier) if (entry.url === url) return entry
    return undefined
  }

  /** Index of the entry's tier; 0 for one that was removed. */
  tierOf(entry: TrackerEntry): number {
    return Math.max(
      0,
      this.#tiers.findIndex((tier) => tier.includes(entry)),
    )
  }

  /** Moves the entry to the front of its tier. */
  promote(entry: TrackerEntry): void {
    const tier = this.#tiers.find((entries) => entries.includes(entry))
    if (tier === undefined) return
    tier.splice(tier.indexOf(entry), 1)
    tier.unshift(entry)
  }

  /** At the end of tier `index`; a tier that does not exist becomes a new last one. */
  add(entry: TrackerEntry, index = this.#tiers.length): void {
    const tier = this.#tiers[index]
    if (tier === undefined) this.#tiers.push([entry])
    else tier.push(entry)
  }

  remove(entry: TrackerEntry): void {
    for (const [index, tier] of this.#tiers.entries()) {
      const at = tier.indexOf(entry)
      if (at === -1) continue
      tier.splice(at, 1)
      if (tier.length === 0) this.#tiers.splice(index, 1)
      return
    }
  }
}

/** Fisher–Yates. */
function shuffled<Item>(items: Item[], random: Random): Item[] {
  for (let i = items.length - 1; i > 0; i--) {
    const j = Math.floor(random.next() * (i + 1))
    const item = items[i] as Item
    items[i] = items[j] as Item
    items[j] = item
  }
  return items
}
