// The first 68 bytes of a connection (BEP 3): protocol string, eight reserved bytes of capability bits, infohash, peer id.
//
// The decoder looks at every byte of the protocol string as it comes, so that something that is not BitTorrent (an HTTP
// request, an encrypted handshake) is recognised at its first wrong byte and not after 68 that may never come.

import { concatBytes, fromLatin1, infoHashFrom, InputError, PeerError, peerIdFrom } from '@torrential/primitives'
import type { InfoHash, PeerId } from '@torrential/primitives'

/** Capability bits of the reserved bytes. */
export interface Capabilities {
  /** BEP 10: extension protocol. */
  readonly extensions: boolean
  /** BEP 6: fast extension. */
  readonly fast: boolean
  /** BEP 5: the peer runs a DHT node. */
  readonly dht: boolean
  /** BEP 52: the peer knows v2 of this (hybrid) torrent. */
  readonly v2: boolean
}

export interface Handshake {
  readonly infoHash: InfoHash
  readonly peerId: PeerId
  readonly capabilities: Capabilities
  /** The eight bytes as received, 8 bytes; made from `capabilities` when absent. */
  readonly reserved?: Uint8Array
}

/** Bytes of a handshake. */
export const HANDSHAKE_LENGTH = 68

/** Length byte 19 and the name of the protocol, 20 bytes. */
export const PROTOCOL_HEADER: Uint8Array = fromLatin1('\x13BitTorrent protocol')

/** The eight reserved bytes for these capabilities. */
export function encodeReserved(capabilities: Capabilities): Uint8Array {
  const reserved = new Uint8Array(8)
  if (capabilities.extensions) reserved[5] = 0x10
  reserved[7] = (capabilities.fast ? 0x04 : 0) | (capabilities.dht ? 0x01 : 0) | (capabilities.v2 ? 0x10 : 0)
  return reserved
}

/** What the reserved bytes say; bits that are not known are ignored. `reserved` is 8 bytes. */
export function decodeReserved(reserved: Uint8Array): Capabilities {
  const last = reserved[7] ?? 0
  return {
    extensions: ((reserved[5] ?? 0) & 0x10) !== 0,
    fast: (last & 0x04) !== 0,
    dht: (last & 0x01) !== 0,
    v2: (last & 0x10) !== 0,
  }
}

/**
 * 68 bytes. `reserved` goes out as it is when present.
 * @throws InputError `HANDSHAKE_RESERVED` unless `reserved` has 8 bytes, `INFOHASH_LENGTH`, `PEER_ID_LENGTH`
 */
export function encodeHandshake(handshake: Handshake): Uint8Array {
  const reserved = handshake.reserved ?? encodeReserved(handshake.capabilities)
  if (reserved.length !== 8) throw new InputError('HANDSHAKE_RESERVED', `reserved has ${reserved.length} bytes, not 8`)
  return concatBytes([PROTOCOL_HEADER, reserved, infoHashFrom(handshake.infoHash), peerIdFrom(handshake.peerId)])
}

/**
 * One whole handshake, copied out of `bytes`.
 * @throws PeerError `HANDSHAKE_PROTOCOL` when it does not begin with the name of the protocol, `HANDSHAKE_TRUNCATED` unless there
 * are exactly 68 bytes
 */
export function decodeHandshake(bytes: Uint8Array): Handshake {
  const decoder = new HandshakeDecoder()
  const used = decoder.push(bytes)
  if (decoder.handshake === undefined || used !== bytes.length) {
    throw new PeerError('HANDSHAKE_TRUNCATED', `a handshake has ${HANDSHAKE_LENGTH} bytes, not ${bytes.length}`)
  }
  return decoder.handshake
}

/** A handshake as its bytes arrive. */
export class HandshakeDecoder {
  readonly #bytes = new Uint8Array(HANDSHAKE_LENGTH)
  #filled = 0
  #handshake: Handshake | undefined

  /** Set once all 68 bytes are here. */
  get handshake(): Handshake | undefined {
    return this.#handshake
  }

  /** Bytes seen so far, 0 … 68. */
  get filled(): number {
    return this.#filled
  }

  /**
   * Takes what belongs to the handshake and returns how many bytes of `chunk` that was; the rest is messages already.
   * @throws PeerError `HANDSHAKE_PROTOCOL` at the first byte that differs
   */
  push(chunk: Uint8Array): number {
    const taken = Math.min(chunk.length, HANDSHAKE_LENGTH - this.#filled)
    for (let i = 0; i < taken; i++) {
      const at = this.#filled + i
      const byte = chunk[i] as number
      if (at < PROTOCOL_HEADER.length && byte !== PROTOCOL_HEADER[at]) {
        throw new PeerError('HANDSHAKE_PROTOCOL', `not BitTorrent: byte ${at} of the handshake is ${byte}`, {
          at,
          byte,
        })
      }
      this.#bytes[at] = byte
    }
    this.#filled += taken
    if (this.#filled === HANDSHAKE_LENGTH && this.#handshake === undefined) {
      const reserved = this.#bytes.slice(20, 28)
      this.#handshake = {
        infoHash: infoHashFrom(this.#bytes.slice(28, 48)),
        peerId: peerIdFrom(this.#bytes.slice(48, 68)),
        capabilities: decodeReserved(reserved),
        reserved,
      }
    }
    return taken
  }
}
