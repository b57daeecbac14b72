// From a tracker's name to the addresses that will be used: at most one for each family, because a tracker learns our IPv4 and
// our IPv6 address from the connection (BEP 7). Invariant: every address that this package ever connects to went through
// `resolveTracker`, so the guard sees all of them, and connections are made to the address that it saw, not to the name again.

import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { type AddressFamily, isTorrentialError, peerAddress, withAbort } from '@torrential/primitives'
import type { HostResolver, ResolvedHost, TrackerGuard } from './tracker-client.ts'
import { trackerError } from './tracker-error.ts'
import { hostOf } from './tracker-url.ts'

export interface ResolveOptions {
  readonly resolve?: HostResolver | undefined
  readonly guard?: TrackerGuard | undefined
  /** Keeps only addresses of its family. */
  readonly localHost?: string | undefined
  /** Who redirected to this URL. */
  readonly from?: ResolvedHost
}

/** What `getaddrinfo` says. */
export const systemResolver: HostResolver = async (name) => {
  const found = await lookup(name, { all: true, verbatim: true })
  return found.map(({ address, family }) => ({ host: address, family: family === 6 ? 6 : 4 }))
}

/**
 * The first allowed address of each family, in the resolver's order; never empty.
 * @throws SourceError `TRACKER_UNREACHABLE` when there is none, `TRACKER_BLOCKED` when the guard refused all
 */
export async function resolveTracker(url: URL, options: ResolveOptions, signal: AbortSignal): Promise<ResolvedHost[]> {
  const wanted = options.localHost === undefined ? undefined : isIP(options.localHost)
  const chosen = new Map<AddressFamily, ResolvedHost>()
  let refused: string | undefined
  for (const found of await addressesOf(url, options, signal)) {
    const address = canonical(found)
    if (address === undefined || chosen.has(address.family)) continue
    if (wanted !== undefined && wanted !== address.family) continue
    const reason = options.guard?.(url, address, options.from)
    if (reason === undefined) chosen.set(address.family, address)
    else refused ??= reason
  }
  if (chosen.size > 0) return [...chosen.values()]
  if (refused !== undefined) throw trackerError('TRACKER_BLOCKED', url, `refused: ${refused}`)
  throw trackerError('TRACKER_UNREACHABLE', url, 'the name has no address that can be used from here')
}

async function addressesOf(url: URL, options: ResolveOptions, signal: AbortSignal): Promise<readonly ResolvedHost[]> {
  const name = hostOf(url)
  const family = isIP(name)
  if (family !== 0) return [{ host: name, family: family === 6 ? 6 : 4 }]
  try {
    return await withAbort((options.resolve ?? systemResolver)(name), signal)
  } catch (error) {
    if (signal.aborted || isTorrentialError(error)) throw error
    throw trackerError('TRACKER_UNREACHABLE', url, 'the name cannot be resolved', { cause: error })
  }
}

/** An IPv4 address dressed up as IPv6 must not slip past a guard that knows only one of the two. */
function canonical(found: ResolvedHost): ResolvedHost | undefined {
  if (isIP(found.host) === 0) return undefined
  const zone = found.host.indexOf('%')
  if (zone !== -1) return { host: found.host, family: 6 }
  const { host, family } = peerAddress(found.host, 0)
  return { host, family }
}
