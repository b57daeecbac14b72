// What a session remembers of its torrents between two runs: for each a record of everything, replaced as a whole, and a
// journal of what came after it. A start believes both only as far as the files still look like it (`file-stamp.ts`) and
// hashes the pieces of the others. Anything odd about a record means a full check, never a crash.

import type { Metainfo } from '@torrential/metainfo'
import { type Bitfield, type Random, StorageError, toHex } from '@torrential/primitives'
import { type FileBatches, type FileSystem, nodeFileSystem } from '@torrential/storage'
import { bootIdentity } from './boot-identity.ts'
import { type FileLooks, type FileStamp, isExplained, isSame, stampFiles } from './file-stamp.ts'
import { decodeJournal, encodeJournalEntry, encodeJournalHead, type JournalEntry } from './resume-journal.ts'
import { decodeRecord, encodeRecord, type JournalSlot, type ResumeRecord } from './resume-record.ts'
import type { StateFiles } from './state-files.ts'

export type { FileLooks } from './file-stamp.ts'

const LARGEST_RECORD = 64 * 1024 * 1024
const LARGEST_JOURNAL = 16 * 1024 * 1024

/** Which torrent, and where its files are. */
export interface ResumeSubject {
  readonly metainfo: Metainfo
  /** 40 hexadecimal digits. */
  readonly infoHash: string
  /** Absolute path of a file, by its index in the metainfo, wherever it is now. */
  readonly locate: (file: number) => string
}

/** What is left of a record when it is compared with the disk. */
export interface ResumeFound {
  readonly uploaded: number
  readonly downloaded: number
  /** What is believed, unless it is to be hashed. */
  readonly have: Bitfield
  /** Pieces to hash, whether they are believed to be here or not. */
  readonly doubtful: ReadonlySet<number>
  /** The record that was found. */
  readonly journal: JournalPlace
  /** The last session ended in order and nothing has changed: the record is as good as a new one. */
  readonly isCurrent: boolean
}

/** Where the journal of a record is, and how it names the record. */
export interface JournalPlace {
  readonly epoch: string
  readonly slot: JournalSlot
}

/** `damaged`: there was a record, and it is none; it has been left where it is until the next one replaces it. */
export type ResumeLoaded = ResumeFound | 'damaged' | undefined

export interface ResumeStoreParts {
  readonly files: StateFiles
  /** For epochs. */
  readonly random: Random
  /** Where the torrents' files are. @default the machine's own */
  readonly fileSystem?: FileSystem
  /** For a torrent of so many files: looks at many at a time. @default one by one */
  readonly batches?: (files: number) => FileBatches | undefined
  /** Milliseconds since 1970. @default the system's */
  readonly wallClock?: () => number
  /** @default the system's */
  readonly boot?: string
}

export class ResumeStore {
  readonly #parts: ResumeStoreParts
  readonly #boot: string

  constructor(parts: ResumeStoreParts) {
    this.#parts = parts
    this.#boot = parts.boot ?? bootIdentity()
  }

  get files(): StateFiles {
    return this.#parts.files
  }

