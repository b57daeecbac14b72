// Moves a torrent's files to another folder and gives them other names, and remembers both where there is a state folder: what is
// going to be is written down before the first file moves, what is after the last one did. A start that finds a move which
// did not end finishes it before anything else is looked at.

import { resolve } from 'node:path'
import { conflictingPath, isSafePath, type Metainfo, type PathRules } from '@torrential/metainfo'
import { InputError, isTorrentialError, StorageError } from '@torrential/primitives'
import type { FileStorage, MoveOptions as StorageMoveOptions } from '@torrential/storage'
import type { FileList } from './file-list.ts'
import type { MoveOptions } from './options.ts'
import type { Reporter } from './reporter.ts'
import { decodePlaces, encodePlaces, LARGEST_PLACES, type PlaceRecord, type Places } from './state/place-record.ts'
import type { StateFiles } from './state/state-files.ts'
import type { Torrent } from './torrent.ts'

export interface TorrentMoverParts {
  readonly torrent: Torrent
  readonly metainfo: Metainfo
  /** 40 hexadecimal digits. */
  readonly infoHash: string
  /** Made when it is asked for. */
  readonly storage: FileStorage
  /** The torrent's folder. */
  readonly path: string
  readonly reporter: Reporter
  readonly rules: PathRules
  readonly state: StateFiles | undefined
  readonly files: FileList
}

const NO_PATHS: readonly string[] = []
const NO_NAMES: ReadonlyMap<number, string> = new Map()

type Moving = MoveOptions & { readonly signal: AbortSignal }

export class TorrentMover {
  readonly #parts: TorrentMoverParts
  #renamed: ReadonlyMap<number, string> = NO_NAMES
  #left = NO_PATHS
  /** Begun and not ended. */
  #next: Places | undefined
  #isSettled = false

  constructor(parts: TorrentMoverParts) {
    this.#parts = parts
  }

  /** The torrent's folder. */
  get path(): string {
    return this.#parts.path
  }

  /** Other paths than the torrent's own, by the index of the file in the metainfo. */
  get renamed(): ReadonlyMap<number, string> {
    return this.#renamed
  }

  /** A move was begun and has not ended: only the storage knows where each file is. */
  get isOnTheWay(): boolean {
    return this.#next !== undefined
  }

