// Uses the connections of a torrent that rests: the first one makes it work again.

import type { PeerAddress, PeerError } from '@torrential/primitives'
import type { AnnounceProgress } from '@torrential/tracker'
import type { Dialed } from './dialer.ts'
import type { Meeting, PeerUser } from './peer-intake.ts'
import type { WorksKeeper } from './works-keeper.ts'

const NOBODY: readonly Meeting[] = []

export class RestingSwarm implements PeerUser {
  /** A torrent rests when it has everything. */
  readonly isFinished = true
  readonly isUploadOnly = true
  readonly #keeper: WorksKeeper

  constructor(keeper: WorksKeeper) {
    this.#keeper = keeper
  }

  get meetings(): Iterable<Meeting> {
    return NOBODY
  }

  get progress(): AnnounceProgress {
    return this.#keeper.progress
  }

  isBanned(_address: PeerAddress): boolean {
    return false
  }

  attach(dialed: Dialed): PeerError | undefined {
    return this.#keeper.works.swarm.attach(dialed)
  }

  makeRoom(): void {}
}
