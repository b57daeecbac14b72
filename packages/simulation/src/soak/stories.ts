// What comes to pass around two sessions that stay: visitors come, are served and go in the middle of a piece, liars send wrong blocks,
// data is damaged and fetched again, torrents are added, paused, stopped, read from and removed. A story leaves nothing behind.

import { cp, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { peerAddress } from '@torrential/primitives'
import type { Session, Torrent } from '@torrential/session'
import { addressOf, contentOf, type SoakWorld } from './soak-world.ts'

const KIBI = 1_024
/** Hosts of those who lie about the torrent that stays: what is banned stays banned, so there is an end to them. */
const LIARS = 6
const VERSIONS = ['v1', 'v2', 'hybrid'] as const

/** A session that stays, and its torrent that does. */
export interface Resident {
  readonly session: Session
  readonly torrent: Torrent
}

export interface StoriesParts {
  readonly seed: Resident
  readonly leech: Resident
  /** Bytes of payload came to somebody who goes. */
  readonly moved: (bytes: number) => void
}

export class Stories {
  readonly #world: SoakWorld
  readonly #seeder: Session
  readonly #leecher: Session
  /** Of the torrent that stays. */
  readonly #seed: Torrent
  readonly #leech: Torrent
  readonly #moved: (bytes: number) => void
  readonly #liarHosts = new Set<string>()
  #names = 0

  constructor(world: SoakWorld, { seed, leech, moved }: StoriesParts) {
    this.#world = world
    this.#seeder = seed.session
    this.#seed = seed.torrent
    this.#leecher = leech.session
    this.#leech = leech.torrent
    this.#moved = moved
  }

  /** One of them, by the dice. */
  choose(): () => Promise<void> {
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
      this.#moved(visitor.stats.downloaded)
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
      this.#moved(leech.stats.downloaded)
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

  #newFolder(name: string): string {
    return join(this.#world.folder, `${name}-${this.#names++}`)
  }
}

/** What the soak itself does to a file that another story renames at this moment. */
function unlessMoved<Value>(work: Promise<Value>): Promise<Value | undefined> {
  return work.catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
    return undefined
  })
}
