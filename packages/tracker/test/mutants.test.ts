import { SeededRandom, SourceError, VirtualClock } from '@torrential/primitives'
import { describe, expect, test } from '@jest/globals'
import { encode } from '@torrential/bencode'
import { percentEncode } from '../src/http-query.ts'
import { parseAnnounceReply, parseScrapeReply } from '../src/http-reply.ts'
import { compactPeers } from '../src/reply-peers.ts'
import { parseAnnounce, parseScrape, parseTarget } from '../src/server/http-request.ts'
import { createTrackerServer } from '../src/server/index.ts'
import { readAnnounce, readScrape } from '../src/server/udp-request.ts'
import { parseTrackerUrl } from '../src/tracker-url.ts'
import { UdpExchange } from '../src/udp-exchange.ts'
import { announcePacket, readAnnounceReply, readScrapeReply, scrapePacket } from '../src/udp-packet.ts'
import { mutants } from './mutation.ts'
import { connectReply, words } from './odd-udp-server.ts'
import { announceRequest, infoHash, otherHash } from './samples.ts'
import { announceTarget, exchange, get, RawUdp } from './server/raw-client.ts'

const url = new URL('http://tracker.test/announce')
const traffic = { bytesSent: 0, bytesReceived: 0 }
const id = Buffer.alloc(8, 1)

/** Runs `read` on every mutant: it may return or throw a SourceError. Returns how many it refused; complains about all else. */
function survive(inputs: Iterable<Buffer>, read: (bytes: Buffer) => void): number {
  let refused = 0
  for (const bytes of inputs) {
    try {
      read(bytes)
    } catch (error) {
      if (!(error instanceof SourceError)) throw new Error(`for ${bytes.toString('hex')}`, { cause: error })
      refused += 1
    }
  }
  return refused
}

function sane(value: number | undefined): void {
  if (value !== undefined && !(Number.isSafeInteger(value) && value >= 0)) throw new Error(`impossible number ${value}`)
}

describe('what is damaged gives a coded error or sane values', () => {
  test('8,000 announce replies over HTTP', () => {
    const replies = [
      encode({
        complete: 5,
        'external ip': Uint8Array.of(1, 2, 3, 4),
        incomplete: 6,
        interval: 1800,
        'min interval': 60,
        peers: new Uint8Array(60).fill(9),
        peers6: new Uint8Array(36).fill(9),
        'tracker id': 'x',
        'warning message': 'careful',
      }),
      encode({ interval: 1800, peers: [{ ip: '10.0.0.1', 'peer id': new Uint8Array(20), port: 6881 }] }),
      encode({ 'failure reason': 'no', 'retry in': 'never' }),
    ]
    const refused = survive(mutants(replies, 8_000, 1), (bytes) => {
      const reply = parseAnnounceReply(url, bytes, traffic)
      for (const value of [reply.interval, reply.minInterval, reply.seeders, reply.leechers]) sane(value)
      for (const { address } of reply.peers) if (address.port < 1 || address.port > 65_535) throw new Error('port')
    })
    expect(refused).toBeGreaterThan(2_000)
    expect(refused).toBeLessThan(8_000)
  })

  test('3,000 scrape replies over HTTP', () => {
    const files = new Map([[Buffer.from(infoHash).toString('latin1'), { complete: 1, downloaded: 2, incomplete: 3 }]])
    const refused = survive(mutants([encode({ files })], 3_000, 2), (bytes) => {
      for (const entry of parseScrapeReply(url, bytes, [infoHash, otherHash], traffic)) sane(entry?.seeders)
    })
    expect(refused).toBeGreaterThan(500)
  })

  test('6,000 UDP replies', () => {
    const replies = [
      connectReply(words(0, 0, 0, 7)),
      Buffer.concat([words(1, 7, 600, 1, 2), Buffer.alloc(36, 3)]),
      words(2, 7, 1, 2, 3),
      Buffer.concat([words(3, 7), Buffer.from('refused')]),
    ]
    const seen = new Set<string>()
    survive(mutants(replies, 6_000, 3), (bytes) => {
      for (const known of [undefined, { id, expires: 1_000 }]) {
        const machine = new UdpExchange({
          now: 0,
          action: 1,
          request: (connectionId, tid) => announcePacket(connectionId, tid, announceRequest(), ''),
          replyLength: 20,
          newTransactionId: () => 7,
          known,
        })
        machine.received(bytes, 1)
        for (let output = machine.next(); output !== undefined; output = machine.next()) seen.add(output.type)
      }
      for (const family of [4, 6] as const) {
        const figures = readAnnounceReply(bytes, family)
        if (figures !== undefined) compactPeers(figures.peers, family)
      }
      for (const entry of readScrapeReply(bytes, 1) ?? []) sane(entry.seeders)
    })
    expect([...seen].sort()).toEqual(['connected', 'done', 'failed', 'forget', 'send'])
  })

  test('4,000 UDP requests, as the server reads them', () => {
    const requests = [
      Buffer.from(announcePacket(id, 1, announceRequest(), '/announce?passkey=1234567890')),
      Buffer.from(scrapePacket(id, 1, [infoHash, otherHash])),
    ]
    let read = 0
    survive(mutants(requests, 4_000, 4), (bytes) => {
      const asked = readAnnounce(bytes)
      if (asked !== undefined) {
        read += 1
        expect(asked.infoHash).toHaveLength(20)
        expect(asked.peerId).toHaveLength(20)
      }
      for (const hash of readScrape(bytes, 74) ?? [])
        if (hash.length !== 20) throw new Error('a hash of another length')
    })
    expect(read).toBeGreaterThan(500)
  })

  test('6,000 request lines, as the server reads them', () => {
    const targets = [
      announceTarget({ event: 'started', numwant: '50' }),
      `/scrape?info_hash=${percentEncode(infoHash)}`,
    ]
    let read = 0
    survive(
      mutants(
        targets.map((target) => Buffer.from(target)),
        6_000,
        5,
      ),
      (bytes) => {
        const target = parseTarget(bytes.toString('latin1'))
        if (target === undefined) return
        const asked = parseAnnounce(target)
        parseScrape(target, 74)
        if (typeof asked === 'string') return
        read += 1
        sane(asked.port)
        sane(asked.numWant)
      },
    )
    expect(read).toBeGreaterThan(500)
  })

  test('3,000 announce URLs', () => {
    const urls = ['http://user:pw@tracker.test:80/announce?a=b', 'udp://[::1]:6969/announce', 'udp://bücher.test:1/']
    let parsed = 0
    survive(
      mutants(
        urls.map((text) => Buffer.from(text)),
        3_000,
        6,
      ),
      (bytes) => {
        const result = parseTrackerUrl(bytes.toString())
        if (result !== undefined && result.hostname !== '') parsed += 1
      },
    )
    expect(parsed).toBeGreaterThan(500)
  })
})

