// One session at a time on a state directory: two would overwrite what the other remembers. The lock names its process; of one that
// is gone – no such process, another boot, or a number that a later process has got – it is taken over.
//
// A lock that cannot be had because of a fault – a full disk, no handle left – is asked for again before each write: nothing is
// written without it. No fault lets anybody take what he could not read, and a lock whose file could not be removed is known
// to be given up, in this process.

import { join } from 'node:path'
import { InputError } from '@torrential/primitives'
import { type FileSystem, nodeFileSystem } from '@torrential/storage'
import { FileLock, type LockHolder } from './file-lock.ts'

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
  readonly #folder: string
  readonly #fileSystem: FileSystem
  readonly #lock: FileLock
  #isHeld = false
  #isOver = false
  #taking: Promise<boolean> | undefined

  constructor({ folder, session, fileSystem = nodeFileSystem }: StateLockParts) {
    this.#folder = folder
    this.#fileSystem = fileSystem
    this.#path = join(folder, 'lock')
    this.#lock = new FileLock({ path: this.#path, session, fileSystem })
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
    await this.#lock.release()
  }

  async #take(): Promise<boolean> {
    const path = this.#path
    try {
      if (this.#isOver) throw new Error('the lock was given up')
      await this.#fileSystem.makeDirectory(this.#folder, { recursive: true })
      const holder = await this.#lock.take()
      if (holder !== undefined) throw locked(path, holder)
      this.#isHeld = true
      return true
    } catch (error) {
      if (error instanceof InputError) throw error
      throw new InputError('STATE_WRITE', `${path} cannot be written`, { path, cause: error })
    }
  }
}

function locked(path: string, { owner }: LockHolder): InputError {
  const by = owner === undefined ? 'another session' : `a session of process ${owner.pid}`
  return new InputError('STATE_LOCKED', `${path}: ${by} uses this state folder`, { path, pid: owner?.pid })
}
