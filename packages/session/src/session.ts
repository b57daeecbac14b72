// A session: the torrents of one process, and everything that they share – ports, limits, budgets, file handles, tracker
// sockets. Closing it closes all of them, tells the trackers, and leaves no handle, timer or socket.

import { resolve } from 'node:path'
import type { Transport } from '@torrential/contracts'
import {
  EventHub,
  type EventStream,
  InputError,
  isTorrentialError,
  type LaggedEvent,
  type PeerAddress,
  type PeerId,
  type SubscribeOptions,
  type StorageError,
} from '@torrential/primitives'
import { createTorrent, type CreateOptions } from '@torrential/storage'
import { Errands } from './errands.ts'
import { InboundGate } from './inbound-gate.ts'
import { isWithin } from './is-within.ts'
import { loadSource, magnetOf, type TorrentSource } from './load-source.ts'
import { type Listening, listenFirst } from './listening.ts'
import { makeContext } from './make-context.ts'
import {
  type AddOptions,
  checkPositive,
  checkSessionOptions,
  DEFAULTS,
  type RestoreOptions,
  type SessionOptions,
} from './options.ts'
import type { SessionContext } from './session-context.ts'
import type { SessionEvent, SessionEventType } from './session-events.ts'
import { type SessionStats, sessionStats } from './session-stats.ts'
import { restoreTorrents } from './state/restore-torrents.ts'
import type { StateLock } from './state/state-lock.ts'
import { addressOf, Torrent, type TorrentOrigin } from './torrent.ts'
import { KEPT_EVENTS, OPT_IN_EVENTS } from './torrent-events.ts'
import { type TorrentIdentity, TorrentIndex } from './torrent-index.ts'

/** What `session.seed` takes: how to add, and how to make the .torrent. */
export interface SeedOptions extends Omit<AddOptions, 'trackers' | 'path' | 'paths'>, Omit<CreateOptions, 'signal'> {}

/** Made by `createSession`. */
export class Session implements AsyncDisposable {
  /** 20 bytes that name us to peers and trackers. */
  readonly peerId: PeerId
  readonly #torrents = new TorrentIndex()
  readonly #hub = new EventHub<SessionEvent>({ keep: KEPT_EVENTS, optIn: OPT_IN_EVENTS })
  readonly #context: SessionContext
  readonly #transport: Transport
  readonly #gate: InboundGate
  /** Calls of `add` and `seed` under way. */
  readonly #errands = new Errands()
  readonly #lock: StateLock | undefined
  #listening: Listening | undefined
  #closing: Promise<void> | undefined

