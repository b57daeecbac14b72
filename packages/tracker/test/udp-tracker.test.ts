import { createSocket } from 'node:dgram'
import { formatAddress, VirtualClock } from '@torrential/primitives'
import { systemClock, systemRandom } from '@torrential/primitives/system'
import { describe, expect, test } from '@jest/globals'
import { UdpTracker } from '../src/udp-tracker.ts'
import { connectReply, oddUdpServer, words } from './odd-udp-server.ts'
import { announceRequest, infoHash, otherHash, sourceErrorOf } from './samples.ts'

const parts = { clock: systemClock, random: systemRandom }
const peers4 = Buffer.from([127, 0, 0, 1, 0x1a, 0xe1, 127, 0, 0, 2, 0, 80])

/** Answers as BEP 15 says. */
function wellBehaved(packet: Buffer, answer: (bytes: Uint8Array) => void): void {
  if (packet.length === 16) answer(connectReply(packet))
  else answer(Buffer.concat([words(1), packet.subarray(12, 16), words(600, 5, 6), peers4]))
}

describe('a UDP announce', () => {
  test('sends every field where BEP 15 has it, and the URL behind it (BEP 41)', async () => {
    await using server = await oddUdpServer(wellBehaved)
    await using client = new UdpTracker(parts)
    const path = `/announce?${'k'.repeat(300)}`
    const reply = await client.announce(
      `udp://127.0.0.1:${server.port}${path}`,
      announceRequest({ event: 'completed', key: 0xdeadbeef, numWant: 7, ip: '10.1.2.3', left: 2 ** 40 + 5 }),
    )
    const packet = server.packets[1]!
    expect(packet.subarray(0, 8)).toEqual(Buffer.alloc(8, 9))
    expect(packet.readUInt32BE(8)).toBe(1)
    expect(packet.subarray(16, 36).equals(infoHash)).toBe(true)
    expect(packet.subarray(36, 56).toString()).toBe('-TO0010-abcdefghijkl')
    expect(packet.readBigUInt64BE(56)).toBe(2n)
    expect(packet.readBigUInt64BE(64)).toBe(2n ** 40n + 5n)
    expect(packet.readBigUInt64BE(72)).toBe(1n)
    expect(packet.subarray(80, 98).toString('hex')).toBe(`000000010a010203deadbeef000000071ae1`)
    const options = packet.subarray(98)
    expect([...options.subarray(0, 2)]).toEqual([2, 255])
    expect([...options.subarray(257, 259)]).toEqual([2, path.length - 255])
    expect(options.subarray(2, 257).toString() + options.subarray(259).toString()).toBe(path)
    expect(reply).toMatchObject({ interval: 600_000, leechers: 5, seeders: 6 })
    expect(reply.peers.map(({ address }) => formatAddress(address))).toEqual(['127.0.0.1:6881', '127.0.0.2:80'])
    expect(reply).toMatchObject({ bytesSent: 16 + packet.length, bytesReceived: 16 + 32 })
  })

  test('sends no options for a URL without a path, and no ip unless asked', async () => {
    await using server = await oddUdpServer(wellBehaved)
    await using client = new UdpTracker(parts)
    await client.announce(`udp://127.0.0.1:${server.port}`, announceRequest())
    expect(server.packets[1]).toHaveLength(98)
    expect(server.packets[1]!.readUInt32BE(84)).toBe(0)
  })

  test('uses a connection id for 60 seconds', async () => {
    const clock = new VirtualClock()
    await using server = await oddUdpServer(wellBehaved)
    await using client = new UdpTracker({ ...parts, clock })
    const url = `udp://127.0.0.1:${server.port}`
    await client.announce(url, announceRequest())
    await client.announce(url, announceRequest())
    expect(server.packets.map(({ length }) => length)).toEqual([16, 98, 98])
    clock.advance(60_000)
    await client.announce(url, announceRequest())
    expect(server.packets.map(({ length }) => length)).toEqual([16, 98, 98, 16, 98])
    expect(clock.pending).toBe(0)
  })

  test('gets 18-byte peers over IPv6', async () => {
    const peer = Buffer.from('20010db80000000000000000000000011ae1', 'hex')
    await using server = await oddUdpServer((packet, answer) => {
      if (packet.length === 16) answer(connectReply(packet))
      else answer(Buffer.concat([words(1), packet.subarray(12, 16), words(600, 5, 6), peer]))
    }, '::1')
    await using client = new UdpTracker(parts)
    const reply = await client.announce(`udp://[::1]:${server.port}`, announceRequest())
    expect(reply.peers.map(({ address }) => formatAddress(address))).toEqual(['[2001:db8::1]:6881'])
  })

  test('goes out on both families that a name has', async () => {
    await using server = await oddUdpServer(wellBehaved, '::')
    await using client = new UdpTracker(parts, {
      resolve: async () => [
        { host: '127.0.0.1', family: 4 },
        { host: '::1', family: 6 },
      ],
    })
    await client.announce(`udp://both.test:${server.port}`, announceRequest())
    expect(server.packets.filter(({ length }) => length === 98)).toHaveLength(2)
  })

  test('keeps hundreds of exchanges over one socket apart', async () => {
    const remotes = new Set<number>()
    await using server = await oddUdpServer((packet, answer, { port }) => {
      remotes.add(port)
      if (packet.length === 16) answer(connectReply(packet))
      else answer(Buffer.concat([words(1), packet.subarray(12, 16), words(packet.readUInt16BE(96), 0, 0)]))
    })
    await using client = new UdpTracker(parts)
    const url = `udp://127.0.0.1:${server.port}`
    const ports = Array.from({ length: 200 }, (_, i) => 1_000 + i)
    const replies = await Promise.all(ports.map((port) => client.announce(url, announceRequest({ port }))))
    expect(replies.map(({ interval }) => interval / 1000)).toEqual(ports)
    expect(remotes.size).toBe(1)
  })
})

