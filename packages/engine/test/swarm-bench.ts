// A bench to hold one engine: peers that say what the test says, and everything that the engine did, in order.

import type { FileTrees } from '@torrential/metainfo'
import {
  Bitfield,
  BLOCK_LENGTH,
  Geometry,
  type InfoHash,
  peerAddress,
  type PeerId,
  type PeerKey,
  type PieceIndex,
  SeededRandom,
} from '@torrential/primitives'
import type { Capabilities, Message, MessageType, RequestMessage } from '@torrential/protocol'
import { type Action, type DownloadCredit, type EngineEvent, type EngineOptions, SwarmEngine } from '../src/index.ts'

export const FAST: Capabilities = { extensions: true, fast: true, dht: false, v2: false }
export const PLAIN: Capabilities = { extensions: false, fast: false, dht: false, v2: false }

/** A value that the test relies on. */
export function must<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('the test expected a value')
  return value
}

/** `'##..#'`: the pieces with `#`. */
export function picture(text: string): Bitfield {
  const field = new Bitfield(text.length)
  for (let piece = 0; piece < text.length; piece++) if (text[piece] === '#') field.add(piece)
  return field
}

export function draw(field: Bitfield): string {
  return Array.from({ length: field.length }, (_, piece) => (field.has(piece) ? '#' : '.')).join('')
}

export interface BenchSetup {
  readonly have: string
  /** Blocks in a piece. @default 2 */
  readonly blocks?: number
  readonly options?: EngineOptions
  readonly credit?: DownloadCredit
  readonly seed?: number
  readonly metadata?: Uint8Array
  /** Of a v2 or hybrid torrent, whose pieces it is then about. */
  readonly trees?: FileTrees
}

export class SwarmBench {
  readonly engine: SwarmEngine
  readonly geometry: Geometry
  readonly have: Bitfield
  /** Everything since the last `clear`. */
  actions: Action[] = []
  now = 1_000
  #keys = 0

  constructor(setup: BenchSetup) {
    const { have, blocks = 2, options, credit, seed = 1 } = setup
    const pieceLength = blocks * BLOCK_LENGTH
    this.geometry = setup.trees?.geometry ?? new Geometry('v1', pieceLength, [{ length: have.length * pieceLength }])
    this.have = picture(have)
    this.engine = new SwarmEngine(
      {
        geometry: this.geometry,
        have: this.have,
        random: new SeededRandom(seed),
        infoHash: new Uint8Array(20).fill(0xaa) as InfoHash,
        ...(credit && { credit }),
        ...(setup.metadata && { metadata: setup.metadata }),
        ...(setup.trees && { trees: setup.trees }),
      },
      options,
    )
  }

  /** Connects a peer that has `pieces` ('' says nothing), and unless told otherwise unchokes us. */
  join(
    pieces: string,
    how: { capabilities?: Capabilities; choking?: boolean; host?: string; id?: number; greeted?: boolean } = {},
  ): PeerKey {
    const key = ++this.#keys as PeerKey
    const { capabilities = FAST, host = `10.1.${key >> 8}.${key & 255}` } = how
    const peerId = new Uint8Array(20).fill(how.id ?? key) as PeerId
    const address = peerAddress(host, 6881)
    const { greeted = false } = how
    this.engine.connected(key, { peerId, capabilities, address, incoming: false, greeted }, this.now)
    this.drain()
    const messages: Message[] = pieces === '' ? [] : [{ type: 'bitfield', bitfield: picture(pieces).toBytes() }]
    if (how.choking !== true) messages.push({ type: 'unchoke' })
    this.say(key, ...messages)
    return key
  }

  leave(peer: PeerKey): void {
    this.engine.disconnected(peer, this.now)
    this.drain()
  }

  say(peer: PeerKey, ...messages: Message[]): void {
    this.engine.received(peer, messages, this.now)
    this.drain()
  }

  /** Runs the engine's timers for `ms`, second by second, while every peer of `alive` keeps talking. */
  wait(ms: number, alive: readonly PeerKey[] = []): void {
    const end = this.now + ms
    while (this.now < end) {
      this.now = Math.min(end, this.now + 500)
      for (const peer of alive) this.engine.received(peer, [{ type: 'keep-alive' }], this.now)
      if (this.engine.deadline <= this.now) this.engine.tick(this.now)
      this.drain()
    }
  }

  drain(): void {
    for (let action = this.engine.next(); action !== undefined; action = this.engine.next()) this.actions.push(action)
  }

  clear(): void {
    this.actions = []
  }

  /** Messages to a peer since the last `clear`. */
  sent<Type extends MessageType>(peer: PeerKey, type: Type): Extract<Message, { type: Type }>[] {
    const messages = this.actions.flatMap((action) => {
      if (!('peer' in action) || action.peer !== peer) return []
      if (action.type === 'send-haves') return action.pieces.map((piece): Message => ({ type: 'have', piece }))
      return action.type === 'send' ? [action.message] : []
    })
    return messages.filter((message): message is Extract<Message, { type: Type }> => message.type === type)
  }

  /** Requests to a peer as `piece:block`. */
  asked(peer: PeerKey): string[] {
    return this.sent(peer, 'request').map(({ piece, offset }) => `${piece}:${offset / BLOCK_LENGTH}`)
  }

  /** Pieces asked of a peer, each once, in order of asking. */
  piecesAsked(peer: PeerKey): number[] {
    return [...new Set(this.sent(peer, 'request').map(({ piece }) => piece))]
  }

  events<Type extends EngineEvent['type']>(type: Type): Extract<EngineEvent, { type: Type }>[] {
    const events = this.actions.flatMap((action) => (action.type === 'event' ? [action.event] : []))
    return events.filter((event): event is Extract<EngineEvent, { type: Type }> => event.type === type)
  }

  actionsOf<Type extends Action['type']>(type: Type): Extract<Action, { type: Type }>[] {
    return this.actions.filter((action): action is Extract<Action, { type: Type }> => action.type === type)
  }

  /** The code of the close action for a peer. */
  closed(peer: PeerKey): string | undefined {
    return this.actionsOf('close').find((action) => action.peer === peer)?.error.code
  }

  /** The right content of a block: every byte is piece + block. */
  bytes(piece: number, block: number, wrong = 0): Uint8Array {
    return new Uint8Array(BLOCK_LENGTH).fill(piece + block + wrong)
  }

  /** The peer answers these requests. */
  answer(peer: PeerKey, requests: readonly RequestMessage[], wrong = 0): void {
    for (const { piece, offset } of requests) {
      this.say(peer, { type: 'piece', piece, offset, block: this.bytes(piece, offset / BLOCK_LENGTH, wrong) })
    }
  }

  /** Every commit since the last `clear` is answered. */
  commitAll(): PieceIndex[] {
    const pieces = this.actionsOf('commit').map((action) => action.piece)
    this.actions = this.actions.filter((action) => action.type !== 'commit')
    for (const piece of pieces) this.engine.committed(piece, this.now)
    this.drain()
    return pieces
  }

  /** The peer answers whatever it is asked, and the disk agrees, until nothing is asked any more. */
  serve(peer: PeerKey, most = Number.POSITIVE_INFINITY): number {
    let served = 0
    for (
      let requests = this.sent(peer, 'request');
      requests.length > 0 && served < most;
      requests = this.sent(peer, 'request')
    ) {
      this.actions = this.actions.filter(
        (action) => action.type !== 'send' || action.message.type !== 'request' || action.peer !== peer,
      )
      this.answer(peer, requests)
      this.commitAll()
      served += requests.length
      this.now += 10
    }
    return served
  }
}
