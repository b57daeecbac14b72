// An hour in the life of two sessions that stay: visitors come, are served and go in the middle of a piece, liars send wrong blocks, data
// is damaged and fetched again, torrents are added, paused, stopped, read from and removed. Then everybody leaves, and it is quiet:
// what is there now must be what was there an hour ago.

import { cp, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isTorrentialError, peerAddress } from '@torrential/primitives'
import type { Session, Torrent } from '@torrential/session'
import { askForAllHashes } from './hash-warm-up.ts'
import type { SoakWorld } from './soak-world.ts'

/** Milliseconds. */
const HOUR = 3_600_000
const LONGEST_PAUSE = 30_000
/** What is asked for at one time, by one of the stories. */
const MOST_STORIES = 8
const KIBI = 1_024
/** Hosts of those who lie about the torrent that stays: what is banned stays banned, so there is an end to them. */
const LIARS = 6
const VERSIONS = ['v1', 'v2', 'hybrid'] as const

/** What came to pass, to tell that something did. */
export interface Deeds {
  stories: number
  bytes: number
  banned: number
  failedPieces: number
  /** By code, what was refused or given up. */
  readonly errors: Map<string, number>
}

interface Resident {
  readonly session: Session
  readonly torrent: Torrent
}

export class Churn implements AsyncDisposable {
  readonly deeds: Deeds = { stories: 0, bytes: 0, banned: 0, failedPieces: 0, errors: new Map() }
  readonly #world: SoakWorld
  readonly #seeder: Session
  readonly #leecher: Session
  /** Of the torrent that stays. */
  readonly #seed: Torrent
  readonly #leech: Torrent
  readonly #busy: number
  readonly #running = new Set<Promise<void>>()
  readonly #liarHosts = new Set<string>()
  #failure: unknown
  #names = 0

  private constructor(world: SoakWorld, busy: number, seed: Resident, leech: Resident) {
    this.#world = world
    this.#busy = busy
    this.#seeder = seed.session
    this.#seed = seed.torrent
    this.#leecher = leech.session
    this.#leech = leech.torrent
    void this.#watch()
  }

  /** `busy`: milliseconds of each hour in which something new happens all the time. */
  static async start(world: SoakWorld, busy: number): Promise<Churn> {
    const seeder = await world.session({ state: join(world.folder, 'state-seed') })
    const leecher = await world.session({ state: join(world.folder, 'state-leech') })
    await world.write(contentOf('origin/stays', 320 * KIBI))
    const origin = join(world.folder, 'origin', 'stays')
    const seed = await world.finish(seeder.seed(origin, { pieceLength: 32 * KIBI }))
    await world.finish(seed.ready)
    const options = { path: join(world.folder, 'copy'), peers: [addressOf(seeder)] }
    const leech = await world.finish(leecher.add(seed.torrentFile, options))
    await world.finish(leech.done)
    return new Churn(world, busy, { session: seeder, torrent: seed }, { session: leecher, torrent: leech })
  }

