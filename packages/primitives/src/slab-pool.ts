// Memory that comes back: what a socket reads goes into slabs, and a slab is read into again once every byte that was handed
// out of it has been given back. Without that each read is new memory, and collecting it costs more than the protocol does.
//
// Whoever has bytes of a slab may keep them for as long as it likes: a slab whose bytes are not all given back is never used
// again and is collected like any other memory. So nobody has to know of slabs but the two who give back: the decoder (what it
// has decoded) and whoever has written blocks to the disk. The one rule: each byte is given back at most as often as it was handed out.
//
// Bounded: so many bytes idle, and so many out at a time; beyond that `lend` answers undefined and the reader uses small
// buffers of its own, because one block that is kept holds the whole slab that it lies in.

/** Bytes of one size that are lent, handed out in views and given back. */
export class Slab {
  readonly bytes: Uint8Array
  readonly #pool: SlabPool
  #handedOut = 0
  #givenBack = 0
  #isClosed = false

  /** Slabs come out of `SlabPool.lend`. */
  constructor(pool: SlabPool, bytes: Uint8Array) {
    this.#pool = pool
    this.bytes = bytes
  }

  /** A view of `[start, end)`, to be given back as often as it was handed out. */
  handOut(start: number, end: number): Uint8Array {
    this.#handedOut += end - start
    return this.bytes.subarray(start, end)
  }

  /** Another slab of the same pool; undefined when too much is lent. */
  sibling(length: number): Slab | undefined {
    return this.#pool.lend(length)
  }

  /** Nothing more is handed out. */
  close(): void {
    this.#isClosed = true
    this.#reuse()
  }

  /** Counts bytes that nobody looks at any more. */
  giveBack(count: number): void {
    this.#givenBack += count
    if (this.#isClosed) this.#reuse()
  }

  /** Somebody keeps bytes of it for good: it is never lent again. */
  keep(): void {
    this.#givenBack = Number.NEGATIVE_INFINITY
  }

  #reuse(): void {
    if (this.#givenBack !== this.#handedOut) return
    this.#isClosed = false
    this.#handedOut = 0
    this.#givenBack = 0
    this.#pool.returned(this)
  }
}

/** Which slab a view lies in. */
const slabs = new WeakMap<ArrayBufferLike, Slab>()

export interface SlabPoolOptions {
  /** Bytes that wait to be lent again. @default 8 MiB */
  readonly idle?: number
  /** Bytes lent at a time, those that nobody gave back included until they are collected. @default 96 MiB */
  readonly lent?: number
  /** Slabs are `SharedArrayBuffer`s, which another thread can look at without a copy. @default false */
  readonly shared?: boolean
}

const DEFAULTS = {
  // What a fast connection has between its socket and the disk: a few pieces.
  idle: 48 * 1_048_576,
  // The usual 64 MiB of unwritten blocks and half as much again.
  lent: 96 * 1_048_576,
}

export class SlabPool {
  readonly #idleLimit: number
  readonly #lentLimit: number
  readonly #isShared: boolean
  /** By size, the one that was lent last at the end. Of a size the most recently used last: that one may still be in the cache. */
  readonly #idle = new Map<number, Slab[]>()
  /** The size that was lent last. */
  #latest = 0
  #idleBytes = 0
  #lentBytes = 0
  /** Slabs that were dropped with bytes outstanding count as lent until they are gone. */
  readonly #dropped = new FinalizationRegistry<number>((length) => {
    this.#lentBytes -= length
  })

  constructor(options: SlabPoolOptions = {}) {
    this.#idleLimit = options.idle ?? DEFAULTS.idle
    this.#lentLimit = options.lent ?? DEFAULTS.lent
    this.#isShared = options.shared === true
  }

  /** Bytes that wait to be lent again. */
  get idle(): number {
    return this.#idleBytes
  }

  /** Bytes lent at this moment. */
  get lent(): number {
    return this.#lentBytes
  }

  /** A slab of `length` bytes with any content; undefined when too much is lent. */
  lend(length: number): Slab | undefined {
    const waiting = this.#waiting(length)
    const slab = waiting.pop()
    if (slab !== undefined) {
      this.#idleBytes -= length
    } else if (this.#lentBytes + length > this.#lentLimit) return undefined
    this.#lentBytes += length
    return slab ?? this.#make(length)
  }

  /** Called by a slab when all of it is back. */
  returned(slab: Slab): void {
    const { length } = slab.bytes
    this.#lentBytes -= length
    if (this.#idleBytes + length > this.#idleLimit) this.#makeRoom(length)
    if (this.#idleBytes + length > this.#idleLimit) {
      this.#dropped.unregister(slab)
      return
    }
    this.#idleBytes += length
    const waiting = this.#idle.get(length)
    if (waiting === undefined) this.#idle.set(length, [slab])
    else waiting.push(slab)
  }

  /** The idle slabs of a size, which is wanted now. */
  #waiting(length: number): Slab[] {
    let waiting = this.#idle.get(length)
    if (waiting !== undefined && length === this.#latest) return waiting
    waiting ??= []
    this.#idle.delete(length)
    this.#idle.set(length, waiting)
    this.#latest = length
    return waiting
  }

  /** Slabs of sizes that were last wanted before this one are no longer what readers use: they go first. */
  #makeRoom(length: number): void {
    if (length > this.#idleLimit) return
    for (const [size, waiting] of this.#idle) {
      if (size === length) return
      while (waiting.length > 0 && this.#idleBytes + length > this.#idleLimit) {
        this.#dropped.unregister(waiting.pop() as Slab)
        this.#idleBytes -= size
      }
      if (waiting.length === 0) this.#idle.delete(size)
    }
  }

  #make(length: number): Slab {
    // A buffer of its own: `slabs` knows it by that.
    const slab = new Slab(
      this,
      new Uint8Array(this.#isShared ? new SharedArrayBuffer(length) : new ArrayBuffer(length)),
    )
    slabs.set(slab.bytes.buffer, slab)
    this.#dropped.register(slab, length, slab)
    return slab
  }
}

/** The slab that `bytes` lie in; undefined when their memory is anybody else's. */
export function slabOf(bytes: Uint8Array): Slab | undefined {
  return slabs.get(bytes.buffer)
}

/** Gives blocks back to the slabs that they lie in; bytes of other memory are left alone. None may be used afterwards. */
export function giveBack(blocks: readonly Uint8Array[]): void {
  for (const block of blocks) slabs.get(block.buffer)?.giveBack(block.length)
}

/** The slab that `bytes` lie in, if any, is never lent again: somebody keeps them. */
export function keep(bytes: Uint8Array): void {
  slabs.get(bytes.buffer)?.keep()
}
