import { connect } from 'node:net'
import { bytesAt, dictAt, integerAt, isDict, listAt, textAt } from '@torrential/bencode'
import { toLatin1 } from '@torrential/primitives'
import { describe, expect, test } from '@jest/globals'
import { createTrackerServer } from '../../src/server/index.ts'
import { percentEncode } from '../../src/http-query.ts'
import { infoHash, otherHash } from '../samples.ts'
import { announceTarget, exchange, get, getDict } from './raw-client.ts'

const start = (options = {}) => createTrackerServer({ host: '127.0.0.1', ...options })

/** Announces peer `n`, who listens on port `n`. */
function joining(n: number, changes: Readonly<Record<string, string | undefined>> = {}): string {
  return announceTarget({ peer_id: `-XX0000-${String(n).padStart(12, '0')}`, port: String(n), ...changes })
}

describe('an HTTP announce', () => {
  test('is answered with figures, intervals, our address and compact peers, but not the asker', async () => {
    await using server = await start({ interval: 600_000, minInterval: 120_000 })
    const { port } = server.address
    await get(port, joining(1))
    await get(port, joining(2, { left: '0' }))
    const reply = await getDict(port, joining(3, { event: 'started' }))
    expect([...reply.keys()]).toEqual([
      'complete',
      'downloaded',
      'external ip',
      'incomplete',
      'interval',
      'min interval',
      'peers',
    ])
    expect(integerAt(reply, 'complete')).toBe(1)
    expect(integerAt(reply, 'incomplete')).toBe(2)
    expect(integerAt(reply, 'interval')).toBe(600)
    expect(integerAt(reply, 'min interval')).toBe(120)
    expect([...bytesAt(reply, 'external ip')!]).toEqual([127, 0, 0, 1])
    expect(Buffer.from(bytesAt(reply, 'peers')!).toString('hex').match(/.{12}/g)!.sort()).toEqual([
      '7f0000010001',
      '7f0000010002',
    ])
  })

  test('lists dictionaries for compact=0, without peer ids when they are not wanted', async () => {
    await using server = await start()
    const { port } = server.address
    await get(port, joining(1))
    const long = listAt(await getDict(port, joining(2, { compact: '0' })), 'peers')![0]
    if (!isDict(long)) throw new Error('expected a dictionary')
    expect(textAt(long, 'ip')).toBe('127.0.0.1')
    expect(textAt(long, 'peer id')).toBe('-XX0000-000000000001')
    expect(integerAt(long, 'port')).toBe(1)
    const short = listAt(await getDict(port, joining(2, { compact: '0', no_peer_id: '1' })), 'peers')![0]
    expect(isDict(short) && [...short.keys()]).toEqual(['ip', 'port'])
  })

  test('gives IPv6 peers in peers6, and knows an IPv4 address that comes mapped', async () => {
    await using server = await createTrackerServer()
    const { port } = server.address
    await get(port, joining(1), '::1')
    const reply = await getDict(port, joining(2), '127.0.0.1')
    expect(bytesAt(reply, 'peers')).toHaveLength(0)
    expect(Buffer.from(bytesAt(reply, 'peers6')!).toString('hex')).toBe(`${'0'.repeat(31)}10001`)
    const other = await getDict(port, joining(3), '::1')
    expect(Buffer.from(bytesAt(other, 'peers')!).toString('hex')).toBe('7f0000010002')
  })

  test('gives no more peers than asked for, than the operator allows, than 50 by default', async () => {
    await using server = await start({ maxPeers: 80 })
    const { port } = server.address
    for (let n = 1; n <= 100; n++) await get(port, joining(n))
    const count = async (numwant?: string) =>
      bytesAt(await getDict(port, joining(200, { numwant })), 'peers')!.length / 6
    expect(await count('7')).toBe(7)
    expect(await count('0')).toBe(0)
    expect(await count('1000')).toBe(80)
    expect(await count()).toBe(50)
    expect(await count('-1')).toBe(50)
  })

  test('with stopped takes the peer out, with completed counts it', async () => {
    await using server = await start()
    const { port } = server.address
    await get(port, joining(1, { event: 'started' }))
    await get(port, joining(1, { event: 'completed', left: '0' }))
    expect(server.stats).toMatchObject({ seeders: 1, leechers: 0 })
    const scrape = await getDict(port, `/scrape?info_hash=${percentEncode(infoHash)}`)
    const entry = dictAt(dictAt(scrape, 'files')!, toLatin1(infoHash))!
    expect([integerAt(entry, 'complete'), integerAt(entry, 'downloaded'), integerAt(entry, 'incomplete')]).toEqual([
      1, 1, 0,
    ])
    const goodbye = await getDict(port, joining(1, { event: 'stopped' }))
    expect(bytesAt(goodbye, 'peers')).toHaveLength(0)
    expect(server.stats).toMatchObject({ seeders: 0, leechers: 0 })
  })

  test('does not believe ip= unless told to', async () => {
    await using wary = await start()
    await using trusting = await start({ trustIp: true })
    for (const [server, expected] of [
      [wary, '7f0000010001'],
      [trusting, '0a0102030001'],
    ] as const) {
      const { port } = server.address
      await get(port, joining(1, { ip: '10.1.2.3' }))
      const reply = await getDict(port, joining(2, { ip: 'nonsense' }))
      expect(Buffer.from(bytesAt(reply, 'peers')!).toString('hex')).toBe(expected)
    }
  })

  test('asks the operator about torrents', async () => {
    const asked: string[] = []
    await using server = await start({
      allow: (hash: Uint8Array, { target, host }: { target: string; host: string }) => {
        asked.push(`${host} ${target.slice(0, 18)}`)
        return hash[0] === 7
      },
    })
    const { port } = server.address
    expect(textAt(await getDict(port, announceTarget()), 'failure reason')).toBe('torrent not allowed')
    expect((await getDict(port, announceTarget({ info_hash: percentEncode(otherHash) }))).has('interval')).toBe(true)
    expect(asked[0]).toBe('127.0.0.1 /announce?info_has')
  })

  test('survives an operator whose function throws', async () => {
    await using server = await start({
      allow: () => {
        throw new Error('bug')
      },
    })
    const events = server.events()
    const { status, body } = await get(server.address.port, announceTarget())
    expect([status, body.toString()]).toEqual([500, 'd14:failure reason14:internal errore'])
    expect((await events.next()).value).toMatchObject({ type: 'error', error: { code: 'TRACKER_SERVER' } })
  })
})