  /** Milliseconds since 1970, the time of files. */
  now(): number {
    return Math.floor((this.#parts.wallClock ?? Date.now)())
  }

  /** What is remembered of a torrent, compared with its files. */
  async load(subject: ResumeSubject): Promise<ResumeLoaded> {
    try {
      return await this.#load(subject)
    } catch (error) {
      // What cannot be read at this moment is not believed, and replaced.
      if (error instanceof StorageError) return 'damaged'
      throw error
    }
  }

  async #load({ metainfo, infoHash, locate }: ResumeSubject): Promise<ResumeLoaded> {
    const { files } = this.#parts
    const bytes = await files.read(recordOf(infoHash), LARGEST_RECORD)
    if (bytes === undefined) return undefined
    const { pieceCount } = metainfo.geometry
    const record = decodeRecord(bytes, { infoHash, pieces: pieceCount, files: metainfo.files.length })
    if (record === undefined) return 'damaged'
    const { epoch, slot } = record
    const written = await files.read(journalOf(infoHash, slot), LARGEST_JOURNAL)
    const journal = written && decodeJournal(written, pieceCount)
    const entries = journal?.epoch === epoch ? journal.entries : []
    const { have, unsynced } = replay(record.have, entries)
    const stamps = await this.#stamps(metainfo, locate)
    const doubtful = piecesOfChanged(metainfo, { record, entries, have, stamps })
    if (journal?.boot !== this.#boot) for (const piece of unsynced) doubtful.add(piece)
    const last = entries.at(-1) ?? record
    return {
      have,
      doubtful,
      uploaded: last.uploaded,
      downloaded: last.downloaded,
      journal: { epoch, slot },
      isCurrent: written === undefined && doubtful.size === 0,
    }
  }

  /**
   * Writes a record; what it claims must have reached the disk. Unless `isQuiet` its journal begins with it, so that there is
   * no moment at which changed files look like somebody else's doing. `looks` are of a moment ago, and need not be repeated.
   * @throws InputError `STATE_WRITE`
   */
  async save(
    subject: ResumeSubject,
    totals: Pick<ResumeRecord, 'have' | 'uploaded' | 'downloaded'>,
    options: {
      readonly before: JournalPlace | undefined
      readonly isQuiet: boolean
      readonly looks?: FileLooks | undefined
    },
  ): Promise<JournalPlace> {
    const { metainfo, infoHash, locate } = subject
    const { before, isQuiet, looks } = options
    // The time as well: dice that are seeded for a test fall the same way in each session.
    const epoch = `${this.now()}-${toHex(this.#parts.random.bytes(8))}`
    const place: JournalPlace = { epoch, slot: before?.slot === 0 ? 1 : 0 }
    await this.#remove(infoHash, place.slot)
    const files = await this.#stamps(metainfo, locate, looks)
    const time = this.now()
    const { uploaded, downloaded } = totals
    if (!isQuiet) await this.begin(infoHash, place, { time, uploaded, downloaded })
    const record = { ...totals, ...place, time, files }
    await this.#parts.files.replace(recordOf(infoHash), encodeRecord(record, infoHash))
    await this.#remove(infoHash, before?.slot ?? 1)
    return place
  }

  /** The first line of a journal, with its head. Returns the bytes. @throws InputError `STATE_WRITE` */
  begin(infoHash: string, place: JournalPlace, entry: JournalEntry): Promise<number> {
    return this.#write(infoHash, place, encodeJournalHead(place.epoch, this.#boot) + encodeJournalEntry(entry), entry)
  }

  /** A further line. Returns its bytes. @throws InputError `STATE_WRITE` */
  append(infoHash: string, place: JournalPlace, entry: JournalEntry): Promise<number> {
    return this.#write(infoHash, place, encodeJournalEntry(entry), entry)
  }

  #stamps(metainfo: Metainfo, locate: ResumeSubject['locate'], looks?: FileLooks): Promise<(FileStamp | null)[]> {
    const { fileSystem = nodeFileSystem, batches } = this.#parts
    return stampFiles(metainfo, locate, { fileSystem, batches: batches?.(metainfo.files.length), looks })
  }

  async #write(infoHash: string, { slot }: JournalPlace, text: string, { synced }: JournalEntry): Promise<number> {
    await this.#parts.files.append(journalOf(infoHash, slot), text, synced !== undefined)
    return text.length
  }

  /** A journal that cannot be removed is that of another epoch, and ignored; but nothing may be appended to it. */
  async #remove(infoHash: string, slot: JournalSlot): Promise<void> {
    await this.#parts.files.remove(journalOf(infoHash, slot))
  }

  async delete(infoHash: string): Promise<void> {
    await this.#parts.files.remove(recordOf(infoHash))
    await this.#remove(infoHash, 0)
    await this.#remove(infoHash, 1)
  }
}

/** The name of a torrent's record. */
export function recordOf(infoHash: string): string {
  return `${infoHash}.resume`
}

function journalOf(infoHash: string, slot: JournalSlot): string {
  return `${infoHash}.journal-${slot}`
}

function replay(recorded: Bitfield, entries: readonly JournalEntry[]): { have: Bitfield; unsynced: number[] } {
  const have = recorded.clone()
  const order: number[] = []
  let reached = 0
  for (const { gained = [], lost = [], synced = 0 } of entries) {
    for (const piece of gained) {
      have.add(piece)
      order.push(piece)
    }
    for (const piece of lost) have.delete(piece)
    reached = Math.max(reached, Math.min(synced, order.length))
  }
  return { have, unsynced: order.slice(reached) }
}

interface Comparison {
  readonly record: ResumeRecord
  readonly entries: readonly JournalEntry[]
  readonly have: Bitfield
  readonly stamps: readonly (FileStamp | null)[]
}

/**
 * Pieces that lie in files which do not look as they should. Of a file that is not there only what is claimed is asked for
 * proof: it may wait in the part file, or the record claims too much.
 */
function piecesOfChanged(metainfo: Metainfo, { record, entries, have, stamps }: Comparison): Set<number> {
  const pieces = new Set<number>()
  const active = { start: record.time, end: entries.at(-1)?.time ?? record.time }
  const isOrderly = entries.length === 0
  for (const [file, now] of stamps.entries()) {
    if (metainfo.files[file]?.pad === true) continue
    const recorded = record.files[file] ?? null
    const isFine = isSame(recorded, now) || (!isOrderly && isExplained(recorded, now, active))
    const { start, end } = metainfo.geometry.piecesOf(file)
    if (now !== null && isFine && now.size >= neededSize(metainfo, file, have)) continue
    for (let piece = start; piece < end; piece++) if (now !== null || have.has(piece)) pieces.add(piece)
  }
  return pieces
}

/** The least size of a file that can hold what is claimed of it. */
function neededSize({ geometry }: Metainfo, file: number, have: Bitfield): number {
  const { start, end } = geometry.piecesOf(file)
  for (let piece = end - 1; piece >= start; piece--) {
    if (!have.has(piece)) continue
    const extent = geometry.files[file] as { readonly start: number; readonly length: number }
    return Math.min(extent.length, (piece + 1) * geometry.pieceLength - extent.start)
  }
  return 0
}
