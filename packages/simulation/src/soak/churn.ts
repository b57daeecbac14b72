// An hour in the life of two sessions that stay: story after story, several at a time (stories.ts). Then everybody leaves, and it is
// quiet: what is there now must be what was there an hour ago.

import { join } from 'node:path'
import { isTorrentialError } from '@torrential/primitives'
import type { Session, Torrent } from '@torrential/session'
import { askForAllHashes } from './hash-warm-up.ts'
import { addressOf, contentOf, type SoakWorld } from './soak-world.ts'
import { type Resident, Stories } from './stories.ts'

/** Milliseconds. */
const HOUR = 3_600_000
const LONGEST_PAUSE = 30_000
/** Going on at one time. */
const MOST_STORIES = 8
const KIBI = 1_024

/** What came to pass, to tell that something did. */
export interface Deeds {
  stories: number
  bytes: number
  banned: number
  failedPieces: number
  /** By code, what was refused or given up. */
  readonly errors: Map<string, number>
}

export class Churn implements AsyncDisposable {
  readonly deeds: Deeds = { stories: 0, bytes: 0, banned: 0, failedPieces: 0, errors: new Map() }
  readonly #world: SoakWorld
  readonly #seeder: Session
  readonly #leecher: Session
  /** Of the torrent that stays. */
  readonly #seed: Torrent
  readonly #leech: Torrent
  readonly #stories: Stories
  readonly #busy: number
  readonly #running = new Set<Promise<void>>()
  #failure: unknown

  private constructor(world: SoakWorld, busy: number, seed: Resident, leech: Resident) {
    this.#world = world
    this.#busy = busy
    this.#seeder = seed.session
    this.#seed = seed.torrent
    this.#leecher = leech.session
    this.#leech = leech.torrent
    this.#stories = new Stories(world, { seed, leech, moved: (bytes) => (this.deeds.bytes += bytes) })
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
      if (this.#running.size < MOST_STORIES) this.#begin(this.#stories.choose())
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
}
