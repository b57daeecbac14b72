// How deep pipelines may be, so that what is requested never waits in the queues of a few peers while others have nothing to do. The
// credit bounds what is on its way from all peers together; with many of them it pays for much less than `pipelineTime` of each. What a
// peer gets of it is proportional to its rate: then everybody's queue lasts equally long. A peer whose rate is not known yet may
// have as much as any other.

import { BLOCK_LENGTH } from '@torrential/primitives'
import type { ByteLedger } from './byte-ledger.ts'
import type { ResolvedOptions } from './options.ts'
import type { PipelineLimits } from './request-pipeline.ts'

const { floor, max } = Math

/** Where the credit comes back within so many milliseconds, a peer that waits for it loses nothing … */
const AT_ONCE_MS = 250
/** … and so many blocks at a time cost less than a few for everybody. */
const LEAST_SHARE = 32

export class CreditShares implements PipelineLimits {
  /** Peers that do not choke us. */
  open = 0
  readonly #options: () => ResolvedOptions
  readonly #ledger: ByteLedger
  readonly #isRead: () => boolean
  #rate = 0
  /** Milliseconds that all pipelines may cover. */
  #affordable = Number.POSITIVE_INFINITY

  /** `isRead`: somebody reads a file. */
  constructor(options: () => ResolvedOptions, ledger: ByteLedger, isRead: () => boolean = () => false) {
    this.#options = options
    this.#ledger = ledger
    this.#isRead = isRead
  }

  get isRead(): boolean {
    return this.#isRead()
  }

  get maxRequests(): number {
    return this.#options().maxRequests
  }

  get pipelineTime(): number {
    return this.#options().pipelineTime
  }

  get affordableTime(): number {
    return this.#affordable
  }

  get share(): number {
    const equal = floor(this.#payable / BLOCK_LENGTH / max(1, this.open))
    return this.#affordable < AT_ONCE_MS ? max(equal, LEAST_SHARE) : equal
  }

  /** Milliseconds until everything is here that was asked for; 0 while no rate is known. */
  get rest(): number {
    return this.#rate === 0 ? 0 : (this.#ledger.requested * 1_000) / this.#rate
  }

  /** To be called about once a second with the rate of all peers together, bytes per second. */
  measure(rate: number): void {
    this.#rate = rate
    this.#affordable = rate === 0 ? Number.POSITIVE_INFINITY : (this.#payable * 1_000) / rate
  }

  /** Bytes that may be on their way: those that are, and the credit that is left. */
  get #payable(): number {
    const { credit, requested } = this.#ledger
    return max(0, credit.free) + requested
  }
}
