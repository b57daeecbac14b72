// HTTP trackers (BEP 3, 7, 23, 24, 31, 48): what a client reads of a tracker, and what a server reads of a client. The server's
// answer to whatever it accepted is then read by the client, and must be a good one.

import { encode } from '@torrential/bencode'
import { SeededRandom, SourceError, VirtualClock } from '@torrential/primitives'
import { parseAnnounceReply, parseScrapeReply, throwExplainedFailure } from '../../../tracker/src/http-reply.ts'
import { announceAnswer, scrapeAnswer } from '../../../tracker/src/server/http-answer.ts'
import { parseAnnounce, parseScrape, parseTarget } from '../../../tracker/src/server/http-request.ts'
import { SwarmStore } from '../../../tracker/src/server/swarm-store.ts'
import { compactKey } from '../../../tracker/src/server/tracker-core.ts'
import { serverSettings } from '../../../tracker/src/server/server-options.ts'
import { BENCODE_WORDS, dictionary } from '../bencode-grammar.ts'
import { isCount, outcomeOf, text, texts } from '../outcome.ts'
import { expectThat, type Surface } from '../surface.ts'

const url = new URL('http://tracker.test/announce')
const traffic = { bytesSent: 0, bytesReceived: 0 }
const CODES = /^TRACKER_(?:REPLY|FAILURE)$/
const HASHES = [new Uint8Array(20).fill(7), new Uint8Array(20).fill(8)]
const KEYS = [
  'interval',
  'min interval',
  'peers',
  'peers6',
  'complete',
  'incomplete',
  'downloaded',
  'external ip',
  'tracker id',
  'failure reason',
  'warning message',
  'retry in',
  'files',
  'ip',
  'port',
  'peer id',
  '\x07'.repeat(20),
]
const MOST_PEERS = 2_000

export const httpReply: Surface = {
  name: 'http-tracker-reply',
  seeds: [
    encode({
      interval: 1800,
      'min interval': 60,
      complete: 1,
      incomplete: 2,
      peers: new Uint8Array(12).fill(9),
      peers6: new Uint8Array(36).fill(9),
      'external ip': Uint8Array.of(1, 2, 3, 4),
    }),
    encode({ interval: 1800, peers: [{ ip: '10.0.0.1', 'peer id': new Uint8Array(20), port: 6881 }] }),
    encode({ 'failure reason': 'no', 'retry in': 'never' }),
    encode({ files: new Map([['\x07'.repeat(20), { complete: 1, downloaded: 2, incomplete: 3 }]]) }),
    text('<html>'),
  ],
  words: [...BENCODE_WORDS, ...texts(...KEYS.map((key) => `${key.length}:${key}`))],
  generate: (dice) => text(dictionary(dice, KEYS)),
  judge(input) {
    const announce = outcomeOf(SourceError, CODES, () => parseAnnounceReply(url, input, traffic))
    const scrape = outcomeOf(SourceError, CODES, () => parseScrapeReply(url, input, HASHES as never, traffic))
    const failure = outcomeOf(SourceError, CODES, () => throwExplainedFailure(url, input, { ...traffic, status: 500 }))
    if ('value' in scrape) {
      expectThat(scrape.value.length === HASHES.length, 'not one result for each torrent')
      for (const one of scrape.value) expectThat(isCount(one?.seeders) && isCount(one?.leechers), 'impossible figures')
    }
    const tail = `${'value' in scrape} ${'value' in failure}`
    if (!('value' in announce)) return `${announce.code} ${tail}`
    const { interval, minInterval, seeders, leechers, downloaded, peers } = announce.value
    for (const value of [interval, minInterval, seeders, leechers, downloaded])
      expectThat(isCount(value), 'impossible figures')
    expectThat(peers.length <= MOST_PEERS, `${peers.length} peers`)
    for (const { address } of peers) expectThat(address.port > 0 && address.port < 65_536, 'an impossible port')
    return `accepted ${Math.min(2, peers.length)} ${announce.value.externalIp !== undefined} ${tail}`
  },
}

const SAMPLE = `info_hash=${'%07'.repeat(20)}&peer_id=-TO0001-abcdefghijkl&port=6881&uploaded=0&downloaded=0&left=1`
const FIELDS = [
  'info_hash',
  'peer_id',
  'port',
  'left',
  'event',
  'numwant',
  'compact',
  'no_peer_id',
  'ip',
  '__proto__',
  '',
]
const VALUES = [
  '%07'.repeat(20),
  'x'.repeat(20),
  '6881',
  '65536',
  '-1',
  '0',
  '00',
  '1e9',
  'started',
  'stopped',
  'completed',
  'paused',
  '999999999',
  '%',
  '%zz',
  '%00',
  '::1',
  '1.2.3.4',
]

export const httpRequest: Surface = {
  name: 'http-tracker-request',
  seeds: texts(
    `/announce?${SAMPLE}`,
    `/announce?${SAMPLE}&event=started&numwant=50&compact=0`,
    `/scrape?info_hash=${'%07'.repeat(20)}`,
    '/announce',
    '/',
  ),
  words: texts('&', '=', '%', '%00', '%ff', '+', ...FIELDS.map((field) => `&${field}=`)),
  generate: (dice) => {
    const pairs = Array.from({ length: 1 + dice.size(10) }, () => `${dice.pick(FIELDS)}=${dice.pick(VALUES)}`)
    return text(`/announce?${dice.oneIn(2) ? `${SAMPLE}&` : ''}${pairs.join('&')}`)
  },
  judge(input) {
    const target = parseTarget(Buffer.from(input).toString('latin1'))
    if (target === undefined) return 'an escape is malformed'
    const scraped = parseScrape(target, 74)
    const store = new SwarmStore({ clock: new VirtualClock(), random: new SeededRandom(1) })
    if (typeof scraped !== 'string') {
      const answer = scrapeAnswer(scraped.map((infoHash) => ({ infoHash, swarm: store.find(infoHash) })))
      parseScrapeReply(url, text(answer), HASHES as never, traffic)
    }
    const asked = parseAnnounce(target)
    if (typeof asked === 'string') return asked
    expectThat(asked.infoHash.length === 20 && asked.peerId.length === 20, 'hashes of another length')
    expectThat(isCount(asked.port) && asked.port < 65_536 && isCount(asked.numWant), 'impossible figures')
    store.announce(
      asked.infoHash,
      { key: compactKey(Uint8Array.of(10, 0, 0, 1), 9), peerId: HASHES[0] as Uint8Array, seed: true },
      'started',
    )
    const peer = { key: compactKey(Uint8Array.of(10, 0, 0, 2), asked.port), peerId: asked.peerId, seed: asked.seed }
    const swarm = store.announce(asked.infoHash, peer, asked.event)
    const known = typeof swarm === 'string' ? undefined : swarm
    const reply = parseAnnounceReply(url, text(announceAnswer(asked, peer, known, SETTINGS)), traffic)
    expectThat(reply.peers.length <= 1, 'peers that are not there')
    return `accepted ${asked.event} ${asked.compact} ${reply.peers.length}`
  },
}

const SETTINGS = serverSettings({ clock: new VirtualClock(), random: new SeededRandom(1) })
