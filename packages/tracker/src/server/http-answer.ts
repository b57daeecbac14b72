// Bencoded answers of the HTTP front, as latin1 text (one character per byte), which is how Node sends them fastest. Every
// answer, a refusal too, is a bencoded dictionary, because that is all that clients can read.
//
// Everything goes through the encoder but one: the compact announce, the tracker's hot path, has a fixed shape and is spelled
// out with its keys in order, which takes a fifth of the time. A test compares the two.

import { type Encodable, encode } from '@torrential/bencode'
import { fromLatin1, toLatin1 } from '@torrential/primitives'
import type { HttpAnnounce } from './http-request.ts'
import type { SampleTarget } from './peer-table.ts'
import type { ServerSettings } from './server-options.ts'
import type { Swarm, SwarmPeer } from './swarm.ts'
import { hostOf } from './tracker-core.ts'

/** Peers in an answer to a client that does not say how many it wants: the convention of BEP 3. */
export const DEFAULT_NUM_WANT = 50
const peerIdLength = 20

/** `failure reason` (BEP 3). */
export function failureAnswer(reason: string): string {
  return toLatin1(encode({ 'failure reason': reason }))
}

/** The answer to one announce, `swarm` being absent for a torrent that nobody is in. */
export function announceAnswer(
  asked: HttpAnnounce,
  peer: SwarmPeer,
  swarm: Swarm | undefined,
  settings: ServerSettings,
): string {
  const wanted = asked.event === 'stopped' ? 0 : Math.min(asked.numWant ?? DEFAULT_NUM_WANT, settings.maxPeers)
  // The asker's own family comes first; what it leaves over goes to the other.
  const own = peer.key.length === 6 ? 4 : 6
  const first = sample(asked, peer, swarm, own, wanted, settings)
  const second = sample(asked, peer, swarm, own === 4 ? 6 : 4, wanted - first.count, settings)
  const [v4, v6] = own === 4 ? [first, second] : [second, first]
  const figures = {
    complete: swarm?.seeders ?? 0,
    downloaded: swarm?.downloaded ?? 0,
    'external ip': peer.key.subarray(0, -2),
    incomplete: swarm?.leechers ?? 0,
    interval: Math.round(settings.interval / 1000),
    'min interval': Math.round(settings.minInterval / 1000),
  }
  if (asked.compact) return compactAnswer(figures, v4.bytes, v6.bytes)
  const peers = [...listed(v4.bytes, 6, asked.noPeerId), ...listed(v6.bytes, 18, asked.noPeerId)]
  return toLatin1(encode({ ...figures, peers }))
}

/** What every answer to an announce holds beside the peers; times in seconds, the address as bytes. */
export interface AnswerFigures {
  readonly complete: number
  readonly downloaded: number
  readonly 'external ip': Uint8Array
  readonly incomplete: number
  readonly interval: number
  readonly 'min interval': number
}

/** `peers6` is left out when it is empty. */
export function compactAnswer(figures: AnswerFigures, peers: Uint8Array, peers6: Uint8Array): string {
  const { complete, downloaded, incomplete, interval } = figures
  return (
    `d8:completei${complete}e10:downloadedi${downloaded}e11:external ip${text(figures['external ip'])}` +
    `10:incompletei${incomplete}e8:intervali${interval}e12:min intervali${figures['min interval']}e` +
    `5:peers${text(peers)}${peers6.length > 0 ? `6:peers6${text(peers6)}` : ''}e`
  )
}

/** A bencoded string. */
function text(bytes: Uint8Array): string {
  return `${bytes.length}:${toLatin1(bytes)}`
}

/** BEP 48. */
export function scrapeAnswer(entries: readonly { infoHash: Uint8Array; swarm: Swarm | undefined }[]): string {
  const files = new Map<string, Encodable>()
  for (const { infoHash, swarm } of entries) {
    if (swarm === undefined) continue
    files.set(toLatin1(infoHash), {
      complete: swarm.seeders,
      downloaded: swarm.downloaded,
      incomplete: swarm.leechers,
    })
  }
  return toLatin1(encode({ files }))
}

interface Sample {
  readonly count: number
  /** Addresses, each followed by its peer id when the long form is wanted. */
  readonly bytes: Uint8Array
}

function sample(
  asked: HttpAnnounce,
  peer: SwarmPeer,
  swarm: Swarm | undefined,
  family: 4 | 6,
  wanted: number,
  { random }: ServerSettings,
): Sample {
  if (swarm === undefined || wanted <= 0) return { count: 0, bytes: new Uint8Array(0) }
  const entryLength = (family === 4 ? 6 : 18) + (asked.compact ? 0 : peerIdLength)
  const bytes = new Uint8Array(Math.min(wanted, swarm.seeders + swarm.leechers) * entryLength)
  const target: SampleTarget = { bytes, offset: 0, withPeerIds: !asked.compact }
  const count = swarm.sample(peer, family, Math.min(wanted, swarm.seeders + swarm.leechers), random, target)
  return { count, bytes: bytes.subarray(0, target.offset) }
}

/** Dictionaries of BEP 3 out of addresses with peer ids. */
function listed(bytes: Uint8Array, keyLength: number, noPeerId: boolean): Encodable[] {
  const peers: Encodable[] = []
  for (let at = 0; at < bytes.length; at += keyLength + peerIdLength) {
    const key = bytes.subarray(at, at + keyLength)
    const peerId = bytes.subarray(at + keyLength, at + keyLength + peerIdLength)
    const port = ((key[keyLength - 2] as number) << 8) | (key[keyLength - 1] as number)
    peers.push({ ip: fromLatin1(hostOf(key)), ...(noPeerId ? {} : { 'peer id': peerId }), port })
  }
  return peers
}