describe('a live tracker', () => {
  test('gives well-formed replies or none to 2,000 damaged UDP requests, and goes on', async () => {
    await using server = await createTrackerServer({
      host: '127.0.0.1',
      clock: new VirtualClock(),
      random: new SeededRandom(1),
    })
    await using client = new RawUdp(server.address.port)
    const failures = server.events({ types: ['error'] })
    const connection = await client.connect()
    const requests = [
      Buffer.from(announcePacket(connection, 1, announceRequest(), '/announce?x')),
      Buffer.from(scrapePacket(connection, 1, [infoHash])),
      words(0x417, 0x27101980, 0, 1),
    ]
    let replies = 0
    for (const bytes of mutants(requests, 2_000, 7)) {
      for (const reply of await client.repliesTo(bytes)) {
        replies += 1
        if (reply.length < 8 || reply.readUInt32BE(0) > 3) throw new Error(`odd reply ${reply.toString('hex')}`)
      }
    }
    expect(replies).toBeGreaterThan(200)
    expect(await client.ask(announcePacket(connection, 5, announceRequest(), ''))).toHaveLength(20)
    await server.close()
    expect((await failures.next()).done).toBe(true)
  })

  test('answers 300 damaged HTTP requests with HTTP or by hanging up, and goes on', async () => {
    await using server = await createTrackerServer({ host: '127.0.0.1' })
    const failures = server.events({ types: ['error'] })
    const request = Buffer.from(`GET ${announceTarget()} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
    const half = Buffer.from('\r\n\r\n')
    for (const bytes of mutants([request], 300, 8)) {
      // Whatever is missing of the head is added, so that nothing has to be waited for.
      const answer = await exchange(server.address.port, Buffer.concat([bytes, half]))
      if (answer.length > 0 && !answer.toString('latin1').startsWith('HTTP/1.1 ')) throw new Error('not HTTP')
    }
    expect((await get(server.address.port, announceTarget())).status).toBe(200)
    await server.close()
    expect((await failures.next()).done).toBe(true)
  }, 60_000)
})
