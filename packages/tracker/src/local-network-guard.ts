// Keeps announce URLs, which come from torrents and magnet links of anybody, from reaching into the machine and its network
// (server-side request forgery). A tracker there may be asked for announces, and for nothing else: its URL says `/announce` without
// a query, and nobody outside has sent us there. Asked with the very address of each connection, redirects included, so a name that
// changes its mind between look-up and connection (DNS rebinding) gains nothing.

import ipaddr from 'ipaddr.js'
import type { ResolvedHost, TrackerGuard } from './tracker-client.ts'

type Reach = 'world' | 'local' | 'nowhere'

/** Ranges (RFC 6890) behind which there is a machine of ours or a neighbour's. The rest that is not `unicast` is no host at all. */
const localRanges: ReadonlySet<string> = new Set(['loopback', 'private', 'linkLocal', 'uniqueLocal', 'carrierGradeNat'])

const plainPaths: ReadonlySet<string> = new Set(['/announce', '/scrape'])

/** The guard of every session that is not told otherwise; see the module's header. */
export const localNetworkGuard: TrackerGuard = (url, address, from) => {
  const reach = reachOf(address)
  if (reach === 'world') return undefined
  if (reach === 'nowhere') return `${address.host} is no address of a host`
  if (from !== undefined && reachOf(from) === 'world') return `redirected from outside to ${address.host}`
  const isPlain = plainPaths.has(url.pathname) || (url.protocol === 'udp:' && url.pathname.length <= 1)
  return isPlain && url.search === '' ? undefined : `on ${address.host} only /announce without a query may be asked`
}

function reachOf({ host }: ResolvedHost): Reach {
  // A zone (`fe80::1%eth0`) exists for addresses of the own link only.
  if (host.includes('%')) return 'local'
  const range: string = ipaddr.process(host).range()
  if (range === 'unicast') return 'world'
  if (localRanges.has(range)) return 'local'
  return tunnelled(host) ?? 'nowhere'
}

/** Addresses of IPv6 that stand for one of IPv4 (NAT64, 6to4) reach wherever that one does. */
function tunnelled(host: string): Reach | undefined {
  const address = ipaddr.parse(host)
  if (address.kind() !== 'ipv6') return undefined
  const bytes = address.toByteArray()
  const range: string = address.range()
  if (range === 'rfc6052') return reachOf({ host: bytes.slice(12).join('.'), family: 4 })
  if (range === '6to4') return reachOf({ host: bytes.slice(2, 6).join('.'), family: 4 })
  return undefined
}
