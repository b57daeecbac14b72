// A small world around one MetadataFetch: peers that answer late, wrongly or not at all, in virtual time.

import { peerAddress, type PeerId, type PeerKey, SeededRandom } from '@torrential/primitives'
import {
  decodeMetadataMessage,
  encodeExtensionHandshake,
  encodeMetadataMessage,
  type Message,
  metadataPieceLength,
} from '@torrential/protocol'
import { MetadataFetch, type MetadataHashes } from '../src/index.ts'
import { FAST } from './swarm-bench.ts'

/** How a peer behaves. */
export type Manner =
  | 'honest'
  /** Every piece of the right length and wrong. */
  | 'wrong'
  /** Only its last piece is wrong. */
  | 'sly'
  /** Claims another length and sends that many bytes. */
  | 'short'
  | 'long'
  /** Claims 16 MiB and sends pieces of that, slowly. */
  | 'huge'
  | 'silent'
  | 'rejecting'
  /** Knows the extension and has no metadata. */
  | 'empty'
  /** Says one length in its handshake and another with its pieces. */
  | 'wavering'
  | 'babbling'
  /** Goes away at the first request. */
  | 'fleeing'

const THEIR_ID = 3
const ZEROS = new Uint8Array(16 * 1024 * 1024)

interface Event {
  readonly at: number
  readonly order: number
  readonly happen: () => void
}

interface Other {
  readonly manner: Manner
  readonly latency: number
  /** The info dictionary as it has it. */
  readonly version: Uint8Array
  isHere: boolean
}

export class MetadataBench {
  readonly fetch: MetadataFetch
  readonly metadata: Uint8Array
  readonly closed = new Map<PeerKey, string>()
  readonly banned = new Set<PeerKey>()
  readonly greetings: { readonly peer: PeerKey; readonly message: Message }[] = []
  result: Uint8Array | undefined
  now = 5_000
  requests = 0
  readonly #others = new Map<PeerKey, Other>()
  readonly #random: SeededRandom
  #events: Event[] = []
  #order = 0

  constructor(setup: { metadata: Uint8Array; hashes: MetadataHashes; seed?: number }) {
    this.metadata = setup.metadata
    this.#random = new SeededRandom(setup.seed ?? 1)
    this.fetch = new MetadataFetch({ hashes: setup.hashes, random: new SeededRandom((setup.seed ?? 1) + 1) })
  }

  /** The result is byte for byte what it should be. */
  get isRight(): boolean {
    return this.result !== undefined && Buffer.compare(this.result, this.metadata) === 0
  }

  /** A peer connects, and says what it has. */
  join(manner: Manner, latency = 20): PeerKey {
    const key = (this.#others.size + 1) as PeerKey
    this.#others.set(key, { manner, latency, version: versionOf(manner, this.metadata), isHere: true })
    const peerId = new Uint8Array(20).fill(key) as PeerId
    const address = peerAddress(`10.2.${key >> 8}.${key & 255}`, 6881)
    this.fetch.connected(key, { peerId, capabilities: FAST, address, incoming: false }, this.now)
    this.#drain()
    this.#later(latency, () => this.#say(key, { type: 'extended', id: 0, payload: this.#handshakeOf(key) }))
    return key
  }

  leave(key: PeerKey): void {
    const other = this.#others.get(key)
    if (other?.isHere !== true) return
    other.isHere = false
    this.fetch.disconnected(key, this.now)
    this.#drain()
  }

  /** Runs until the metadata is here or `ms` have passed; returns the milliseconds that it took. */
  run(ms: number): number {
    const begin = this.now
    const end = begin + ms
    while (this.result === undefined) {
      const event = this.#events[0]
      const next = Math.min(event?.at ?? Number.POSITIVE_INFINITY, this.fetch.deadline)
      if (next > end) {
        this.now = end
        break
      }
      this.now = Math.max(this.now, next)
      if (event !== undefined && event.at <= this.now) {
        this.#events.shift()
        event.happen()
      } else this.fetch.tick(this.now)
      this.#drain()
    }
    return this.now - begin
  }

  #later(ms: number, happen: () => void): void {
    this.#events.push({ at: this.now + ms, order: this.#order++, happen })
    this.#events.sort((a, b) => a.at - b.at || a.order - b.order)
  }

  #say(key: PeerKey, ...messages: Message[]): void {
    if (this.#others.get(key)?.isHere !== true) return
    this.fetch.received(key, messages, this.now)
    this.#drain()
  }

  #drain(): void {
    for (let action = this.fetch.next(); action !== undefined; action = this.fetch.next()) {
      if (action.type === 'metadata') this.result = action.bytes
      else if (action.type === 'ban') this.banned.add(action.peer)
      else if (action.type === 'close') {
        this.closed.set(action.peer, action.error.code)
        const other = this.#others.get(action.peer)
        if (other !== undefined) other.isHere = false
      } else this.#hear(action.peer, action.message)
    }
  }

  #hear(key: PeerKey, message: Message): void {
    const other = this.#others.get(key)
    if (other === undefined) return
    if (message.type !== 'extended' || message.id !== THEIR_ID) {
      this.greetings.push({ peer: key, message })
      return
    }
    const asked = decodeMetadataMessage(message.payload)
    if (asked.type !== 'request') return
    this.requests++
    const delay = other.latency * (1 + this.#random.next())
    this.#later(delay, () => this.#answer(key, other, asked.piece))
  }

  #handshakeOf(key: PeerKey): Uint8Array {
    const { manner, version } = this.#others.get(key) as Other
    const metadataLength = manner === 'wavering' ? this.metadata.length : version.length
    return encodeExtensionHandshake({
      extensions: new Map([['ut_metadata', THEIR_ID]]),
      ...(manner !== 'empty' && { metadataLength }),
    })
  }

  #answer(key: PeerKey, { manner, version }: Other, piece: number): void {
    if (manner === 'silent') return
    if (manner === 'fleeing') return this.leave(key)
    const payloads: Uint8Array[] = []
    if (manner === 'rejecting') payloads.push(encodeMetadataMessage({ type: 'reject', piece }))
    else if (manner === 'babbling') payloads.push(Uint8Array.of(105, 49, 101), new Uint8Array(20))
    else payloads.push(dataOf(piece, version))
    this.#say(key, ...payloads.map((payload): Message => ({ type: 'extended', id: 1, payload })))
  }
}

/** The info dictionary as that peer has it. */
function versionOf(manner: Manner, metadata: Uint8Array): Uint8Array {
  switch (manner) {
    case 'wrong':
      return metadata.map((byte) => byte ^ 1)
    case 'sly':
      return metadata.map((byte, at) => (at === metadata.length - 1 ? byte ^ 1 : byte))
    case 'short':
      return metadata.subarray(0, Math.ceil(metadata.length / 2))
    case 'long':
      return new Uint8Array(metadata.length + 20_000)
    case 'huge':
      return ZEROS
    case 'wavering':
      return metadata.subarray(1)
    default:
      return metadata
  }
}

function dataOf(piece: number, version: Uint8Array): Uint8Array {
  const start = piece * 16_384
  const data = version.subarray(start, start + metadataPieceLength(piece, version.length))
  return encodeMetadataMessage({ type: 'data', piece, totalLength: version.length, data })
}
