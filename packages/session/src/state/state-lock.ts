// One session at a time on a state directory: two would overwrite what the other remembers. The lock is a file that names its
// process; of one that is gone – no such process, another boot, or a number that a later process has got – it is taken over.

import { readFileSync } from 'node:fs'
import { open, readFile, rename, rm, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { InputError } from '@torrential/primitives'
import { nodeFileSystem } from '@torrential/storage'
import { bootIdentity } from './boot-identity.ts'

interface Owner {
  readonly pid: number
  readonly boot: string
  /** When the process started, in a unit of the system's; empty where it does not tell. */
  readonly started: string
  /** Tells sessions of one process apart. */
  readonly session: string
}

export class StateLock implements AsyncDisposable {
  readonly #path: string
  readonly #text: string

  private constructor(path: string, text: string) {
    this.#path = path
    this.#text = text
  }

  /**
   * `session` is any text that no other session has. Undefined where a lock cannot be written: nothing else can be either.
   * @throws InputError `STATE_LOCKED` (`data.path`, `data.pid`)
   */
  static async acquire(folder: string, session: string): Promise<StateLock | undefined> {
    const path = join(folder, 'lock')
    const text = JSON.stringify({ pid: process.pid, boot: bootIdentity(), started: startOf(process.pid), session })
    try {
      await nodeFileSystem.makeDirectory(folder, { recursive: true })
      if (await createWith(path, text)) return new StateLock(path, text)
      await takeAway(path, session)
      if (await createWith(path, text)) return new StateLock(path, text)
    } catch (error) {
      if (error instanceof InputError) throw error
      return undefined
    }
    throw locked(path, await ownerIn(path))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const found = await readFile(this.#path, 'utf8').catch(() => undefined)
    if (found === this.#text) await rm(this.#path, { force: true })
  }
}

/** False when there is one already. */
async function createWith(path: string, text: string): Promise<boolean> {
  try {
    await using file = await open(path, 'wx')
    await file.writeFile(text)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** Removes a lock whose owner is gone. @throws InputError `STATE_LOCKED` */
async function takeAway(path: string, session: string): Promise<void> {
  const owner = await ownerIn(path)
  if (owner !== undefined && isAlive(owner)) throw locked(path, owner)
  // By a name of our own, so that of two who see the same dead owner one cannot remove the other's fresh lock unseen.
  const away = `${path}.${process.pid}.${session}`
  await rename(path, away).catch(() => {})
  const moved = await ownerIn(away)
  await unlink(away).catch(() => {})
  if (moved !== undefined && isAlive(moved)) {
    await createWith(path, JSON.stringify(moved))
    throw locked(path, moved)
  }
}

async function ownerIn(path: string): Promise<Owner | undefined> {
  try {
    const { pid, boot, started, session } = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>
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
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
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

function locked(path: string, owner: Owner | undefined): InputError {
  const by = owner === undefined ? 'another session' : `a session of process ${owner.pid}`
  return new InputError('STATE_LOCKED', `${path}: ${by} uses this state folder`, { path, pid: owner?.pid })
}
