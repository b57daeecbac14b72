// One torrent's life: what checking, started, stopped, paused, failed and closed mean for its parts. Steps (check, start,
// stop, close) run one behind the other, so that none meets another half done; pausing and failing are immediate, because
// they must be. Closing gives up a check that runs, and does not wait for the running step before it leaves the swarm.
//
// A disk error stops the data and nothing else: connections stay, what is verified stays, and `resume` or `start` goes on. It is
// also tried again by itself, after a while and then after longer ones.

import type { Clock, StorageError, TorrentialError } from '@torrential/primitives'
import { InputError } from '@torrential/primitives'
import { Outcome } from './deferred.ts'
import { FaultRetry } from './fault-retry.ts'

export type TorrentStatus =
  | 'metadata'
  | 'checking'
  | 'downloading'
  | 'seeding'
  | 'paused'
  | 'stopped'
  | 'error'
  | 'closed'

/** What the life drives. */
export interface LifeActs {
  /** Finds out what is on disk. `full`: believes nothing. */
  check(full: boolean, signal: AbortSignal): Promise<void>
  /** Joins the swarm. */
  join(): void
  /** Leaves the swarm; resolves when trackers were told. */
  leave(): Promise<void>
  /** Stops or restarts the data. */
  setDataPaused(paused: boolean): void
  /** Releases everything. Never rejects. */
  release(): Promise<void>
  isFinished(): boolean
  tell(type: 'ready' | 'started' | 'stopped' | 'paused' | 'resumed' | 'done' | 'closed'): void
  tellError(error: StorageError): void
  /** True while it makes no sense to try again: what failed is still not there. */
  isStillMissing(error: StorageError): Promise<boolean>
  /** From an unknown failure of a check. */
  asStorageError(error: unknown): StorageError
}

export class TorrentLife {
  readonly #acts: LifeActs
  readonly #clock: Clock
  #retry: FaultRetry | undefined
  /** Of the step that runs. */
  #abort: AbortController | undefined
  #ready = new Outcome()
  #done = new Outcome()
  #phase: 'checking' | 'running' | 'stopped' | 'closed' = 'checking'
  #paused = false
  #error: StorageError | undefined
  /** A read or a check failed: what is on disk is not what we believe. */
  #suspicious = false
  #doneTold = false
  #steps: Promise<void> = Promise.resolve()
  #closing: Promise<void> | undefined
  /** It is being closed, or closed. */
  #reason: InputError | undefined

  constructor(acts: LifeActs, clock: Clock) {
    this.#acts = acts
    this.#clock = clock
  }

  get ready(): Promise<void> {
    return this.#ready.promise
  }

  get done(): Promise<void> {
    return this.#done.promise
  }

  get error(): StorageError | undefined {
    return this.#error
  }

  get isChecking(): boolean {
    return this.#phase === 'checking'
  }

  /** While it checks: resolves when the step that does is over. */
  get settled(): Promise<void> | undefined {
    return this.isChecking ? this.#steps : undefined
  }

