// What `download` and `seed` have in common: a session whose events become report lines, a ticker for progress, and the
// knowledge which torrents are still busy, done or failed. One torrent that fails leaves the others alone.

import {
  type EventStream,
  InputError,
  type LaggedEvent,
  type PeerAddress,
  type TorrentialError,
} from '@torrential/primitives'
import { systemClock } from '@torrential/primitives/system'
import type { Session, SessionEvent, Torrent } from '@torrential/session'
import type { CliContext } from './cli-context.ts'
import type { SwarmOptions } from './connection-options.ts'
import { EXIT, exitCodeOf, worseOf } from './exit-code.ts'
import { failureLine, failureOf, stackOf } from './failure.ts'
import type { ProgressLine } from './json-lines.ts'
import { openReporter } from './open-reporter.ts'
import { openRememberingSession } from './remembering-session.ts'
import type { Reporter } from './reporter.ts'
import { metadataLine, type Moved, progressOf, readyLine, swarmLine } from './swarm-lines.ts'

/** Milliseconds between two looks at the statistics. */
const tick = 500
/** Events kept for a slow reader of stdout: some seconds at full speed, few megabytes. */
const ring = 16_384

const reported: readonly SessionEvent['type'][] = [
  'metadata',
  'checking',
  'ready',
  'piece',
  'file-complete',
  'done',
  'error',
  'warning',
  'tracker-warning',
  'tracker-error',
]

interface SwarmRunParts {
  readonly session: Session
  readonly reporter: Reporter
  readonly context: CliContext
  readonly peers: readonly PeerAddress[]
  readonly tellsReady: boolean
}

export interface SwarmRunOptions extends SwarmOptions {
  /** False: `ready` is not reported when the check is over, but when `tellReady` is called. @default true */
  readonly tellsReady?: boolean
}

export class SwarmRun implements AsyncDisposable {
  readonly session: Session
  /** Of `--peer`, resolved. */
  readonly peers: readonly PeerAddress[]
  readonly reporter: Reporter
  readonly #tellsReady: boolean
  readonly #context: CliContext
  readonly #started = systemClock.now()
  readonly #events: EventStream<SessionEvent | LaggedEvent>
  /** Bytes that earlier runs moved, as their resume records say: reports are about this run. */
  readonly #before = new Map<Torrent, Moved>()
  readonly #told = new Map<Torrent, string>()
  readonly #busy = new Set<Torrent>()
  readonly #ready = new Set<Torrent>()
  readonly #failed = new Set<Torrent>()
  readonly #ticker: ReturnType<typeof setInterval>
  #code: number = EXIT.done

  constructor(parts: SwarmRunParts) {
    this.session = parts.session
    this.reporter = parts.reporter
    this.peers = parts.peers
    this.#tellsReady = parts.tellsReady
    this.#context = parts.context
    this.#events = this.session.events({ types: reported, signal: parts.context.signal, ring })
    this.#ticker = setInterval(() => this.reporter.progress(this.#progressLines()), tick)
  }

  /** @throws InputError `PEER_UNRESOLVED`, `LISTEN_…` */
  static async open(options: SwarmRunOptions, context: CliContext): Promise<SwarmRun> {
    const { session, peers, warning } = await openRememberingSession(options, context)
    const reporter = openReporter(options.json === true, context)
    if (warning !== undefined) await reporter.tell(warning)
    return new SwarmRun({ session, peers, reporter, context, tellsReady: options.tellsReady !== false })
  }

  /** Of what failed so far. */
  get exitCode(): number {
    return this.#code
  }

  /** Adds one torrent; a failure is reported and remembered, and the others go on. */
  async tryAdd(source: string, add: () => Promise<Torrent>): Promise<void> {
    try {
      this.#busy.add(await add())
    } catch (error) {
      this.#context.signal.throwIfAborted()
      await this.#fail(error, { source: source.slice(0, 200) })
    }
  }

