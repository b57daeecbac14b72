import { gzipSync, deflateSync, deflateRawSync } from 'node:zlib'
import { formatAddress } from '@torrential/primitives'
import { systemClock } from '@torrential/primitives/system'
import { describe, expect, test } from '@jest/globals'
import { HttpTracker, type HttpTrackerOptions } from '../src/http-tracker.ts'
import type { AnnounceReply } from '../src/tracker-client.ts'
import { oddHttpServer, type OddServer, response } from './odd-http-server.ts'
import { announceRequest, infoHash, otherHash, sourceErrorOf } from './samples.ts'

const parts = { clock: systemClock }

async function announceTo(
  body: Uint8Array | string,
  headers: string[] = [],
  options: HttpTrackerOptions = {},
): Promise<AnnounceReply> {
  await using server = await oddHttpServer((socket) => socket.end(response(body, headers)))
  return await new HttpTracker(parts, options).announce(url(server), announceRequest())
}

function url({ port }: OddServer, rest = '/announce'): string {
  return `http://127.0.0.1:${port}${rest}`
}

describe('the request of an HTTP announce', () => {
  test('escapes binary values byte by byte and keeps the query that the URL has', async () => {
    await using server = await oddHttpServer((socket) => socket.end(response('d8:intervali60ee')))
    await new HttpTracker(parts).announce(
      url(server, '/x/announce?passkey=a%2Bb&c'),
      announceRequest({ event: 'started', key: 0xabc, numWant: 50, trackerId: Uint8Array.of(0, 255, 65) }),
    )
    expect(server.heads[0]?.split('\r\n')[0]).toBe(
      'GET /x/announce?passkey=a%2Bb&c&info_hash=%C8%ED%127%5C%81%A6%CB%F0%15%3A_%84%A9%CE%F3%18%3Db%87' +
        '&peer_id=-TO0010-abcdefghijkl&port=6881&uploaded=1&downloaded=2&left=3&compact=1&no_peer_id=1&numwant=50' +
        '&event=started&key=00000ABC&trackerid=%00%FFA HTTP/1.1',
    )
  })

  test('carries Host, User-Agent and no ip unless asked', async () => {
    await using server = await oddHttpServer((socket) => socket.end(response('d8:intervali60ee')))
    const client = new HttpTracker(parts, { userAgent: 'Test/1' })
    await client.announce(url(server), announceRequest())
    await client.announce(url(server), announceRequest({ ip: '2001:db8::1' }))
    expect(server.heads[0]).toMatch(/\r\nHost: 127\.0\.0\.1:\d+\r\n/)
    expect(server.heads[0]).toMatch(/\r\nUser-Agent: Test\/1\r\n/)
    expect(server.heads[0]).not.toContain('&ip=')
    expect(server.heads[1]).toContain('&ip=2001%3Adb8%3A%3A1')
  })

  test('leaves from the local address that was chosen', async () => {
    let from: string | undefined
    await using server = await oddHttpServer((socket) => {
      from = socket.remoteAddress
      socket.end(response('d8:intervali60ee'))
    })
    await new HttpTracker(parts, { localHost: '127.0.0.9' }).announce(url(server), announceRequest())
    expect(from).toBe('127.0.0.9')
  })
})

