// Keeps what is remembered of one torrent close behind what is true. Verified pieces go to the journal within a second or as
// soon as there are 8 of them, of small ones up to 32, so that a crash loses few; every half minute the files are made durable and the journal told
// so; when it has grown, and at the moments that matter, the record is written anew.
// Invariant: whatever is claimed was verified and handed to the system before. A claim that cannot be written is a warning,
// and everything is written anew at the next occasion: the torrent itself is fine.

import {
  type Bitfield,
  type Clock,
  isTorrentialError,
  StorageError,
  type TorrentialError,
} from '@torrential/primitives'
import { DEFAULTS } from '../options.ts'
import { lineOf, mostBehind, soon } from './journal-pace.ts'
import type { FileLooks, JournalPlace, ResumeFound, ResumeLoaded, ResumeStore, ResumeSubject } from './resume-store.ts'

export interface ResumeKeeperParts {
  readonly store: ResumeStore | undefined
  readonly clock: Clock
  readonly subject: ResumeSubject
  /** The live bitfield: it is copied when it is written. */
  readonly have: Bitfield
  readonly totals: { readonly uploaded: number; readonly downloaded: number }
  /** Makes what is claimed durable before the claim is. Resolves with how files looked then, as far as that is known. */
  flush(): Promise<FileLooks | undefined>
  warn(error: TorrentialError): void
}

/** How many pieces of a journal have reached the disk. */
interface Synced {
  readonly place: JournalPlace | undefined
  readonly pieces: number
}

interface Changes {
  gained: number[]
  lost: number[]
}

export class ResumeKeeper {
  readonly #parts: ResumeKeeperParts
  /** Of the record that the journal continues; undefined while there is none that can be continued. */
  #place: JournalPlace | undefined
  /** The newest record that there is. */
  #newest: JournalPlace | undefined
  #journalBytes = 0
  /** Pieces that the journal of this epoch has called gained. */
  #told = 0
  #toldSynced = 0
  #toldTotals = 0
  /** A state that could not be written is tried again from then on. */
  #retryAt = Number.NEGATIVE_INFINITY
  #toldAt = Number.NEGATIVE_INFINITY
  /** Not in the journal yet. */
  #changes: Changes | undefined
  /** Gained pieces of the line that is being written. */
  #telling = 0
  /** The newest record tells everything, and nothing has been written to the files since. */
  #isCurrent = false
  /** What came since the bitfield was copied for a record that is being written. */
  #sinceCopy: Changes | undefined
  /** A line waits for its turn at the disk. */
  #isLineDue = false
  #appendTimer: Disposable | undefined
  #syncTimer: Disposable | undefined
  /** Appends and the replacing of the record, one behind the other. */
  #steps = Promise.resolve()
  #saving: Promise<void> | undefined
  #isClosed = false
  /** A record was believed or made: before, nobody knows what is on disk, and there is nothing to write down. */
  #isKnown = false

  constructor(parts: ResumeKeeperParts) {
    this.#parts = parts
  }

  async load(): Promise<ResumeLoaded> {
    const { store, subject } = this.#parts
    const found = await store?.load(subject)
    if (found !== undefined && found !== 'damaged') this.#newest = found.journal
    return found
  }

  /** The record found is as good as a new one: the journal continues it. */
  adopt(found: ResumeFound): void {
    this.#isKnown = true
    this.#place = found.journal
    this.#toldTotals = found.uploaded + found.downloaded
    this.#isCurrent = found.isCurrent
  }

  /** Bytes of the files have been written or moved, or are about to be, outside of what the journal tells. */
  changed(): void {
    this.#isCurrent = false
  }

  /** A piece is verified and written. */
  gained(piece: number): void {
    this.#changed('gained', piece)
  }

  /** A piece that we had cannot be read. */
  lost(piece: number): void {
    this.#changed('lost', piece)
  }

