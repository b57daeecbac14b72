// A seed that is always wrong: it claims every piece, answers every request at once, and every block is noise.
//
// Built on our own wire, because no real program can be asked to do this. It listens on 127.0.0.2, so that a client which bans
// addresses does not ban the honest seed with it.
import { randomBytes } from 'node:crypto'
import { infoHashFrom, createPeerId, fromHex, isTorrentialError, peerAddress } from '@torrential/primitives'
import { systemRandom } from '@torrential/primitives/system'
import type { Handshake, Message } from '@torrential/protocol'
import type { ByteStream, Listener } from '@torrential/contracts'
import { TcpTransport } from '@torrential/transport'
import { connectWire, Wire } from '@torrential/wire'
import type { MadeTorrent } from './torrent-file.ts'

const host = '127.0.0.2'
/** The largest block that anybody may ask for. */
const noise = randomBytes(128 * 1024)

/** See the module's header. */
export class CorruptSeed implements AsyncDisposable {
  /** Where it takes connections, `address:port`. */
  readonly address: string
  readonly #torrent: MadeTorrent
  readonly #transport: TcpTransport
  readonly #accepting: Promise<void>
  #blocksSent = 0
  #connections = 0

  private constructor(torrent: MadeTorrent, transport: TcpTransport, listener: Listener) {
    this.#torrent = torrent
    this.#transport = transport
    this.address = `${host}:${listener.address.port}`
    this.#accepting = this.#accept(listener)
  }

  static async start(torrent: MadeTorrent): Promise<CorruptSeed> {
    const transport = new TcpTransport()
    return new CorruptSeed(torrent, transport, await transport.listen(peerAddress(host, 0)))
  }

  /** Wrong blocks that somebody asked for and got. */
  get blocksSent(): number {
    return this.#blocksSent
  }

  /** Connections that came so far. */
  get connections(): number {
    return this.#connections
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#transport[Symbol.asyncDispose]()
    await this.#accepting
  }

  async #accept(listener: Listener): Promise<void> {
    const serving: Promise<void>[] = []
    for await (const { stream } of listener) {
      this.#connections += 1
      serving.push(this.#serve(stream))
    }
    await Promise.all(serving)
  }

  async #serve(stream: ByteStream): Promise<void> {
    await using wire = new Wire()
    connectWire(wire, stream)
    try {
      await wire.accept(() => this.#handshake())
      wire.send({ type: 'bitfield', bitfield: fullBitfield(this.#torrent.pieceCount) })
      wire.send({ type: 'unchoke' })
      for await (const batch of wire.receive()) await this.#answer(wire, batch)
    } catch (error) {
      // Whoever finds out hangs up on it, in the middle of anything.
      if (!isTorrentialError(error)) throw error
    }
  }

  async #answer(wire: Wire, batch: readonly Message[]): Promise<void> {
    for (const message of batch) {
      if (message.type !== 'request') continue
      const { piece, offset, length } = message
      this.#blocksSent += 1
      if (!wire.send({ type: 'piece', piece, offset, block: noise.subarray(0, length) })) await wire.drained()
    }
  }

  #handshake(): Handshake {
    return {
      infoHash: infoHashFrom(fromHex(this.#torrent.infoHash)),
      peerId: createPeerId(systemRandom),
      capabilities: { extensions: false, fast: false, dht: false, v2: false },
    }
  }
}

function fullBitfield(pieceCount: number): Uint8Array {
  const bitfield = new Uint8Array(Math.ceil(pieceCount / 8)).fill(0xff)
  const spare = bitfield.length * 8 - pieceCount
  bitfield[bitfield.length - 1] = (0xff << spare) & 0xff
  return bitfield
}
