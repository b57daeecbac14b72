// The entries of a state folder: which torrents a session had, and how each was set. A change is written within seconds and
// together with others, a few files at a time, whatever the number of torrents; an entry and its .torrent are replaced as a
// whole, the .torrent first, so that an entry never names what is not there.

import { isAbsolute } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type { Clock, TorrentialError } from '@torrential/primitives'
import { isTorrentialError, StorageError } from '@torrential/primitives'
import PQueue from 'p-queue'
import { DEFAULTS } from '../options.ts'
import { recordOf } from './resume-store.ts'
import { sha256Hex } from './sealed-json.ts'
import type { StateFiles } from './state-files.ts'
import { decodeEntry, encodeEntry, type TorrentEntry } from './torrent-entry.ts'

const LARGEST_ENTRY = 16 * 1024 * 1024
/** A .torrent of 10 MB that was fetched from a magnet link gets trackers and piece layers besides. */
const LARGEST_TORRENT = 64 * 1024 * 1024
/** Files under way at once: hides the latency of a disk without filling the process's few I/O threads. */
const AT_ONCE = 4
/** Entries, and files that belong to entries, that are read ahead. */
const AHEAD = 64

/** How a torrent is now. The .torrent is asked for when it was not written yet. */
export interface EntryDraft {
  readonly entry: Omit<TorrentEntry, 'torrent'>
  /** The .torrent; undefined while only a magnet link is known. */
  readonly torrentFile: Uint8Array | undefined
}

/** A torrent as far as its entry is concerned. */
export interface EntrySubject {
  draft(): EntryDraft
  warn(error: TorrentialError): void
}

/** By what the files are named that an entry is in. */
interface Written {
  readonly infoHash: string
  /** What the digest was made of: the same bytes are not hashed again. */
  readonly bytes: Uint8Array | undefined
  /** Undefined when there is no .torrent. */
  readonly digest: string | undefined
  /** What is in the entry, when that was looked at and not written. */
  readonly found?: TorrentEntry
}

/** What `load` finds: an entry with its .torrent, or the warning that there should have been one. */
export type EntryFound =
  | { readonly entry: TorrentEntry; readonly torrentFile: Uint8Array | undefined }
  | { readonly damaged: StorageError }

export class TorrentEntries {
  readonly #files: StateFiles
  readonly #clock: Clock
  readonly #wallClock: () => number
  readonly #queue = new PQueue({ concurrency: AT_ONCE })
  readonly #written = new Map<EntrySubject, Written>()
  readonly #dirty = new Set<EntrySubject>()
  readonly #steps = new Map<EntrySubject, Promise<void>>()
  #timer: Disposable | undefined
  #lastAdded = 0

  constructor(parts: { readonly files: StateFiles; readonly clock: Clock; readonly wallClock?: () => number }) {
    this.#files = parts.files
    this.#clock = parts.clock
    this.#wallClock = parts.wallClock ?? Date.now
  }

  /** The next place in the order of torrents. */
  nextAdded(): number {
    this.#lastAdded = Math.max(this.#lastAdded + 1, Math.floor(this.#wallClock()))
    return this.#lastAdded
  }

  /** The entry is what was found in these files. */
  adopt(
    subject: EntrySubject,
    { entry, torrentFile }: { entry: TorrentEntry; torrentFile: Uint8Array | undefined },
  ): void {
    const { infoHash, torrent } = entry
    this.#lastAdded = Math.max(this.#lastAdded, entry.added)
    this.#written.set(subject, { infoHash, bytes: torrentFile, digest: torrent })
  }