test('a UDP scrape asks for 74 torrents in a packet', async () => {
  await using server = await oddUdpServer((packet, answer) => {
    if (packet.length === 16) return answer(connectReply(packet))
    const count = (packet.length - 16) / 20
    const figures = Array.from({ length: count }, (_, i) => words(packet[16 + 20 * i]!, 2, 3))
    answer(Buffer.concat([words(2), packet.subarray(12, 16), ...figures]))
  })
  await using client = new UdpTracker(parts)
  const hashes = Array.from({ length: 80 }, (_, i) => (i % 2 === 0 ? infoHash : otherHash))
  const results = await client.scrape(`udp://127.0.0.1:${server.port}`, hashes)
  expect(server.packets.map(({ length }) => length)).toEqual([16, 16 + 74 * 20, 16 + 6 * 20])
  expect(results).toHaveLength(80)
  expect(results[79]).toEqual({ seeders: 7, downloaded: 2, leechers: 3 })
})

/** What a tracker does with the announce, after a proper connect, and the code that comes of it. */
const faults: Readonly<Record<string, readonly [behave: (request: Buffer) => Uint8Array | undefined, code: string]>> = {
  'an error': [(r) => Buffer.concat([words(3), r.subarray(12, 16), Buffer.from('not here\u0007')]), 'TRACKER_FAILURE'],
  'an error without a word': [(r) => Buffer.concat([words(3), r.subarray(12, 16)]), 'TRACKER_FAILURE'],
  'another action': [(r) => Buffer.concat([words(2), r.subarray(12, 16), words(1, 2, 3)]), 'TRACKER_REPLY'],
  'an action that does not exist': [
    (r) => Buffer.concat([words(77), r.subarray(12, 16), words(1, 2, 3)]),
    'TRACKER_REPLY',
  ],
  'a reply of 19 bytes': [(r) => Buffer.concat([words(1), r.subarray(12, 16), Buffer.alloc(11)]), 'TRACKER_REPLY'],
  'a reply of 8 bytes': [(r) => Buffer.concat([words(1), r.subarray(12, 16)]), 'TRACKER_REPLY'],
  'a reply of 7 bytes': [(r) => Buffer.concat([words(1), r.subarray(12, 15)]), 'TRACKER_TIMEOUT'],
  'an empty packet': [() => Buffer.alloc(0), 'TRACKER_TIMEOUT'],
  'a foreign transaction id': [() => words(1, 12345, 60, 0, 0), 'TRACKER_TIMEOUT'],
  nothing: [() => undefined, 'TRACKER_TIMEOUT'],
}

