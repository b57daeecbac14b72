// What every PeerSource does, wherever its peers come from: candidates that can be dialled, no end of its own, and a loop that
// can be left at any moment without leaving anything behind.
//
// There are no timers here: a source that hangs is found out by the test runner's own limit.

import { ok, strictEqual } from 'node:assert/strict'
import { formatAddress, type InfoHash, type PeerAddress, peerAddress } from '@torrential/primitives'
import type { PeerCandidate, PeerOrigin, PeerSource } from '../peer-source.ts'
import type { ComplianceCase } from './compliance-case.ts'

/** A source that is ready to be asked, in a world of its own. */
export interface PeerSourceFixture {
  readonly source: PeerSource
  /** Two torrents, each with peers that the source can find. */
  readonly torrents: readonly [PeerSourceTorrent, PeerSourceTorrent]
  /** Releases the source and its world. */
  dispose(): Promise<void>
}

export interface PeerSourceTorrent {
  readonly infoHash: InfoHash
  /** At least one; the source finds all of them, and may find others. */
  readonly peers: readonly PeerAddress[]
}

export type MakePeerSource = () => Promise<PeerSourceFixture>

const origins: ReadonlySet<string> = new Set<PeerOrigin>(['tracker', 'dht', 'pex', 'lsd', 'magnet', 'incoming', 'user'])

/** The suite for `PeerSource`. `make` is called once per case. */
export function peerSourceCompliance(make: MakePeerSource): readonly ComplianceCase[] {
  return Object.entries(bodies).map(([name, body]) => ({
    name,
    run: async () => {
      const fixture = await make()
      try {
        await body(fixture)
      } finally {
        await fixture.dispose()
      }
    },
  }))
}

const bodies: Readonly<Record<string, (fixture: PeerSourceFixture) => Promise<void>>> = {
  'finds the peers of a torrent': async ({ source, torrents: [torrent] }) => {
    await pullAll(iterate(source, torrent), torrent)
  },

  'gives only candidates that can be dialled, in canonical form': async ({ source, torrents: [torrent] }) => {
    for (const { address, origin, peerId } of await pullAll(iterate(source, torrent), torrent)) {
      const canonical = peerAddress(address.host, address.port)
      strictEqual(formatAddress(address), formatAddress(canonical), 'the address is canonical')
      strictEqual(address.family, canonical.family, 'the family is that of the host')
      ok(address.port >= 1, 'the port can be dialled')
      ok(origins.has(origin), `the origin is one of the known ones, not ${origin}`)
      ok(peerId === undefined || peerId.length === 20, 'a peer id has 20 bytes')
    }
  },

  'does not end by itself when everything has been found': async ({ source, torrents: [torrent] }) => {
    const loop = iterate(source, torrent)
    const seen = await pullSome(loop, torrent)
    let ended = false
    const next = loop.next().then((result) => {
      ended = result.done === true
      return result
    })
    for (let turn = 0; turn < 50; turn++) await Promise.resolve()
    ok(!ended, `it goes on after ${seen.length} candidates`)
    await loop.return?.()
    await next
  },

  'ends the loop without an error when the signal fires while it waits': async ({ source, torrents: [torrent] }) => {
    const controller = new AbortController()
    const loop = iterate(source, torrent, controller.signal)
    await pullSome(loop, torrent)
    const rest = drain(loop)
    controller.abort()
    await rest
    strictEqual((await loop.next()).done, true, 'it stays ended')
  },

  'gives nothing when the signal has fired before': async ({ source, torrents: [torrent] }) => {
    const loop = iterate(source, torrent, AbortSignal.abort())
    strictEqual((await loop.next()).done, true)
  },

  'lets a loop be left while a pull is waiting': async ({ source, torrents: [torrent] }) => {
    const loop = iterate(source, torrent)
    await pullSome(loop, torrent)
    const rest = drain(loop)
    await loop.return?.()
    await rest
    strictEqual((await loop.next()).done, true, 'it stays ended')
  },

  'can be left before the first pull, and twice': async ({ source, torrents: [torrent] }) => {
    const loop = iterate(source, torrent)
    await loop.return?.()
    await loop.return?.()
    strictEqual((await loop.next()).done, true)
  },

  'can be asked again after a loop was left by break': async ({ source, torrents: [torrent] }) => {
    let first: PeerCandidate | undefined
    for await (const candidate of source.peers(torrent.infoHash, { port: 6881 })) {
      first = candidate
      break
    }
    ok(first !== undefined)
    await pullAll(iterate(source, torrent), torrent)
  },

  'keeps two torrents apart, also when one loop is left': async ({ source, torrents: [left, kept] }) => {
    const leaving = iterate(source, left)
    const staying = iterate(source, kept)
    await leaving.next()
    await leaving.return?.()
    const found = await pullAll(staying, kept)
    const strangers = new Set(left.peers.map(formatAddress))
    for (const { address } of found) {
      ok(!strangers.has(formatAddress(address)), `${formatAddress(address)} belongs to the other torrent`)
    }
  },
}

function iterate(source: PeerSource, torrent: PeerSourceTorrent, signal?: AbortSignal): AsyncIterator<PeerCandidate> {
  const options = signal === undefined ? { port: 6881 } : { port: 6881, signal }
  return source.peers(torrent.infoHash, options)[Symbol.asyncIterator]()
}

/** Candidates until every expected one was among them. */
async function pullSome(loop: AsyncIterator<PeerCandidate>, torrent: PeerSourceTorrent): Promise<PeerCandidate[]> {
  const missing = new Set(torrent.peers.map(formatAddress))
  ok(missing.size > 0, 'the fixture expects at least one peer')
  const found: PeerCandidate[] = []
  while (missing.size > 0) {
    const result = await loop.next()
    ok(result.done !== true, `ended without ${[...missing].join(', ')}`)
    found.push(result.value)
    missing.delete(formatAddress(result.value.address))
  }
  return found
}

async function pullAll(loop: AsyncIterator<PeerCandidate>, torrent: PeerSourceTorrent): Promise<PeerCandidate[]> {
  const found = await pullSome(loop, torrent)
  await loop.return?.()
  return found
}

/** Pulls to the end. */
async function drain(loop: AsyncIterator<PeerCandidate>): Promise<void> {
  while ((await loop.next()).done !== true);
}
