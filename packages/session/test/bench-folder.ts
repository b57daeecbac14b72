// A temporary folder with a payload in it, and sessions on one network in memory: what every test of the session starts from.

import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Scope, SeededRandom, VirtualClock } from '@torrential/primitives'
import {
  createSession,
  type Session,
  type SessionOptions,
  type Torrent,
  type TorrentEvent,
  type TorrentEventType,
} from '@torrential/session'
import { MemoryNetwork } from '@torrential/transport'

export class BenchFolder implements AsyncDisposable {
  readonly path: string
  readonly network: MemoryNetwork
  /** Time that stands still until `pass`; only of folders made with `virtual`. */
  readonly clock = new VirtualClock()
  readonly #random: SeededRandom
  readonly #scope = new Scope()

  readonly #isVirtual: boolean

  private constructor(path: string, options: { readonly seed?: number; readonly virtual?: boolean }) {
    this.path = path
    this.#random = new SeededRandom(options.seed ?? 1)
    this.#isVirtual = options.virtual === true
    this.network = new MemoryNetwork(this.#isVirtual ? { clock: this.clock } : {})
  }

  static async create(options: { readonly seed?: number; readonly virtual?: boolean } = {}): Promise<BenchFolder> {
    return new BenchFolder(await mkdtemp(join(tmpdir(), 'session-')), options)
  }

  /** Lets virtual time pass, and the disk work between any two timers. */
  async pass(ms: number): Promise<void> {
    await this.clock.advanceAsync(ms, () => this.settle())
  }

  /** Lets virtual time pass in steps until `is` is true; gives up after an hour of it. */
  async passUntil(is: () => boolean, step = 100): Promise<void> {
    for (let passed = 0; !is() && passed < 3_600_000; passed += step) await this.pass(step)
    if (!is()) throw new Error('it did not happen within an hour')
  }

  /** As `passUntil`, without time; gives up after so many turns that no disk is as slow. */
  async settleUntil(is: () => boolean): Promise<void> {
    for (let turn = 0; !is() && turn < 50_000; turn++) await this.settle()
    if (!is()) throw new Error('it did not happen')
  }

  /** Waits for what the disk and the event loop have to do by themselves: until nothing is asked of the disk four times in a row. */
  async settle(): Promise<void> {
    for (let idle = 0, turn = 0; idle < 4 && turn < 20_000; turn++) {
      await stat(this.path)
      await new Promise((resolve) => setImmediate(resolve))
      idle = process.getActiveResourcesInfo().some((type) => /^(FSReq|CloseReq)/.test(type)) ? 0 : idle + 1
    }
  }

  /** Writes files of random bytes (or the given text) below `origin/`, by relative path. */
  async write(files: Readonly<Record<string, number | string>>): Promise<string> {
    for (const [path, content] of Object.entries(files)) {
      const target = join(this.path, 'origin', path)
      await mkdir(dirname(target), { recursive: true })
      await writeFile(target, typeof content === 'string' ? content : this.#random.bytes(content))
    }
    return join(this.path, 'origin')
  }

  /** A session on the network in memory. */
  async session(options: SessionOptions = {}): Promise<Session> {
    const transport = this.network.transport()
    const clock = this.#isVirtual ? { clock: this.clock } : {}
    const session = await createSession({ transport, host: transport.host, trackers: false, ...clock, ...options })
    this.#scope.own(session)
    return session
  }

  /** A seed of `origin/<name>`. */
  async seed(name: string, options: SessionOptions & { pieceLength?: number } = {}): Promise<[Session, Torrent]> {
    const { pieceLength = 16_384, ...rest } = options
    const session = await this.session(rest)
    const torrent = await session.seed(join(this.path, 'origin', name), { version: 'v1', pieceLength })
    await torrent.done
    return [session, torrent]
  }

  /** Where others reach a session. */
  addressOf(session: Session): string {
    return `${session.addresses[0]?.host}:${session.port}`
  }

  /** A folder for a copy. */
  copy(name = 'copy'): string {
    return join(this.path, name)
  }

  /** True when each file of the torrent below `copy` is the one below `origin`, byte for byte. */
  async isCopied(torrent: Torrent, copy = this.copy()): Promise<boolean> {
    for (const file of torrent.files) {
      const original = await readFile(join(this.path, 'origin', file.path))
      if (Buffer.compare(original, await readFile(join(copy, file.path))) !== 0) return false
    }
    return true
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#scope.close()
    await rm(this.path, { recursive: true, force: true })
  }
}

/** The first event of a type, and for which `accept` is true, from the call on. */
export async function eventOf<Type extends TorrentEventType>(
  source: Torrent,
  type: Type,
  accept: (event: Extract<TorrentEvent, { type: Type }>) => boolean = () => true,
): Promise<Extract<TorrentEvent, { type: Type }>> {
  for await (const event of source.events({ types: [type] })) {
    if (event.type === type && accept(event as never)) return event as never
  }
  throw new Error(`the torrent was closed before '${type}'`)
}

/** What an endless stream gave until now, in order. */
export function collect<Event>(events: AsyncIterable<Event>): readonly Event[] {
  const collected: Event[] = []
  void (async () => {
    for await (const event of events) collected.push(event)
  })()
  return collected
}
