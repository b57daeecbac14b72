// The other end of a wire under test: raw bytes in memory, a second wire, or a socket on loopback.

import net from 'node:net'
import type { ByteDuplex, ByteStream } from '@torrential/contracts'
import { infoHashFrom, peerAddress, peerIdFrom } from '@torrential/primitives'
import { encodeHandshake, encodeMessage, type Handshake, type Message } from '@torrential/protocol'
import { connectWire, Wire, type WireOptions } from '@torrential/wire'

export const INFO_HASH = infoHashFrom(new Uint8Array(20).fill(0xaa))

export function handshakeOf(id: number, infoHash = INFO_HASH): Handshake {
  return {
    infoHash,
    peerId: peerIdFrom(new Uint8Array(20).fill(id)),
    capabilities: { extensions: true, fast: true, dht: false, v2: false },
  }
}

export const THEIRS = encodeHandshake(handshakeOf(2))

/** Lets everything that only waits for promises and microtasks happen. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 100; i++) await Promise.resolve()
}

/** One turn of the event loop, for sockets. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** A wire whose handshake is done, and what it has sent since. The other end is written by hand. */
export async function openWire(options: WireOptions = {}): Promise<{ wire: Wire; sent: Uint8Array[] }> {
  const wire = new Wire(options)
  const sent: Uint8Array[] = []
  wire.on('data', (chunk) => sent.push(chunk))
  const done = wire.handshake(handshakeOf(1))
  wire.write(THEIRS)
  await done
  await settle()
  sent.length = 0
  return { wire, sent }
}

export function bytesOf(...messages: readonly Message[]): Uint8Array {
  return new Uint8Array(Buffer.concat(messages.map(encodeMessage)))
}

/** Anything that is a duplex, as a connection. A wire is one too. */
export function streamOf(duplex: ByteDuplex): ByteStream {
  const nowhere = peerAddress('127.0.0.1', 1)
  return {
    duplex,
    remote: nowhere,
    local: nowhere,
    via: 'test',
    async [Symbol.asyncDispose]() {
      duplex.destroy()
    },
  }
}

/** Two wires back to back, handshakes done. */
export async function wirePair(options: WireOptions = {}): Promise<[Wire, Wire]> {
  const left = new Wire(options)
  const right = new Wire(options)
  connectWire(left, streamOf(right))
  await Promise.all([left.handshake(handshakeOf(1)), right.accept(() => handshakeOf(2))])
  return [left, right]
}

/** Both ends of a TCP connection on loopback. */
export async function socketPair(): Promise<[net.Socket, net.Socket]> {
  const server = net.createServer({ noDelay: true })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as net.AddressInfo
  const accepted = new Promise<net.Socket>((resolve) => server.once('connection', resolve))
  const dialled = net.connect({ port, host: '127.0.0.1', noDelay: true })
  const pair: [net.Socket, net.Socket] = [dialled, await accepted]
  server.close()
  return pair
}

/** Two wires over a TCP connection, handshakes done. */
export async function tcpWires(options: WireOptions = {}): Promise<[Wire, Wire]> {
  const sockets = await socketPair()
  const [left, right] = [new Wire(options), new Wire(options)]
  connectWire(left, streamOf(sockets[0]))
  connectWire(right, streamOf(sockets[1]))
  await Promise.all([left.handshake(handshakeOf(1)), right.accept(() => handshakeOf(2))])
  return [left, right]
}

/** All messages until the peer ends. */
export async function receiveAll(wire: Wire): Promise<Message[]> {
  const messages: Message[] = []
  for await (const batch of wire.receive()) messages.push(...batch)
  return messages
}

/** Views of Buffers are Buffers: for comparing, every payload as hexadecimal. */
export function plain(messages: readonly Message[]): unknown[] {
  return messages.map((message) =>
    Object.fromEntries(
      Object.entries(message).map(([key, value]: [string, unknown]) => [
        key,
        value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value,
      ]),
    ),
  )
}

/** The `code` a promise is rejected with, or 'resolved'. */
export async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
    return 'resolved'
  } catch (error) {
    return (error as { code?: unknown }).code ?? error
  }
}
