// Writes a torrent's resume record now and then, and at the moments that matter. A record that cannot be written is a
// warning: the torrent itself is fine.

import {
  type Bitfield,
  type Clock,
  isTorrentialError,
  StorageError,
  type TorrentialError,
} from '@torrential/primitives'
import type { Metainfo } from '@torrential/metainfo'
import { DEFAULTS } from './options.ts'
import type { ResumeFound, ResumeStore } from './resume-store.ts'

export interface ResumeKeeperParts {
  readonly store: ResumeStore | undefined
  readonly clock: Clock
  readonly metainfo: Metainfo
  readonly infoHash: string
  readonly path: string
  readonly state: () => { readonly have: Bitfield; readonly uploaded: number; readonly downloaded: number }
  /** Makes what is claimed durable before the claim is. */
  readonly flush: () => Promise<void>
  readonly warn: (error: TorrentialError) => void
}

export class ResumeKeeper {
  readonly #parts: ResumeKeeperParts
  #timer: Disposable | undefined
  #saving: Promise<void> | undefined
  #closed = false

  constructor(parts: ResumeKeeperParts) {
    this.#parts = parts
  }

  load(): Promise<ResumeFound | undefined> {
    const { store, metainfo, infoHash, path } = this.#parts
    return store === undefined ? Promise.resolve(undefined) : store.load(metainfo, infoHash, path)
  }

  /** Something changed: a record will be written within the interval. */
  touch(): void {
    if (this.#parts.store === undefined || this.#timer !== undefined || this.#closed) return
    this.#timer = this.#parts.clock.timer(DEFAULTS.resumeInterval, () => {
      this.#timer = undefined
      void this.save()
    })
  }

  /** Writes the record now. Never rejects. */
  async save(): Promise<void> {
    this.#timer?.[Symbol.dispose]()
    this.#timer = undefined
    await this.#saving
    this.#saving = this.#save()
    await this.#saving
  }

  async forget(): Promise<void> {
    this.#closed = true
    this.#timer?.[Symbol.dispose]()
    await this.#saving
    await this.#parts.store?.delete(this.#parts.infoHash)
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.save()
  }

  async #save(): Promise<void> {
    const { store, metainfo, infoHash, path, state, flush, warn } = this.#parts
    if (store === undefined) return
    try {
      // The copy first: what arrives during the flush is not covered by it.
      const { have, uploaded, downloaded } = state()
      const record = { have: have.clone(), uploaded, downloaded }
      await flush()
      await store.save(metainfo, infoHash, path, record)
    } catch (error) {
      warn(isTorrentialError(error) ? error : new StorageError('STATE_WRITE', 'no resume record', { cause: error }))
    }
  }
}
