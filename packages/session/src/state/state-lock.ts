// One session at a time on a state directory: two would overwrite what the other remembers. The lock is a file that names its
// process; of one that is gone – no such process, another boot, or a number that a later process has got – it is taken over.
//
// A lock that cannot be had because of a fault – a full disk, no handle left – is asked for again before each write: nothing is
// written without it. No fault lets anybody take what he could not read, and a lock whose file could not be removed is known
// to be given up, in this process.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { InputError, toUtf8 } from '@torrential/primitives'
import { type FileSystem, nodeFileSystem } from '@torrential/storage'
import { bootIdentity } from './boot-identity.ts'
import { readWhole, writeWhole } from './whole-file.ts'

interface Owner {
  readonly pid: number
  readonly boot: string
  /** When the process started, in a unit of the system's; empty where it does not tell. */
  readonly started: string
  /** Tells sessions of one process apart. */
  readonly session: string
}

/** Bytes; a longer one is none of ours. */
const LONGEST = 4_096

/** Locks of this process, by path and content, that were given up and whose file is perhaps still there. */
const givenUp = new Set<string>()

export interface StateLockParts {
  /** Absolute. */
  readonly folder: string
  /** Any text that no other session has. */
  readonly session: string
  /** @default the machine's own */
  readonly fileSystem?: FileSystem
}

export class StateLock implements AsyncDisposable {
  readonly #path: string
  readonly #away: string
  readonly #text: string
  readonly #folder: string
  readonly #fileSystem: FileSystem
  #isHeld = false
  #isOver = false
  #taking: Promise<boolean> | undefined

  constructor({ folder, session, fileSystem = nodeFileSystem }: StateLockParts) {
    this.#folder = folder
    this.#fileSystem = fileSystem
    this.#path = join(folder, 'lock')
    // A name of our own, so that of two who see the same dead owner one cannot remove the other's fresh lock unseen.
    this.#away = `${this.#path}.${process.pid}.${session}`
    this.#text = JSON.stringify({ pid: process.pid, boot: bootIdentity(), started: startOf(process.pid), session })
  }

  /**
   * True when it is had now and was not before.
   * @throws InputError `STATE_LOCKED` (`data.path`, `data.pid`): somebody else has it; `STATE_WRITE`: it cannot be had at this moment
   */
  async take(): Promise<boolean> {
    if (this.#isHeld) return false
    this.#taking ??= this.#take().finally(() => (this.#taking = undefined))
    return this.#taking
  }

  /** Never rejects. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true
    await this.#taking?.catch(() => {})
    if (!this.#isHeld) return
    this.#isHeld = false
    await this.#giveUp((found) => found === this.#text)
  }

  async #take(): Promise<boolean> {
    const path = this.#path
    try {
      if (this.#isOver) throw new Error('the lock was given up')
      await this.#fileSystem.makeDirectory(this.#folder, { recursive: true })
      if (!(await this.#create())) {
        await this.#takeAway()
        if (!(await this.#create())) throw locked(path, ownerIn((await this.#read(path)) ?? ''))
      }
      givenUp.delete(this.#key(this.#text))
      this.#isHeld = true
      return true
    } catch (error) {
      if (error instanceof InputError) throw error
      throw new InputError('STATE_WRITE', `${path} cannot be written`, { path, cause: error })
    }
  }

  /** False when there is one already. */
  async #create(): Promise<boolean> {
    const file = await this.#fileSystem.open(this.#path, 'make').catch((error: unknown) => {
      if (codeOf(error) === 'EEXIST') return undefined
      throw error
    })
    if (file === undefined) return false
    try {
      try {
        await writeWhole(file, [Buffer.from(this.#text)], 0)
      } finally {
        await file.close()
      }
      // While it was empty it was nobody's, and somebody may have taken it away.
      return (await this.#read(this.#path)) === this.#text
    } catch (error) {
      // Perhaps not written to its end.
      await this.#giveUp((found) => this.#text.startsWith(found))
      throw error
    }
  }

  /** Removes the file if it is ours. */
  async #giveUp(isOurs: (found: string) => boolean): Promise<void> {
    try {
      const found = await this.#read(this.#path)
      if (found !== undefined && isOurs(found)) await this.#fileSystem.removeFile(this.#path)
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') givenUp.add(this.#key(this.#text))
    }
  }

  /** Removes a lock whose owner is gone. @throws InputError `STATE_LOCKED` */
  async #takeAway(): Promise<void> {
    const found = await this.#read(this.#path)
    if (found === undefined) return
    if (this.#holds(found)) throw locked(this.#path, ownerIn(found))
    const isMoved = await this.#fileSystem.rename(this.#path, this.#away).then(
      () => true,
      (error: unknown) => {
        if (codeOf(error) === 'ENOENT') return false
        throw error
      },
    )
    if (!isMoved) return
    let moved: string | undefined
    try {
      moved = await this.#read(this.#away)
    } catch (error) {
      await this.#putBack()
      throw error
    }
    if (moved !== undefined && this.#holds(moved)) {
      await this.#putBack()
      throw locked(this.#path, ownerIn(moved))
    }
    await this.#fileSystem.removeFile(this.#away).catch(() => {})
  }

  /** What was moved away is somebody's: it gets its name back, unless there is another one meanwhile. */
  async #putBack(): Promise<void> {
    try {
      await this.#fileSystem.link(this.#away, this.#path).catch((error: unknown) => {
        if (codeOf(error) === 'EEXIST') return undefined
        // Where there are no links.
        return this.#fileSystem.rename(this.#away, this.#path)
      })
      await this.#fileSystem.removeFile(this.#away)
    } catch {}
  }

  /** Undefined when there is none, and empty when it is too long for one. @throws the system's errors */
  async #read(path: string): Promise<string | undefined> {
    const file = await this.#fileSystem.open(path, 'read').catch((error: unknown) => {
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
    return `${this.#path}\n${text}`
  }
}

function ownerIn(text: string): Owner | undefined {
  try {
    const { pid, boot, started, session } = JSON.parse(text) as Record<string, unknown>
    if (!Number.isSafeInteger(pid) || (pid as number) <= 0) return undefined
    return { pid: pid as number, boot: String(boot), started: String(started), session: String(session) }
  } catch {
    return undefined
  }
}

function isAlive({ pid, boot, started }: Owner): boolean {
  if (boot !== bootIdentity()) return false
  try {
    process.kill(pid, 0)
  } catch (error) {
    // A process that is not ours to signal is there all the same.
    if (codeOf(error) !== 'EPERM') return false
  }
  return started === startOf(pid)
}

/** Field 22 of Linux's /proc/PID/stat; the name in field 2 may hold anything, so fields are counted from its end. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return ''
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code
}

function locked(path: string, owner: Owner | undefined): InputError {
  const by = owner === undefined ? 'another session' : `a session of process ${owner.pid}`
  return new InputError('STATE_LOCKED', `${path}: ${by} uses this state folder`, { path, pid: owner?.pid })
}