  /** Will be written soon, together with what else changes until then. */
  changed(subject: EntrySubject): void {
    this.#dirty.add(subject)
    this.#timer ??= this.#clock.timer(DEFAULTS.entryDelay, () => {
      this.#timer = undefined
      for (const each of this.#dirty) void this.settle(each)
    })
  }

  /** Resolves when everything that changed is written, or could not be (a warning). */
  settle(subject: EntrySubject): Promise<void> {
    return this.#step(subject, () => this.#write(subject))
  }

  /** The torrent leaves the session; its entry stays. */
  async release(subject: EntrySubject): Promise<void> {
    await this.settle(subject)
    this.#drop(subject)
  }

  /** The torrent leaves the session, and its entry goes. */
  async forget(subject: EntrySubject): Promise<void> {
    this.#dirty.delete(subject)
    await this.#step(subject, async () => {
      // What was not written yet may be there from an earlier session.
      const written = this.#written.get(subject) ?? (await this.#earlier(subject.draft().entry.infoHash))
      if (written === undefined) return
      await this.#removeFiles(written.infoHash, written.digest)
    })
    this.#drop(subject)
  }

  /** An entry that `load` gave is of no use: what was read ahead for its torrent goes. */
  leave(entry: TorrentEntry): void {
    this.#files.leave(filesBeside(entry))
  }

  /** Removes an entry that nobody has adopted. */
  async remove(entry: TorrentEntry): Promise<void> {
    await this.#removeFiles(entry.infoHash, entry.torrent)
  }

  async #removeFiles(infoHash: string, digest: string | undefined): Promise<void> {
    await this.#files.remove(entryOf(infoHash))
    if (digest !== undefined) await this.#files.remove(torrentOf(infoHash, digest))
  }

  /**
   * All that are in the folder and pass `wants`, in the order in which the torrents were added; the damaged and unreadable ones
   * first. @throws StorageError `STATE_READ` when the folder cannot be listed
   */
  async *load(wants: (entry: TorrentEntry) => boolean): AsyncGenerator<EntryFound> {
    const names = (await this.#files.list()).filter((name) => name.endsWith(ENTRY))
    const entries: TorrentEntry[] = []
    for (let at = 0; at < names.length; at += AHEAD) {
      const group = names.slice(at, at + AHEAD)
      await this.#files.fetch(group, names.length)
      for (const each of await Promise.all(group.map((name) => this.#queue.add(() => this.#read(name))))) {
        if (each instanceof StorageError) yield { damaged: each }
        else if (wants(each)) entries.push(each)
      }
    }
    entries.sort((a, b) => a.added - b.added)
    for (let at = 0; at < entries.length; at += AHEAD) {
      const group = entries.slice(at, at + AHEAD)
      await this.#files.fetch(
        group.flatMap((entry) => filesBeside(entry)),
        2 * entries.length,
      )
      const found = await Promise.all(group.map((entry) => this.#queue.add(() => this.#complete(entry))))
      let given = 0
      try {
        for (const each of found) {
          given++
          yield each
        }
      } finally {
        // Whoever gave up before the end asks for no more.
        for (const entry of group.slice(given)) this.leave(entry)
      }
    }
  }

  async #read(name: string): Promise<TorrentEntry | StorageError> {
    const bytes = await this.#files.read(name, LARGEST_ENTRY).catch(orUnreadable)
    if (bytes instanceof StorageError) return bytes
    const entry = bytes && decodeEntry(bytes, name.slice(0, -ENTRY.length))
    return entry === undefined || !isAbsolute(entry.path) ? damaged(name) : entry
  }

  /** What an earlier session left of a torrent that is added anew. */
  async #earlier(infoHash: string): Promise<Written | undefined> {
    const name = entryOf(infoHash)
    const found = (await this.#files.has(name)) ? await this.#read(name) : undefined
    if (found === undefined || found instanceof StorageError) return undefined
    const { torrent } = found
    const isHere = torrent !== undefined && (await this.#files.has(torrentOf(infoHash, torrent)))
    return { infoHash, bytes: undefined, digest: isHere ? torrent : undefined, found }
  }

  async #complete(entry: TorrentEntry): Promise<EntryFound> {
    if (entry.torrent === undefined) return { entry, torrentFile: undefined }
    const name = torrentOf(entry.infoHash, entry.torrent)
    const torrentFile = await this.#files.read(name, LARGEST_TORRENT).catch(orUnreadable)
    if (torrentFile instanceof StorageError) return { damaged: torrentFile }
    if (torrentFile === undefined || sha256Hex(torrentFile) !== entry.torrent) return { damaged: damaged(name) }
    return { entry, torrentFile }
  }

  async #write(subject: EntrySubject): Promise<void> {
    if (!this.#dirty.delete(subject)) return
    try {
      const { entry, torrentFile } = subject.draft()
      const { infoHash } = entry
      const before = this.#written.get(subject) ?? (await this.#earlier(infoHash))
      const old = before?.digest && torrentOf(before.infoHash, before.digest)
      const isOld = before?.found === undefined && (torrentFile === undefined || before?.bytes === torrentFile)
      const torrent = isOld ? before?.digest : torrentFile && sha256Hex(torrentFile)
      const name = torrent && torrentOf(infoHash, torrent)
      if (torrentFile !== undefined && name !== undefined && name !== old) await this.#files.replace(name, torrentFile)
      const whole = { ...entry, ...(torrent !== undefined && { torrent }) }
      // Who adds a torrent again without a restore finds its entry as it was left, but for its place in the order.
      const { found } = before ?? {}
      const isThere = found !== undefined && isDeepStrictEqual({ ...whole, added: found.added }, found)
      if (!isThere) await this.#files.replace(entryOf(infoHash), encodeEntry(whole))
      this.#written.set(subject, { infoHash, bytes: torrentFile, digest: torrent })
      if (before !== undefined && before.infoHash !== infoHash) await this.#files.remove(entryOf(before.infoHash))
      if (old !== undefined && old !== name) await this.#files.remove(old)
    } catch (error) {
      // Tried again with the next change, or at the end.
      this.#dirty.add(subject)
      const cause = { cause: error }
      subject.warn(
        isTorrentialError(error) ? error : new StorageError('STATE_WRITE', 'an entry was not written', cause),
      )
    }
  }

  /** One behind the other for each torrent, a few at a time for all. Never rejects. */
  #step(subject: EntrySubject, work: () => Promise<void>): Promise<void> {
    const before = this.#steps.get(subject) ?? Promise.resolve()
    const step = before
      .then(() => this.#queue.add(work))
      .catch(() => {})
      .finally(() => {
        if (this.#steps.get(subject) === step) this.#steps.delete(subject)
      })
    this.#steps.set(subject, step)
    return step
  }

  #drop(subject: EntrySubject): void {
    this.#dirty.delete(subject)
    this.#written.delete(subject)
    if (this.#dirty.size > 0) return
    this.#timer?.[Symbol.dispose]()
    this.#timer = undefined
  }
}

const ENTRY = '.entry'

function entryOf(infoHash: string): string {
  return `${infoHash}${ENTRY}`
}

/** Of a torrent that is restored: its .torrent, and the record that its first check asks for. */
function filesBeside({ infoHash, torrent }: TorrentEntry): string[] {
  return torrent === undefined ? [] : [torrentOf(infoHash, torrent), recordOf(infoHash)]
}

/** By its content: a new one is written before the entry names it, and the old one goes after that. */
function torrentOf(infoHash: string, digest: string): string {
  return `${infoHash}.${digest.slice(0, 16)}.torrent`
}

/** @throws what is no StorageError */
function orUnreadable(error: unknown): StorageError {
  if (error instanceof StorageError) return error
  throw error
}

function damaged(path: string): StorageError {
  return new StorageError('STATE_DAMAGED', `${path} is damaged: its torrent is not added`, { path })
}