describe('the reply of an HTTP announce', () => {
  test('has every field of BEP 3, 7, 23, 24 and the warning', async () => {
    const reply = await announceTo(
      Buffer.concat([
        Buffer.from('d8:completei5e10:downloadedi9e11:external ip4:'),
        Buffer.from([10, 0, 0, 7]),
        Buffer.from('10:incompletei6e8:intervali1200e12:min intervali300e5:peers12:'),
        Buffer.from([127, 0, 0, 1, 0x1a, 0xe1, 127, 0, 0, 2, 0, 80]),
        Buffer.from('6:peers618:'),
        Buffer.from([0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0x1a, 0xe2]),
        Buffer.from('10:tracker id3:'),
        Buffer.from([0, 1, 255]),
        Buffer.from('15:warning message10:be\u001b[1mgone', 'latin1'),
        Buffer.from('e'),
      ]),
    )
    expect(reply).toMatchObject({
      interval: 1_200_000,
      minInterval: 300_000,
      seeders: 5,
      leechers: 6,
      downloaded: 9,
      externalIp: '10.0.0.7',
      warning: 'be [1mgone',
      trackerId: Uint8Array.of(0, 1, 255),
    })
    expect(reply.peers.map(({ address }) => formatAddress(address))).toEqual([
      '127.0.0.1:6881',
      '127.0.0.2:80',
      '[2001:db8::1]:6882',
    ])
    expect(reply.bytesReceived).toBeGreaterThan(200)
    expect(reply.bytesSent).toBeGreaterThan(200)
  })

  test('may list peers as dictionaries; names and impossible ports are left out, peer ids kept', async () => {
    const id = 'A'.repeat(20)
    const { peers } = await announceTo(
      `d5:peersl` +
        `d2:ip9:127.0.0.37:peer id20:${id}4:porti1024ee` +
        `d2:ip11:example.org4:porti1024ee` +
        `d2:ip9:127.0.0.44:porti0ee` +
        `d2:ip9:127.0.0.54:porti65536ee` +
        `d2:ip3:::14:porti5ee` +
        `i4ee` +
        `e`,
    )
    expect(peers.map(({ address }) => formatAddress(address))).toEqual(['127.0.0.3:1024', '[::1]:5'])
    expect(peers[0]?.peerId).toEqual(new Uint8Array(20).fill(65))
    expect(peers[1]?.peerId).toBeUndefined()
  })

  test('gives no peer that nobody can dial and at most 1,000', async () => {
    const dead = [0, 0, 0, 0, 1, 1, 224, 0, 0, 1, 1, 1, 255, 255, 255, 255, 1, 1, 127, 0, 0, 1, 0, 0]
    const many = Array.from({ length: 2_000 }, (_, i) => [9, 9, i >> 8, i & 255, 1, 1]).flat()
    const few = await announceTo(Buffer.concat([Buffer.from('d5:peers24:'), Buffer.from(dead), Buffer.from('e')]))
    expect(few.peers).toEqual([])
    const capped = await announceTo(Buffer.concat([Buffer.from('d5:peers12000:'), Buffer.from(many), Buffer.from('e')]))
    expect(capped.peers).toHaveLength(1_000)
  })

  test.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['deflate', deflateRawSync],
  ])('may be compressed (%s)', async (encoding, compress) => {
    const reply = await announceTo(compress(Buffer.from('d8:intervali77ee')), [`Content-Encoding: ${encoding}`])
    expect(reply.interval).toBe(77_000)
  })

  test('may have unsorted keys, a line end behind it and no interval', async () => {
    const reply = await announceTo('d5:peers0:8:completei3ee\r\n')
    expect(reply).toMatchObject({ interval: 1_800_000, seeders: 3, peers: [] })
  })

  test('treats __proto__ as data', async () => {
    const reply = await announceTo('d9:__proto__d8:completei9ee8:intervali60ee')
    expect(reply.seeders).toBeUndefined()
  })
})