describe('an HTTP scrape', () => {
  test('gives each known torrent of several', async () => {
    await using server = await start()
    const { port } = server.address
    await get(port, announceTarget())
    await get(port, announceTarget({ info_hash: percentEncode(otherHash), left: '0' }))
    const unknown = percentEncode(new Uint8Array(20))
    const query = [infoHash, otherHash].map((hash) => `info_hash=${percentEncode(hash)}`).join('&')
    const files = dictAt(await getDict(port, `/scrape?${query}&info_hash=${unknown}`), 'files')!
    expect([...files.keys()].sort()).toEqual([infoHash, otherHash].map(toLatin1).sort())
    expect(server.stats.scrapes.http).toBe(1)
  })
})

test('/stats tells the figures as JSON', async () => {
  await using server = await start()
  await get(server.address.port, announceTarget())
  const { status, body } = await get(server.address.port, '/stats')
  expect(status).toBe(200)
  expect(JSON.parse(body.toString())).toMatchObject({ torrents: 1, leechers: 1, announces: { http: 1, udp: 0 } })
})

describe('a request that is none', () => {
  test.each([
    ['no infohash', announceTarget({ info_hash: undefined }), 200, 'info_hash must have 20 bytes'],
    ['a short infohash', announceTarget({ info_hash: 'abc' }), 200, 'info_hash must have 20 bytes'],
    ['no peer id', announceTarget({ peer_id: undefined }), 200, 'peer_id must have 20 bytes'],
    ['no port', announceTarget({ port: undefined }), 200, 'port must be 0 to 65535'],
    ['a port too high', announceTarget({ port: '65536' }), 200, 'port must be 0 to 65535'],
    ['a port that is no number', announceTarget({ port: '1e3' }), 200, 'port must be 0 to 65535'],
    ['nonsense left', announceTarget({ left: 'all' }), 200, 'left must be a number'],
    ['an unknown event', announceTarget({ event: 'arrived' }), 200, 'unknown event'],
    ['half an escape', announceTarget({ peer_id: '%4' }), 400, 'malformed escape in the query'],
    ['a bad escape', announceTarget({ peer_id: '%zz' }), 400, 'malformed escape in the query'],
    ['a scrape of everything', '/scrape', 200, 'a scrape needs at least one info_hash'],
    ['a scrape of junk', '/scrape?info_hash=1', 200, 'info_hash must have 20 bytes'],
    ['another path', '/', 404, 'announce URLs end in /announce'],
    ['an absolute target', 'http://x/y', 404, 'announce URLs end in /announce'],
  ])('(%s) gets a bencoded failure', async (_what, target, status, reason) => {
    await using server = await start()
    const answer = await get(server.address.port, target)
    expect(answer.status).toBe(status)
    expect(answer.body.toString()).toBe(`d14:failure reason${reason.length}:${reason}e`)
    expect(server.stats.refused.http).toBe(1)
  })

  test.each([
    ['not HTTP', 'BitTorrent protocol\r\n\r\n', /^HTTP\/1\.1 400 .*malformed requeste$/s],
    ['a head of 9 KiB', `GET /announce?${'x'.repeat(9_000)} HTTP/1.1\r\n\r\n`, /^HTTP\/1\.1 400 /],
    ['a POST', 'POST /announce HTTP/1.1\r\nContent-Length: 0\r\n\r\n', /^HTTP\/1\.1 405 .*only GET is answerede$/s],
    ['a CONNECT', 'CONNECT x:1 HTTP/1.1\r\n\r\n', /^$/],
    ['an upgrade', 'GET /announce HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n', /^$/],
  ])('(%s) is answered or cut, and the tracker goes on', async (_what, bytes, expected) => {
    await using server = await start()
    expect((await exchange(server.address.port, bytes)).toString('latin1')).toMatch(expected)
    expect((await get(server.address.port, announceTarget())).status).toBe(200)
  })

  test('(a client that vanishes) does not matter', async () => {
    await using server = await start()
    const { port } = server.address
    await new Promise<void>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.write('GET /announce?')
        socket.resetAndDestroy()
        resolve()
      })
    })
    expect((await get(port, announceTarget())).status).toBe(200)
  })
})
