// The UDP socket of one address family, shared by every exchange of a client. It is unref'd: a socket that waits for nobody
// must not keep a process alive (the exchanges' timers do, while there is something to wait for).

import { createSocket, type Socket } from 'node:dgram'
import type { AddressFamily } from '@torrential/primitives'

export interface UdpSocketParts {
  readonly family: AddressFamily
  readonly localHost: string | undefined
  /** `host` as the system spells it; the packet is the receiver's to keep. */
  readonly onPacket: (packet: Uint8Array, host: string, port: number) => void
  /** The socket is gone; it has been closed. */
  readonly onError: (error: Error) => void
}

export class UdpSocket {
  readonly #socket: Socket
  readonly #ready: Promise<void>
  #closed: Promise<void> | undefined

  constructor({ family, localHost, onPacket, onError }: UdpSocketParts) {
    const socket = createSocket({
      type: family === 4 ? 'udp4' : 'udp6',
      ipv6Only: family === 6,
      // Hosts are literals here; the default would put a name look-up between every send and the wire.
      lookup: (host, _options, callback) => callback(null, host, family),
    })
    this.#socket = socket
    this.#ready = new Promise((resolve, reject) => {
      socket.once('listening', resolve)
      socket.once('error', reject)
    })
    this.#ready.catch(() => {})
    socket.on('error', (error) => {
      void this.close()
      onError(error)
    })
    socket.on('message', (packet, { address, port }) => onPacket(packet, address, port))
    socket.bind({ port: 0, ...(localHost !== undefined && { address: localHost }) })
    socket.unref()
  }

  /** Resolves when the system has taken the packet. Rejects with the system's error. */
  async send(packet: Uint8Array, host: string, port: number): Promise<void> {
    await this.#ready
    await new Promise<void>((resolve, reject) => {
      this.#socket.send(packet, port, host, (error) => (error === null ? resolve() : reject(error)))
    })
  }

  /** Idempotent. */
  close(): Promise<void> {
    this.#closed ??= new Promise((resolve) => {
      this.#socket.close(() => resolve())
    })
    return this.#closed
  }
}