describe('redirects', () => {
  test('are followed five times, relative ones too', async () => {
    let hops = 0
    await using server = await oddHttpServer((socket) => {
      hops += 1
      socket.end(hops <= 5 ? response('', [`Location: hop${hops}?a=b`], '302 Found') : response('d8:intervali60ee'))
    })
    const reply = await new HttpTracker(parts).announce(url(server), announceRequest())
    expect(reply.interval).toBe(60_000)
    expect(server.heads[5]).toMatch(/^GET \/hop5\?a=b HTTP/)
  })

  test('keep the credentials of the URL to its own origin', async () => {
    await using other = await oddHttpServer((socket) => socket.end(response('d8:intervali60ee')))
    await using server = await oddHttpServer((socket, head) => {
      const location = head.startsWith('GET /announce') ? '/again' : `http://u2:p2@127.0.0.1:${other.port}/away`
      socket.end(response('', [`Location: ${location}`], '301 Moved'))
    })
    const withCredentials = `http://user:pa%20ss@127.0.0.1:${server.port}/announce`
    await new HttpTracker(parts).announce(withCredentials, announceRequest())
    const basic = `Authorization: Basic ${Buffer.from('user:pa ss').toString('base64')}`
    expect(server.heads[0]).toContain(basic)
    expect(server.heads[1]).toContain(basic)
    expect(other.heads[0]).not.toContain('Authorization')
  })

  test('do not bring the credentials back home by way of somebody else, who would choose what they are used for', async () => {
    let home = ''
    await using other = await oddHttpServer((socket) =>
      socket.end(response('', [`Location: ${home}/admin`], '302 Found')),
    )
    await using server = await oddHttpServer((socket, head) => {
      const away = response('', [`Location: http://127.0.0.1:${other.port}/away`], '302 Found')
      socket.end(head.startsWith('GET /announce') ? away : response('d8:intervali60ee'))
    })
    home = `http://127.0.0.1:${server.port}`
    await new HttpTracker(parts).announce(`http://user:secret@127.0.0.1:${server.port}/announce`, announceRequest())
    expect(server.heads[0]).toContain('Authorization')
    expect(server.heads[1]).toMatch(/^GET \/admin HTTP/)
    expect(server.heads[1]).not.toContain('Authorization')
  })

  test('pass the guard again, with the address that will be used', async () => {
    await using server = await oddHttpServer((socket) =>
      socket.end(response('', ['Location: http://localhost:1/x'], '302 Found')),
    )
    const seen: string[] = []
    const client = new HttpTracker(parts, {
      resolve: async (name) => [{ host: name === 'localhost' ? '127.9.9.9' : '127.0.0.1', family: 4 }],
      guard: ({ hostname }, { host }) => {
        seen.push(`${hostname} ${host}`)
        return host === '127.9.9.9' ? 'no local addresses' : undefined
      },
    })
    const error = await sourceErrorOf(client.announce(`http://tracker.test:${server.port}/announce`, announceRequest()))
    expect(error.code).toBe('TRACKER_BLOCKED')
    expect(seen).toEqual(['tracker.test 127.0.0.1', 'localhost 127.9.9.9'])
  })
})

describe('a name with two families', () => {
  test('is asked on both, and the replies are merged', async () => {
    await using server = await oddHttpServer((socket) => {
      const own = socket.remoteAddress?.includes('127.0.0.1') === true ? '11' : '22'
      socket.end(response(`d8:completei${own}e8:intervali${own}e5:peers6:abcd${own}e`))
    }, '::')
    const client = new HttpTracker(parts, {
      resolve: async () => [
        { host: '::1', family: 6 },
        { host: '127.0.0.1', family: 4 },
      ],
    })
    const reply = await client.announce(`http://both.test:${server.port}/announce`, announceRequest())
    expect(server.heads).toHaveLength(2)
    expect(reply).toMatchObject({ interval: 22_000, seeders: 22 })
    expect(reply.peers).toHaveLength(2)
  })

  test('works when one of them does not', async () => {
    await using server = await oddHttpServer((socket) => socket.end(response('d8:intervali60ee')))
    const client = new HttpTracker(parts, {
      resolve: async () => [
        { host: '::1', family: 6 },
        { host: '127.0.0.1', family: 4 },
      ],
    })
    const reply = await client.announce(`http://both.test:${server.port}/announce`, announceRequest())
    expect(reply.interval).toBe(60_000)
  })
})

describe('an HTTP scrape', () => {
  test('asks the scrape URL and gives figures in the order of the question', async () => {
    await using server = await oddHttpServer((socket) => {
      const files = Buffer.concat([
        Buffer.from('d5:filesd20:'),
        infoHash,
        Buffer.from('d8:completei1e10:downloadedi2e10:incompletei3eeee'),
      ])
      socket.end(response(files))
    })
    const results = await new HttpTracker(parts).scrape(url(server, '/announce.php?k=1'), [otherHash, infoHash])
    expect(server.heads[0]).toMatch(/^GET \/scrape\.php\?k=1&info_hash=%07.*&info_hash=%C8/)
    expect(results).toEqual([undefined, { seeders: 1, downloaded: 2, leechers: 3 }])
  })

  test('is refused for a URL that does not end in announce', async () => {
    const error = await sourceErrorOf(new HttpTracker(parts).scrape('http://127.0.0.1:9/a', [infoHash]))
    expect(error.code).toBe('TRACKER_SCRAPE_UNSUPPORTED')
  })
})
