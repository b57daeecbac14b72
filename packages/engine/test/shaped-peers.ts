// Peers that send so many blocks in each tenth of a second, in the order in which they were asked, and a disk that is done at once.

import type { PeerKey } from '@torrential/primitives'
import type { Message, RequestMessage } from '@torrential/protocol'
import { must, type SwarmBench } from './swarm-bench.ts'

const TICK = 100

interface Shaped {
  readonly key: PeerKey
  /** Blocks in each tick. */
  readonly rate: number
  readonly queue: RequestMessage[]
  served: number
}

export class ShapedPeers {
  readonly peers: Shaped[] = []
  /** Requests that were sent, and how often: one action after the other is one write. */
  requests = 0
  bunches = 0
  cancels = 0
  readonly #bench: SwarmBench

  constructor(bench: SwarmBench) {
    this.#bench = bench
  }

  join(pieces: string, rate: number): Shaped {
    const shaped = { key: this.#bench.join(pieces), rate, queue: [], served: 0 }
    this.peers.push(shaped)
    return shaped
  }

  /** Requests that wait at each peer. */
  get waiting(): number[] {
    return this.peers.map(({ queue }) => queue.length)
  }

  /** One tenth of a second. */
  tick(): void {
    const bench = this.#bench
    bench.now += TICK
    if (bench.engine.deadline <= bench.now) bench.engine.tick(bench.now)
    bench.drain()
    for (const peer of this.peers) {
      this.#take()
      const answers = peer.queue.splice(0, peer.rate)
      peer.served += answers.length
      const messages = answers.map(
        ({ piece, offset }): Message => ({ type: 'piece', piece, offset, block: must(BLOCK) }),
      )
      if (messages.length > 0) bench.say(peer.key, ...messages)
      bench.commitAll()
    }
    this.#take()
  }

  /** What the engine has sent since the last look. */
  #take(): void {
    let last: PeerKey | undefined
    for (const action of this.#bench.actions) {
      if (action.type !== 'send') continue
      const { peer, message } = action
      const shaped = this.peers.find(({ key }) => key === peer)
      if (message.type === 'request') {
        shaped?.queue.push(message)
        this.requests++
        if (peer !== last) this.bunches++
        last = peer
      } else if (message.type === 'cancel') {
        this.cancels++
        const at = shaped?.queue.findIndex(({ piece, offset }) => piece === message.piece && offset === message.offset)
        if (at !== undefined && at >= 0) shaped?.queue.splice(at, 1)
      }
    }
    this.#bench.clear()
  }
}

const BLOCK = new Uint8Array(16_384)
