// A `PeerSource` made of trackers, for whoever wants peers of an infohash and has no session: one `Announcer` for each loop.
// Leaving the loop sends `stopped`.

import type { PeerCandidate, PeerSource, PeerSourceOptions } from '@torrential/contracts'
import type { InfoHash, PeerId } from '@torrential/primitives'
import type { AnnounceProgress } from './announcer.ts'
import type { TrackerClientsOptions } from './tracker-clients.ts'

export interface TrackerSourceOptions extends TrackerClientsOptions {
  /** @default a new random one */
  readonly peerId?: PeerId
  /** What to tell about ourselves. @default nothing done, 1 byte left: a leech that asks */
  readonly progress?: () => AnnounceProgress
  /** @default 200 */
  readonly numWant?: number
}

export class TrackerSource implements PeerSource, AsyncDisposable {
  constructor(_tiers: readonly (readonly string[])[], _options: TrackerSourceOptions = {}) {}

  peers(_infoHash: InfoHash, _options?: PeerSourceOptions): AsyncIterableIterator<PeerCandidate> {
    throw new Error('being written')
  }

  close(): Promise<void> {
    throw new Error('being written')
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