  /** Resolves when every torrent is done or has failed. @throws the signal's Interruption */
  async untilDone(): Promise<void> {
    await this.#handleUntil(() => this.#busy.size === 0)
    if (this.#failed.size === this.session.torrents.length) return
    const lines = this.session.torrents.map((torrent) => this.#progressOf(torrent))
    const downloaded = lines.reduce((sum, line) => sum + line.downloaded, 0)
    const uploaded = lines.reduce((sum, line) => sum + line.uploaded, 0)
    await this.reporter.tell({ type: 'done', seconds: this.#seconds(), downloaded, uploaded })
  }

  /** Goes on until the signal, or until every torrent has failed. @throws the signal's Interruption */
  async untilStopped(): Promise<void> {
    await this.#handleUntil(() => this.#failed.size >= this.session.torrents.length)
  }

  /** Resolves once what is on disk was checked; false when that failed (and was reported). @throws the signal's Interruption */
  async untilChecked(torrent: Torrent): Promise<boolean> {
    await this.#handleUntil(() => this.#ready.has(torrent) || this.#failed.has(torrent))
    return this.#ready.has(torrent)
  }

  /** Reports that a torrent takes part in its swarm. */
  async tellReady(torrent: Torrent): Promise<void> {
    await this.reporter.tell(readyLine(torrent, this.session.port))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#ticker)
    try {
      if (this.#context.signal.aborted) await this.reporter.tell({ type: 'stopping' })
      await this.session.close()
      await this.#tellLastWarnings()
    } finally {
      this.reporter[Symbol.dispose]()
    }
  }

  /** Closing can go wrong too, e.g. a resume record that cannot be written. */
  async #tellLastWarnings(): Promise<void> {
    for await (const event of this.#events) {
      const line = event.type === 'warning' ? swarmLine(event) : undefined
      if (line !== undefined) await this.reporter.tell(line)
    }
  }

  async #handleUntil(isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      const handled = this.#handle(this.#events.take() ?? (await this.#next()))
      if (handled !== undefined) await handled
    }
  }

  async #next(): Promise<SessionEvent | LaggedEvent> {
    const { value, done } = await this.#events.next()
    if (done !== true) return value
    this.#context.signal.throwIfAborted()
    throw new Error('the session closed by itself')
  }

  /** Undefined where there is nothing to wait for: events about pieces come by the thousand. */
  #handle(event: SessionEvent | LaggedEvent): Promise<void> | undefined {
    switch (event.type) {
      case 'ready':
        return this.#begin(event.torrent)
      case 'metadata':
        return this.#tellMetadata(event.torrent)
      case 'done':
        return this.#finish(event.torrent)
      case 'error':
        return this.#failTorrent(event.torrent, event.error)
      default: {
        const line = swarmLine(event)
        return line === undefined ? undefined : this.reporter.tell(line)
      }
    }
  }

  async #begin(torrent: Torrent): Promise<void> {
    this.#ready.add(torrent)
    this.#before.set(torrent, { downloaded: torrent.downloaded, uploaded: torrent.uploaded })
    if (this.#tellsReady) await this.tellReady(torrent)
  }

  /** Which files there are is known only now, and so is whether the user wants any of them. */
  async #tellMetadata(torrent: Torrent): Promise<void> {
    await this.reporter.tell(metadataLine(torrent))
    if (torrent.files.some(({ priority }) => priority > 0)) return
    const message = `none of the ${torrent.files.length} files is selected`
    await this.#failTorrent(torrent, new InputError('SELECT_NOTHING', message))
  }

  async #finish(torrent: Torrent): Promise<void> {
    if (!this.#busy.delete(torrent)) return
    await this.reporter.tell(this.#progressOf(torrent))
    const { infoHash, name } = torrent
    await this.reporter.tell({ type: 'torrent-done', torrent: infoHash, name, seconds: this.#seconds() })
  }

  async #failTorrent(torrent: Torrent, error: TorrentialError): Promise<void> {
    this.#busy.delete(torrent)
    if (this.#failed.has(torrent)) return
    this.#failed.add(torrent)
    await this.#fail(error, { torrent: torrent.infoHash }, torrent.name)
  }

  async #fail(
    error: unknown,
    about: { readonly source: string } | { readonly torrent: string },
    name?: string,
  ): Promise<void> {
    const { stderr, env } = this.#context
    const failure = failureOf(error)
    this.#code = worseOf(this.#code, exitCodeOf(error))
    const what = name ?? ('source' in about ? about.source : about.torrent)
    stderr.write(failureLine({ code: failure.code, message: `${what}: ${failure.message}` }))
    if (env.TORRENTIAL_DEBUG === '1') stderr.write(stackOf(error))
    await this.reporter.tell({ type: 'error', ...about, ...failure })
  }

  /** Of every torrent that downloads, and of those complete ones where something changed: an idle seed is quiet. */
  #progressLines(): ProgressLine[] {
    const lines: ProgressLine[] = []
    for (const torrent of this.session.torrents) {
      if (torrent.status !== 'downloading' && torrent.status !== 'seeding') continue
      const line = this.#progressOf(torrent)
      const text = JSON.stringify(line)
      if (line.bytesLeft > 0 || this.#told.get(torrent) !== text) lines.push(line)
      this.#told.set(torrent, text)
    }
    return lines
  }

  #progressOf(torrent: Torrent): ProgressLine {
    return progressOf(torrent, this.#before.get(torrent))
  }

  #seconds(): number {
    return Math.round(systemClock.now() - this.#started) / 1000
  }
}
