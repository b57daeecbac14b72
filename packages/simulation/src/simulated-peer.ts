// One client of a simulated swarm: a real engine, a line in, a line out, and a disk that takes its time.

import {
  type Action,
  DownloadCredit,
  type EngineEvent,
  type EngineOptions,
  type PeerInfo,
  SwarmEngine,
} from '@torrential/engine'
import type { FileTrees } from '@torrential/metainfo'
import {
  type Bitfield,
  BLOCK_LENGTH,
  type Drive,
  drive,
  type Geometry,
  type PeerAddress,
  type PeerId,
  type PeerKey,
  type PieceIndex,
  type Random,
} from '@torrential/primitives'
import type { Message } from '@torrential/protocol'
import { blockHashes, isRight, rightBlock, wrongBlock } from './simulated-content.ts'
import type { Line } from './simulated-link.ts'
import type { Timeline } from './timeline.ts'

export interface SimulatedPeerOptions {
  readonly name?: string
  /** Bytes per second. @default 1,000,000 */
  readonly up?: number
  /** Bytes per second. @default 10,000,000 */
  readonly down?: number
  /** Milliseconds to any other peer, one way. @default 25 */
  readonly latency?: number
  /** Bytes per second that the disk verifies and writes. @default 500,000,000 */
  readonly disk?: number
  /** Share of the blocks that it sends wrong, 0 … 1. @default 0 */
  readonly lies?: number
  /** It sends every hash wrong that it is asked for (BEP 52). @default false */
  readonly liesAboutHashes?: boolean
  /** It stops sending blocks, and says nothing of it, after so many. @default never */
  readonly stallsAfter?: number
  /** Bytes that may be requested or unwritten. @default 64 MiB */
  readonly credit?: number
  readonly engine?: EngineOptions
}

/** The way to a peer at the other end of a connection. */
export interface Route {
  readonly send: (message: Message) => void
  readonly close: () => void
}

/** What others may watch. */
export interface PeerTrace {
  readonly events: EngineEvent[]
  /** Codes of the connections that the engine closed, with the other peer's key here. */
  readonly closed: { readonly peer: PeerKey; readonly code: string }[]
  /** Most bytes that were requested or unwritten at a time. */
  mostOnCredit: number
  /** Pieces in the order in which they became complete, and when. */
  readonly pieces: { readonly piece: number; readonly at: number }[]
}

export interface SimulatedPeerParts {
  readonly timeline: Timeline
  readonly random: Random
  readonly geometry: Geometry
  readonly have: Bitfield
  /** Of a v2 or hybrid torrent. */
  readonly trees: FileTrees | undefined
  readonly address: PeerAddress
  readonly peerId: PeerId
}

export class SimulatedPeer {
  readonly name: string
  readonly engine: SwarmEngine
  readonly address: PeerAddress
  readonly peerId: PeerId
  readonly latency: number
  readonly inLine: Line
  readonly trace: PeerTrace = { events: [], closed: [], mostOnCredit: 0, pieces: [] }
  readonly routes = new Map<PeerKey, Route>()
  readonly #timeline: Timeline
  readonly #geometry: Geometry
  readonly #random: Random
  readonly #outLine: Line
  readonly #disk: Line
  readonly #lies: number
  readonly #liesAboutHashes: boolean
  readonly #stallsAfter: number
  readonly #credit: DownloadCredit
  readonly #drive: Drive
  /** Connections with something to pull, in turn. */
  readonly #ready: PeerKey[] = []
  /** Wrong blocks on disk, by piece and offset. */
  readonly #spoilt = new Map<number, Set<number>>()
  #isSending = false
  #blocksSent = 0

