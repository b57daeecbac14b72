// A lock that is a file with its owner in it. It gets its name when it is whole, as a second name (a link) of a file of our own, so nobody
// sees one whose owner cannot be told yet. (Where there are no links it is made first and written then: in that moment it looks
// like one that was left unfinished.)
//
// The lock of an owner that is gone is removed by one alone: by whoever has a second lock, on removing it, whose name is made of what
// is in it. No text comes twice, so who gets the second lock late finds something else in the first, or nothing, and leaves it
// alone. Without that, of two that saw the same dead owner one removed the fresh lock of the other. The second lock is one like the
// first, also when the owner of that is gone.

import { createHash } from 'node:crypto'
import { toUtf8 } from '@torrential/primitives'
import type { FileSystem } from '@torrential/storage'
import { isAlive, type LockOwner, ownerIn, ownText } from './lock-owner.ts'
import { readWhole, writeWhole } from './whole-file.ts'

/** Bytes; a longer one is none of ours. */
const LONGEST = 4_096
/** A lock that changes hands more often while it is asked for is somebody's. */
const ROUNDS = 8
/** As many times in a row a process ended within the moments in which it removed the lock of the one before. */
const DEEPEST = 8

/** Locks of this process, by path and content, that were given up and whose file is perhaps still there. */
const givenUp = new Set<string>()

export interface FileLockParts {
  /** Absolute; names that begin with it and a dot are for the lock, too. */
  readonly path: string
  /** Any text that no other session has. */
  readonly session: string
  readonly fileSystem: FileSystem
}

/** Somebody has it. */
export interface LockHolder {
  /** Undefined when that cannot be told. */
  readonly owner: LockOwner | undefined
}

export class FileLock {
  readonly #parts: FileLockParts
  readonly #depth: number
  #text = ''
  /** What is ours may be at the path: whole, or as much as was written of it. */
  #mayBeThere: 'no' | 'whole' | 'begun' = 'no'

  constructor(parts: FileLockParts, depth = 0) {
    this.#parts = parts
    this.#depth = depth
  }

  /** Resolves to nothing when it is ours, and to who has it otherwise. Rejects with the system's error; it is not ours then. */
  async take(): Promise<LockHolder | undefined> {
    this.#text = ownText(this.#parts.session)
    this.#mayBeThere = 'no'
    try {
      for (let round = 0; round < ROUNDS; round++) {
        if (await this.#make()) return undefined
        const holder = await this.#clear()
        if (holder !== undefined) return holder
      }
      return { owner: undefined }
    } catch (error) {
      await this.release()
      throw error
    }
  }

  /** Never rejects. */
  async release(): Promise<void> {
    const { path, fileSystem } = this.#parts
    if (this.#mayBeThere === 'no') return
    try {
      const found = await this.#read()
      if (found === undefined) return
      const isOurs = this.#mayBeThere === 'begun' ? this.#text.startsWith(found) : found === this.#text
      if (isOurs) await fileSystem.removeFile(path)
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') givenUp.add(this.#key(this.#text))
    }
  }

  /** False when there is one already. */
  async #make(): Promise<boolean> {
    try {
      return await this.#link()
    } catch {
      return this.#makeInPlace()
    }
  }

  async #link(): Promise<boolean> {
    const { path, session, fileSystem } = this.#parts
    const spare = `${path}.${process.pid}.${session}`
    try {
      await this.#write(spare)
      this.#mayBeThere = 'whole'
      return await fileSystem.link(spare, path).then(() => true, isTaken)
    } finally {
      await fileSystem.removeFile(spare).catch(() => {})
    }
  }

  async #makeInPlace(): Promise<boolean> {
    const { path } = this.#parts
    const isMade = await this.#write(path, () => (this.#mayBeThere = 'begun')).then(() => true, isTaken)
    // While it was empty it was nobody's, and somebody may have taken it away. And where it is taken: a link that failed may be there.
    const isOurs = (await this.#read()) === this.#text
    if (isMade && isOurs) this.#mayBeThere = 'whole'
    return isOurs
  }

  /** Rejects with EEXIST when the name is taken. */
  async #write(path: string, begin = (): unknown => undefined): Promise<void> {
    const file = await this.#parts.fileSystem.open(path, 'make')
    begin()
    try {
      await writeWhole(file, [Buffer.from(this.#text)], 0)
    } finally {
      await file.close()
    }
  }

  /** Removes a lock whose owner is gone. Resolves to who has it or who removes it, and to nothing when it was not there any more or is not now. */
  async #clear(): Promise<LockHolder | undefined> {
    const { path, fileSystem } = this.#parts
    const found = await this.#read()
    if (found === undefined) return undefined
    if (this.#depth === DEEPEST || this.#holds(found)) return { owner: ownerIn(found) }
    const removal = new FileLock({ ...this.#parts, path: `${path}.${digestOf(found)}` }, this.#depth + 1)
    const holder = await removal.take()
    if (holder !== undefined) return holder
    try {
      if ((await this.#read()) !== found) return undefined
      await fileSystem.removeFile(path)
      givenUp.delete(this.#key(found))
      return undefined
    } finally {
      await removal.release()
    }
  }

  /** Undefined when there is none, and empty when it is too long for one. Rejects with the system's errors. */
  async #read(): Promise<string | undefined> {
    const file = await this.#parts.fileSystem.open(this.#parts.path, 'read').catch((error: unknown) => {
      if (codeOf(error) === 'ENOENT') return undefined
      throw error
    })
    if (file === undefined) return undefined
    try {
      return toUtf8((await readWhole(file, LONGEST)) ?? new Uint8Array())
    } finally {
      // It has been read: a failure to close changes nothing about that.
      await file.close().catch(() => {})
    }
  }

  #holds(text: string): boolean {
    const owner = ownerIn(text)
    return owner !== undefined && isAlive(owner) && !givenUp.has(this.#key(text))
  }

  #key(text: string): string {
    return `${this.#parts.path}\n${text}`
  }
}

function isTaken(error: unknown): false {
  if (codeOf(error) === 'EEXIST') return false
  throw error
}

function digestOf(text: string): string {
  return createHash('sha1').update(text).digest('hex').slice(0, 16)
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code
}
