// One run of a read cache: bytes that were read at once, and where its blocks lie in memory. In a plain run they lie as they do in the
// piece. In a framed one each lies behind what is sent in front of it, so that any number of blocks that follow one another leave
// as one view: a socket is given one chunk for a row of blocks instead of two for each.

import type { ReadTarget } from '@torrential/contracts'
import type { PieceIndex, Slab } from '@torrential/primitives'
import type { CacheEntry } from './cache-budget.ts'

/** What lies in front of each block of a run. */
export interface BlockFrame {
  /** Bytes of a block. */
  readonly block: number
  /** Bytes in front of it. */
  readonly lead: number
  /** Writes them at `at`. The same for every reader of the block, and never changed. */
  write(into: Uint8Array, at: number, piece: PieceIndex, offset: number, length: number): void
}

export interface RunPlace {
  readonly piece: PieceIndex
  /** Of its first byte in the piece. */
  readonly start: number
  readonly length: number
}

export class CachedRun implements CacheEntry {
  readonly length: number
  readonly slab: Slab | undefined
  /** Where a storage may read to. */
  readonly into: ReadTarget | undefined
  /** Only in a slab: what is put between the blocks needs room. */
  readonly #frame: BlockFrame | undefined
  readonly #place: RunPlace
  readonly #forget: (run: CachedRun) => void
  /** Undefined until it is read. */
  #bytes: Uint8Array | undefined
  /** Dropped from the cache. */
  isForgotten = false

  constructor(place: RunPlace, forget: (run: CachedRun) => void, slab?: Slab, frame?: BlockFrame) {
    this.#place = place
    this.length = place.length
    this.slab = slab
    this.#frame = slab === undefined ? undefined : frame
    this.into = slab && { bytes: slab.bytes, parts: this.#parts(slab.bytes) }
    this.#forget = forget
  }

  /** Gives out rows. */
  get isFramed(): boolean {
    return this.#frame !== undefined
  }

  get isHere(): boolean {
    return this.#bytes !== undefined
  }

  /** It was read: into `into`, or into `bytes` of the storage's own. */
  arrived(bytes: Uint8Array | undefined): void {
    const { slab, into } = this
    this.#bytes = slab?.bytes ?? bytes
    if (slab === undefined || into === undefined) return
    if (bytes !== undefined) fill(into.parts, bytes)
    if (this.#frame !== undefined) this.#putLeads(this.#frame, slab.bytes)
  }

  evict(): void {
    this.#forget(this)
  }

  /** Bytes of the run that lie in one row, as a view; others as a copy. To be called once it is here. */
  take(from: number, length: number): Uint8Array {
    const at = this.#positionOf(from, length)
    return at === undefined ? this.#copy(from, length) : this.#view(at, length)
  }

  /** As `take`, for when it is here, whether or not it is dropped until then. */
  promise(from: number, length: number): () => Uint8Array {
    const { slab } = this
    const at = this.#positionOf(from, length)
    if (slab === undefined) return () => this.take(from, length)
    // Counted before it is waited for: the slab must not be lent to anybody else meanwhile.
    if (at !== undefined) {
      const view = slab.handOut(at, at + length)
      return () => view
    }
    const hold = slab.handOut(0, 1)
    return () => {
      const copy = this.#copy(from, length)
      slab.giveBack(hold.length)
      return copy
    }
  }

  /** Whole blocks from `from` on with what is in front of each, at most `most`; undefined when the run is not framed. */
  row(from: number, most: number): Uint8Array | undefined {
    if (this.#frame === undefined || this.slab === undefined) return undefined
    const { block, lead } = this.#frame
    if (from % block !== 0) return undefined
    const count = Math.min(most, (this.length - from) / block)
    const start = (from / block) * (lead + block)
    return this.slab.handOut(start, start + count * (lead + block))
  }

  /** Undefined where something lies in between. */
  #positionOf(from: number, length: number): number | undefined {
    if (this.#frame === undefined) return from
    const { block, lead } = this.#frame
    const number = Math.floor(from / block)
    return from + length <= (number + 1) * block ? from + (number + 1) * lead : undefined
  }

  #view(at: number, length: number): Uint8Array {
    return this.slab?.handOut(at, at + length) ?? (this.#bytes as Uint8Array).subarray(at, at + length)
  }

  #copy(from: number, length: number): Uint8Array {
    const { block, lead } = this.#frame as BlockFrame
    const bytes = this.#bytes as Uint8Array
    const copy = Buffer.allocUnsafeSlow(length)
    let done = 0
    while (done < length) {
      const at = from + done
      const number = Math.floor(at / block)
      const count = Math.min(length - done, (number + 1) * block - at)
      const start = at + (number + 1) * lead
      copy.set(bytes.subarray(start, start + count), done)
      done += count
    }
    return copy
  }

  /** Where the blocks go. */
  #parts(bytes: Uint8Array): readonly Uint8Array[] {
    if (this.#frame === undefined) return [bytes]
    const { block, lead } = this.#frame
    const parts: Uint8Array[] = []
    for (let at = lead; at < bytes.length; at += block + lead) parts.push(bytes.subarray(at, at + block))
    return parts
  }

  #putLeads(frame: BlockFrame, bytes: Uint8Array): void {
    const { block, lead } = frame
    const { piece, start, length } = this.#place
    for (let from = 0, at = 0; from < length; from += block, at += lead + block) {
      frame.write(bytes, at, piece, start + from, block)
    }
  }
}

function fill(parts: readonly Uint8Array[], bytes: Uint8Array): void {
  let at = 0
  for (const part of parts) {
    part.set(bytes.subarray(at, at + part.length))
    at += part.length
  }
}
