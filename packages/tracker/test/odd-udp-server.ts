// A UDP socket on which each test hangs its own misbehaviour.

import { createSocket, type RemoteInfo } from 'node:dgram'

export interface OddUdpServer extends AsyncDisposable {
  readonly port: number
  readonly packets: Buffer[]
  /** Resolves when `count` packets have come. */
  received(count: number): Promise<void>
}

export async function oddUdpServer(
  behave: (packet: Buffer, reply: (bytes: Uint8Array) => void, remote: RemoteInfo) => void,
  host = '127.0.0.1',
): Promise<OddUdpServer> {
  const socket = createSocket({ type: host.includes(':') ? 'udp6' : 'udp4' })
  const packets: Buffer[] = []
  const waiting = new Set<() => void>()
  socket.on('message', (packet, remote) => {
    packets.push(packet)
    behave(packet, (bytes) => socket.send(bytes, remote.port, remote.address), remote)
    for (const check of waiting) check()
  })
  await new Promise<void>((resolve) => socket.bind(0, host, resolve))
  return {
    port: socket.address().port,
    packets,
    received: (count) =>
      new Promise((resolve) => {
        const check = () => {
          if (packets.length < count) return
          waiting.delete(check)
          resolve()
        }
        waiting.add(check)
        check()
      }),
    [Symbol.asyncDispose]: () => new Promise((resolve) => socket.close(() => resolve())),
  }
}

/** A connect reply to `packet` with an id of eight nines. */
export function connectReply(packet: Buffer): Buffer {
  return Buffer.concat([words(0), packet.subarray(12, 16), Buffer.alloc(8, 9)])
}

/** 32-bit big-endian numbers. */
export function words(...numbers: number[]): Buffer {
  const bytes = Buffer.alloc(4 * numbers.length)
  for (const [index, number] of numbers.entries()) bytes.writeUInt32BE(number, 4 * index)
  return bytes
}
