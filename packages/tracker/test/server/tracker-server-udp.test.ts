import { describe, expect, test } from '@jest/globals'
import { announcePacket, scrapePacket } from '../../src/udp-packet.ts'
import { createTrackerServer, type TrackerServerOptions } from '../../src/server/index.ts'
import type { AnnounceRequest } from '../../src/tracker-client.ts'
import { words } from '../odd-udp-server.ts'
import { announceRequest, infoHash, otherHash } from '../samples.ts'
import { RawUdp } from './raw-client.ts'

const start = (options: TrackerServerOptions = {}) =>
  createTrackerServer({ host: '127.0.0.1', http: false, ...options })

function joining(n: number, changes: Partial<AnnounceRequest> = {}): AnnounceRequest {
  const peerId = Buffer.from(`-XX0000-${String(n).padStart(12, '0')}`) as unknown as AnnounceRequest['peerId']
  return announceRequest({ peerId, port: n, ...changes })
}

describe('a UDP announce', () => {
  test('is answered with interval, figures and peers, but not the asker', async () => {
    await using server = await start({ interval: 600_000 })
    await using client = new RawUdp(server.address.port)
    const id = await client.connect()
    await client.ask(announcePacket(id, 1, joining(1), ''))
    await client.ask(announcePacket(id, 2, joining(2, { left: 0 }), ''))
    const reply = await client.ask(announcePacket(id, 0xfedcba98, joining(3, { event: 'started' }), ''))
    expect(reply.subarray(0, 20)).toEqual(words(1, 0xfedcba98, 600, 2, 1))
    expect(reply.subarray(20).toString('hex').match(/.{12}/g)!.sort()).toEqual(['7f0000010001', '7f0000010002'])
    await client.ask(announcePacket(id, 4, joining(1, { event: 'stopped' }), ''))
    expect(server.stats).toMatchObject({ seeders: 1, leechers: 1, announces: { udp: 4 } })
  })

  test('fits one packet of 1,232 bytes over IPv4 and IPv6', async () => {
    for (const [host, size, most] of [
      ['127.0.0.1', 6, 200],
      ['::1', 18, 67],
    ] as const) {
      await using server = await createTrackerServer({ host, http: false, maxPeers: 1_000 })
      await using client = new RawUdp(server.address.port, host)
      const id = await client.connect()
      for (let n = 1; n <= 250; n++) await client.ask(announcePacket(id, n, joining(n), ''))
      const reply = await client.ask(announcePacket(id, 9, joining(999, { numWant: 1_000 }), ''))
      expect(reply.length).toBeLessThanOrEqual(1_232)
      expect((reply.length - 20) / size).toBeGreaterThanOrEqual(most)
      const byDefault = await client.ask(announcePacket(id, 9, joining(999, { numWant: 0xffffffff }), ''))
      expect((byDefault.length - 20) / size).toBe(50)
    }
  })

  test('carries URL data in pieces (BEP 41), which the operator sees', async () => {
    const seen: string[] = []
    await using server = await start({
      allow: (_hash, { target }) => {
        seen.push(target)
        return true
      },
    })
    await using client = new RawUdp(server.address.port)
    const id = await client.connect()
    const path = `/announce?pass=${'k'.repeat(400)}`
    await client.ask(announcePacket(id, 1, joining(1), path))
    const padded = Buffer.concat([
      announcePacket(id, 1, joining(1), ''),
      Buffer.from([1, 1, 9, 2, 0, 0, 2, 2, 47, 97, 0, 2]),
    ])
    await client.ask(padded)
    expect(seen).toEqual([path, '/a'])
    const broken = Buffer.concat([announcePacket(id, 1, joining(1), ''), Buffer.from([2, 200, 1])])
    expect((await client.ask(broken)).subarray(0, 4)).toEqual(words(3))
  })

  test('does not believe the ip field unless told to', async () => {
    for (const [trustIp, expected] of [
      [false, '7f0000010001'],
      [true, '0a0102030001'],
    ] as const) {
      await using server = await start({ trustIp })
      await using client = new RawUdp(server.address.port)
      const id = await client.connect()
      await client.ask(announcePacket(id, 1, joining(1, { ip: '10.1.2.3' }), ''))
      const reply = await client.ask(announcePacket(id, 1, joining(2), ''))
      expect(reply.subarray(20).toString('hex')).toBe(expected)
    }
  })

  test('is refused with an error packet when the operator or the store refuses', async () => {
    await using server = await start({ allow: (hash) => hash[0] !== 7, maxTorrents: 1 })
    await using client = new RawUdp(server.address.port)
    const id = await client.connect()
    const refused = await client.ask(announcePacket(id, 5, joining(1, { infoHash: otherHash }), ''))
    expect(refused).toEqual(Buffer.concat([words(3, 5), Buffer.from('torrent not allowed')]))
    await client.ask(announcePacket(id, 6, joining(1), ''))
    const third = new Uint8Array(20) as AnnounceRequest['infoHash']
    const full = await client.ask(announcePacket(id, 7, joining(1, { infoHash: third }), ''))
    expect(full.subarray(8).toString()).toBe('the tracker is full')
  })
})