  /** Undefined while few pieces wait for the journal; otherwise resolves when it has gone on: files are not to be far ahead of it. */
  room(): Promise<void> | undefined {
    const behind = (this.#changes?.gained.length ?? 0) + this.#telling
    return behind < mostBehind(this.#pieceLength) ? undefined : soon(this.#steps, this.#parts.clock)
  }

  /** Files are about to be written to: a sign of life now and then tells later whose doing a changed file was. */
  writing(): void {
    this.#isCurrent = false
    if (!this.#isOn) return
    const now = this.#parts.clock.now()
    if (now - this.#toldAt < DEFAULTS.journalSign) return
    this.#toldAt = now
    this.#append()
    this.touch()
  }

  /** Something may have been moved: totals will be written down within the interval. */
  touch(): void {
    if (!this.#isOn || this.#syncTimer !== undefined) return
    this.#syncTimer = this.#parts.clock.timer(DEFAULTS.resumeInterval, () => {
      this.#syncTimer = undefined
      void this.#sync()
    })
  }

  /**
   * Writes the record now. Never rejects. `isQuiet`: nothing is being written to the files, so that they must look exactly the
   * same at the next start; a record that says all of that already is left as it is.
   */
  save(isQuiet: boolean): Promise<void> {
    this.#isKnown = true
    const saving = (this.#saving ?? Promise.resolve())
      .then(() => this.#save(isQuiet))
      .finally(() => {
        if (this.#saving === saving) this.#saving = undefined
      })
    this.#saving = saving
    return saving
  }

  /** Everything is written down, or nothing is remembered anyway. */
  get isSettled(): boolean {
    return this.#parts.store === undefined || this.#isCurrent
  }

  async forget(): Promise<void> {
    this.#stop()
    await this.#saving
    await this.#steps
    await this.#parts.store?.delete(this.#parts.subject.infoHash)
  }

  async close(): Promise<void> {
    this.#stop()
    if (this.#isKnown) await this.save(true)
  }

  get #pieceLength(): number {
    return this.#parts.subject.metainfo.geometry.pieceLength
  }

  get #isOn(): boolean {
    return this.#parts.store !== undefined && !this.#isClosed
  }

  #stop(): void {
    this.#isClosed = true
    this.#appendTimer?.[Symbol.dispose]()
    this.#syncTimer?.[Symbol.dispose]()
  }

  #changed(what: keyof Changes, piece: number): void {
    this.#isCurrent = false
    if (!this.#isOn) return
    this.#changes ??= { gained: [], lost: [] }
    this.#changes[what].push(piece)
    this.#sinceCopy?.[what].push(piece)
    this.touch()
    if (this.#changes.gained.length >= lineOf(this.#pieceLength)) this.#append()
    else this.#appendTimer ??= this.#parts.clock.timer(DEFAULTS.journalDelay, () => this.#append())
  }

  /** Everything that is not in the journal goes there; without a record to continue, a record is written. */
  #append(synced?: Synced): void {
    this.#appendTimer?.[Symbol.dispose]()
    this.#appendTimer = undefined
    if (this.#place === undefined && this.#saving === undefined && this.#parts.clock.now() >= this.#retryAt) {
      void this.save(false)
    }
    // Pieces that come while a line waits for the disk are in that line, and need none of their own.
    if (synced === undefined && this.#isLineDue) return
    if (synced === undefined) this.#isLineDue = true
    void this.#step(async () => {
      if (synced === undefined) this.#isLineDue = false
      const { gained, lost } = this.#changes ?? { gained: [], lost: [] }
      this.#changes = undefined
      // Without a record the bitfield itself remembers them for the next one.
      if (this.#place === undefined) return
      await this.#tell(this.#place, { gained, lost }, this.#place === synced?.place ? synced.pieces : undefined)
    })
  }

  async #tell(place: JournalPlace, { gained, lost }: Changes, synced: number | undefined): Promise<void> {
    const { store, subject, totals, clock } = this.#parts
    if (store === undefined) return
    const { uploaded, downloaded } = totals
    const entry = { time: store.now(), uploaded, downloaded, gained, lost, ...(synced !== undefined && { synced }) }
    this.#isCurrent = false
    this.#telling = gained.length
    const add = this.#journalBytes === 0 ? 'begin' : 'append'
    this.#journalBytes += await store[add](subject.infoHash, place, entry)
    this.#told += gained.length
    this.#toldTotals = uploaded + downloaded
    this.#toldAt = clock.now()
    if (synced !== undefined) this.#toldSynced = synced
  }

  async #sync(): Promise<void> {
    if (this.#place === undefined || this.#journalBytes > DEFAULTS.journalLimit) {
      await this.save(false)
      return
    }
    await this.#steps
    const { uploaded, downloaded } = this.#parts.totals
    const synced = { place: this.#place, pieces: this.#told }
    if (synced.pieces === this.#toldSynced && uploaded + downloaded === this.#toldTotals) return
    try {
      await this.#parts.flush()
    } catch (error) {
      this.#warn(error)
      return
    }
    if (this.#isClosed) return
    this.#append(synced)
    // As long as something moves it will have to be written down again.
    this.touch()
  }

  async #save(isQuiet: boolean): Promise<void> {
    const { store, subject, clock } = this.#parts
    if (store === undefined) return
    if (isQuiet && this.#isCurrent) {
      const { uploaded, downloaded } = this.#parts.totals
      if (uploaded + downloaded === this.#toldTotals) return
    }
    try {
      // The copy first: what arrives during the flush is not covered by it.
      const { uploaded, downloaded } = this.#parts.totals
      const record = { have: this.#parts.have.clone(), uploaded, downloaded }
      const since: Changes = { gained: [], lost: [] }
      this.#sinceCopy = since
      this.#isCurrent = isQuiet
      const looks = await this.#parts.flush()
      await this.#step(async () => {
        this.#place = undefined
        const place = await store.save(subject, record, { before: this.#newest, isQuiet, looks })
        this.#newest = place
        this.#sinceCopy = undefined
        this.#changes = undefined
        this.#journalBytes = isQuiet ? 0 : 1
        this.#told = 0
        this.#toldSynced = 0
        this.#toldTotals = record.uploaded + record.downloaded
        this.#toldAt = isQuiet ? Number.NEGATIVE_INFINITY : clock.now()
        if (since.gained.length + since.lost.length > 0) await this.#tell(place, since, undefined)
        this.#place = place
      })
    } catch (error) {
      this.#isCurrent = false
      this.#warn(error)
    } finally {
      this.#sinceCopy = undefined
    }
  }

  /** Resolves when the step is done, whether it worked or not. */
  #step(work: () => Promise<void>): Promise<void> {
    const done = this.#steps.then(work).finally(() => (this.#telling = 0))
    this.#steps = done.catch((error: unknown) => {
      this.#isCurrent = false
      // The end of the journal may be torn: the next record starts a new one.
      this.#place = undefined
      this.#retryAt = this.#parts.clock.now() + DEFAULTS.resumeInterval
      this.#warn(error)
    })
    return this.#steps
  }

  #warn(cause: unknown): void {
    this.#parts.warn(isTorrentialError(cause) ? cause : new StorageError('STATE_WRITE', 'no resume record', { cause }))
  }
}
