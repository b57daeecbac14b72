// The parts of an engine, made and joined; and what follows on every input: free slots are given away, idle peers look for work.

import { BlockBlame } from './block-blame.ts'
import { CarryOver } from './carry-over.ts'
import { Connections } from './connections.ts'
import { Downloads } from './downloads.ts'
import { HashExchange } from './hash-exchange.ts'
import { HaveNews } from './have-news.ts'
import { Housekeeper } from './housekeeper.ts'
import { Inbound } from './inbound.ts'
import { Interest } from './interest.ts'
import { MetadataServe } from './metadata-serve.ts'
import { Requester } from './requester.ts'
import type { Swarm } from './swarm.ts'
import { Uploads } from './uploads.ts'
import { Verdicts } from './verdicts.ts'
import { Wishes } from './wishes.ts'

export class EngineWorks {
  readonly requester: Requester
  readonly connections: Connections
  readonly downloads: Downloads
  readonly carryOver: CarryOver
  readonly verdicts: Verdicts
  readonly uploads: Uploads
  readonly metadata: MetadataServe
  readonly hashes: HashExchange
  readonly inbound: Inbound
  readonly housekeeper: Housekeeper
  readonly wishes: Wishes
  readonly #swarm: Swarm

  constructor(swarm: Swarm) {
    const { outbox, peers } = swarm
    const interest = new Interest(swarm)
    const news = new HaveNews(outbox, peers)
    const requester = new Requester(swarm, news)
    const connections = new Connections(swarm, requester, news)
    const hashes = new HashExchange(swarm, connections)
    const blame = new BlockBlame(swarm, { requester, connections, hashes })
    const downloads = new Downloads(swarm, { requester, connections, hashes, blame })
    const verdicts = new Verdicts(swarm, { requester, connections, interest, hashes, blame, news })
    const uploads = new Uploads(swarm, connections)
    const metadata = new MetadataServe({ outbox, connections, metadata: swarm.metadata })
    const shared = { requester, connections, downloads, uploads, hashes }
    this.#swarm = swarm
    this.requester = requester
    this.connections = connections
    this.downloads = downloads
    this.carryOver = new CarryOver(swarm, downloads)
    this.verdicts = verdicts
    this.uploads = uploads
    this.metadata = metadata
    this.hashes = hashes
    this.inbound = new Inbound(swarm, { ...shared, interest, metadata })
    this.housekeeper = new Housekeeper(swarm, { ...shared, interest, news })
    this.wishes = new Wishes(swarm, { ...shared, interest, verdicts })
  }

  /** What became possible by the input. */
  settle(now: number): void {
    const swarm = this.#swarm
    if (now > swarm.now) swarm.now = now
    if (swarm.hasFreeSlot) this.uploads.fillVacancies(now)
    if (swarm.hasNewWork || (swarm.ledger.isStarved && !swarm.ledger.isFull)) this.requester.fillAll(now)
    this.requester.updateEndgame()
    if (swarm.hasHashWork) this.hashes.fill(now)
    this.housekeeper.reschedule(now)
  }
}
