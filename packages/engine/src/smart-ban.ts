// Who sent the wrong block. A piece that failed and came from one peer convicts that peer. Otherwise the SHA-1 of each of its
// blocks is kept with its sender; when the piece passes later, whoever sent a block that differs is convicted, and nobody
// else ever is. Costs nothing while pieces pass.

import { createHash } from 'node:crypto'
import { LazyMap, equalBytes } from '@torrential/primitives'
import type { Sender } from './holder.ts'

/** Blocks of failed pieces remembered at most, oldest pieces forgotten first: 2 GiB of bad data, about 6 MiB of memory. */
const MOST_BLOCKS = 131_072

interface BadBlock {
  readonly block: number
  readonly digest: Uint8Array
  readonly sender: Sender
}

/** SHA-1, 20 bytes. */
export function digestOf(block: Uint8Array): Uint8Array {
  return createHash('sha1').update(block).digest()
}

export class SmartBan {
  readonly #evidence = new LazyMap<number, BadBlock[]>()
  #blocks = 0

  /** True when the piece failed before and blocks of it are remembered. */
  hasEvidence(piece: number): boolean {
    return this.#evidence.has(piece)
  }

  /**
   * The piece failed. `digests` are those of its blocks, in order, undefined where unknown. Returns the culprit when there
   * was only one sender; remembers the blocks otherwise.
   */
  failed(
    piece: number,
    digests: readonly (Uint8Array | undefined)[],
    senders: readonly (Sender | undefined)[],
  ): Sender | undefined {
    const sole = onlySender(senders)
    if (sole !== undefined) return sole
    const known = this.#evidence.get(piece) ?? []
    for (let block = 0; block < senders.length; block++) {
      const digest = digests[block]
      const sender = senders[block]
      if (digest === undefined || sender === undefined || isKnown(known, block, digest, sender)) continue
      known.push({ block, digest, sender })
      this.#blocks++
    }
    // Set anew, so that the order of the map is the order of failing.
    this.#evidence.delete(piece)
    this.#evidence.set(piece, known)
    this.#forgetOldest()
    return undefined
  }

  /** The piece passed. `digestAt` gives the digest of its right block. Returns everybody who had sent another one. */
  passed(piece: number, digestAt: (block: number) => Uint8Array | undefined): Sender[] {
    const known = this.#evidence.get(piece)
    if (known === undefined) return []
    this.forget(piece)
    const culprits = new Map<number, Sender>()
    for (const { block, digest, sender } of known) {
      const right = digestAt(block)
      if (right !== undefined && !equalBytes(right, digest)) culprits.set(sender.key, sender)
    }
    return [...culprits.values()]
  }

  forget(piece: number): void {
    this.#blocks -= this.#evidence.get(piece)?.length ?? 0
    this.#evidence.delete(piece)
  }

  #forgetOldest(): void {
    for (const piece of this.#evidence.keys()) {
      if (this.#blocks <= MOST_BLOCKS) return
      this.forget(piece)
    }
  }
}

/** Who sent all of it, if it was one. */
export function onlySender(senders: readonly (Sender | undefined)[]): Sender | undefined {
  const first = senders[0]
  return senders.every((sender) => sender?.key === first?.key) ? first : undefined
}

function isKnown(known: readonly BadBlock[], block: number, digest: Uint8Array, sender: Sender): boolean {
  return known.some((bad) => bad.block === block && bad.sender.key === sender.key && equalBytes(bad.digest, digest))
}
