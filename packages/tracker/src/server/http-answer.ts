// Bencoded answers of the HTTP front. Keys are sorted by the encoder; every answer, a refusal too, is a bencoded dictionary,
// because that is all that clients can read.

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
export function failureAnswer(reason: string): Uint8Array {
  return encode({ 'failure reason': reason })
}

/** The answer to one announce, `swarm` being absent for a torrent that nobody is in. */
export function announceAnswer(
  asked: HttpAnnounce,
  peer: SwarmPeer,
  swarm: Swarm | undefined,
  settings: ServerSettings,
): Uint8Array {
  const wanted = asked.event === 'stopped' ? 0 : Math.min(asked.numWant ?? DEFAULT_NUM_WANT, settings.maxPeers)
  // The asker's own family comes first; what it leaves over goes to the other.
  const own = peer.key.length === 6 ? 4 : 6
  const first = sample(asked, peer, swarm, own, wanted, settings)
  const second = sample(asked, peer, swarm, own === 4 ? 6 : 4, wanted - first.count, settings)
  const [v4, v6] = own === 4 ? [first, second] : [second, first]
  return encode({
    complete: swarm?.seeders ?? 0,
    downloaded: swarm?.downloaded ?? 0,
    'external ip': peer.key.slice(0, -2),
    incomplete: swarm?.leechers ?? 0,
    interval: Math.round(settings.interval / 1000),
    'min interval': Math.round(settings.minInterval / 1000),
    ...(asked.compact
      ? { peers: v4.bytes, ...(v6.count > 0 && { peers6: v6.bytes }) }
      : { peers: [...listed(v4.bytes, 6, asked.noPeerId), ...listed(v6.bytes, 18, asked.noPeerId)] }),
  })
}

/** BEP 48. */
export function scrapeAnswer(entries: readonly { infoHash: Uint8Array; swarm: Swarm | undefined }[]): Uint8Array {
  const files = new Map<string, Encodable>()
  for (const { infoHash, swarm } of entries) {
    if (swarm === undefined) continue
    files.set(toLatin1(infoHash), {
      complete: swarm.seeders,
      downloaded: swarm.downloaded,
      incomplete: swarm.leechers,
    })
  }
  return encode({ files })
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
