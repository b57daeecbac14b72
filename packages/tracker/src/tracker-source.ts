// A `PeerSource` made of trackers, for whoever wants peers of an infohash and has no session: one `Announcer` for each loop,
// over shared clients. Leaving the loop sends `stopped`.

import type { PeerCandidate, PeerSource, PeerSourceOptions } from '@torrential/contracts'
import { type Clock, createPeerId, type InfoHash, type PeerId, type Random } from '@torrential/primitives'
import { systemClock, systemRandom } from '@torrential/primitives/system'
import { Announcer } from './announcer.ts'
import type { AnnounceProgress } from './announcer-options.ts'
import { TrackerClients, type TrackerClientsOptions } from './tracker-clients.ts'

export interface TrackerSourceOptions extends TrackerClientsOptions {
  /** @default a new random one */
  readonly peerId?: PeerId
  /** What to tell about ourselves. @default nothing done, 1 byte left: a leech that asks */
  readonly progress?: () => AnnounceProgress
  /** Peers wanted from each announce, 0 … 1,000. @default 200 */
  readonly numWant?: number
  readonly clock?: Clock
  readonly random?: Random
}

export class TrackerSource implements PeerSource, AsyncDisposable {
  readonly #tiers: readonly (readonly string[])[]
  readonly #options: TrackerSourceOptions
  readonly #clock: Clock
  readonly #random: Random
  readonly #peerId: PeerId
  readonly #clients: TrackerClients
  readonly #announcers = new Set<Announcer>()
  #closing: Promise<void> | undefined

  /** `tiers` as in BEP 12. */
  constructor(tiers: readonly (readonly string[])[], options: TrackerSourceOptions = {}) {
    this.#tiers = tiers
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#random = options.random ?? systemRandom
    this.#peerId = options.peerId ?? createPeerId(this.#random)
    this.#clients = new TrackerClients({ clock: this.#clock, random: this.#random }, options)
  }

  /** Announces at the first pull, and again as trackers ask for it. Leaving the loop waits for `stopped`, 5 s at most. */
  peers(infoHash: InfoHash, options: PeerSourceOptions = {}): AsyncIterableIterator<PeerCandidate> {
    const { progress = () => ({ uploaded: 0, downloaded: 0, left: 1 }), numWant } = this.#options
    const announcer = new Announcer(
      {
        tiers: this.#tiers,
        infoHash,
        peerId: this.#peerId,
        progress,
        clock: this.#clock,
        random: this.#random,
        clients: this.#clients,
      },
      { port: options.port ?? 0, ...(numWant !== undefined && { numWant }) },
    )
    this.#announcers.add(announcer)
    const reader = announcer.peers({ ...(options.signal !== undefined && { signal: options.signal }) })
    const leave = async () => {
      await announcer.close()
      this.#announcers.delete(announcer)
    }
    // The signal ends the reader only: whoever fires it does not wait, so the goodbye is said behind its back.
    reader.onEnd(() => void leave())
    if (this.#closing !== undefined) void leave()
    return {
      next: () => reader.next(),
      return: async () => {
        const done = await reader.return()
        await leave()
        return done
      },
      [Symbol.asyncIterator]() {
        return this
      },
    }
  }

  /** Ends every loop, says `stopped` where needed (5 s at most) and closes the sockets. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= (async () => {
      await Promise.all([...this.#announcers].map((announcer) => announcer.close()))
      await this.#clients.close()
    })()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
