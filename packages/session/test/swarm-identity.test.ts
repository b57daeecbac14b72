// The two names of a hybrid torrent, from the outside: peers on our own wire that say what a session would not.

import { describe, expect, test } from '@jest/globals'
import { parseTorrent } from '@torrential/metainfo'
import {
  createPeerId,
  fromHex,
  type InfoHash,
  infoHashFrom,
  parseAddress,
  peerAddress,
  toHex,
} from '@torrential/primitives'
import { systemRandom } from '@torrential/primitives/system'
import type { Handshake } from '@torrential/protocol'
import { createSession, type Session, type Torrent } from '@torrential/session'
import { createTrackerServer } from '@torrential/tracker/server'
import { connectWire, Wire } from '@torrential/wire'
import { agreed } from '../src/swarm-identity.ts'
import { BenchFolder, collect, eventOf } from './bench-folder.ts'

const named = (hex: string | undefined): InfoHash => infoHashFrom(fromHex((hex as string).slice(0, 40)))
const capabilitiesWith = (v2: boolean) => ({ extensions: true, fast: true, dht: false, v2 })

/** Dials a session by one name and gives its answer. */
async function dial(
  bench: BenchFolder,
  to: Session,
  name: InfoHash,
  v2: boolean,
  other: InfoHash[] = [],
): Promise<Handshake> {
  await using transport = bench.network.transport()
  const stream = await transport.dial(parseAddress(bench.addressOf(to)))
  await using wire = new Wire()
  connectWire(wire, stream)
  const greeting = { infoHash: name, peerId: createPeerId(systemRandom), capabilities: capabilitiesWith(v2) }
  return await wire.handshake(greeting, { alternatives: other })
}

async function seedOf(bench: BenchFolder, version: 'v1' | 'v2' | 'hybrid'): Promise<[Session, Torrent]> {
  const origin = await bench.write({ 'one.bin': 40_000 })
  const session = await bench.session()
  const torrent = await session.seed(`${origin}/one.bin`, { pieceLength: 16_384, version })
  await torrent.done
  return [session, torrent]
}

describe('a session that is dialed for a hybrid torrent', () => {
  test('answers with the v2 name to who knows v2, and with the name that was said to others', async () => {
    await using bench = await BenchFolder.create()
    const [session, torrent] = await seedOf(bench, 'hybrid')
    const [v1, v2] = [named(torrent.infoHashV1), named(torrent.infoHashV2)]
    const upgraded = await dial(bench, session, v1, true, [v2])
    expect([toHex(upgraded.infoHash), upgraded.capabilities.v2]).toEqual([toHex(v2), true])
    const plain = await dial(bench, session, v1, false, [v2])
    expect([toHex(plain.infoHash), plain.capabilities.v2]).toEqual([toHex(v1), true])
    const direct = await dial(bench, session, v2, true)
    expect(toHex(direct.infoHash)).toBe(toHex(v2))
  })

  test('does not claim v2 of a v1 torrent, whatever the peer says', async () => {
    await using bench = await BenchFolder.create()
    const [session, torrent] = await seedOf(bench, 'v1')
    const answer = await dial(bench, session, named(torrent.infoHashV1), true)
    expect([toHex(answer.infoHash), answer.capabilities.v2]).toEqual([torrent.infoHashV1, false])
  })

  test('does not claim v2 of a magnet link before its metadata is here, whatever the peer says', async () => {
    await using bench = await BenchFolder.create()
    const [, torrent] = await seedOf(bench, 'hybrid')
    const session = await bench.session()
    await session.add(`magnet:?xt=urn:btih:${torrent.infoHashV1}&xt=urn:btmh:1220${torrent.infoHashV2}`)
    const answer = await dial(bench, session, named(torrent.infoHashV1), true)
    expect([toHex(answer.infoHash), answer.capabilities.v2]).toEqual([torrent.infoHashV1, false])
  })
})

describe('a session that dials for a hybrid torrent', () => {
  /** What a peer that listens hears, and answers with. */
  async function heard(
    answer: (torrent: Torrent, said: Handshake) => InfoHash,
  ): Promise<{ said: Handshake; torrent: Torrent }> {
    await using bench = await BenchFolder.create()
    const [session, torrent] = await seedOf(bench, 'hybrid')
    await using transport = bench.network.transport()
    await using listener = await transport.listen(peerAddress(transport.host, 0))
    torrent.addPeer(listener.address)
    for await (const { stream } of listener) {
      await using wire = new Wire()
      connectWire(wire, stream)
      const said = await wire.accept((theirs) => ({
        infoHash: answer(torrent, theirs),
        peerId: createPeerId(systemRandom),
        capabilities: capabilitiesWith(true),
      }))
      await bench.settleUntil(() => torrent.peers.length === 1)
      await session.close()
      return { said, torrent }
    }
    throw new Error('nobody came')
  }

  test('says the v1 name and that it knows v2, and takes the v2 name for an answer', async () => {
    const { said, torrent } = await heard((hybrid) => named(hybrid.infoHashV2))
    expect([toHex(said.infoHash), said.capabilities.v2]).toEqual([torrent.infoHashV1, true])
  })

  test('takes the v1 name too', async () => {
    const { said } = await heard((hybrid) => named(hybrid.infoHashV1))
    expect(said.capabilities.v2).toBe(true)
  })

  test('says the other name to who does not know the torrent by the first', async () => {
    await using bench = await BenchFolder.create({ virtual: true })
    const [, torrent] = await seedOf(bench, 'hybrid')
    await using transport = bench.network.transport()
    await using listener = await transport.listen(peerAddress(transport.host, 0))
    const said: string[] = []
    torrent.addPeer(listener.address)
    void (async () => {
      for await (const { stream } of listener) {
        const wire = new Wire()
        connectWire(wire, stream)
        const handshake = await wire
          .accept((theirs) => {
            said.push(toHex(theirs.infoHash))
            return undefined
          })
          .catch(() => undefined)
        if (handshake === undefined) stream.duplex.destroy()
      }
    })()
    await bench.passUntil(() => said.length >= 3)
    const [v1, v2] = [torrent.infoHashV1, toHex(named(torrent.infoHashV2))]
    expect(said.slice(0, 3)).toEqual([v1, v2, v1])
  })
})

