// The few things that are done to the files of a state directory. They lie flat in one folder under names that are ours, so no
// path of a torrent ever gets here.
//
// What survives: `replace` gives the old file or the new one, never a mixture, whatever happens meanwhile (temporary file,
// sync, rename, sync of the directory). `append` may be torn by a crash; who reads must find the end of what is whole.
//
// The folder is one session's alone (state-lock.ts), so it is listed once: most of what is asked for of ten thousand torrents is
// not there, and the system need not be asked each time.

import { join } from 'node:path'
import { InputError, StorageError } from '@torrential/primitives'
import type { FileAccess, FileSystem, HandlePool, OpenFile } from '@torrential/storage'
import { AppendedFiles } from './appended-files.ts'
import { readWhole, writeWhole } from './whole-file.ts'

/** Errors of what changes something are `InputError` `STATE_WRITE`, of what reads `StorageError` `STATE_READ`, with the `path`. */
export interface StateFiles {
  readonly folder: string
  /** Undefined when it is missing or longer than `limit` bytes. @throws StorageError `STATE_READ` */
  read(name: string, limit: number): Promise<Uint8Array | undefined>
  /**
   * These will be read soon, the next of `total` in all: short ones are fetched together, where that is quicker, and kept until they
   * are asked for or changed.
   */
  fetch(names: readonly string[], total: number): Promise<void>
  /** They will not be asked for. */
  leave(names: readonly string[]): void
  /** Durable, all or nothing. Parts go one behind the other. */
  replace(name: string, content: string | Uint8Array | readonly Uint8Array[]): Promise<void>
  /** At the end of the file, which is made when it is missing; `durable` also waits for the disk. */
  append(name: string, content: string, durable: boolean): Promise<void>
  remove(name: string): Promise<void>
  /** Names of all files; none when there is no folder. @throws StorageError `STATE_READ` */
  list(): Promise<string[]>
  /** Whether there is a file of this name, as far as that is known. */
  has(name: string): Promise<boolean>
}

export interface StateFilesParts {
  /** For what stays open and what is read many at a time; who made it closes it, and until then the folder is this session's. */
  readonly handles: HandlePool
  /** Called before each change: rejects while this folder is not ours to write to, and is true when it has just become ours. */
  readonly claim?: () => Promise<boolean>
}

export class NodeStateFiles implements StateFiles {
  readonly folder: string
  readonly #handles: HandlePool
  readonly #fileSystem: FileSystem
  readonly #appended: AppendedFiles
  readonly #claim: StateFilesParts['claim']
  #temporary = 0
  /** Temporary files that are being written. */
  #replacing = 0
  /** How often something was written or removed. */
  #changes = 0
  readonly #fetched = new Map<string, Uint8Array>()
  #names: Promise<Set<string> | undefined> | undefined
  /** Why the folder could not be listed last time. */
  #unlisted: unknown

  /** `folder` is absolute, and made when something is written. */
  constructor(folder: string, { handles, claim }: StateFilesParts) {
    this.folder = folder
    this.#handles = handles
    this.#fileSystem = handles.fileSystem
    this.#appended = new AppendedFiles(handles)
    this.#claim = claim
  }

