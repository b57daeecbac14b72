import { once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import { connect, createServer } from 'node:net'
import type { Inbound } from '@torrential/contracts'
import type { PeerAddress } from '@torrential/primitives'
import { peerAddress, VirtualClock } from '@torrential/primitives'
import { TcpTransport } from '@torrential/transport'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'

const loopback = peerAddress('127.0.0.1', 0)
// Documentation range (RFC 5737): no interface has it.
const nowhere = peerAddress('192.0.2.1', 6881)

let transport: TcpTransport
beforeEach(() => {
  transport = new TcpTransport()
})
afterEach(() => transport[Symbol.asyncDispose]())

async function rawPair() {
  const listener = await transport.listen(loopback)
  const raw = connect(listener.address.port, '127.0.0.1')
  const accepted = (await listener[Symbol.asyncIterator]().next()).value as Inbound
  return { listener, raw, stream: accepted.stream }
}

describe('TCP', () => {
  test('hands out the socket itself, with Nagle off and both ends closing together', async () => {
    const { raw, stream } = await rawPair()
    const socket = stream.duplex as unknown as Socket
    expect(socket.remotePort).toBe(raw.localPort)
    expect(socket.allowHalfOpen).toBe(false)
    raw.destroy()
  })

  test('an address of an IPv4 peer on an IPv6 listener is the IPv4 address', async () => {
    const listener = await transport.listen(peerAddress('::', 0))
    const raw = connect(listener.address.port, '127.0.0.1')
    const { value } = await listener[Symbol.asyncIterator]().next()
    expect((value as Inbound).stream.remote).toEqual({ host: '127.0.0.1', port: raw.localPort, family: 4 })
    expect((value as Inbound).stream.local.host).toBe('127.0.0.1')
    raw.destroy()
  })

  test('a mapped address given to dial reaches the IPv4 listener', async () => {
    const listener = await transport.listen(loopback)
    const mapped = { host: '::ffff:127.0.0.1', port: listener.address.port, family: 6 } as const
    expect((await transport.dial(mapped)).remote).toEqual(listener.address)
  })

  test('each of many connections that are read at once brings its own bytes, which stay as they came', async () => {
    const length = 900_000
    const wordOf = (index: number) => Buffer.alloc(length, `connection ${index} `)
    const server = createServer((socket) => {
      socket.once('data', (index: Buffer) => socket.end(wordOf(Number(index.toString()))))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    // More than have slabs of their own.
    const all = Array.from({ length: 60 }, async (_, index) => {
      const { duplex } = await transport.dial(peerAddress('127.0.0.1', port))
      const socket = duplex as unknown as Socket
      socket.write(String(index))
      const chunks: Buffer[] = []
      socket.on('data', (chunk: Buffer) => chunks.push(chunk))
      await once(socket, 'end')
      return chunks
    })
    const kept = await Promise.all(all)
    for (const [index, chunks] of kept.entries()) expect(Buffer.concat(chunks).equals(wordOf(index))).toBe(true)
    server.close()
  })

  test.each([true, false])('memory that is read into can be shared with threads: %s', async (sharedMemory) => {
    const bytes = Buffer.alloc(4_000_000, 'what a fast connection brings ')
    const server = createServer((socket) => void socket.end(bytes))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    await using own = new TcpTransport({ sharedMemory })
    const { duplex } = await own.dial(peerAddress('127.0.0.1', (server.address() as AddressInfo).port))
    const socket = duplex as unknown as Socket
    const chunks: Buffer[] = []
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    await once(socket, 'end')
    expect(Buffer.concat(chunks).equals(bytes)).toBe(true)
    expect(chunks.some(({ buffer }) => buffer instanceof SharedArrayBuffer)).toBe(sharedMemory)
    server.close()
  })

  test('a reset before anybody listens for errors ends the connection only', async () => {
    const { raw, stream } = await rawPair()
    const closed = new Promise<void>((resolve) => stream.duplex.on('close', resolve))
    raw.resetAndDestroy()
    await closed
    expect(transport.connections).toBe(0)
  })

  test('a reset is heard as ECONNRESET by whoever listens', async () => {
    const { raw, stream } = await rawPair()
    const heard = new Promise((resolve) => stream.duplex.on('error', resolve))
    raw.resetAndDestroy()
    expect(await heard).toMatchObject({ code: 'ECONNRESET' })
  })

  test('a connection that is reset while it waits to be pulled is never handed out', async () => {
    const listener = await transport.listen(loopback)
    const dead = connect(listener.address.port, '127.0.0.1')
    await once(dead, 'connect')
    while (transport.connections < 1) await new Promise((resolve) => setImmediate(resolve))
    dead.resetAndDestroy()
    while (transport.connections > 0) await new Promise((resolve) => setImmediate(resolve))
    const live = connect(listener.address.port, '127.0.0.1')
    const { value } = await listener[Symbol.asyncIterator]().next()
    expect((value as Inbound).stream.remote.port).toBe(live.localPort)
    live.destroy()
  })

  test('the port is free at once though a connection is still open', async () => {
    const { listener, raw, stream } = await rawPair()
    await listener[Symbol.asyncDispose]()
    const again = await transport.listen(listener.address)
    expect(again.address).toEqual(listener.address)
    stream.duplex.write(Buffer.from('still here'))
    expect(String((await once(raw, 'data'))[0])).toBe('still here')
    raw.destroy()
  })

  test('a port that another program holds is refused with LISTEN_IN_USE and the cause', async () => {
    const server = createServer()
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port } = server.address() as { port: number }
    await expect(transport.listen(peerAddress('127.0.0.1', port))).rejects.toMatchObject({
      code: 'LISTEN_IN_USE',
      name: 'InputError',
      cause: { code: 'EADDRINUSE' },
    })
    server.close()
  })

  test('an address that no interface has is refused with LISTEN_FAILED', async () => {
    await expect(transport.listen(nowhere)).rejects.toMatchObject({ code: 'LISTEN_FAILED' })
  })

  test('a refused dial names the address and the cause', async () => {
    const listener = await transport.listen(loopback)
    await listener[Symbol.asyncDispose]()
    await expect(transport.dial(listener.address)).rejects.toMatchObject({
      code: 'DIAL_REFUSED',
      name: 'PeerError',
      message: `cannot connect to 127.0.0.1:${listener.address.port}: ECONNREFUSED`,
      cause: { code: 'ECONNREFUSED' },
      data: { address: listener.address },
    })
    await transport[Symbol.asyncDispose]()
    expect(transport.connections).toBe(0)
  })

  test('an IPv6 peer dialled from an IPv4 address fails with a code', async () => {
    const listener = await transport.listen(peerAddress('::1', 0))
    const dialling = transport.dial(listener.address, { localHost: '127.0.0.1' })
    await expect(dialling).rejects.toMatchObject({ name: 'PeerError', code: expect.stringMatching(/^DIAL_/) })
  })

  test('a local host that is no IP address is refused with ADDRESS_HOST', async () => {
    const dialling = transport.dial(peerAddress('127.0.0.1', 1), { localHost: 'eth0' })
    await expect(dialling).rejects.toMatchObject({ code: 'ADDRESS_HOST' })
    expect(transport.connections).toBe(0)
  })

  test('a local address is what the other end sees', async () => {
    const listener = await transport.listen(loopback)
    const near = await transport.dial(listener.address, { localHost: '127.0.0.9' })
    const { value } = await listener[Symbol.asyncIterator]().next()
    expect((value as Inbound).stream.remote).toEqual(near.local)
    expect(near.local.host).toBe('127.0.0.9')
  })

  test.each([0, -1, 1.5])('a highWaterMark of %d is refused with TRANSPORT_OPTIONS', (highWaterMark) => {
    expect(() => new TcpTransport({ highWaterMark })).toThrow(expect.objectContaining({ code: 'TRANSPORT_OPTIONS' }))
  })
})

// Even on loopback a connection needs a turn of the event loop, and the virtual clock is moved before that.
describe('a dial that is not answered in time', () => {
  let clock: VirtualClock
  let timed: TcpTransport
  let address: PeerAddress
  beforeEach(async () => {
    clock = new VirtualClock()
    timed = new TcpTransport({ clock })
    address = (await transport.listen(loopback)).address
  })
  afterEach(async () => {
    expect(clock.pending).toBe(0)
    await timed[Symbol.asyncDispose]()
    expect(timed.connections).toBe(0)
  })

  test('ends with DIAL_TIMEOUT by the clock that was given', async () => {
    const dialling = timed.dial(address, { timeout: 2500 })
    const check = expect(dialling).rejects.toMatchObject({ code: 'DIAL_TIMEOUT', name: 'PeerError' })
    clock.advance(2500)
    await check
  })

  test('is given ten seconds when nothing else is said', async () => {
    const dialling = timed.dial(address)
    expect(clock.deadline).toBe(10_000)
    clock.advance(10_000)
    await expect(dialling).rejects.toMatchObject({ code: 'DIAL_TIMEOUT' })
  })

  test('ends with TRANSPORT_CLOSED when the transport is disposed', async () => {
    const dialling = timed.dial(address)
    await Promise.all([
      expect(dialling).rejects.toMatchObject({ code: 'TRANSPORT_CLOSED' }),
      timed[Symbol.asyncDispose](),
    ])
  })

  test('ends with the reason of its signal', async () => {
    const abort = new AbortController()
    const reason = new Error('never mind')
    const dialling = timed.dial(address, { signal: abort.signal })
    abort.abort(reason)
    await expect(dialling).rejects.toBe(reason)
  })
})