  /** An hour of virtual time, the last quarter of it at least in silence. Rejects when something other than a typed error came. */
  async hour(): Promise<void> {
    const world = this.#world
    const start = world.clock.now()
    while (world.clock.now() - start < this.#busy) {
      if (this.#running.size < MOST_STORIES) this.#begin(this.#chooseStory())
      await world.pass(world.pick(100, LONGEST_PAUSE))
      if (this.#failure !== undefined) throw this.#failure
    }
    await world.finish(Promise.all(this.#running))
    if (this.#failure !== undefined) throw this.#failure
    await this.#putInOrder()
    await world.pass(Math.max(900_000, start + HOUR - world.clock.now()))
    this.#checkIdle()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#world.finish(Promise.all([this.#leecher.close(), this.#seeder.close()]))
  }

  async #watch(): Promise<void> {
    for await (const event of this.#leecher.events({ types: ['piece-failed', 'peer-disconnected'] })) {
      if (event.type === 'piece-failed') this.deeds.failedPieces++
      if (event.type === 'peer-disconnected' && event.error?.code === 'PEER_BANNED') this.deeds.banned++
    }
  }

  #begin(story: () => Promise<void>): void {
    this.deeds.stories++
    const { errors } = this.deeds
    const running = story()
      .catch((error: unknown) => {
        if (isTorrentialError(error)) errors.set(error.code, (errors.get(error.code) ?? 0) + 1)
        else this.#failure ??= error
      })
      .finally(() => this.#running.delete(running))
    this.#running.add(running)
  }

  #chooseStory(): () => Promise<void> {
    const stories = [
      () => this.#visitor(),
      () => this.#visitor(),
      () => this.#visitor(),
      () => this.#shortLife(),
      () => this.#shortLife(),
      () => this.#damage(),
      () => this.#interfere(this.#seed),
      () => this.#interfere(this.#leech),
      () => this.#read(),
      () => this.#strangers(),
    ] as const
    return stories[this.#world.pick(0, stories.length - 1)] ?? stories[0]
  }

  /** Somebody who wants the torrent that stays, from both, and goes after a while, done or not, politely or not. */
  async #visitor(): Promise<void> {
    const world = this.#world
    const folder = this.#newFolder('visitor')
    const visitor = await world.session({ maxDown: world.pick(20, 400) * KIBI })
    const { host = '' } = visitor.addresses[0] ?? {}
    try {
      const peers = [addressOf(this.#seeder), addressOf(this.#leecher)]
      const source = world.pick(0, 2) === 0 ? this.#seed.magnet : this.#seed.torrentFile
      await visitor.add(source, { path: folder, peers })
      for (let cuts = world.pick(0, 2); cuts > 0; cuts--) {
        await world.sleep(world.pick(100, 20_000))
        world.network.cut(host)
      }
      await world.sleep(world.pick(100, 120_000))
      if (world.pick(0, 1) === 0) world.network.cut(host)
    } finally {
      this.deeds.bytes += visitor.stats.downloaded
      await visitor.close()
      await rm(folder, { recursive: true, force: true })
    }
  }

  /** A torrent that is made, fetched – from a liar too, half of the times – and removed again, done or not. */
  async #shortLife(): Promise<void> {
    const world = this.#world
    const name = `brief-${this.#names++}`
    const copy = this.#newFolder('brief-copy')
    await world.write(contentOf(`origin/${name}`, world.pick(20, 120) * KIBI))
    const origin = join(world.folder, 'origin', name)
    const version = VERSIONS[world.pick(0, 2)] ?? 'v1'
    const seed = await this.#seeder.seed(origin, { version, pieceLength: 16 * KIBI * 2 ** world.pick(0, 2) })
    await seed.ready
    const lies = this.#newFolder('liar')
    const liar = world.pick(0, 1) === 0 ? await this.#liar(seed, lies) : undefined
    try {
      const peers = [addressOf(this.#seeder), ...(liar === undefined ? [] : [addressOf(liar)])]
      const source = world.pick(0, 1) === 0 ? seed.magnet : seed.torrentFile
      const leech = await this.#leecher.add(source, { path: copy, peers, maxDown: world.pick(20, 200) * KIBI })
      await world.sleep(world.pick(100, 60_000))
      if (world.pick(0, 3) === 0) await leech.stop()
      this.deeds.bytes += leech.stats.downloaded
      await this.#leecher.remove(leech, { deleteFiles: true })
    } finally {
      await this.#seeder.remove(seed, { deleteFiles: true })
      await liar?.close()
      for (const folder of [copy, lies]) await rm(folder, { recursive: true, force: true })
    }
  }

  /** Somebody who has all of the torrent, a part of it wrong: it was damaged after its check. */
  async #liar(original: Torrent, folder: string, host?: string): Promise<Session> {
    const liar = await this.#world.session({ readCache: 1 }, host)
    await unlessMoved(cp(join(original.path, original.name), join(folder, original.name), { recursive: true }))
    const torrent = await liar.add(original.torrentFile, { path: folder })
    await torrent.ready
    await this.#spoil(torrent, 6)
    return liar
  }

  /** The disk loses a part of the torrent that stays, which is found and fetched again; a liar may be near. */
  async #damage(): Promise<void> {
    const world = this.#world
    const host = `10.66.0.${world.pick(1, LIARS)}`
    const lies = this.#newFolder('liar')
    const isLiarNear = world.pick(0, 1) === 0 && !this.#liarHosts.has(host)
    if (isLiarNear) this.#liarHosts.add(host)
    const liar = isLiarNear ? await this.#liar(this.#seed, lies, host) : undefined
    try {
      await this.#spoil(this.#leech, world.pick(1, 5))
      if (liar !== undefined) this.#leech.addPeer(addressOf(liar))
      await this.#leech.check()
      await world.sleep(world.pick(1_000, 60_000))
    } finally {
      await liar?.close()
      if (isLiarNear) this.#liarHosts.delete(host)
      await rm(lies, { recursive: true, force: true })
    }
  }

  async #spoil(torrent: Torrent, places: number): Promise<void> {
    for (let place = 0; place < places; place++) {
      const file = torrent.files[this.#world.pick(0, torrent.files.length - 1)]
      if (file === undefined) continue
      const path = join(torrent.path, file.path)
      await using handle = await unlessMoved(open(path, 'r+'))
      await handle?.write(
        this.#world.dice.bytes(1_000),
        0,
        1_000,
        this.#world.pick(0, Math.max(0, file.length - 1_000)),
      )
    }
  }

  /** What a user does to a torrent that runs, and takes back. */
  async #interfere(torrent: Torrent): Promise<void> {
    const world = this.#world
    const rest = () => world.sleep(world.pick(10, 20_000))
    const file = torrent.files[world.pick(0, torrent.files.length - 1)]
    switch (world.pick(0, 4)) {
      case 0:
        torrent.pause()
        await rest()
        return torrent.resume()
      case 1:
        await torrent.stop()
        await rest()
        return torrent.start()
      case 2:
        torrent.maxUp = world.pick(10, 200) * KIBI
        await rest()
        torrent.maxUp = Number.POSITIVE_INFINITY
        return
      case 3:
        if (file !== undefined) file.priority = 0
        await rest()
        if (file !== undefined) file.priority = 1
        return
      default: {
        const name = file?.path ?? ''
        await file?.rename(`${name}.moved`)
        await rest()
        await file?.rename(name)
      }
    }
  }

  /** Somebody reads a file and stops in the middle. */
  async #read(): Promise<void> {
    const file = this.#leech.files[this.#world.pick(0, this.#leech.files.length - 1)]
    if (file === undefined) return
    let chunks = this.#world.pick(1, 6)
    for await (const _chunk of file.stream({ start: this.#world.pick(0, file.length) })) if (--chunks === 0) break
  }

  /** Addresses where nobody is, and connections that say nothing. */
  async #strangers(): Promise<void> {
    const world = this.#world
    for (let many = world.pick(1, 5); many > 0; many--) {
      this.#leech.addPeer(`10.200.${world.pick(0, 3)}.${world.pick(1, 4)}:6881`)
    }
    const transport = world.network.transport()
    const host = this.#seeder.addresses[0]?.host ?? ''
    const stream = await transport.dial(peerAddress(host, this.#seeder.port))
    await world.sleep(world.pick(100, 20_000))
    await stream[Symbol.asyncDispose]()
    await transport[Symbol.asyncDispose]()
  }

  /** As it was at the start: started, wanted, whole; and what is kept for those who ask is all there. */
  async #putInOrder(): Promise<void> {
    const world = this.#world
    for (const torrent of [this.#seed, this.#leech]) {
      torrent.maxUp = Number.POSITIVE_INFINITY
      for (const file of torrent.files) file.priority = 1
      torrent.resume()
      await world.finish(torrent.start())
      await world.finish(torrent.check())
    }
    this.#leech.addPeer(addressOf(this.#seeder))
    await world.finish(this.#leech.done)
    await world.finish(askForAllHashes(world, this.#seeder, this.#seed))
    await world.finish(askForAllHashes(world, this.#leecher, this.#leech))
  }

  #checkIdle(): void {
    for (const session of [this.#seeder, this.#leecher]) {
      const { torrents, unwrittenBytes } = session.stats
      if (torrents !== 1 || unwrittenBytes !== 0) throw new Error(`not idle: ${JSON.stringify(session.stats)}`)
    }
    if (!this.#leech.isComplete) throw new Error('the torrent that stays is not whole')
  }

  #newFolder(name: string): string {
    return join(this.#world.folder, `${name}-${this.#names++}`)
  }
}

/** Three files of different lengths, `bytes` in all. */
function contentOf(folder: string, bytes: number): Map<string, number> {
  const part = Math.floor(bytes / 6)
  return new Map([
    [`${folder}/a.bin`, part],
    [`${folder}/deep/b.bin`, 2 * part],
    [`${folder}/c.bin`, bytes - 3 * part],
  ])
}

/** What the soak itself does to a file that another story renames at this moment. */
function unlessMoved<Value>(work: Promise<Value>): Promise<Value | undefined> {
  return work.catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
    return undefined
  })
}

function addressOf(session: Session): string {
  return `${session.addresses[0]?.host}:${session.port}`
}