describe('a UDP announce rejects with a code', () => {
  test.each(Object.entries(faults))('for %s', async (_what, [behave, code]) => {
    const clock = new VirtualClock()
    await using server = await oddUdpServer((packet, answer) => {
      if (packet.length === 16) return answer(connectReply(packet))
      const bytes = behave(packet)
      if (bytes !== undefined) answer(bytes)
    })
    await using client = new UdpTracker({ ...parts, clock })
    const outcome = sourceErrorOf(client.announce(`udp://127.0.0.1:${server.port}`, announceRequest()))
    await server.received(2)
    if (code === 'TRACKER_TIMEOUT') {
      clock.advance(15_000)
      await server.received(3)
      clock.advance(15_000)
    }
    const error = await outcome
    expect(error.code).toBe(code)
    expect(error.data.bytesSent).toBeGreaterThanOrEqual(114)
    expect(error.message).not.toContain('\u0007')
    expect(clock.pending).toBe(0)
  })

  test('when somebody else answers with the right transaction id', async () => {
    const clock = new VirtualClock()
    const stranger = createSocket('udp4')
    await new Promise<void>((resolve) => stranger.bind(0, '127.0.0.1', resolve))
    await using server = await oddUdpServer((packet, _answer, remote) => {
      stranger.send(connectReply(packet), remote.port, remote.address)
    })
    await using client = new UdpTracker({ ...parts, clock })
    const outcome = sourceErrorOf(client.announce(`udp://127.0.0.1:${server.port}`, announceRequest()))
    await server.received(1)
    clock.advance(15_000)
    await server.received(2)
    clock.advance(15_000)
    expect((await outcome).code).toBe('TRACKER_TIMEOUT')
    expect(server.packets.every(({ length }) => length === 16)).toBe(true)
    stranger.close()
  })

  test.each(['udp://127.0.0.1', 'udp://127.0.0.1:0', 'udp://127.0.0.1:65536', 'udp://:80', 'http://127.0.0.1:1/', 'x'])(
    'when the URL is %j',
    async (url) => {
      await using client = new UdpTracker(parts)
      expect((await sourceErrorOf(client.announce(url, announceRequest()))).code).toBe('TRACKER_URL')
    },
  )

  test('when the socket cannot be bound', async () => {
    await using client = new UdpTracker(parts, { localHost: '192.0.2.1' })
    const error = await sourceErrorOf(client.announce('udp://127.0.0.1:9', announceRequest()))
    expect(error.code).toBe('TRACKER_UNREACHABLE')
    expect((error.cause as NodeJS.ErrnoException).code).toBe('EADDRNOTAVAIL')
  })

  test('when the guard refuses the address', async () => {
    await using client = new UdpTracker(parts, { guard: (_url, { host }) => `${host} is ours` })
    const error = await sourceErrorOf(client.announce('udp://127.0.0.1:9', announceRequest()))
    expect(error.code).toBe('TRACKER_BLOCKED')
    expect(error.message).toContain('127.0.0.1 is ours')
  })

  test('when the client is closed in the meantime', async () => {
    await using server = await oddUdpServer(() => {})
    const client = new UdpTracker(parts)
    const outcome = sourceErrorOf(client.announce(`udp://127.0.0.1:${server.port}`, announceRequest()))
    await server.received(1)
    await client.close()
    expect((await outcome).code).toBe('TRACKER_CLOSED')
  })
})

test('a UDP announce rejects with the reason of the signal', async () => {
  await using server = await oddUdpServer(() => {})
  await using client = new UdpTracker(parts)
  const controller = new AbortController()
  const call = client.announce(`udp://127.0.0.1:${server.port}`, announceRequest(), { signal: controller.signal })
  await server.received(1)
  controller.abort('enough')
  await expect(call).rejects.toBe('enough')
})