  /**
   * Before the first look at the disk: says where the files are, and finishes a move that did not end.
   * @throws StorageError when that fails, and tries again when it is called again; the signal's reason
   */
  async settle(signal: AbortSignal): Promise<void> {
    if (!this.#isSettled) await this.#load()
    this.#isSettled = true
    if (this.#next !== undefined) await this.#go(this.#next, { signal, resuming: true })
  }

  /** @throws StorageError `FILE_EXISTS` …; InputError `STATE_WRITE`; the signal's reason */
  async move(path: string, options: Moving): Promise<void> {
    const next = { path: resolve(path), renamed: this.#renamed }
    const resuming = isSamePlaces(this.#next, next)
    if (next.path !== this.path || this.#next !== undefined) await this.#go(next, { ...options, resuming })
  }

  /** `file` is an index in the metainfo. @throws InputError `FILE_PATH`; StorageError, InputError and reasons as `move` */
  async rename(file: number, path: string, options: Moving): Promise<void> {
    const { storage, metainfo, rules } = this.#parts
    if (!isSafePath(path, rules)) throw new InputError('FILE_PATH', `not a safe path: ${JSON.stringify(path)}`)
    if (path === storage.relativePathOf(file)) return
    const others = metainfo.files
      .map(({ pad }, other) => (pad || other === file ? undefined : storage.relativePathOf(other)))
      .filter((other) => other !== undefined)
    const taken = conflictingPath(path, others)
    if (taken !== undefined) throw new InputError('FILE_PATH', `another file of the torrent has the path ${taken}`)
    const renamed = new Map(this.#renamed).set(file, path)
    if (path === metainfo.files[file]?.path) renamed.delete(file)
    const next = { path: this.#next?.path ?? this.path, renamed }
    await this.#go(next, { ...options, resuming: isSamePlaces(this.#next, next) })
  }

  /** The torrent leaves the session for good. */
  async forget(): Promise<void> {
    await this.#parts.state?.remove(recordOf(this.#parts.infoHash))
  }

  async #load(): Promise<void> {
    const { state, infoHash, metainfo } = this.#parts
    const bytes = await state?.read(recordOf(infoHash), LARGEST_PLACES)
    if (bytes === undefined) return
    const record = decodePlaces(bytes, { infoHash, files: metainfo.files.length })
    if (record === undefined) return this.#damaged()
    // Who names a folder that it never was in has put the files there: where they were does not count, but their names do.
    const isKnown = [record.path, record.next?.path, ...record.left].includes(this.path)
    const path = isKnown ? record.path : this.path
    const asked = this.path
    try {
      if (path !== asked || record.renamed.size > 0) this.#parts.storage.arrange(path, record.renamed)
    } catch {
      return this.#damaged()
    }
    this.#renamed = record.renamed
    this.#left = isKnown ? record.left : []
    this.#next = isKnown ? record.next : undefined
    if (path !== asked) this.#tellMoved(asked)
  }

  #damaged(): void {
    const { reporter, torrent, infoHash } = this.#parts
    const message = `where the files of ${infoHash} are is damaged: they are looked for at their own places`
    reporter.emit({ type: 'warning', torrent, error: new StorageError('STATE_DAMAGED', message) })
  }

  /** Everything to `next`, wherever the files are. */
  async #go(next: Places, options: StorageMoveOptions): Promise<void> {
    const { path: before } = this
    const [names, pending] = [this.#renamed, this.#next]
    await this.#write({ ...this.#now, next })
    this.#next = next
    try {
      await this.#carry(next, options)
    } catch (error) {
      const isUntouched = this.#renamed === names && (next.path === before || codeOf(error) === 'FILE_EXISTS')
      // Nothing has moved: there is nothing to be finished later.
      if (pending === undefined && isUntouched) {
        this.#next = undefined
        await this.#write(this.#now).catch(() => {})
      }
      throw error
    }
    this.#next = undefined
    if (this.path !== before) this.#left = [...this.#left.filter((path) => path !== this.path), before]
    await this.#write(this.#now).catch((error: unknown) => this.#warn(error))
    if (this.path !== before) this.#tellMoved(before)
  }

  async #carry(next: Places, options: StorageMoveOptions): Promise<void> {
    const { storage, torrent, reporter, files, metainfo } = this.#parts
    const moved = (index: number, from: string, to: string): void => {
      const file = files.at(index)
      if (file !== undefined) reporter.emit({ type: 'file-moved', torrent, file, from, to })
    }
    for (const file of renamesBetween(this.#renamed, next.renamed)) {
      const name = next.renamed.get(file)
      await storage.rename(file, name ?? (metainfo.files[file]?.path as string), { ...options, moved })
      this.#renamed = withName(this.#renamed, file, name)
    }
    await storage.move(next.path, { ...options, moved })
  }

  get #now(): PlaceRecord {
    return { path: this.path, renamed: this.#renamed, left: this.#left }
  }

  #warn(error: unknown): void {
    const { reporter, torrent } = this.#parts
    const cause = isTorrentialError(error) ? error : undefined
    const text = 'where the files are was not written down'
    reporter.emit({ type: 'warning', torrent, error: cause ?? new StorageError('STATE_WRITE', text, { cause: error }) })
  }

  #tellMoved(from: string): void {
    const { reporter, torrent } = this.#parts
    reporter.emit({ type: 'moved', torrent, from, to: this.path })
  }

  async #write(record: PlaceRecord): Promise<void> {
    const { state, infoHash } = this.#parts
    await state?.replace(recordOf(infoHash), encodePlaces(record, infoHash))
  }
}

function codeOf(error: unknown): string | undefined {
  return isTorrentialError(error) ? error.code : undefined
}

function recordOf(infoHash: string): string {
  return `${infoHash}.places`
}

function renamesBetween(now: ReadonlyMap<number, string>, next: ReadonlyMap<number, string>): number[] {
  return [...new Set([...now.keys(), ...next.keys()])].filter((file) => now.get(file) !== next.get(file))
}

function withName(
  names: ReadonlyMap<number, string>,
  file: number,
  name: string | undefined,
): ReadonlyMap<number, string> {
  const changed = new Map(names)
  if (name === undefined) changed.delete(file)
  else changed.set(file, name)
  return changed
}

function isSamePlaces(one: Places | undefined, other: Places): boolean {
  return one?.path === other.path && renamesBetween(one.renamed, other.renamed).length === 0
}
