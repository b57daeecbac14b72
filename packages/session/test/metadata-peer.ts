// A peer that has, or claims to have, the metadata of a torrent and nothing else. It stands on our own wire, because no session
// can be asked to lie.

import type { ByteStream, Listener, Transport } from '@torrential/contracts'
import {
  createPeerId,
  formatAddress,
  fromHex,
  infoHashFrom,
  isTorrentialError,
  type PeerAddress,
  peerAddress,
} from '@torrential/primitives'
import { systemRandom } from '@torrential/primitives/system'
import {
  decodeMetadataMessage,
  encodeExtensionHandshake,
  encodeMetadataMessage,
  type ExtensionHandshake,
  type HashRequestMessage,
  hashesCount,
  decodeExtensionHandshake,
  type Message,
  metadataPieceLength,
} from '@torrential/protocol'
import type { MemoryNetwork } from '@torrential/transport'
import { connectWire, Wire } from '@torrential/wire'

export interface MetadataPeerSetup {
  readonly infoHash: string
  /** What it sends. */
  readonly metadata: Uint8Array
  /** Claimed. @default the length of what it sends */
  readonly length?: number
  /** It never answers a request. */
  readonly silent?: boolean
  /** It says nothing at all after the handshake. */
  readonly speechless?: boolean
  /** What it says to requests for hashes (BEP 52). @default 'reject' */
  readonly hashes?: 'reject' | 'lie'
}

export class MetadataPeer implements AsyncDisposable {
  readonly address: string
  /** Requests that came. */
  requests = 0
  /** Of those for hashes. */
  hashRequests = 0
  /** Of everyone who connected. */
  readonly handshakes: ExtensionHandshake[] = []
  readonly #setup: MetadataPeerSetup
  readonly #transport: Transport
  readonly #serving: Promise<void>

  private constructor(setup: MetadataPeerSetup, transport: Transport, listener: Listener) {
    this.#setup = setup
    this.#transport = transport
    this.address = formatAddress(listener.address)
    this.#serving = this.#serve(listener)
  }

  /** On a network in memory, as a host of its own. */
  static start(network: MemoryNetwork, setup: MetadataPeerSetup): Promise<MetadataPeer> {
    const transport = network.transport()
    return MetadataPeer.startOn(transport, peerAddress(transport.host, 6881), setup)
  }

  /** Listens at `address`; closes the transport when it is disposed. */
  static async startOn(transport: Transport, address: PeerAddress, setup: MetadataPeerSetup): Promise<MetadataPeer> {
    return new MetadataPeer(setup, transport, await transport.listen(address))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#transport[Symbol.asyncDispose]()
    await this.#serving
  }

  async #serve(listener: Listener): Promise<void> {
    const talks: Promise<void>[] = []
    for await (const { stream } of listener) talks.push(this.#talk(stream))
    await Promise.all(talks)
  }

  async #talk(stream: ByteStream): Promise<void> {
    await using wire = new Wire()
    connectWire(wire, stream)
    const { infoHash, metadata, length = metadata.length, speechless = false } = this.#setup
    const greeting = (payload: Uint8Array): Message[] => [{ type: 'have-none' }, { type: 'extended', id: 0, payload }]
    const capabilities = { extensions: true, fast: true, dht: false, v2: false }
    try {
      const peerId = createPeerId(systemRandom)
      await wire.accept(() => ({ infoHash: infoHashFrom(fromHex(infoHash)), peerId, capabilities }))
      const extensions = new Map([['ut_metadata', 9]])
      const payload = encodeExtensionHandshake({ extensions, metadataLength: length })
      if (!speechless) for (const first of greeting(payload)) wire.send(first)
      for await (const batch of wire.receive()) for (const message of batch) this.#hear(wire, message)
    } catch (error) {
      if (!isTorrentialError(error)) throw error
    }
  }

  #hashRequest(wire: Wire, message: HashRequestMessage): void {
    this.hashRequests++
    const count = hashesCount(message.length, message.proofLayers, 8_192) ?? 0
    const lie: Message = { ...message, type: 'hashes', hashes: new Uint8Array(32 * count) }
    wire.send(this.#setup.hashes === 'lie' ? lie : { ...message, type: 'hash-reject' })
  }

  #hear(wire: Wire, message: Message): void {
    const { metadata, length = metadata.length, silent = false } = this.#setup
    if (message.type === 'hash-request') this.#hashRequest(wire, message)
    if (message.type !== 'extended') return
    if (message.id === 0) this.handshakes.push(decodeExtensionHandshake(message.payload))
    if (message.id !== 9) return
    const asked = decodeMetadataMessage(message.payload)
    if (asked.type !== 'request') return
    this.requests++
    if (silent) return
    const start = asked.piece * 16_384
    const data = metadata.subarray(start, start + metadataPieceLength(asked.piece, length))
    const payload = encodeMetadataMessage({ type: 'data', piece: asked.piece, totalLength: length, data })
    wire.send({ type: 'extended', id: 1, payload })
  }
}
