// A peer behind one of our driver scripts (libtorrent in Python, WebTorrent in JavaScript): JSON lines in, JSON lines out.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Limits, PeerOptions, PeerStatus, RunningPeer } from './counterpart.ts'
import { type Deferred, deferred } from './deferred.ts'
import type { Ground } from './ground.ts'
import { Program, type ProgramOptions } from './program.ts'

interface Line {
  readonly event?: string
  readonly port?: number
  readonly message?: string
  readonly reply?: number
  readonly error?: string
  readonly result?: unknown
}

interface DriverStatus {
  readonly have: string
  readonly downloaded: number
  readonly uploaded: number
  readonly peers: number
}

/** What a script is told. */
export interface DriverOptions extends PeerOptions {
  /** The files are complete and need no check. */
  readonly seed: boolean
  /** For scripts whose program would take the pieces in order. */
  readonly rarestFirst?: boolean
}

const patience = 120_000

/** See the module's header. */
export class LineDriver implements RunningPeer {
  readonly name: string
  address = ''
  readonly #host: string
  readonly #program: Program
  readonly #listening = deferred<number>()
  readonly #finished = deferred<void>()
  readonly #replies = new Map<number, Deferred<unknown>>()
  #commands = 0

  private constructor(host: string, options: ProgramOptions) {
    this.#host = host
    this.name = options.name
    this.#program = new Program(options)
    this.#program.onLine((line) => this.#read(JSON.parse(line) as Line))
    void this.#program.exited.then(() => this.#fail(new Error(`${this.name} has ended\n${this.#program.tail()}`)))
  }

  /** Starts the script, gives it the torrent and returns when it takes connections. */
  static async start(ground: Ground, program: ProgramOptions, options: DriverOptions): Promise<LineDriver> {
    const file = join(await ground.folder(program.name), 'test.torrent')
    await writeFile(file, options.torrent)
    const driver = ground.own(new LineDriver(ground.host, program))
    await driver.#ask('add', { ...options, torrent: file })
    const port = await driver.#listening.promise
    driver.address = `${driver.#host}:${port}`
    return driver
  }

  get pid(): number {
    return this.#program.pid
  }

  async done(): Promise<void> {
    await within(patience, this.#finished.promise, () => `${this.name} to finish\n${this.output()}`)
  }

  async status(): Promise<PeerStatus> {
    const { have, ...counts } = (await this.#ask('status', {})) as DriverStatus
    return { ...counts, have: Uint8Array.from(Buffer.from(have, 'hex')) }
  }

  async setLimits(limits: Limits): Promise<void> {
    await this.#ask('limits', limits)
  }

  async stop(): Promise<void> {
    await this.#program.stop()
  }

  output(): string {
    return this.#program.tail()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  #ask(command: string, fields: object): Promise<unknown> {
    this.#commands += 1
    const reply = deferred<unknown>()
    this.#replies.set(this.#commands, reply)
    if (this.#program.running) this.#program.writeLine(JSON.stringify({ ...fields, command, id: this.#commands }))
    else this.#fail(new Error(`${this.name} has ended\n${this.#program.tail()}`))
    return within(patience, reply.promise, () => `${this.name} to answer ${command}\n${this.output()}`)
  }

  #read(line: Line): void {
    if (line.event === 'listening') this.#listening.resolve(line.port ?? 0)
    else if (line.event === 'finished') this.#finished.resolve(undefined)
    else if (line.event === 'failed') this.#fail(new Error(`${this.name}: ${line.message}\n${this.output()}`))
    else if (line.reply !== undefined) this.#answer(line.reply, line)
  }

  #answer(id: number, line: Line): void {
    const reply = this.#replies.get(id)
    this.#replies.delete(id)
    if (line.error === undefined) reply?.resolve(line.result)
    else reply?.reject(new Error(`${this.name}: ${line.error}\n${this.output()}`))
  }

  #fail(error: Error): void {
    this.#listening.reject(error)
    this.#finished.reject(error)
    for (const reply of this.#replies.values()) reply.reject(error)
    this.#replies.clear()
  }
}

async function within<Value>(ms: number, promise: Promise<Value>, what: () => string): Promise<Value> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${ms / 1000} s for ${what()}`)), ms)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
