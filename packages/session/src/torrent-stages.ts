// What a torrent is made of from its beginning to its end: the body, which of a magnet link is another one once the metadata is here,
// what is remembered of it whatever the body, and the stream of its events.

import { resolve } from 'node:path'
import type { Magnet, Metainfo } from '@torrential/metainfo'
import { EventHub, type InputError } from '@torrential/primitives'
import { ActiveTorrent } from './active-torrent.ts'
import { isMetainfo } from './load-source.ts'
import type { AddOptions, MoveOptions } from './options.ts'
import { type PendingLegacy, PendingTorrent } from './pending-torrent.ts'
import { Reporter } from './reporter.ts'
import type { SessionContext } from './session-context.ts'
import { TorrentMemory } from './state/torrent-memory.ts'
import type { Torrent, TorrentOrigin } from './torrent.ts'
import { TorrentAssembly } from './torrent-assembly.ts'
import type { CloseOptions, TorrentBody } from './torrent-body.ts'
import { KEPT_EVENTS, OPT_IN_EVENTS, type TorrentEvent } from './torrent-events.ts'

export class TorrentStages {
  readonly hub = new EventHub<TorrentEvent>({ keep: KEPT_EVENTS, optIn: OPT_IN_EVENTS })
  readonly memory: TorrentMemory
  readonly #torrent: Torrent
  readonly #origin: Metainfo | Magnet
  readonly #context: SessionContext
  readonly #options: AddOptions
  /** Tells the torrent what it is. */
  readonly #learn: (metainfo: Metainfo) => void
  #body: TorrentBody
  #assembly: TorrentAssembly | undefined
  /** While there are no files. */
  #path: string

  constructor(torrent: Torrent, setup: TorrentOrigin, learn: (metainfo: Metainfo) => void) {
    const { origin, path, options, context, peers, paths, restored } = setup
    this.#torrent = torrent
    this.#learn = learn
    this.#path = path
    this.#origin = origin
    this.#context = context
    this.#options = options
    if (isMetainfo(origin)) {
      this.#body = new ActiveTorrent(this.#assemble(origin, options))
    } else {
      const known = (metainfo: Metainfo, legacy: PendingLegacy) => this.#become(metainfo, legacy)
      this.#body = new PendingTorrent({ torrent, magnet: origin, reporter: this.reporter(), context, options, known })
    }
    const magnet = isMetainfo(origin) ? undefined : origin
    this.memory = new TorrentMemory({ entries: context.entries, torrent, magnet, options, peers }, paths, restored)
  }

  /** The one of now. */
  get body(): TorrentBody {
    return this.#body
  }

  /** Undefined without metadata. */
  get assembly(): TorrentAssembly | undefined {
    return this.#assembly
  }

  /** Absolute path of the folder that holds the files, or will. */
  get path(): string {
    return this.#assembly?.path ?? this.#path
  }

  reporter(): Reporter {
    return new Reporter(this.#torrent, this.hub, this.#context.hub)
  }

  begin(): void {
    const { peers, isPaused } = this.memory
    for (const address of peers) this.#body.addPeer(address)
    const { check, start = true } = this.#options
    if (this.#body instanceof PendingTorrent) this.#body.begin(start, isPaused)
    else this.#assembly?.life.begin(check === 'full', start, isPaused)
  }

  /** @throws as `Torrent.move` */
  async move(path: string, options: MoveOptions): Promise<void> {
    options.signal?.throwIfAborted()
    const body = this.#body
    try {
      await body.move(path, options)
    } finally {
      this.memory.changed()
    }
    // The metadata came meanwhile.
    if (body !== this.#body) return this.move(path, options)
    if (this.#assembly !== undefined || this.#path === resolve(path)) return
    const from = this.#path
    this.#path = resolve(path)
    this.reporter().emit({ type: 'moved', torrent: this.#torrent, from, to: this.#path })
  }

  /** Another magnet link turned out to be the same torrent, and has its metadata. */
  supersede(error: InputError): void {
    if (this.#body instanceof PendingTorrent) this.#body.giveUp(error)
  }

  async close(options: CloseOptions): Promise<void> {
    const released = this.memory.release(options.forget)
    try {
      await this.#body.close(options)
    } finally {
      await released
      this.hub.close()
    }
  }

  #assemble(metainfo: Metainfo, options: AddOptions, legacy?: PendingLegacy): TorrentAssembly {
    const origin = this.#origin
    this.#assembly = new TorrentAssembly({
      torrent: this.#torrent,
      metainfo,
      path: this.path,
      reporter: this.reporter(),
      context: this.#context,
      options,
      legacy,
      ranges: isMetainfo(origin) ? undefined : origin.select,
    })
    return this.#assembly
  }

  /** The metadata of a magnet link is here. @throws InputError `TORRENT_DUPLICATE`, `TORRENT_PIECE_LAYER` */
  #become(metainfo: Metainfo, legacy: PendingLegacy): void {
    const pending = this.#body
    this.#context.learned(this.#torrent, metainfo)
    const assembly = this.#assemble(metainfo, legacy.options, legacy)
    const active = new ActiveTorrent(assembly)
    this.#learn(metainfo)
    this.#body = active
    if (pending instanceof PendingTorrent) pending.follow(active)
    this.memory.changed()
    this.reporter().emit({ type: 'metadata', torrent: this.#torrent })
    assembly.life.begin(legacy.options.check === 'full', true, legacy.isPaused)
  }
}