  get status(): TorrentStatus {
    if (this.#phase === 'closed' || this.#phase === 'checking') return this.#phase
    if (this.#error !== undefined) return 'error'
    if (this.#phase === 'stopped') return 'stopped'
    if (this.#paused) return 'paused'
    return this.#acts.isFinished() ? 'seeding' : 'downloading'
  }

  /** The first check, then `ready`, then the swarm. `paused`: was told already. */
  begin(full: boolean, start: boolean, paused: boolean): void {
    this.#phase = 'checking'
    this.#paused = paused
    this.#step(async () => {
      await this.#check(full)
      this.#acts.tell('ready')
      this.#ready.resolve()
      if (start) this.#start()
      this.finished()
    }).catch((error: unknown) => this.#ready.reject(error as TorrentialError))
  }

  /** Something came, went, or is wanted now: tells `done` when that completed what is wanted, once each time. */
  finished(): void {
    if (this.#phase === 'closed' || this.#phase === 'checking') return
    if (!this.#acts.isFinished()) {
      this.#notDone()
      return
    }
    if (this.#doneTold || this.#error !== undefined) return
    this.#doneTold = true
    this.#acts.tell('done')
    this.#done.resolve()
  }

  check(): Promise<void> {
    return this.#step(async () => {
      const before = this.#phase
      await this.#acts.leave()
      this.#error = undefined
      this.#retry?.cancel()
      await this.#check(true)
      this.#phase = 'stopped'
      if (before === 'running') this.#start()
      this.finished()
    })
  }

  start(): Promise<void> {
    return this.#step(async () => {
      await this.#recover()
      if (this.#phase === 'stopped') this.#start()
      this.finished()
    })
  }

  stop(): Promise<void> {
    return this.#step(async () => {
      if (this.#phase !== 'running') return
      this.#phase = 'stopped'
      await this.#acts.leave()
      this.#acts.tell('stopped')
    })
  }

  /**
   * Runs `work` while no check, start or stop does. Its signal fires when the torrent is closed.
   * @throws InputError `TORRENT_CLOSED`; what `work` throws
   */
  between(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    return this.#step(() => work(this.#signal))
  }

  pause(): void {
    if (this.#paused || this.#phase === 'closed') return
    this.#paused = true
    this.#acts.setDataPaused(true)
    this.#acts.tell('paused')
  }

  resume(): void {
    const wasPaused = this.#paused
    this.#paused = false
    if (this.#phase === 'closed') return
    if (this.#error !== undefined) {
      // Never rejects but for closing. A torrent that was stopped stays so: `start` is for that.
      this.#step(async () => {
        await this.#recover()
        this.finished()
      }).catch(() => {})
    } else if (wasPaused) {
      if (this.#phase !== 'checking') this.#acts.setDataPaused(false)
      this.#acts.tell('resumed')
    }
  }

  fail(error: StorageError, during: 'read' | 'write' | 'check'): void {
    if (this.#phase === 'closed') return
    if (during !== 'write') this.#suspicious = true
    if (this.#error !== undefined) return
    this.#error = error
    this.#acts.setDataPaused(true)
    this.#acts.tellError(error)
    this.#retry ??= new FaultRetry(this.#clock, () => this.#tryAgain())
    this.#retry.failed()
  }

  /** Something was written. */
  worked(): void {
    this.#retry?.worked()
  }

  /** Idempotent; resolves when everything is released. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    const closed = new InputError('TORRENT_CLOSED', 'the torrent was removed, or its session closed')
    this.#reason = closed
    this.#abort?.abort(closed)
    this.#retry?.cancel()
    // Trackers are told while the step that runs comes to its end and the disk gets its last; nothing joins after the abort.
    const left = this.#acts.leave()
    await this.#steps
    this.#phase = 'closed'
    await Promise.all([left, this.#acts.release()])
    this.#ready.reject(closed)
    this.#done.reject(closed)
    this.#acts.tell('closed')
  }

  /** @throws InputError `TORRENT_CLOSED` */
  #start(): void {
    this.#checkOpen()
    this.#phase = 'running'
    this.#acts.setDataPaused(this.#paused || this.#error !== undefined)
    this.#acts.join()
    this.#acts.tell('started')
  }

  /** Not paused or stopped by this: only the fault goes, if it can. Never rejects but for closing. */
  #tryAgain(): void {
    this.#step(async () => {
      if (this.#error === undefined) return
      if (await this.#acts.isStillMissing(this.#error)) this.#retry?.failed()
      else await this.#recover()
      this.finished()
    }).catch(() => {})
  }

  /** After a disk error: forgets it, and looks again at what is there when it was reading that failed. */
  async #recover(): Promise<void> {
    if (this.#error === undefined) return
    this.#error = undefined
    this.#retry?.cancel()
    if (this.#suspicious) {
      const before = this.#phase
      await this.#check(true)
      this.#phase = before
    }
    this.#acts.setDataPaused(this.#paused || this.#error !== undefined)
    if (this.#error === undefined && !this.#paused) this.#acts.tell('resumed')
  }

  async #check(full: boolean): Promise<void> {
    this.#phase = 'checking'
    this.#acts.setDataPaused(true)
    try {
      await this.#acts.check(full, this.#signal)
      this.#suspicious = false
    } catch (error) {
      if (this.#reason !== undefined) throw error
      this.#phase = 'stopped'
      this.fail(this.#acts.asStorageError(error), 'check')
    }
    // Nobody listens any more, and ten thousand signals are some memory.
    this.#abort = undefined
    this.#phase = 'stopped'
  }

  /** From here on `done` is about what is wanted now; who asked before got the answer of then. */
  #notDone(): void {
    if (!this.#doneTold) return
    this.#doneTold = false
    this.#done = new Outcome()
  }

  /** @throws InputError `TORRENT_CLOSED` */
  #step(work: () => Promise<void>): Promise<void> {
    const result = this.#steps.then(() => {
      this.#checkOpen()
      // What listens to the signal of the step before is over.
      this.#abort = undefined
      return work()
    })
    this.#steps = result.catch(() => {})
    return result
  }

  /** Fires when the torrent is closed. */
  get #signal(): AbortSignal {
    this.#abort ??= new AbortController()
    if (this.#reason !== undefined) this.#abort.abort(this.#reason)
    return this.#abort.signal
  }

  #checkOpen(): void {
    if (this.#reason !== undefined) throw this.#reason
  }
}