  constructor(parts: SimulatedPeerParts, options: SimulatedPeerOptions) {
    const { timeline, random, geometry, have } = parts
    this.name = options.name ?? 'peer'
    this.address = parts.address
    this.peerId = parts.peerId
    this.latency = options.latency ?? 25
    this.inLine = { rate: options.down ?? 10_000_000, freeAt: 0 }
    this.#outLine = { rate: options.up ?? 1_000_000, freeAt: 0 }
    this.#disk = { rate: options.disk ?? 500_000_000, freeAt: 0 }
    this.#lies = options.lies ?? 0
    this.#stallsAfter = options.stallsAfter ?? Number.POSITIVE_INFINITY
    this.#timeline = timeline
    this.#geometry = geometry
    this.#random = random
    this.#credit = new DownloadCredit(options.credit ?? 64 * 1024 * 1024)
    this.#liesAboutHashes = options.liesAboutHashes === true
    this.engine = new SwarmEngine(
      { geometry, have, random, credit: this.#credit, ...(parts.trees && { trees: parts.trees }) },
      options.engine,
    )
    this.#drive = drive(this.engine, timeline, (action) => this.#perform(action))
  }

  get isComplete(): boolean {
    return this.engine.have.isComplete
  }

  connected(key: PeerKey, info: PeerInfo, route: Route): void {
    this.routes.set(key, route)
    this.engine.connected(key, info, this.#timeline.now())
    this.pump()
  }

  received(key: PeerKey, messages: readonly Message[]): void {
    this.engine.received(key, messages, this.#timeline.now())
    this.pump()
  }

  disconnected(key: PeerKey): void {
    this.routes.delete(key)
    this.engine.disconnected(key, this.#timeline.now())
    this.pump()
  }

  /** To be called after anything was told to the engine from outside. */
  pump(): void {
    this.#drive.pump()
    this.trace.mostOnCredit = Math.max(this.trace.mostOnCredit, this.#credit.used)
  }

  stop(): void {
    this.#drive[Symbol.dispose]()
    for (const route of Array.from(this.routes.values())) route.close()
    this.engine[Symbol.dispose]()
  }

  #perform(action: Action): void {
    switch (action.type) {
      case 'send':
        this.routes.get(action.peer)?.send(action.message)
        return
      case 'send-haves':
        for (const piece of action.pieces) this.routes.get(action.peer)?.send({ type: 'have', piece })
        return
      case 'close':
        this.trace.closed.push({ peer: action.peer, code: action.error.code })
        this.routes.get(action.peer)?.close()
        return
      case 'commit':
        return this.#commit(action.piece, action.blocks)
      case 'write':
        return this.#write(action.piece, action.offset, action.blocks)
      case 'verify':
        return this.#onDisk(0, () => this.#judge(action.piece, (this.#spoilt.get(action.piece)?.size ?? 0) === 0))
      case 'hash-blocks':
        return this.#hashBlocks(action.piece)
      case 'upload-ready':
        this.#ready.push(action.peer)
        this.#sendNext()
        return
      case 'event':
        this.trace.events.push(action.event)
        return
      default:
        action satisfies never
    }
  }

  #commit(piece: PieceIndex, blocks: readonly Uint8Array[]): void {
    this.#onDisk(bytesOf(blocks), () => this.#judge(piece, blocks.every(isRight)))
  }

  #write(piece: PieceIndex, offset: number, blocks: readonly Uint8Array[]): void {
    const spoilt = this.#spoilt.get(piece) ?? new Set()
    this.#spoilt.set(piece, spoilt)
    const length = bytesOf(blocks)
    this.#onDisk(length, () => {
      blocks.forEach((block, at) =>
        isRight(block) ? spoilt.delete(offset + at * BLOCK_LENGTH) : spoilt.add(offset + at * BLOCK_LENGTH),
      )
      this.engine.written(piece, offset, length, this.#timeline.now())
    })
  }

  #hashBlocks(piece: PieceIndex): void {
    const spoilt = this.#spoilt.get(piece)
    const blocks = this.#geometry.blocksIn(piece)
    this.#onDisk(this.#geometry.lengthOf(piece), () => {
      const leaves = blockHashes(blocks, (block) => spoilt?.has(block * BLOCK_LENGTH) === true)
      this.engine.blockHashes(piece, leaves, this.#timeline.now())
    })
  }

  #judge(piece: PieceIndex, passed: boolean): void {
    const now = this.#timeline.now()
    if (!passed) return this.engine.rejected(piece, now)
    this.trace.pieces.push({ piece, at: now })
    this.engine.committed(piece, now)
  }

  #onDisk(bytes: number, done: () => void): void {
    const now = this.#timeline.now()
    this.#disk.freeAt = Math.max(now, this.#disk.freeAt) + (bytes * 1_000) / this.#disk.rate
    this.#timeline.timer(this.#disk.freeAt - now, () => {
      done()
      this.pump()
    })
  }

  /** One block at a time goes out on the line, the connections in turn. */
  #sendNext(): void {
    if (this.#isSending) return
    for (let key = this.#ready.shift(); key !== undefined; key = this.#ready.shift()) {
      for (let reply = this.engine.nextReply(key); reply !== undefined; reply = this.engine.nextReply(key)) {
        this.routes.get(key)?.send(this.#liesAboutHashes ? spoil(reply) : reply)
      }
      const upload = this.engine.nextUpload(key, this.#timeline.now())
      if (upload === undefined) continue
      this.#ready.push(key)
      this.#isSending = true
      const { piece, offset, length } = upload
      this.#timeline.timer((length * 1_000) / this.#outLine.rate, () => {
        this.#isSending = false
        this.#blocksSent++
        const block = this.#random.next() < this.#lies ? wrongBlock(length) : rightBlock(length)
        if (this.#blocksSent <= this.#stallsAfter) this.routes.get(key)?.send({ type: 'piece', piece, offset, block })
        this.engine.uploaded(key, length, this.#timeline.now())
        this.pump()
        this.#sendNext()
      })
      return
    }
  }
}

function spoil(message: Message): Message {
  return message.type === 'hashes' ? { ...message, hashes: message.hashes.map((byte) => byte ^ 1) } : message
}

function bytesOf(blocks: readonly Uint8Array[]): number {
  let bytes = (blocks.length - 1) * BLOCK_LENGTH
  bytes += blocks.at(-1)?.length ?? 0
  return bytes
}