  /** @internal */
  constructor(options: SessionOptions) {
    checkSessionOptions(options)
    const { context, transport, lock } = makeContext(options, {
      hub: this.#hub,
      port: () => this.port,
      learned: (torrent, identity) => this.#learned(torrent, identity),
      relatives: (torrent, says) => this.#torrents.relatives(torrent, says),
      forget: (torrent) => this.#torrents.delete(torrent),
    })
    const { clock, peerId } = context
    this.peerId = peerId
    this.#context = context
    this.#transport = transport
    this.#lock = lock
    this.#gate = new InboundGate({
      clock,
      peerId,
      find: (infoHash) => this.#torrents.get(infoHash)?.inbound,
      allows: (address) => context.allows(address),
      refused: (address, reason) => this.#refused(address, reason),
    })
  }

  /** @internal */
  async open(options: SessionOptions): Promise<void> {
    // Where it cannot be had for now nothing is written before it is; what the torrents are for works all the same.
    await this.#lock?.take().catch((error: unknown) => {
      if (!isTorrentialError(error) || error.code === 'STATE_LOCKED') throw error
    })
    if (options.listen === false) return
    const ports = typeof options.port === 'number' ? [options.port] : (options.port ?? DEFAULTS.port)
    this.#listening = await listenFirst(this.#transport, options.host, ports)
    for (const listener of this.#listening.listeners) {
      this.#hub.emit({ type: 'listening', address: listener.address })
      void this.#gate.serve(listener)
    }
  }

  /** The port that peers connect to; 0 when not listening. */
  get port(): number {
    return this.#listening?.port ?? 0
  }

  /** The local addresses in fact bound. */
  get addresses(): readonly PeerAddress[] {
    return this.#listening?.listeners.map(({ address }) => address) ?? []
  }

  get torrents(): readonly Torrent[] {
    return this.#torrents.all
  }

  /** Bytes per second of all torrents together, Infinity for no limit; takes effect at once. */
  get maxDown(): number {
    return this.#context.down.rate
  }

  set maxDown(rate: number) {
    checkPositive('maxDown', rate)
    this.#context.down.rate = rate
  }

  /** Bytes per second of all torrents together, Infinity for no limit; takes effect at once. */
  get maxUp(): number {
    return this.#context.up.rate
  }

  set maxUp(rate: number) {
    checkPositive('maxUp', rate)
    this.#context.up.rate = rate
  }

  /** A snapshot. */
  get stats(): SessionStats {
    return sessionStats(this.#torrents.all, this.#context.credit)
  }

  /**
   * Adds a torrent and returns it at once; its check of what is on disk begins, `ready` tells when it is over. Of a magnet
   * link the metadata is fetched first (status `metadata`, then the event `metadata`).
   * @throws InputError `TORRENT_DUPLICATE` when it is here already (`error.data.torrent` is it), `SESSION_CLOSED`, and what
   * is wrong with the source (`SOURCE_…`, `TORRENT_…`, `BENCODE_…`, `MAGNET_…`) or the options (`OPTION_RANGE`, `ADDRESS_…`)
   */
  async add(source: TorrentSource, options: AddOptions = {}): Promise<Torrent> {
    this.#checkOpen()
    const { paths = 'portable' } = options
    return this.#errands.run(options.signal, async (signal) => {
      const origin = magnetOf(source) ?? (await loadSource(source, signal, { paths }))
      signal.throwIfAborted()
      // A parsed torrent has its names already.
      const rules = typeof source === 'object' && 'infoHash' in source ? {} : { paths }
      return this.#add({ origin, path: resolve(options.path ?? '.'), options, ...rules })
    })
  }

  /**
   * Adds the torrents again that earlier sessions had with this state folder, each as it was: where its files are, started,
   * paused or stopped, with its priorities, trackers and limits; a magnet link as the link while its metadata is not known. What
   * is here already is left as it is. A torrent that cannot be added is a `warning` with `STATE_DAMAGED`, and the others go on.
   * Without a state folder there are none. @throws InputError `SESSION_CLOSED`; StorageError `STATE_READ` when the folder cannot be
   * listed; the signal's reason
   */
  async restore(options: RestoreOptions = {}): Promise<readonly Torrent[]> {
    this.#checkOpen()
    const { entries } = this.#context
    if (entries === undefined) return []
    const add: Parameters<typeof restoreTorrents>[0]['add'] = (origin, how, restored) =>
      this.#add({ origin, path: restored.entry.path, paths: restored.entry.paths, options: how, restored })
    const warn = (error: StorageError) => this.#hub.emit({ type: 'warning', torrent: undefined, error })
    return this.#errands.run(options.signal, (signal) =>
      restoreTorrents({ entries, add, warn }, { ...options, signal }),
    )
  }

  /**
   * Makes a .torrent of a file or folder, adds it where it lies and seeds it. `torrent.torrentFile` is what others need.
   * @throws InputError `CREATE_…` and as `add`
   */
  async seed(path: string, options: SeedOptions = {}): Promise<Torrent> {
    this.#checkOpen()
    const whole = resolve(path)
    return this.#errands.run(options.signal, async (signal) => {
      const bytes = await createTorrent(whole, { pool: this.#context.hashing, ...options, signal }).result
      signal.throwIfAborted()
      const { trackers: _announced, ...rest } = options
      // The files are there under the very names that went into the .torrent, whatever other systems think of them.
      const metainfo = await loadSource(bytes, undefined, { paths: 'posix' })
      return this.#add({ origin: metainfo, path: resolve(whole, '..'), options: rest, paths: 'posix' })
    })
  }

  /** Stops and forgets a torrent, and deletes what it wrote when asked to. @throws StorageError when that fails */
  async remove(torrent: Torrent, options: { readonly deleteFiles?: boolean } = {}): Promise<void> {
    const isHere = this.#torrents.has(torrent)
    try {
      const { deleteFiles = false } = options
      await this.#errands.run(undefined, () => torrent.closeAndForget({ deleteFiles, forget: true }))
    } finally {
      if (isHere) this.#hub.emit({ type: 'torrent-removed', torrent })
    }
  }

  /** Subscribes at once to the events of the session and of all its torrents; see `SessionEvent`. */
  events(options?: SubscribeOptions<SessionEventType>): EventStream<SessionEvent | LaggedEvent> {
    return this.#hub.subscribe(options)
  }

  /**
   * Gives up what is under way, stops every torrent, tells trackers (at most 4 s), saves state, releases everything. Resolves
   * within 5 s: what the disk has not done by then is left to end by itself, and keeps the state folder locked until it has.
   * Idempotent.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    const { clock } = this.#context
    this.#gate.close()
    const errands = this.#errands.close(new InputError('SESSION_CLOSED', 'the session is closed'))
    const orderly = this.#closeTorrents(errands).then(() => this.#release())
    if (!(await isWithin(orderly, DEFAULTS.closeTimeout, clock))) void this.#sever().catch(() => {})
    this.#hub.close()
  }

  async #closeTorrents(errands: Promise<void>): Promise<void> {
    const closing = this.#torrents.all.map((torrent) => torrent[Symbol.asyncDispose]())
    await Promise.all([errands, this.#listening?.[Symbol.asyncDispose](), ...closing])
  }

  async #release(): Promise<void> {
    await this.#sever()
    await this.#context.handles[Symbol.asyncDispose]()
    // Last: whoever has the folder next must find everything written.
    await this.#lock?.[Symbol.asyncDispose]()
  }

  /** Ends all that is not the disk, whoever uses it. */
  async #sever(): Promise<void> {
    const { dialer, trackers, hashing } = this.#context
    dialer.close()
    await Promise.all([trackers.close(), this.#transport[Symbol.asyncDispose](), hashing.close()])
  }

  #add(setup: Omit<TorrentOrigin, 'context' | 'peers'>): Torrent {
    this.#checkOpen()
    const { origin, path, options, paths, restored } = setup
    const present = this.#torrents.find(origin)
    if (present !== undefined) throw duplicateOf(present)
    const peers = (options.peers ?? []).map((peer) => addressOf(peer))
    // Not spread: what is spread has a shape of its own, of which each torrent would have one.
    const torrent = new Torrent({ origin, path, options, context: this.#context, peers, paths, restored })
    this.#torrents.add(torrent, origin)
    this.#hub.emit({ type: 'torrent-added', torrent })
    torrent.begin()
    return torrent
  }

  #learned(torrent: Torrent, identity: TorrentIdentity): void {
    const other = this.#torrents.findOther(torrent, identity)
    if (other?.hasMetadata === true) throw duplicateOf(other)
    // Who knows more stays.
    other?.supersede(duplicateOf(torrent))
    this.#torrents.add(torrent, identity)
  }

  #refused(address: PeerAddress, reason: string): void {
    if (reason === 'PEER_FILTERED')
      this.#hub.emit({ type: 'peer-blocked', torrent: undefined, address, reason: 'filter' })
    else this.#hub.emit({ type: 'inbound-refused', address, reason })
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw new InputError('SESSION_CLOSED', 'the session is closed')
  }
}

/**
 * A session that listens and is ready for torrents.
 * @throws InputError `LISTEN_IN_USE` (every port of the list), `LISTEN_DENIED`, `LISTEN_FAILED`, `OPTION_RANGE`,
 * `ADDRESS_HOST`, `ADDRESS_PORT`, `STATE_LOCKED` (another session uses the state folder)
 */
export async function createSession(options: SessionOptions = {}): Promise<Session> {
  const session = new Session(options)
  try {
    await session.open(options)
  } catch (error) {
    await session.close()
    throw error
  }
  return session
}

function duplicateOf(torrent: Torrent): InputError {
  return new InputError('TORRENT_DUPLICATE', `${torrent.infoHash} is in this session already`, { torrent })
}
