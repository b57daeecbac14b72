// The directory that a torrent's files live under, and the guard that nothing leaves it: neither by a path (`..`, absolute)
// nor by a symbolic link that somebody planted in a parent directory. Links that stay inside the root are allowed, and the
// root itself may be one: that is the user's own choice.
//
// Directories are made one level at a time, each checked before the next, because `mkdir -p` through a planted link would
// make directories outside. A directory that passed is remembered until `forget`, for the many reads and writes of files that are
// open; before anything in it is opened or made it is looked at again (`confirm`), as it may have become a link since.

import { LazyMap, LazySet, InputError, StorageError } from '@torrential/primitives'
import { normalize, resolve, sep } from 'node:path'
import type { FileSystem } from './file-system.ts'
import { storageFailure, systemCode } from './storage-failure.ts'

/** An element that is empty, `.` or `..`. */
const NO_NAME = /(?:^|\/)\.{0,2}(?:\/|$)/
/** What redirects a path on Windows, where a backslash and a drive or stream colon are no ordinary characters. */
const REDIRECTS = /[\\:]/

export class RootDirectory {
  /** Absolute. */
  readonly path: string
  readonly #fileSystem: FileSystem
  readonly #passed = new LazySet<string>()
  /** Looks that have been asked for and not begun; directories that are being made. */
  readonly #looks = new LazyMap<string, Promise<void>>()
  readonly #making = new LazyMap<string, Promise<void>>()
  #real: string | undefined

  constructor(fileSystem: FileSystem, path: string) {
    this.#fileSystem = fileSystem
    this.path = resolve(path)
  }

  /** The absolute path of a file whose relative path is `/`-separated and has passed `checkRelativePath`. */
  resolve(relative: string): string {
    if (relative === '') return this.path
    // `join` takes a microsecond, and each file of a torrent is asked for a few times.
    return (this.path.endsWith(sep) ? this.path : this.path + sep) + (sep === '/' ? relative : normalize(relative))
  }

  /** True when the directory has been checked already. */
  knows(directory: string): boolean {
    return this.#passed.has(directory)
  }

  /** Checks what is remembered again from now on. */
  forget(): void {
    this.#passed.clear()
    this.#real = undefined
  }

  /**
   * The directory is there and inside the root.
   * @throws StorageError `FILE_MISSING`, `PATH_OUTSIDE`, or the system's code
   */
  async require(directory: string): Promise<void> {
    if (this.#passed.has(directory)) return
    await this.#check(directory)
    this.#passed.add(directory)
  }

  /**
   * What is at the directory's place is still inside the root, whatever is remembered. One call on the system, which all who ask in
   * the same turn of the loop share; it begins after they asked. That it is a directory is for whoever opens something in it to
   * find out.
   * @throws StorageError `FILE_MISSING`, `PATH_OUTSIDE`, or the system's code
   */
  confirm(directory: string): Promise<void> {
    return shared(this.#looks, directory, async () => {
      await new Promise((turned) => setImmediate(turned))
      this.#looks.delete(directory)
      const path = this.resolve(directory)
      try {
        await this.#checkInside(path, await this.#fileSystem.realPath(path))
      } catch (error) {
        this.#passed.delete(directory)
        throw storageFailure(error, { path })
      }
    })
  }

  /**
   * As `require`, and makes what is missing.
   * @throws StorageError `FILE_KIND` (a file in a directory's place), `PATH_OUTSIDE`, or the system's code
   */
  async create(directory: string): Promise<void> {
    if (this.#passed.has(directory)) return
    await shared(this.#making, directory, async () => {
      try {
        await this.#create(directory)
      } finally {
        this.#making.delete(directory)
      }
    })
  }

  async #create(directory: string): Promise<void> {
    if (directory === '') await this.#make(this.path, true)
    else {
      const parent = directoryOf(directory)
      await this.create(parent)
      await this.confirm(parent)
      await this.#make(this.resolve(directory), false)
    }
    await this.require(directory)
  }

  async #make(path: string, recursive: boolean): Promise<void> {
    try {
      await this.#fileSystem.makeDirectory(path, { recursive })
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw storageFailure(error, { path })
    }
  }

  async #check(directory: string): Promise<void> {
    const path = this.resolve(directory)
    try {
      const real = await this.#fileSystem.realPath(path)
      if ((await this.#fileSystem.stat(real)).kind !== 'directory') {
        throw Object.assign(new Error('not a directory'), { code: 'ENOTDIR' })
      }
      await this.#checkInside(path, real)
    } catch (error) {
      throw storageFailure(error, { path })
    }
  }

  async #checkInside(path: string, real: string): Promise<void> {
    this.#real ??= await this.#fileSystem.realPath(this.path)
    if (isWithin(real, this.#real)) return
    // The user may have moved the root and left a link to it.
    this.#real = await this.#fileSystem.realPath(this.path)
    if (isWithin(real, this.#real)) return
    throw new StorageError('PATH_OUTSIDE', `a symbolic link leads out of the torrent's directory: ${path} → ${real}`, {
      path,
    })
  }
}

/** What is under way for `key` already, or `begin`. */
function shared(running: Map<string, Promise<void>>, key: string, begin: () => Promise<void>): Promise<void> {
  let promise = running.get(key)
  if (promise === undefined) {
    promise = begin()
    running.set(key, promise)
  }
  return promise
}

function isWithin(path: string, root: string): boolean {
  return path === root || path.startsWith(root.endsWith(sep) ? root : root + sep)
}

/**
 * Refuses what could leave the root or name no file. Metainfo makes paths safe and portable; this is the last gate.
 * @throws InputError `STORAGE_PATH`
 */
export function checkRelativePath(path: string): void {
  // Asked for each of the files of a torrent: one look at each path, and no list of its elements.
  if (NO_NAME.test(path) || path.includes('\0') || (sep === '\\' && REDIRECTS.test(path))) {
    throw new InputError('STORAGE_PATH', `not a safe relative path: ${JSON.stringify(path.slice(0, 200))}`)
  }
}

/** The directory part of a relative path, `''` for the root. */
export function directoryOf(relative: string): string {
  return relative.slice(0, Math.max(0, relative.lastIndexOf('/')))
}