  async fetch(names: readonly string[], total: number): Promise<void> {
    const batches = this.#handles.batches(total)
    if (batches === undefined) return
    const listed = await this.#listed()
    const there = names.filter((name) => listed?.has(name) === true)
    const paths = there.map((name) => join(this.folder, name))
    const changes = this.#changes
    const contents = await batches.read(paths, SHORT)
    // Something was written meanwhile; which of the two was read nobody knows.
    if (changes !== this.#changes) return
    for (const [index, bytes] of contents.entries()) {
      if (bytes !== undefined) this.#fetched.set(there[index] as string, bytes)
    }
  }

  leave(names: readonly string[]): void {
    for (const name of names) this.#fetched.delete(name)
  }

  async read(name: string, limit: number): Promise<Uint8Array | undefined> {
    const fetched = this.#fetched.get(name)
    if (fetched !== undefined && fetched.length <= limit) {
      this.#fetched.delete(name)
      return fetched
    }
    if (!(await this.has(name))) return undefined
    const path = join(this.folder, name)
    try {
      const file = await this.#fileSystem.open(path, 'read')
      try {
        return await readWhole(file, limit)
      } finally {
        // It has been read: a failure to close changes nothing about that.
        await file.close().catch(() => {})
      }
    } catch (error) {
      if (isAbsent(error)) return undefined
      throw unreadable(path, error)
    }
  }

  async replace(name: string, content: string | Uint8Array | readonly Uint8Array[]): Promise<void> {
    const path = join(this.folder, name)
    const temporary = `${path}.${process.pid}.${this.#temporary++}${TEMPORARY}`
    const parts =
      typeof content === 'string' ? [Buffer.from(content)] : content instanceof Uint8Array ? [content] : content
    const write = async (file: OpenFile): Promise<void> => {
      await writeWhole(file, parts, 0)
      await file.datasync()
    }
    try {
      await this.#expect(name)
      this.#replacing++
      try {
        await this.#with(temporary, 'make', write)
        await this.#appended.leave(path)
        await this.#fileSystem.rename(temporary, path)
      } finally {
        this.#replacing--
      }
      await this.#fileSystem.syncDirectory(this.folder)
    } catch (error) {
      await this.#fileSystem.removeFile(temporary).catch(() => {})
      throw unwritable(path, error)
    } finally {
      this.#changing(name)
    }
  }

  async append(name: string, content: string, durable: boolean): Promise<void> {
    const path = join(this.folder, name)
    try {
      await this.#expect(name)
      await this.#inFolder(() => this.#appended.append(path, Buffer.from(content), durable))
    } catch (error) {
      throw unwritable(path, error)
    } finally {
      this.#changing(name)
    }
  }

  async remove(name: string): Promise<void> {
    this.#changing(name)
    if (!(await this.has(name))) return
    const path = join(this.folder, name)
    try {
      await this.#own()
      await this.#appended.leave(path)
      await this.#fileSystem.removeFile(path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw unwritable(path, error)
    }
    this.#changing(name)
    const names = await this.#listed()
    names?.delete(name)
  }

  async list(): Promise<string[]> {
    const names = await this.#listed()
    if (names === undefined) throw unreadable(this.folder, this.#unlisted)
    return [...names]
  }

  async has(name: string): Promise<boolean> {
    return (await this.#listed())?.has(name) !== false
  }

  /** Called before and after: what is read in between is either of the two. */
  #changing(name: string): void {
    this.#changes++
    this.#fetched.delete(name)
  }

  /** A file of this name is about to be. */
  async #expect(name: string): Promise<void> {
    await this.#own()
    this.#changing(name)
    const names = await this.#listed()
    names?.add(name)
  }

  /** Whose folder it was before it became ours may have changed anything. */
  async #own(): Promise<void> {
    if ((await this.#claim?.()) === true) this.#names = undefined
  }

  /** Undefined when the folder cannot be read: then everything may be there, and the next to ask tries again. */
  #listed(): Promise<Set<string> | undefined> {
    this.#names ??= this.#fileSystem.readDirectory(this.folder).then(
      async (names) => new Set(await this.#sweep(names)),
      (error: unknown) => {
        if (isAbsent(error)) return new Set<string>()
        this.#names = undefined
        this.#unlisted = error
        return undefined
      },
    )
    return this.#names
  }

  /** Removes what processes left that ended in the middle of something, if the folder is ours. Returns what is there. Never rejects. */
  async #sweep(names: readonly string[]): Promise<readonly string[]> {
    if (!names.some(isLeft)) return names
    try {
      const now = (await this.#claim?.()) === true ? await this.#fileSystem.readDirectory(this.folder) : names
      // Numbers of processes come again, in containers at every start, so none tells whose a file is.
      if (this.#replacing > 0) return now
      const left = now.filter(isLeft)
      await Promise.all(left.map((name) => this.#fileSystem.removeFile(join(this.folder, name)).catch(() => {})))
      return now.filter((name) => !isLeft(name))
    } catch {
      return names
    }
  }

  async #with(path: string, access: FileAccess, work: (file: OpenFile) => Promise<void>): Promise<void> {
    const file = await this.#inFolder(() => this.#fileSystem.open(path, access))
    try {
      await work(file)
    } finally {
      await file.close()
    }
  }

  /** Makes the folder when it is not there yet. */
  async #inFolder<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work()
    } catch (error) {
      const { code } = error as { readonly code?: unknown }
      if (code !== 'ENOENT' && code !== 'FILE_MISSING') throw error
      await this.#fileSystem.makeDirectory(this.folder, { recursive: true })
      return work()
    }
  }
}

/** Bytes of a file that is worth fetching with others. */
const SHORT = 16 * 1024

/** How the names of files end that are written in `replace`. */
const TEMPORARY = '.new'

/** Of a `replace`, or of a lock (file-lock.ts): whoever asks for the lock just now and misses its file finds that it is held all the same. */
function isLeft(name: string): boolean {
  return /\.\d+\.\d+\.new$/.test(name) || name.startsWith('lock.')
}

/** There is no file of this name; where a file is in the folder's place there are none. */
function isAbsent(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ENOENT' || code === 'ENOTDIR'
}

function unreadable(path: string, cause: unknown): StorageError {
  return new StorageError('STATE_READ', `${path} cannot be read`, { path, cause })
}

function unwritable(path: string, cause: unknown): InputError {
  return new InputError('STATE_WRITE', `${path} cannot be written`, { path, cause })
}
