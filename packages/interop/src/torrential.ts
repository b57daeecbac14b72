// Ourselves, behind the same interface as everybody else, so that a test says only who meets whom.
//
// In the test's own process and without a state folder: every start checks what is on disk.
import { createSession, type Session, type Torrent } from '@torrential/session'
import type { Counterpart, Limits, PeerOptions, PeerStatus, RunningPeer } from './counterpart.ts'
import { until } from './deadline.ts'
import type { Ground } from './ground.ts'

const patience = 120_000

class TorrentialPeer implements RunningPeer {
  readonly name = 'torrential'
  readonly address: string
  /** For tests that want more than the interface shows. */
  readonly torrent: Torrent
  readonly #session: Session
  readonly #log: string[] = []
  #finished = false
  #failure: Error | undefined

  private constructor(session: Session, torrent: Torrent, host: string) {
    this.#session = session
    this.torrent = torrent
    this.address = `${host}:${session.port}`
    void this.#watch()
    void this.#listen()
  }

  static async start(ground: Ground, options: PeerOptions): Promise<TorrentialPeer> {
    const host = options.host ?? ground.host
    const session = await createSession({ host, port: 0 })
    ground.own(session)
    const torrent = await session.add(options.magnet ?? options.torrent, {
      path: options.directory,
      peers: options.peers ?? [],
      ...(options.trackers === undefined ? {} : { trackers: [options.trackers] }),
      ...(options.uploadLimit === undefined ? {} : { maxUp: options.uploadLimit }),
      ...(options.downloadLimit === undefined ? {} : { maxDown: options.downloadLimit }),
    })
    const peer = new TorrentialPeer(session, torrent, host)
    // Of a magnet link nothing is ready before there are peers.
    if (options.magnet === undefined) await torrent.ready
    return peer
  }

  async done(): Promise<void> {
    await until(
      'torrential to finish',
      () => {
        if (this.#failure !== undefined) throw this.#failure
        return this.#finished
      },
      { deadline: patience, detail: () => this.output() },
    )
  }

  async status(): Promise<PeerStatus> {
    const { bitfield, stats } = this.torrent
    return { have: bitfield.toBytes(), downloaded: stats.downloaded, uploaded: stats.uploaded, peers: stats.peers }
  }

  async setLimits({ upload, download }: Limits): Promise<void> {
    if (upload !== undefined) this.torrent.maxUp = upload === 0 ? Infinity : upload
    if (download !== undefined) this.torrent.maxDown = download === 0 ? Infinity : download
  }

  async stop(): Promise<void> {
    await this.#session[Symbol.asyncDispose]()
  }

  output(): string {
    const { status, stats } = this.torrent
    return ['--- torrential:', ...this.#log.map((line) => `    ${line}`), JSON.stringify({ status, stats })].join('\n')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  async #watch(): Promise<void> {
    try {
      await this.torrent.done
      this.#finished = true
    } catch (error) {
      this.#failure = error as Error
    }
  }

  /** Keeps what a failed test is explained by. */
  async #listen(): Promise<void> {
    for await (const event of this.torrent.events()) {
      if (event.type === 'piece' || event.type === 'checking') continue
      const { error, reason } = event as { error?: Error; reason?: string }
      this.#log.push([event.type, reason, error?.message].filter((part) => part !== undefined).join(' '))
      if (this.#log.length > 60) this.#log.shift()
    }
  }
}

/** See the module's header. */
export const torrential: Counterpart = {
  name: 'torrential',
  needsNamespace: false,
  available: async () => true,
  seed: (ground, options) => TorrentialPeer.start(ground, options),
  leech: (ground, options) => TorrentialPeer.start(ground, options),
}
