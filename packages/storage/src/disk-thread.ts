// The batches of the machine's own file system: a thread that starts with the first batch, ends a while after the last one, and never
// keeps the process alive by itself. When it cannot start or is lost, nothing of what it was asked for is done, and nobody
// tries again.

import { Worker } from 'node:worker_threads'
import { type FileBatches, gathered, nobodyLooked, type SmallWrites } from './file-batches.ts'

/** Starting the thread takes as long as some hundred files take without it. */
const WORTH_FROM = 200
/** Milliseconds without work after which the thread ends. */
const LINGER = 5_000
/** MiB of young objects in the thread, all of them names and numbers: with more it would take longer until they are collected. */
const YOUNG = 2
/** Buffers for contents that are kept for the next batch: as many as a download has in the thread at once. */
const SPARE = 8

interface Reply {
  readonly id: number
  readonly done?: Uint8Array
  readonly found?: Float64Array
  /** Of files that were read, one behind the other; -1 where none was. */
  readonly lengths?: Int32Array
  readonly bytes?: Uint8Array<ArrayBuffer>
}

export class DiskThread implements FileBatches {
  readonly worthFrom = WORTH_FROM
  readonly #waiting = new Map<number, (reply: Reply | undefined) => void>()
  readonly #spare: ArrayBuffer[] = []
  #worker: Worker | undefined
  #timer: NodeJS.Timeout | undefined
  #ending: Promise<unknown> | undefined
  #isOver = false
  #ids = 0

  get threads(): number {
    return this.#worker === undefined ? 0 : 1
  }

  async write({ root, paths, contents, positions, limits, known }: SmallWrites): Promise<Uint8Array> {
    const { bytes, lengths } = gathered(contents, this.#spare.pop())
    const batch = { kind: 'write', root, paths, positions, limits, known, lengths, bytes }
    const reply = await this.#ask(batch, [bytes.buffer])
    if (reply?.bytes !== undefined && this.#spare.length < SPARE) this.#spare.push(reply.bytes.buffer)
    return reply?.done ?? new Uint8Array(paths.length)
  }

  async sync(root: string, paths: readonly string[]): Promise<Float64Array> {
    return (await this.#ask({ kind: 'sync', root, paths }))?.found ?? nobodyLooked(paths)
  }

  async look(paths: readonly string[]): Promise<Float64Array> {
    return (await this.#ask({ kind: 'look', paths }))?.found ?? nobodyLooked(paths)
  }

  async read(paths: readonly string[], most: number): Promise<readonly (Uint8Array | undefined)[]> {
    const { bytes, lengths } = (await this.#ask({ kind: 'read', paths, most })) ?? {}
    let at = 0
    return paths.map((_, file) => {
      const length = lengths?.[file] ?? -1
      // A copy: one of a thousand files must not hold the memory of all.
      return length < 0 ? undefined : bytes?.slice(at, (at += length))
    })
  }

  /** Ends the thread; what it is doing counts as not done. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true
    this.#stop()
    await this.#ending
  }

  #ask(batch: object, transfer?: readonly ArrayBuffer[]): Promise<Reply | undefined> {
    if (this.#isOver) return Promise.resolve(undefined)
    clearTimeout(this.#timer)
    const worker = (this.#worker ??= this.#start())
    const id = this.#ids++
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve)
      worker.ref()
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
      worker.postMessage({ id, ...batch }, transfer)
    })
  }

  #start(): Worker {
    const worker = new Worker(new URL('./disk-worker.js', import.meta.url), {
      name: 'torrential-disk',
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG },
    })
    worker.on('message', (reply: Reply) => this.#settle(reply))
    const lost = () => {
      if (this.#worker !== worker) return
      this.#isOver = true
      this.#stop()
    }
    worker.on('error', lost)
    worker.on('exit', lost)
    return worker
  }

  #settle(reply: Reply): void {
    const resolve = this.#waiting.get(reply.id)
    this.#waiting.delete(reply.id)
    if (this.#waiting.size === 0) {
      this.#worker?.unref()
      this.#timer = setTimeout(() => this.#stop(), LINGER).unref()
    }
    resolve?.(reply)
  }

  #stop(): void {
    clearTimeout(this.#timer)
    this.#ending = this.#worker?.terminate() ?? this.#ending
    this.#worker = undefined
    this.#spare.length = 0
    for (const resolve of this.#waiting.values()) resolve(undefined)
    this.#waiting.clear()
  }
}