test('a UDP scrape gives figures in order, zeros for the unknown, 74 at most', async () => {
  await using server = await start()
  await using client = new RawUdp(server.address.port)
  const id = await client.connect()
  await client.ask(announcePacket(id, 1, joining(1), ''))
  await client.ask(announcePacket(id, 1, joining(1, { left: 0, event: 'completed' }), ''))
  await client.ask(announcePacket(id, 1, joining(2), ''))
  expect(await client.ask(scrapePacket(id, 8, [otherHash, infoHash]))).toEqual(words(2, 8, 0, 0, 0, 1, 1, 1))
  expect(
    await client.ask(
      scrapePacket(
        id,
        8,
        Array.from({ length: 70 }, () => infoHash),
      ),
    ),
  ).toHaveLength(8 + 70 * 12)
})

describe('an address that has proved nothing', () => {
  test('gets 16 bytes for a proper connect, and nothing for less', async () => {
    await using server = await start()
    await using client = new RawUdp(server.address.port)
    const connect = words(0x417, 0x27101980, 0, 5)
    expect(await client.repliesTo(connect)).toHaveLength(1)
    const wrongMagic = words(0x417, 0x27101981, 0, 5)
    for (const packet of [Buffer.alloc(0), connect.subarray(0, 15), wrongMagic, words(0, 0, 9, 5), words(0, 0, 3, 5)]) {
      expect(await client.repliesTo(packet)).toEqual([])
    }
  })

  test('never gets a reply that is larger than what it sent', async () => {
    await using server = await start()
    await using client = new RawUdp(server.address.port)
    const id = await client.connect()
    for (let n = 1; n < 50; n++) await client.ask(announcePacket(id, n, joining(n), ''))
    const forged = Buffer.from(id)
    forged[3]! ^= 1
    const announce = Buffer.from(announcePacket(forged, 1, joining(1), '/x'))
    const scrape = Buffer.from(scrapePacket(forged, 1, [infoHash, otherHash]))
    for (const packet of [announce, scrape]) {
      for (let length = 0; length <= packet.length; length++) {
        for (const reply of await client.repliesTo(packet.subarray(0, length))) {
          expect(reply.length).toBeLessThanOrEqual(length)
          expect(reply.subarray(0, 4)).toEqual(words(3))
        }
      }
    }
    expect(server.stats.leechers).toBe(49)
  })

  test('cannot use the connection id of another', async () => {
    await using server = await createTrackerServer({ http: false })
    await using one = new RawUdp(server.address.port, '127.0.0.1')
    await using other = new RawUdp(server.address.port, '::1')
    const reply = await other.ask(announcePacket(await one.connect(), 1, joining(1), ''))
    expect(reply.subarray(8).toString()).toBe('connection id expired')
  })
})

test('survives an operator whose function throws', async () => {
  await using server = await start({
    allow: () => {
      throw new Error('bug')
    },
  })
  await using client = new RawUdp(server.address.port)
  const events = server.events()
  expect(await client.repliesTo(announcePacket(await client.connect(), 1, joining(1), ''))).toEqual([])
  expect((await events.next()).value).toMatchObject({ type: 'error', error: { code: 'TRACKER_SERVER' } })
})
