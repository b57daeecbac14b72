// One torrent's peers: seeds and leeches apart, because seeds are never handed to seeds and both are counted in every answer;
// IPv4 and IPv6 apart, because their addresses are answered apart. Tables exist only while somebody is in them.

import type { AddressFamily, Random } from '@torrential/primitives'
import { PeerTable, type SampleTarget } from './peer-table.ts'

const { round, max, min } = Math

/** Counts over a whole store, kept up to date by its swarms. */
export interface SwarmTotals {
  seeders: number
  leechers: number
}

/** What a peer is and says, as far as the store is concerned. */
export interface SwarmPeer {
  /** Compact address: 6 bytes (IPv4) or 18. */
  readonly key: Uint8Array
  /** 20 bytes. */
  readonly peerId: Uint8Array
  readonly seed: boolean
}

export interface SwarmContext {
  readonly random: Random
  /** For the tables' indices. */
  readonly seed: number
  /** Peers of one role and family. */
  readonly maxPeers: number
  readonly totals: SwarmTotals
}

export class Swarm {
  /** How often a leech of ours became a seed. */
  downloaded = 0
  readonly #tables: [PeerTable | undefined, PeerTable | undefined, PeerTable | undefined, PeerTable | undefined] = [
    undefined,
    undefined,
    undefined,
    undefined,
  ]

  /** Where `expire` goes on. */
  #expirePlace = 0
  #expiring = false

  get seeders(): number {
    return (this.#tables[1]?.size ?? 0) + (this.#tables[3]?.size ?? 0)
  }

  get leechers(): number {
    return (this.#tables[0]?.size ?? 0) + (this.#tables[2]?.size ?? 0)
  }

  get empty(): boolean {
    return this.seeders + this.leechers === 0
  }

  /** Bytes of the tables. */
  get byteLength(): number {
    let sum = 0
    for (const table of this.#tables) sum += table?.byteLength ?? 0
    return sum
  }

  /** Adds or refreshes a peer, and moves it when it has become a seed (or a leech again). */
  put({ key, peerId, seed }: SwarmPeer, completed: boolean, now: number, context: SwarmContext): void {
    const family = familyOf(key)
    const left = this.#drop(family, !seed, key, context.totals)
    const place = tableAt(family, seed)
    const table = (this.#tables[place] ??= new PeerTable(family, context.seed))
    const known = table.has(key)
    // A peer that is a seed already, or says so again, has not completed a second time.
    if (completed && seed && (left || !known)) this.downloaded += 1
    if (!known && table.size >= context.maxPeers) table.replace(key, peerId, now, context.random)
    else if (table.put(key, peerId, now)) tally(context.totals, seed, 1)
  }

  remove({ key }: SwarmPeer, totals: SwarmTotals): void {
    const family = familyOf(key)
    if (!this.#drop(family, true, key, totals)) this.#drop(family, false, key, totals)
  }

  /** Writes up to `count` peers of one family for the asker, in proportion of seeds and leeches; returns how many. */
  sample(asker: SwarmPeer, family: AddressFamily, count: number, random: Random, target: SampleTarget): number {
    const leeches = this.#tables[tableAt(family, false)]
    const seeds = asker.seed ? undefined : this.#tables[tableAt(family, true)]
    const leechCount = leeches?.size ?? 0
    const seedCount = seeds?.size ?? 0
    if (leechCount + seedCount === 0) return 0
    const share = round((count * leechCount) / (leechCount + seedCount))
    const fromLeeches = min(leechCount, max(share, count - seedCount))
    const written = leeches?.sample(fromLeeches, asker.key, asker.peerId, random, target) ?? 0
    return written + (seeds?.sample(count - written, asker.key, asker.peerId, random, target) ?? 0)
  }

  /** True between two calls of `expire` of which the first did not come to the end. */
  get expiring(): boolean {
    return this.#expiring
  }

  /**
   * Goes on where the last call ended and forgets peers last seen before `before`; returns how many records it looked at, at
   * most `budget`.
   */
  expire(before: number, budget: number, totals: SwarmTotals): number {
    let looked = 0
    this.#expiring = true
    for (; this.#expirePlace < 4; this.#expirePlace++) {
      const place = this.#expirePlace
      const table = this.#tables[place]
      if (table === undefined) continue
      if (looked >= budget) return looked
      const size = table.size
      looked += table.expire(before, budget - looked)
      tally(totals, place % 2 === 1, table.size - size)
      if (table.expiring) return looked
      if (table.size === 0) this.#tables[place] = undefined
    }
    this.#expirePlace = 0
    this.#expiring = false
    return looked
  }

  #drop(family: AddressFamily, seed: boolean, key: Uint8Array, totals: SwarmTotals): boolean {
    const place = tableAt(family, seed)
    const table = this.#tables[place]
    if (table?.delete(key) !== true) return false
    tally(totals, seed, -1)
    if (table.size === 0) this.#tables[place] = undefined
    return true
  }
}

function familyOf(key: Uint8Array): AddressFamily {
  return key.length === 6 ? 4 : 6
}

function tableAt(family: AddressFamily, seed: boolean): 0 | 1 | 2 | 3 {
  return family === 4 ? (seed ? 1 : 0) : seed ? 3 : 2
}

function tally(totals: SwarmTotals, seed: boolean, change: number): void {
  if (seed) totals.seeders += change
  else totals.leechers += change
}