test('v2 is spoken with who answered by the v2 name, not with who answered by the v1 name, whatever its bit says', () => {
  const [v1, v2] = [named('11'.repeat(20)), named('22'.repeat(20))]
  const hybrid = { names: [v1, v2], v2 } as const
  expect(agreed(hybrid, capabilitiesWith(true), v2).v2).toBe(true)
  expect(agreed(hybrid, capabilitiesWith(true), v1).v2).toBe(false)
  expect(agreed({ names: [v1, v2] }, capabilitiesWith(true), v2).v2).toBe(false)
})

test('a peer that is met in both swarms of a hybrid torrent is one connection', async () => {
  await using bench = await BenchFolder.create()
  await using tracker = await createTrackerServer({ host: '127.0.0.1' })
  const url = tracker.urls[0] as string
  // More than one read brings at once: the two must still be at it when both swarms have been asked.
  const origin = await bench.write({ 'one.bin': 4_000_000 })
  await using seeder = await createSession({ port: 0, host: '127.0.0.1' })
  const announced = seeder.events({ types: ['tracker-reply'] })
  const seed = await seeder.seed(`${origin}/one.bin`, { pieceLength: 16_384, version: 'hybrid', trackers: [[url]] })
  let replies = 0
  for await (const event of announced) if (event.type === 'tracker-reply' && ++replies === 2) break
  const connections = collect(seeder.events({ types: ['peer-connected', 'peer-disconnected', 'inbound-refused'] }))
  await using leecher = await createSession({ port: 0, host: '127.0.0.1' })
  const found = leecher.events({ types: ['tracker-reply'] })
  // Too slow to be done before both swarms have been asked.
  const leech = await leecher.add(seed.torrentFile, { path: bench.copy(), maxDown: 1_000 })
  const names = new Set<string>()
  for await (const event of found) {
    if (event.type !== 'tracker-reply') continue
    expect(event.peers).toBe(1)
    if (names.add(event.infoHash).size === 2) break
  }
  await bench.settleUntil(() => leech.peers.length > 0 && leech.stats.downloaded > 0)
  await bench.settle()
  expect([leech.peers.length, seed.peers.length]).toEqual([1, 1])
  expect(connections).toMatchObject([{ type: 'peer-connected' }])
})

test('both swarms of a hybrid torrent are announced to, and a peer found by the v2 name is dialed by it', async () => {
  await using bench = await BenchFolder.create()
  await using tracker = await createTrackerServer({ host: '127.0.0.1' })
  const url = tracker.urls[0] as string
  const origin = await bench.write({ 'one.bin': 40_000 })
  await using seeder = await createSession({ port: 0, host: '127.0.0.1' })
  const events = seeder.events({ types: ['tracker-reply'] })
  const seed = await seeder.seed(`${origin}/one.bin`, { pieceLength: 16_384, version: 'hybrid', trackers: [[url]] })
  const names: string[] = []
  for await (const event of events) {
    if (event.type === 'tracker-reply') names.push(event.infoHash)
    if (names.length === 2) break
  }
  const cut = (seed.infoHashV2 as string).slice(0, 40)
  expect(new Set(names)).toEqual(new Set([seed.infoHashV1, cut]))
  await using leecher = await createSession({ port: 0, host: '127.0.0.1' })
  const leech = await leecher.add(`magnet:?xt=urn:btmh:1220${seed.infoHashV2}&tr=${encodeURIComponent(url)}`, {
    path: bench.copy(),
  })
  await eventOf(leech, 'done')
  expect(leech.infoHashV1).toBe(seed.infoHashV1)
  expect(await bench.isCopied(leech)).toBe(true)
  // The hashes of its v2 side came from the seed as well, for those who are given the .torrent.
  await bench.settleUntil(() => leech.metainfo.pieceLayers.size === 1)
  expect(parseTorrent(leech.torrentFile).pieceLayers).toEqual(parseTorrent(seed.torrentFile).pieceLayers)
})
