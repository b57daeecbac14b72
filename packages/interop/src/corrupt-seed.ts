// A seed that is always wrong: it claims every piece, answers every request at once, and every block is noise. Or a sly one, whose
// blocks are right but for some.
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

/** The right bytes of a block, or undefined for noise in its place. */
export type RightBlock = (piece: number, offset: number, length: number) => Uint8Array | undefined

/** See the module's header. */
export class CorruptSeed implements AsyncDisposable {
  /** Where it takes connections, `address:port`. */
  readonly address: string
  readonly #torrent: MadeTorrent
  readonly #right: RightBlock
  readonly #transport: TcpTransport
  readonly #accepting: Promise<void>
  #blocksSent = 0
  #connections = 0

  private constructor(torrent: MadeTorrent, right: RightBlock, transport: TcpTransport, listener: Listener) {
    this.#torrent = torrent
    this.#right = right
    this.#transport = transport
    this.address = `${host}:${listener.address.port}`
    this.#accepting = this.#accept(listener)
  }

  /** `right`: of which blocks the right bytes are sent. @default none */
  static async start(torrent: MadeTorrent, right: RightBlock = () => undefined): Promise<CorruptSeed> {
    const transport = new TcpTransport()
    return new CorruptSeed(torrent, right, transport, await transport.listen(peerAddress(host, 0)))
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
      const right = this.#right(piece, offset, length)
      if (right === undefined) this.#blocksSent += 1
      const block = right ?? noise.subarray(0, length)
      if (!wire.send({ type: 'piece', piece, offset, block })) await wire.drained()
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
