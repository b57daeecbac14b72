// The memory that read caches share: whichever run of whichever torrent was not used for longest makes room for a new one, so a session
// with a hundred busy torrents holds no more than one with a single one.

import { InputError } from '@torrential/primitives'

/** Something that a cache holds. */
export interface CacheEntry {
  /** bytes */
  readonly length: number
  /** Lets go of it; the cache calls `remove`. */
  evict(): void
}

/** Pass one to several `cached` storages. */
export class CacheBudget {
  readonly limit: number
  #bytes = 0
  /** Least recently used first. */
  readonly #entries = new Set<CacheEntry>()
  /** Of those, what nobody has needed yet. */
  readonly #ahead = new Set<CacheEntry>()
  #aheadBytes = 0

  /** `limit`: bytes of all caches together. @throws InputError `CACHE_BYTES` (not a positive integer) */
  constructor(limit: number) {
    if (!Number.isSafeInteger(limit) || limit < 1) {
      throw new InputError('CACHE_BYTES', `a positive integer is needed, not ${limit}`)
    }
    this.limit = limit
  }

  /** Bytes held now. */
  get bytes(): number {
    return this.#bytes
  }

  /** Bytes that were read ahead, and that nobody has needed yet. */
  get ahead(): number {
    return this.#aheadBytes
  }

  /** Takes an entry in, and lets go of others until all fit. */
  add(entry: CacheEntry): void {
    this.#entries.add(entry)
    this.#bytes += entry.length
    this.#ahead.add(entry)
    this.#aheadBytes += entry.length
    for (const oldest of this.#entries) {
      if (this.#bytes <= this.limit) return
      oldest.evict()
    }
  }

  /** It was needed just now. */
  touch(entry: CacheEntry): void {
    if (this.#entries.delete(entry)) this.#entries.add(entry)
    this.#needed(entry)
  }

  remove(entry: CacheEntry): void {
    if (this.#entries.delete(entry)) this.#bytes -= entry.length
    this.#needed(entry)
  }

  #needed(entry: CacheEntry): void {
    if (this.#ahead.delete(entry)) this.#aheadBytes -= entry.length
  }
}
