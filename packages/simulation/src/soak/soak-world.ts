// The ground of a soak: a folder, a network in memory, a clock that moves when told to, and sessions on them. What to do next follows
// from the seed; how far the disk is when a timer fires does not.

import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { SeededRandom, VirtualClock } from '@torrential/primitives'
import { createSession, type Session, type SessionOptions } from '@torrential/session'
import { MemoryNetwork } from '@torrential/transport'

/** Turns of the real event loop that a piece of work may take before virtual time passes for it. */
const PATIENCE = 40
/** Milliseconds of virtual time after which it hangs. */
const LIMIT = 3_600_000

export class SoakWorld implements AsyncDisposable {
  readonly folder: string
  readonly clock = new VirtualClock()
  readonly network: MemoryNetwork
  readonly dice: SeededRandom

  private constructor(folder: string, seed: number) {
    this.folder = folder
    this.dice = new SeededRandom(seed)
    this.network = new MemoryNetwork({ clock: this.clock, latency: 20 })
  }

  static async create(seed: number): Promise<SoakWorld> {
    return new SoakWorld(await mkdtemp(join(tmpdir(), 'torrential-soak-')), seed)
  }

  /** A session on a host of its own: a new address unless one is given. */
  session(options: SessionOptions = {}, host?: string): Promise<Session> {
    const transport = this.network.transport(host === undefined ? {} : { host })
    const random = new SeededRandom(this.dice.next() * 2 ** 32)
    const { clock } = this
    return createSession({ transport, host: transport.host, port: 6881, trackers: false, clock, random, ...options })
  }

  /** A whole number from `least` to `most`. */
  pick(least: number, most: number): number {
    return least + Math.floor(this.dice.next() * (most - least + 1))
  }

  /** Resolves after `ms` of virtual time, which somebody else lets pass. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.clock.timer(ms, resolve))
  }

  /** Lets virtual time pass, and the disk work between any two timers. */
  pass(ms: number): Promise<void> {
    return this.clock.advanceAsync(ms, settle)
  }

  /** Waits for what may be done without time first, and then lets time pass for it. @throws Error after an hour of virtual time */
  async finish<Value>(work: Promise<Value>): Promise<Value> {
    const state = { isOver: false }
    const end = () => {
      state.isOver = true
    }
    work.then(end, end)
    for (let passed = 0; !state.isOver; passed += 100) {
      for (let turn = 0; !state.isOver && turn < PATIENCE; turn++) await settle()
      if (state.isOver) break
      if (passed > LIMIT) throw new Error('something did not end within an hour')
      await this.pass(100)
    }
    return work
  }

  /** Writes files of random bytes, by path below the folder. */
  async write(files: ReadonlyMap<string, number>): Promise<void> {
    for (const [path, length] of files) {
      const target = join(this.folder, path)
      await mkdir(dirname(target), { recursive: true })
      await writeFile(target, this.dice.bytes(length))
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true })
  }
}

/** A turn of the event loop, and of the disk's threads. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 2; turn++) {
    await stat('/')
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** Three files of different lengths, `bytes` in all. */
export function contentOf(folder: string, bytes: number): Map<string, number> {
  const part = Math.floor(bytes / 6)
  return new Map([
    [`${folder}/a.bin`, part],
    [`${folder}/deep/b.bin`, 2 * part],
    [`${folder}/c.bin`, bytes - 3 * part],
  ])
}

/** Where others reach a session. */
export function addressOf(session: Session): string {
  return `${session.addresses[0]?.host}:${session.port}`
}
